//! `GET admin/charges/{id}/`: one payment through a gateway. For admins; audited.

use app::{By, billing::refunds};
use axum::{Json, extract::State};

use super::{ChargeRecord, body};
use crate::{
    Api,
    errors::ApiResult,
    extract::{Admin, Caller, Id, Origin},
};

#[utoipa::path(
    get,
    path = "/api/v1/admin/charges/{id}/",
    tag = "admin",
    operation_id = "view_charge",
    summary = "Read a payment through a gateway",
    description = "With every authority that the gateway gave for it, and everything that was asked to be given back. Every \
look is written to the audit log.",
    params(("id" = uuid::Uuid, Path, description = "The charge's id: its transaction_id")),
    responses((status = 200, description = "The charge", body = ChargeRecord)),
    security(("bearer" = [])),
)]
pub(crate) async fn view_charge(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Admin>,
    Origin(origin): Origin,
    Id(id): Id,
) -> ApiResult<Json<ChargeRecord>> {
    Ok(Json(body(refunds::view(&api.app, &By::caller(&caller, &origin), id).await?)))
}
