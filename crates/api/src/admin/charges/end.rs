//! `POST admin/charges/{id}/refunds/{refund_id}/end/`: says how a refund ended that its gateway gives no clear answer about.
//! For admins; audited. Honours `Idempotency-Key`.
//!
//! 404: no such charge, or no such refund of it. 409 `ILLEGAL_STATE`: it has ended; or the gateway is being asked, or was
//! asked less than three times (`details.attempts`, `details.next_check_at`).

use std::sync::Arc;

use app::{
    By,
    billing::refunds::{self, End, Outcome},
};
use axum::{
    Json,
    extract::{FromRequestParts, Path, State},
    http::request::Parts,
    response::{IntoResponse, Response},
};
use domain::{Violation, text as rules};
use utoipa::ToSchema;
use uuid::Uuid;

use super::refund::{RefundBody, rendered};
use crate::{
    Api,
    errors::{ApiError, ApiResult, Code},
    extract::{Admin, Body, Caller, Fields, Idempotency, MessageLanguage, Origin, ValidJson, answer, text},
};

/// Where the money is, and who says so.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the wire")]
pub(crate) struct EndRefundBody {
    /// `refunded`: the payer has it, as the gateway's panel or support says; `in_wallet`: the gateway never gave it back, it is
    /// the user's to spend.
    #[schema(example = "refunded", pattern = "^(refunded|in_wallet)$")]
    outcome: String,
    /// For the audit log; nothing about anybody's health.
    #[schema(example = "در پنل زرین‌پال برگشت خورده است", min_length = 1, max_length = 300)]
    reason: String,
}

pub(crate) struct EndRefund {
    outcome: Outcome,
    reason: String,
}

impl Body for EndRefund {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let known = |name: &str| Outcome::parse(name).ok_or(Violation::Choice(&Outcome::NAMES));
        let outcome = fields.required("outcome", text(known));
        let reason = fields.required("reason", text(|t| rules::required_line(t, 300)));
        Some(Self { outcome: outcome?, reason: reason? })
    }
}

/// A charge and one of its refunds. What is no id names nothing: 404.
pub(crate) struct RefundId {
    charge: Uuid,
    refund: Uuid,
}

impl FromRequestParts<Api> for RefundId {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        match Path::<(Uuid, Uuid)>::from_request_parts(parts, api).await {
            Ok(Path((charge, refund))) => Ok(Self { charge, refund }),
            Err(_) => Err(Code::NotFound.into()),
        }
    }
}

#[utoipa::path(
    post,
    path = "/api/v1/admin/charges/{id}/refunds/{refund_id}/end/",
    tag = "admin",
    operation_id = "end_refund",
    summary = "End a refund that the gateway never answers",
    description = "For one that is `refunding` and whose gateway was asked three times or more without a clear answer: look it \
up in the gateway's panel first. `refunded`: the blocked money leaves, and the payer is told; `in_wallet`: it is the user's to \
spend again. The gateway is not asked any more. The reason is written to the audit log. 409 ILLEGAL_STATE when it has ended, \
while the gateway is being asked, and when it was asked less than three times (`details.attempts`, `details.next_check_at`).",
    params(
        ("id" = Uuid, Path, description = "The charge's id: its transaction_id"),
        ("refund_id" = Uuid, Path, description = "The refund's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 characters; the same key and body are answered as the first time, with Idempotent-Replay: true", max_length = 255),
    ),
    request_body = EndRefundBody,
    responses((status = 200, description = "Where the money is", body = RefundBody)),
    security(("bearer" = [])),
)]
pub(crate) async fn end_refund(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Admin>,
    Origin(origin): Origin,
    RefundId { charge, refund }: RefundId,
    language: MessageLanguage,
    idempotency: Idempotency,
    ValidJson { value, bytes }: ValidJson<EndRefund>,
) -> ApiResult<Response> {
    let of_charge = [charge.as_bytes().as_slice(), &*bytes].concat();
    let end = End {
        charge,
        refund,
        outcome: value.outcome,
        reason: value.reason,
        by: By::caller(&caller, &origin),
        once: idempotency.once_for(&caller, "end_refund", refund, &of_charge),
        render: Arc::new(move |refund| serde_json::json!(rendered(&language, refund))),
    };
    let answered = refunds::end(&api.app, end).await?;
    Ok(answer(answered, |body| Json(body).into_response()))
}
