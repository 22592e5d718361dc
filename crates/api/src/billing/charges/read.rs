//! `GET billing/transactions/{id}/`: what became of a charge of the caller's.

use app::billing::charges;
use axum::{Json, extract::State};

use super::{ChargeState, body};
use crate::{
    Api,
    errors::ApiResult,
    extract::{Anyone, Caller, Id},
};

#[utoipa::path(
    get,
    path = "/api/v1/billing/transactions/{id}/",
    tag = "billing",
    operation_id = "read_charge",
    summary = "Read what became of a charge",
    description = "While it is pending the gateway is asked, at most every five seconds.",
    params(("id" = Uuid, Path, description = "The charge's transaction_id")),
    responses((status = 200, description = "The charge", body = ChargeState)),
    security(("bearer" = [])),
)]
pub(crate) async fn read_charge(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Anyone>,
    Id(id): Id,
) -> ApiResult<Json<ChargeState>> {
    Ok(Json(body(charges::read(&api.app, caller.user, id).await?)))
}
