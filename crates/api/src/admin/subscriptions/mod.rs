//! Plans and discount codes, as admins keep them. For admins.

pub(crate) mod codes;
pub(crate) mod end_code;
pub(crate) mod plan;

use app::billing::discounts::Code;
use domain::subscription::Worth;
use serde::Serialize;
use utoipa::ToSchema;

use crate::time::rfc3339;

/// A discount code and its terms.
#[derive(Serialize, ToSchema)]
pub(crate) struct DiscountCode {
    #[schema(example = "WINTER2024")]
    code: String,
    /// Of the amount; null where it takes Rials.
    #[schema(example = 25)]
    percentage: Option<u8>,
    /// Rials; null where it takes a part.
    #[schema(example = json!(null))]
    amount: Option<i64>,
    /// The first day, Gregorian.
    #[schema(example = "2024-01-01", format = "date")]
    valid_from: Option<String>,
    /// The last day, Gregorian.
    #[schema(example = "2024-03-19", format = "date")]
    valid_until: Option<String>,
    /// How often one user may redeem it; null: as often as they like.
    #[schema(example = 1)]
    per_user_cap: Option<i64>,
    /// How often it may be redeemed in all; null: any number of times.
    #[schema(example = 1_000)]
    total_cap: Option<i64>,
    /// For this plan alone; null: for all.
    #[schema(example = json!(null))]
    plan_id: Option<String>,
    /// How often it was.
    #[schema(example = 0)]
    redeemed: i64,
    /// UTC.
    #[schema(example = "2024-01-20T10:00:00Z", format = "date-time")]
    created_at: String,
    /// When an admin ended it, UTC; null: nobody has.
    #[schema(example = json!(null), format = "date-time")]
    ended_at: Option<String>,
}

fn body(code: Code) -> DiscountCode {
    let (percentage, amount) = match code.worth {
        Worth::Percent(percent) => (Some(percent), None),
        Worth::Amount(amount) => (None, Some(amount.get())),
    };
    DiscountCode {
        code: code.code,
        percentage,
        amount,
        valid_from: code.valid_from.as_ref().map(ToString::to_string),
        valid_until: code.valid_until.as_ref().map(ToString::to_string),
        per_user_cap: code.per_user_cap,
        total_cap: code.total_cap,
        plan_id: code.plan,
        redeemed: code.redeemed,
        created_at: rfc3339(code.created_at),
        ended_at: code.ended_at.map(rfc3339),
    }
}
