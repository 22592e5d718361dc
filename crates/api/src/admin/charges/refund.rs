//! `POST admin/charges/{id}/refund/`: gives a payment back to its payer's card, where the gateway can. For admins. Honours
//! `Idempotency-Key`.

use std::sync::Arc;

use app::{
    By,
    billing::{
        Asked,
        refunds::{self, Ask, Refund, RefundStatus},
    },
};
use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use domain::{Rials, text as rules};
use serde::Serialize;
use utoipa::ToSchema;

use super::{RefundRecord, refund_record};
use crate::{
    Api,
    errors::ApiResult,
    extract::{
        Admin, Body, Caller, Fields, Id, Idempotency, MessageLanguage, MoneyJson, Origin, answer, integer,
        text,
    },
};

/// What to give back, and why.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the wire")]
pub(crate) struct RefundChargeBody {
    /// For the audit log; nothing about anybody's health.
    #[schema(example = "پرداخت اشتباه", min_length = 1, max_length = 300)]
    reason: String,
    /// Whole Rials; all that is left unless it says otherwise. Only a whole payment can be reversed.
    #[schema(value_type = Option<i64>, example = 1_000_000, minimum = 1)]
    amount: (),
    /// Which of several that were paid; the one that completed the charge unless it says otherwise.
    #[schema(value_type = Option<String>, example = "A00000000000000000000000000217885159", max_length = 100)]
    authority: (),
}

pub(crate) struct RefundCharge {
    reason: String,
    amount: Option<Rials>,
    authority: Option<String>,
}

impl Body for RefundCharge {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let reason = fields.required("reason", text(|t| rules::required_line(t, 300)));
        let amount = fields.optional("amount", integer(1, Rials::MOST));
        let authority = fields.optional("authority", text(|t| rules::required_line(t, 100)));
        Some(Self { reason: reason?, amount: amount?.and_then(Rials::new), authority: authority? })
    }
}

/// Where the money is.
#[derive(Serialize, ToSchema)]
pub(crate) struct RefundBody {
    #[serde(flatten)]
    refund: RefundRecord,
    /// The status in words.
    #[schema(example = "مبلغ به کارت پرداخت‌کننده بازگردانده شد")]
    message: &'static str,
}

pub(super) fn rendered(language: &MessageLanguage, refund: Refund) -> RefundBody {
    let message = match refund.status {
        RefundStatus::Refunded => language
            .pick("مبلغ به کارت پرداخت‌کننده بازگردانده شد", "The money was given back to the payer's card"),
        RefundStatus::InWallet => language.pick(
            "درگاه این مبلغ را به کارت برنمی‌گرداند؛ مبلغ در کیف پول کاربر است",
            "The gateway does not give this money back; it is in the user's wallet",
        ),
        RefundStatus::Refunding => language.pick(
            "درگاه هنوز پاسخ روشنی نداده است؛ مبلغ مسدود است و از درگاه دوباره پرسیده می‌شود",
            "The gateway gave no clear answer yet; the money is blocked, and the gateway is asked again",
        ),
    };
    RefundBody { refund: refund_record(refund), message }
}

#[utoipa::path(
    post,
    path = "/api/v1/admin/charges/{id}/refund/",
    tag = "admin",
    operation_id = "refund_charge",
    summary = "Give a payment back",
    description = "Takes the money out of the user's wallet (409 INSUFFICIENT_BALANCE when it is spent) and gives it back by \
the gateway: a whole young payment is reversed, otherwise it is refunded where the gateway can, otherwise it stays in the \
wallet; `status` says which. While the gateway gives no clear answer, the money is blocked and the gateway is asked again; \
after the third time an admin may end it. 409 ILLEGAL_STATE when the charge was not paid, when a refund of the same payment is \
open, or when less is left than asked for (`details.refundable_amount`).",
    params(
        ("id" = uuid::Uuid, Path, description = "The charge's id: its transaction_id"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 characters; the same key and body are answered as the first time, with Idempotent-Replay: true", max_length = 255),
    ),
    request_body = RefundChargeBody,
    responses((status = 200, description = "Where the money is", body = RefundBody)),
    security(("bearer" = [])),
)]
pub(crate) async fn refund_charge(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Admin>,
    Origin(origin): Origin,
    Id(id): Id,
    language: MessageLanguage,
    idempotency: Idempotency,
    sent: MoneyJson<RefundCharge>,
) -> ApiResult<Response> {
    let by = By::caller(&caller, &origin);
    // whose money it is nobody has looked up: the entry is about the admin
    let (value, bytes) = sent.accepted(&api, &by, caller.user, Asked::Refund).await?;
    let ask = Ask {
        charge: id,
        authority: value.authority,
        amount: value.amount,
        reason: value.reason,
        by,
        once: idempotency.once_for(&caller, "refund_charge", id, &bytes),
        render: Arc::new(move |refund| serde_json::json!(rendered(&language, refund))),
    };
    let answered = refunds::refund(&api.app, ask).await?;
    Ok(answer(answered, |body| Json(body).into_response()))
}
