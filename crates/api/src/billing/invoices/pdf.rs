//! `GET billing/invoices/{id}/pdf/`: one of the caller's invoices as a PDF. Somebody else's is not there.

use app::billing::invoices;
use axum::{extract::State, response::Response};

use crate::{
    Api,
    errors::ApiResult,
    extract::{Anyone, Caller, Id},
};

#[utoipa::path(
    get,
    path = "/api/v1/billing/invoices/{id}/pdf/",
    tag = "billing",
    operation_id = "read_invoice_pdf",
    summary = "Read an invoice as PDF",
    description = "A4, Persian, the font embedded; the same bytes each time.",
    params(("id" = uuid::Uuid, Path, description = "The invoice's id")),
    responses((status = 200, description = "The invoice", body = String, content_type = "application/pdf")),
    security(("bearer" = [])),
)]
pub(crate) async fn read_invoice_pdf(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Anyone>,
    Id(id): Id,
) -> ApiResult<Response> {
    let invoice = invoices::one(&api.app, caller.user, id).await?;
    super::file(&invoice).await
}
