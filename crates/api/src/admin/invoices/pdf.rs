//! `GET admin/invoices/{id}/pdf/`: anybody's invoice as a PDF. For admins; audited.

use app::{By, billing::invoices};
use axum::{extract::State, response::Response};

use crate::{
    Api,
    billing::invoices::file,
    errors::ApiResult,
    extract::{Admin, Caller, Id, Origin},
};

#[utoipa::path(
    get,
    path = "/api/v1/admin/invoices/{id}/pdf/",
    tag = "admin",
    operation_id = "read_any_invoice_pdf",
    summary = "Read anybody's invoice as PDF",
    description = "Every look is written to the audit log.",
    params(("id" = uuid::Uuid, Path, description = "The invoice's id")),
    responses((status = 200, description = "The invoice", body = String, content_type = "application/pdf")),
    security(("bearer" = [])),
)]
pub(crate) async fn read_any_invoice_pdf(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Admin>,
    Origin(origin): Origin,
    Id(id): Id,
) -> ApiResult<Response> {
    let invoice = invoices::look(&api.app, &By::caller(&caller, &origin), id).await?;
    file(&invoice).await
}
