//! The caller's own money. For everybody who is logged in.

mod csv;
pub(crate) mod read;
mod transactions;

use app::billing::wallet::{Filter, Transaction};
use domain::{Violation, days, ledger::Direction};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    Api,
    extract::{Fields, text},
    time::rfc3339,
};

pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(read::read_wallet))
        .routes(routes!(transactions::list_wallet_transactions))
        .routes(routes!(csv::export_wallet_transactions))
}

/// Something that happened to the wallet.
#[derive(Serialize, ToSchema)]
pub(crate) struct TransactionItem {
    #[schema(example = "018d2f6a-3c5e-8b1a-9f00-1c2d3e4f5a6b")]
    id: Uuid,
    /// `credit`: money came; `debit`: money went.
    #[serde(rename = "type")]
    #[schema(value_type = String, example = "credit", pattern = "^(credit|debit)$")]
    direction: &'static str,
    /// Whole Rials, never negative.
    #[schema(example = 1_000_000)]
    amount: i64,
    #[schema(example = "شارژ کیف پول")]
    description: String,
    #[schema(example = "2024-01-19T15:30:00Z", format = "date-time")]
    created_at: String,
    /// What is in a wallet's statement has happened.
    #[schema(example = "completed")]
    status: &'static str,
    /// What could be spent after it.
    #[schema(example = 2_500_000)]
    balance_after: i64,
    /// The visit, charge, subscription or payout that it is for.
    #[schema(example = "018d2f6a-3c5e-7b1a-9f00-1c2d3e4f5a6c")]
    reference: Option<Uuid>,
}

fn item(transaction: Transaction) -> TransactionItem {
    TransactionItem {
        id: transaction.id,
        direction: Direction::of(transaction.amount).as_str(),
        amount: transaction.amount.saturating_abs(),
        description: transaction.description,
        created_at: rfc3339(transaction.created_at),
        status: "completed",
        balance_after: transaction.balance,
        reference: transaction.reference,
    }
}

/// `type`, `from_date` and `to_date`; days are Tehran's, both included, Gregorian or Jalali.
fn filter(fields: &mut Fields<'_>) -> Option<Filter> {
    let direction = fields.optional("type", text(Direction::parse));
    let from = fields.optional("from_date", text(days::parse));
    let to = fields.optional("to_date", text(days::parse));
    let (from, to) = (from?, to?);
    if let (Some(from), Some(to)) = (from, to)
        && to < from
    {
        fields.violated("to_date", Violation::Order);
        return None;
    }
    Some(Filter {
        direction: direction?,
        from: from.map(days::tehran_midnight),
        to: to.map(|day| days::tehran_midnight(day.saturating_add(days::span_of_days(1)))),
    })
}
