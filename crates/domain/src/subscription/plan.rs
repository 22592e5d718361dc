//! Plans: what can be subscribed to, and for how much.

use jiff::civil::Date;

use super::Limits;
use crate::{
    Rials,
    violation::{Parsed, Violation},
};

/// The plan of everybody without a subscription.
pub const FREE: &str = "free";

/// What can be subscribed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    pub id: String,
    pub name: String,
    /// Of one month.
    pub price: Rials,
    pub features: Vec<String>,
    pub limits: Limits,
    pub discount: Option<PlanDiscount>,
    /// Whether its subscribers have the premium rate limit (D6).
    pub is_premium: bool,
    /// Whether it can be bought. Subscriptions of one that can't run to their end and are not renewed.
    pub is_active: bool,
}

/// A plan's own discount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlanDiscount {
    /// 1 to 100.
    pub percent: u8,
    /// The first day that it is valid; none: as soon as it is there.
    pub from: Option<Date>,
    /// The last day that it is valid, not before the first.
    pub until: Date,
}

impl Plan {
    /// Its own discount, while that is valid.
    #[must_use]
    pub fn discount_on(&self, today: Date) -> Option<PlanDiscount> {
        self.discount
            .filter(|discount| discount.from.is_none_or(|first| first <= today) && today <= discount.until)
    }

    /// Whether it can be bought.
    #[must_use]
    pub fn is_for_sale(&self) -> bool {
        self.is_active && self.price > Rials::ZERO
    }
}

/// A plan's id: 2 to 40 small Latin letters, digits, `-` and `_`.
pub fn plan_id(text: &str) -> Parsed<String> {
    let is_right = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, b'-' | b'_');
    if (2..=40).contains(&text.len()) && text.bytes().all(is_right) {
        Ok(text.to_owned())
    } else {
        Err(Violation::Characters)
    }
}
