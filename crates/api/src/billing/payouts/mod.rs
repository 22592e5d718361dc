//! Doctors' money on its way to their banks (D35). For doctors, each their own.

mod cancel;
mod list;
mod read;
mod request;

use app::billing::payouts::Payout;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{Api, time::rfc3339};

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(request::request_payout, list::list_payouts))
        .routes(routes!(read::read_payout))
        .routes(routes!(cancel::cancel_payout))
}

/// A payout. Its IBAN is shown in part.
#[derive(Serialize, ToSchema)]
pub(crate) struct PayoutItem {
    #[schema(example = "018d2f6a-3c5e-7b1a-9f00-1c2d3e4f5a6b")]
    id: Uuid,
    /// Whole Rials.
    #[schema(example = 1_080_000)]
    amount: i64,
    #[schema(example = "IRR")]
    currency: &'static str,
    #[schema(example = "IR58••••3007")]
    iban: String,
    #[schema(example = "مریم رضایی")]
    account_holder: String,
    /// `requested` (its money is blocked), `approved`, `exported` (on its way to the bank), `paid`; `rejected`,
    /// `cancelled`, `returned` by the bank: its money is in the wallet again.
    #[schema(example = "requested")]
    status: &'static str,
    /// Why it was rejected or returned.
    #[schema(example = json!(null))]
    reason: Option<String>,
    #[schema(example = "2024-01-20T10:00:00Z", format = "date-time")]
    created_at: String,
    #[schema(example = json!(null), format = "date-time")]
    approved_at: Option<String>,
    #[schema(example = json!(null), format = "date-time")]
    exported_at: Option<String>,
    #[schema(example = json!(null), format = "date-time")]
    paid_at: Option<String>,
    /// When it was rejected, cancelled or returned.
    #[schema(example = json!(null), format = "date-time")]
    closed_at: Option<String>,
}

pub(crate) fn item(payout: Payout) -> PayoutItem {
    PayoutItem {
        id: payout.id,
        amount: payout.amount.get(),
        currency: "IRR",
        iban: payout.iban_masked,
        account_holder: payout.account_holder,
        status: payout.status.as_str(),
        reason: Some(payout.reason).filter(|reason| !reason.is_empty()),
        created_at: rfc3339(payout.created_at),
        approved_at: payout.approved_at.map(rfc3339),
        exported_at: payout.exported_at.map(rfc3339),
        paid_at: payout.paid_at.map(rfc3339),
        closed_at: payout.closed_at.map(rfc3339),
    }
}
