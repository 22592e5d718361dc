//! `GET billing/invoices/{id}/`: one of the caller's invoices. Somebody else's is not there.

use app::billing::invoices;
use axum::{Json, extract::State};

use super::{InvoiceBody, body};
use crate::{
    Api,
    errors::ApiResult,
    extract::{Anyone, Caller, Id},
};

#[utoipa::path(
    get,
    path = "/api/v1/billing/invoices/{id}/",
    tag = "billing",
    operation_id = "read_invoice",
    summary = "Read an invoice",
    params(("id" = uuid::Uuid, Path, description = "The invoice's id")),
    responses((status = 200, description = "The invoice", body = InvoiceBody)),
    security(("bearer" = [])),
)]
pub(crate) async fn read_invoice(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Anyone>,
    Id(id): Id,
) -> ApiResult<Json<InvoiceBody>> {
    let invoice = invoices::one(&api.app, caller.user, id).await?;
    Ok(Json(body(&api, "billing/invoices", invoice)))
}
