//! `POST admin/payouts/{id}/approve/` and `…/reject/`. For admins. Both honour `Idempotency-Key`.

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
    path = "/api/v1/admin/payouts/{id}/approve/",
    tag = "admin",
    operation_id = "approve_payout",
    summary = "Approve a payout",
    description = "It goes with the next batch. 409 ILLEGAL_STATE unless it is requested.",
    params(
        ("id" = uuid::Uuid, Path, description = "The payout's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 characters; the same key is answered as the first time, with Idempotent-Replay: true", max_length = 255),
    ),
    responses((status = 200, description = "The payout, approved", body = AdminPayout)),
    security(("bearer" = [])),
)]
pub(crate) async fn approve_payout(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Admin>,
    Origin(origin): Origin,
    Id(id): Id,
    idempotency: Idempotency,
) -> ApiResult<Response> {
    let by = By::caller(&caller, &origin);
    let once = idempotency.once_for(&caller, "approve_payout", id, b"");
    let step = Step::new(id, by, once, |payout| serde_json::json!(body(payout)));
    let answered = payouts::approve(&api.app, step).await?;
    Ok(answer(answered, |payout| Json(payout).into_response()))
}

#[utoipa::path(
    post,
    path = "/api/v1/admin/payouts/{id}/reject/",
    tag = "admin",
    operation_id = "reject_payout",
    summary = "Reject a payout",
    description = "While it is requested or approved. The money is in the doctor's wallet at once, and the doctor is told \
why. 409 ILLEGAL_STATE later.",
    params(
        ("id" = uuid::Uuid, Path, description = "The payout's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 characters; the same key and body are answered as the first time, with Idempotent-Replay: true", max_length = 255),
    ),
    request_body = ReasonBody,
    responses((status = 200, description = "The payout, rejected", body = AdminPayout)),
    security(("bearer" = [])),
)]
pub(crate) async fn reject_payout(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Admin>,
    Origin(origin): Origin,
    Id(id): Id,
    idempotency: Idempotency,
    ValidJson { value, bytes }: ValidJson<ReasonBody>,
) -> ApiResult<Response> {
    let by = By::caller(&caller, &origin);
    let once = idempotency.once_for(&caller, "reject_payout", id, &bytes);
    let step = Step::new(id, by, once, |payout| serde_json::json!(body(payout)));
    let answered = payouts::reject(&api.app, step, value.reason).await?;
    Ok(answer(answered, |payout| Json(payout).into_response()))
}
