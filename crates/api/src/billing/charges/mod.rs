//! Money that comes in through a gateway.

mod callback;
mod charge;
mod list;
mod read;

use app::billing::{charges::Read, refunds::Refund};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{Api, time::rfc3339};

pub(crate) use callback::form;

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(charge::charge_wallet))
        .routes(routes!(list::list_own_charges))
        .routes(routes!(read::read_charge))
        .routes(routes!(callback::gateway_callback, callback::gateway_callback_form))
}

/// A payment through a gateway.
#[derive(Serialize, ToSchema)]
pub(crate) struct ChargeState {
    #[schema(example = "018d2f6a-3c5e-7b1a-9f00-1c2d3e4f5a6b")]
    transaction_id: Uuid,
    /// `pending`; `completed`: credited; `failed` or `expired`: not paid. Money that comes after all completes it.
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
    /// Where it can be paid, while it can.
    #[schema(example = json!(null))]
    payment_url: Option<String>,
    #[schema(example = "2024-01-20T10:00:00Z", format = "date-time")]
    created_at: String,
    #[schema(example = "2024-01-20T10:30:00Z", format = "date-time")]
    expires_at: String,
    /// When it was credited.
    #[schema(value_type = Option<String>, example = "2024-01-20T10:02:00Z", format = "date-time")]
    completed_at: Option<String>,
    /// What is given back, the oldest first.
    refunds: Vec<GivenBack>,
}

/// A payment, or a part of one, that is given back.
#[derive(Serialize, ToSchema)]
pub(crate) struct GivenBack {
    /// Whole Rials.
    #[schema(example = 1_000_000)]
    amount: i64,
    /// `refunding`: the gateway is asked, and the money is blocked; `refunded`: it is with the payer's bank; `in_wallet`:
    /// the gateway can't, it stays in the wallet.
    #[schema(example = "refunded", pattern = "^(refunding|refunded|in_wallet)$")]
    status: &'static str,
    #[schema(example = "2024-01-20T10:10:00Z", format = "date-time")]
    created_at: String,
    #[schema(value_type = Option<String>, example = "2024-01-20T10:10:01Z", format = "date-time")]
    ended_at: Option<String>,
}

fn given_back(refund: &Refund) -> GivenBack {
    GivenBack {
        amount: refund.amount.get(),
        status: refund.status.as_str(),
        created_at: rfc3339(refund.created_at),
        ended_at: refund.ended_at.map(rfc3339),
    }
}

/// A charge as its payer sees it.
fn body(seen: Read) -> ChargeState {
    let Read { charge, status, pay_url, refunds } = seen;
    ChargeState {
        transaction_id: charge.id,
        status: status.as_str(),
        amount: charge.amount.get(),
        currency: "IRR",
        purpose: charge.purpose.as_str(),
        reference: charge.purpose.reference(),
        gateway: charge.gateway,
        gateway_reference: charge.gateway_reference,
        payment_url: pay_url,
        created_at: rfc3339(charge.created_at),
        expires_at: rfc3339(charge.expires_at),
        completed_at: charge.verified_at.map(rfc3339),
        refunds: refunds.iter().map(given_back).collect(),
    }
}
