//! Payments through gateways, with everything that was asked of the gateways, and giving them back. For admins.

pub(crate) mod end;
pub(crate) mod list;
pub(crate) mod read;
pub(crate) mod refund;

use app::billing::refunds::{Authority, Receipt, Refund, RefundStatus, Seen};
use domain::Rials;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::time::rfc3339;

/// A payment through a gateway as admins see it.
#[derive(Serialize, ToSchema)]
pub(crate) struct ChargeRecord {
    #[schema(example = "018d2f6a-3c5e-7b1a-9f00-1c2d3e4f5a6b")]
    id: Uuid,
    /// Whose money it is.
    #[schema(example = "550e8400-e29b-41d4-a716-446655440000")]
    user_id: Uuid,
    /// As it is written down: one whose time has just passed is `pending` for a minute more.
    #[schema(example = "completed", pattern = "^(pending|completed|failed|expired)$")]
    status: &'static str,
    /// Whole Rials.
    #[schema(example = 1_000_000)]
    amount: i64,
    #[schema(example = "IRR")]
    currency: &'static str,
    /// `wallet`, `visit` or `subscription`.
    #[schema(example = "wallet")]
    purpose: &'static str,
    /// The visit, or the purchase of a subscription, that it is for.
    #[schema(example = json!(null))]
    reference: Option<Uuid>,
    #[schema(example = "zarinpal")]
    gateway: String,
    /// The gateway's own number of the payment.
    #[schema(example = "201")]
    gateway_reference: Option<String>,
    /// The authority that it was completed with.
    #[schema(example = "A00000000000000000000000000217885159")]
    credited_authority: Option<String>,
    /// What the payer has again, in Rials; what is being given back counts once it is.
    #[schema(example = 0)]
    refunded_amount: i64,
    #[schema(example = "2024-01-20T10:00:00Z", format = "date-time")]
    created_at: String,
    #[schema(example = "2024-01-20T10:30:00Z", format = "date-time")]
    expires_at: String,
    /// When the gateway was last asked.
    #[schema(example = "2024-01-20T10:02:00Z", format = "date-time")]
    checked_at: Option<String>,
    /// When the gateway is asked next; null: never again.
    #[schema(example = json!(null), format = "date-time")]
    next_check_at: Option<String>,
    /// When it was credited.
    #[schema(example = "2024-01-20T10:02:00Z", format = "date-time")]
    completed_at: Option<String>,
    /// The gateway's names for it, the oldest first.
    authorities: Vec<AuthorityRecord>,
    /// What was asked to be given back, the oldest first.
    refunds: Vec<RefundRecord>,
}

/// A gateway's name for a charge, and what is known of it.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuthorityRecord {
    #[schema(example = "A00000000000000000000000000217885159")]
    authority: String,
    #[schema(example = "zarinpal")]
    gateway: String,
    /// `requested`: its payer was sent to pay; `paid`: its money completed the charge; `extra`: paid besides, its money
    /// is in the wallet; `failed`; `unknown`: the gateway had no clear answer.
    #[schema(example = "paid", pattern = "^(requested|paid|failed|unknown|extra)$")]
    status: &'static str,
    /// The card that it was paid with, its middle masked; null where the gateway has not told it.
    #[schema(example = "502229******5995", max_length = 32)]
    card: Option<String>,
    /// What the gateway keeps of it, in Rials; null where the gateway has not told it.
    #[schema(example = 5_000, minimum = 0)]
    fee: Option<i64>,
    #[schema(example = "2024-01-20T10:00:00Z", format = "date-time")]
    created_at: String,
}

/// A payment that is given back, or was meant to be.
#[derive(Serialize, ToSchema)]
pub(crate) struct RefundRecord {
    #[schema(example = "018d2f7b-3c5e-7b1a-9f00-1c2d3e4f5a6b")]
    id: Uuid,
    #[schema(example = "018d2f6a-3c5e-7b1a-9f00-1c2d3e4f5a6b")]
    charge_id: Uuid,
    #[schema(example = "zarinpal")]
    gateway: String,
    #[schema(example = "A00000000000000000000000000217885159")]
    authority: String,
    /// Whole Rials.
    #[schema(example = 1_000_000)]
    amount: i64,
    #[schema(example = "IRR")]
    currency: &'static str,
    /// `refunding`: the money is blocked, and the gateway is asked until its answer is clear; `refunded`: the payer has
    /// it; `in_wallet`: the gateway can't give it back, the user can spend it.
    #[schema(example = "refunded", pattern = "^(refunding|refunded|in_wallet)$")]
    status: &'static str,
    /// `reverse`: a young payment, all of it; `refund`: an older one, or a part; `wallet`: the gateway can't.
    #[schema(example = "reverse", pattern = "^(reverse|refund|wallet)$")]
    method: &'static str,
    /// How often the gateway gave no clear answer; from 3 on, an admin may end it.
    #[schema(example = 0)]
    attempts: i64,
    /// Its last code, where it was no yes.
    #[schema(example = json!(null))]
    gateway_answer: Option<String>,
    /// When it is asked again, while the refund is open.
    #[schema(example = json!(null), format = "date-time")]
    next_check_at: Option<String>,
    #[schema(example = "2024-01-20T10:10:00Z", format = "date-time")]
    created_at: String,
    #[schema(example = "2024-01-20T10:10:01Z", format = "date-time")]
    ended_at: Option<String>,
}

fn body(seen: Seen) -> ChargeRecord {
    let Seen { charge, authorities, refunds } = seen;
    let done = refunds.iter().filter(|refund| refund.status == RefundStatus::Refunded);
    let refunded = done.map(|refund| refund.amount.get()).fold(0, i64::saturating_add);
    ChargeRecord {
        id: charge.id,
        user_id: charge.user.0,
        status: charge.status.as_str(),
        amount: charge.amount.get(),
        currency: "IRR",
        purpose: charge.purpose.as_str(),
        reference: charge.purpose.reference(),
        gateway: charge.gateway,
        gateway_reference: charge.gateway_reference,
        credited_authority: charge.credited_authority,
        refunded_amount: refunded,
        created_at: rfc3339(charge.created_at),
        expires_at: rfc3339(charge.expires_at),
        checked_at: charge.checked_at.map(rfc3339),
        next_check_at: charge.check_at.map(rfc3339),
        completed_at: charge.verified_at.map(rfc3339),
        authorities: authorities.into_iter().map(authority).collect(),
        refunds: refunds.into_iter().map(refund_record).collect(),
    }
}

fn authority((authority, receipt): (Authority, Receipt)) -> AuthorityRecord {
    AuthorityRecord {
        authority: authority.authority,
        gateway: authority.gateway,
        status: authority.status.as_str(),
        card: receipt.card,
        fee: receipt.fee.map(Rials::get),
        created_at: rfc3339(authority.created_at),
    }
}

fn refund_record(refund: Refund) -> RefundRecord {
    RefundRecord {
        id: refund.id,
        charge_id: refund.charge,
        gateway: refund.gateway,
        authority: refund.authority,
        amount: refund.amount.get(),
        currency: "IRR",
        status: refund.status.as_str(),
        method: refund.way.as_str(),
        attempts: refund.attempts,
        gateway_answer: refund.answer,
        next_check_at: refund.check_at.map(rfc3339),
        created_at: rfc3339(refund.created_at),
        ended_at: refund.ended_at.map(rfc3339),
    }
}
