//! `POST admin/payouts/{id}/paid/` and `…/returned/`: what the bank made of it. For admins. Both honour
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

use super::{AdminPayout, body};
use crate::{
    Api,
    admin::ReasonBody,
    errors::ApiResult,
    extract::{Admin, Caller, Id, Idempotency, Origin, ValidJson, answer},
};

#[utoipa::path(
    post,
    path = "/api/v1/admin/payouts/{id}/paid/",
    tag = "admin",
    operation_id = "mark_payout_paid",
    summary = "The bank has paid a payout",
    description = "The doctor is told. 409 ILLEGAL_STATE unless it is in a batch.",
    params(
        ("id" = uuid::Uuid, Path, description = "The payout's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 characters; the same key is answered as the first time, with Idempotent-Replay: true", max_length = 255),
    ),
    responses((status = 200, description = "The payout, paid", body = AdminPayout)),
    security(("bearer" = [])),
)]
pub(crate) async fn mark_payout_paid(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Admin>,
    Origin(origin): Origin,
    Id(id): Id,
    idempotency: Idempotency,
) -> ApiResult<Response> {
    let by = By::caller(&caller, &origin);
    let once = idempotency.once_for(&caller, "mark_payout_paid", id, b"");
    let step = Step::new(id, by, once, |payout| serde_json::json!(body(payout)));
    let answered = payouts::paid(&api.app, step).await?;
    Ok(answer(answered, |payout| Json(payout).into_response()))
}

#[utoipa::path(
    post,
    path = "/api/v1/admin/payouts/{id}/returned/",
    tag = "admin",
    operation_id = "mark_payout_returned",
    summary = "The bank has sent a payout back",
    description = "Also after it had paid. The money is in the doctor's wallet at once, and the doctor is told why. 409 \
ILLEGAL_STATE unless it is in a batch or paid.",
    params(
        ("id" = uuid::Uuid, Path, description = "The payout's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 characters; the same key and body are answered as the first time, with Idempotent-Replay: true", max_length = 255),
    ),
    request_body = ReasonBody,
    responses((status = 200, description = "The payout, returned", body = AdminPayout)),
    security(("bearer" = [])),
)]
pub(crate) async fn mark_payout_returned(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Admin>,
    Origin(origin): Origin,
    Id(id): Id,
    idempotency: Idempotency,
    ValidJson { value, bytes }: ValidJson<ReasonBody>,
) -> ApiResult<Response> {
    let by = By::caller(&caller, &origin);
    let once = idempotency.once_for(&caller, "mark_payout_returned", id, &bytes);
    let step = Step::new(id, by, once, |payout| serde_json::json!(body(payout)));
    let answered = payouts::returned(&api.app, step, value.reason).await?;
    Ok(answer(answered, |payout| Json(payout).into_response()))
}
