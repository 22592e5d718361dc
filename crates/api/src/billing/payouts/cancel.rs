//! `POST billing/payouts/{id}/cancel/`: the money stays, if it has not gone to the bank. For its doctor alone. Honours
//! `Idempotency-Key`.

use app::{
    By,
    billing::payouts::{self, Step},
};
use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};

use super::{PayoutItem, item};
use crate::{
    Api,
    errors::ApiResult,
    extract::{Caller, Doctor, Id, Idempotency, Origin, answer},
};

#[utoipa::path(
    post,
    path = "/api/v1/billing/payouts/{id}/cancel/",
    tag = "billing",
    operation_id = "cancel_payout",
    summary = "Cancel a payout",
    description = "While it is requested or approved; the money is in the wallet at once. Later 409 ILLEGAL_STATE.",
    params(
        ("id" = uuid::Uuid, Path, description = "The payout's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 characters; the same key is answered as the first time, with Idempotent-Replay: true", max_length = 255),
    ),
    responses((status = 200, description = "The payout, cancelled", body = PayoutItem)),
    security(("bearer" = [])),
)]
pub(crate) async fn cancel_payout(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Doctor>,
    Origin(origin): Origin,
    Id(id): Id,
    idempotency: Idempotency,
) -> ApiResult<Response> {
    let by = By::caller(&caller, &origin);
    let once = idempotency.once_for(&caller, "cancel_payout", id, b"");
    let step = Step::new(id, by, once, |payout| serde_json::json!(item(payout)));
    let answered = payouts::cancel(&api.app, caller.user, step).await?;
    Ok(answer(answered, |payout| Json(payout).into_response()))
}
