//! Prices: what a purchase costs with a discount code, and what the days are worth that are left of an older one.

use jiff::civil::Date;

use super::Plan;
use crate::{
    Rials,
    text::latin_digits,
    violation::{Parsed, Violation},
};

/// A discount code as it is kept: 3 to 40 capital Latin letters, digits, `-` and `_`, however it was typed.
pub fn code(text: &str) -> Parsed<String> {
    let text = latin_digits(text.trim()).to_ascii_uppercase();
    if text.is_empty() {
        return Err(Violation::Required);
    }
    if text.chars().count() > 40 {
        return Err(Violation::TooLong(40));
    }
    let is_right = |c: u8| c.is_ascii_uppercase() || c.is_ascii_digit() || matches!(c, b'-' | b'_');
    if text.len() >= 3 && text.bytes().all(is_right) { Ok(text) } else { Err(Violation::Characters) }
}

/// What a discount code takes off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Worth {
    /// 1 to 100.
    Percent(u8),
    /// At most the whole amount.
    Amount(Rials),
}

/// What a purchase costs: `amount − discount − credit = total`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Price {
    /// The list price of all months, less the plan's own discount.
    pub amount: Rials,
    /// What the code takes.
    pub discount: Rials,
    /// What the days are worth that were left of the subscription that is replaced.
    pub credit: Rials,
    /// What is to be paid.
    pub total: Rials,
    /// What of the days' worth was more than the price; it goes to the wallet.
    pub returned: Rials,
}

impl Price {
    /// None where it is too much for 64 bits.
    #[must_use]
    pub fn of(plan: &Plan, months: i64, code: Option<Worth>, worth_left: Rials, today: Date) -> Option<Self> {
        let list = Rials::new(plan.price.get().checked_mul(months)?)?;
        let own = plan.discount_on(today).map_or(0, |discount| discount.percent);
        let amount = list.less(list.percent(own));
        let discount = match code {
            None => Rials::ZERO,
            Some(Worth::Percent(percent)) => amount.percent(percent),
            Some(Worth::Amount(off)) => off.min(amount),
        };
        let after_code = amount.less(discount);
        let credit = worth_left.min(after_code);
        Some(Self {
            amount,
            discount,
            credit,
            total: after_code.less(credit),
            returned: worth_left.less(credit),
        })
    }
}

/// Days that were paid for, and with how much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    pub start: Date,
    pub end: Date,
    /// What was paid, credit included.
    pub worth: Rials,
}

/// What the days from today on are worth, each by what was really paid for it, rounded down: nobody gets back what a
/// discount had spared them.
#[must_use]
pub fn worth_left(stretches: &[Stretch], today: Date) -> Rials {
    let left = stretches.iter().map(|stretch| {
        let whole = days_between(stretch.start, stretch.end);
        let unused = days_between(today.max(stretch.start), stretch.end);
        if whole <= 0 || unused <= 0 {
            return 0;
        }
        i128::from(stretch.worth.get()) * i128::from(unused) / i128::from(whole)
    });
    let sum: i128 = left.sum();
    i64::try_from(sum).ok().and_then(Rials::new).unwrap_or(Rials::ZERO)
}

fn days_between(from: Date, to: Date) -> i64 {
    from.until(to).map_or(0, |span| i64::from(span.get_days()))
}
