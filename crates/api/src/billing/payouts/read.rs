//! `GET billing/payouts/{id}/`: one payout. For its doctor alone.

use app::billing::payouts;
use axum::{Json, extract::State};

use super::{PayoutItem, item};
use crate::{
    Api,
    errors::ApiResult,
    extract::{Caller, Doctor, Id},
};

#[utoipa::path(
    get,
    path = "/api/v1/billing/payouts/{id}/",
    tag = "billing",
    operation_id = "read_payout",
    summary = "Read a payout",
    params(("id" = uuid::Uuid, Path, description = "The payout's id")),
    responses((status = 200, description = "The payout", body = PayoutItem)),
    security(("bearer" = [])),
)]
pub(crate) async fn read_payout(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Doctor>,
    Id(id): Id,
) -> ApiResult<Json<PayoutItem>> {
    Ok(Json(item(payouts::one_of_doctor(&api.app, caller.user, id).await?)))
}
