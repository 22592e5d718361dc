//! Invoices: what stands on one, and how they are numbered.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Rials, days};

/// What is billed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A visit that was paid.
    Visit,
    /// A plan that was bought, extended or renewed.
    Subscription,
    /// Money that went back: it corrects an invoice.
    CreditNote,
}

impl Kind {
    pub const ALL: [Self; 3] = [Self::Visit, Self::Subscription, Self::CreditNote];

    /// As it is stored and sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Visit => "visit",
            Self::Subscription => "subscription",
            Self::CreditNote => "credit_note",
        }
    }

    /// None where the name is no kind.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// An invoice's number: from 1 in each Jalali year, without gaps. Written `1405-000001`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Number {
    /// Jalali.
    pub year: i64,
    /// From 1.
    pub number: i64,
}

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}-{:06}", self.year, self.number)
    }
}

/// The Jalali year in Tehran of what is issued then.
#[must_use]
pub fn year_of(issued_at: Timestamp) -> i64 {
    let day = days::jalali(days::tehran_today(issued_at));
    // what `jalali` writes begins with the year
    day.split('-').next().and_then(|year| year.parse().ok()).unwrap_or(0)
}

/// One line of an invoice. What lessens the bill (the worth of an earlier subscription) is negative.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Persian; nothing medical.
    pub description: String,
    pub quantity: i64,
    /// Whole Rials.
    pub unit_price: i64,
    /// Whole Rials: quantity × unit price.
    pub amount: i64,
}

impl Line {
    /// One of something.
    #[must_use]
    pub fn one(description: impl Into<String>, amount: i64) -> Self {
        Self { description: description.into(), quantity: 1, unit_price: amount, amount }
    }
}

/// Who sells: the platform, as its operators have set it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Seller {
    pub name: String,
    pub address: String,
    pub economic_code: String,
}

/// What the lines come to. `total` = `subtotal` − `discount` − `insurance_share`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Of all lines.
    pub subtotal: Rials,
    pub discount: Rials,
    /// What the insurer pays.
    pub insurance_share: Rials,
    /// What the buyer has paid; of a credit note, got back.
    pub total: Rials,
}

impl Sums {
    /// None where the lines come to less than what is taken off, or to more than 64 bits hold.
    #[must_use]
    pub fn of(lines: &[Line], discount: Rials, insurance_share: Rials) -> Option<Self> {
        let sum = lines.iter().try_fold(0_i64, |sum, line| sum.checked_add(line.amount))?;
        let subtotal = Rials::new(sum)?;
        let off = discount.plus(insurance_share)?;
        let total = Rials::new(subtotal.get().checked_sub(off.get())?)?;
        Some(Self { subtotal, discount, insurance_share, total })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rials(amount: i64) -> Rials {
        Rials::new(amount).unwrap()
    }

    #[test]
    fn the_years_turn_is_midnight_in_tehran() {
        let at = |text: &str| year_of(text.parse().unwrap());
        assert_eq!(at("2024-01-20T10:00:00Z"), 1402);
        assert_eq!((at("2024-03-19T20:29:59Z"), at("2024-03-19T20:30:00Z")), (1402, 1403));
        // 1403 is a leap year
        assert_eq!((at("2025-03-20T20:29:59Z"), at("2025-03-20T20:30:00Z")), (1403, 1404));
    }

    #[test]
    fn a_number_is_written_with_its_year() {
        assert_eq!(Number { year: 1405, number: 1 }.to_string(), "1405-000001");
        assert_eq!(Number { year: 1405, number: 1_234_567 }.to_string(), "1405-1234567");
    }

    #[test]
    fn names_are_read_back() {
        for kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.as_str()), Some(kind));
        }
        assert_eq!(Kind::parse("receipt"), None);
    }

    #[test]
    fn sums_are_those_of_the_reference() {
        let visit = Sums::of(&[Line::one("ویزیت", 800_000)], Rials::ZERO, rials(480_000)).unwrap();
        assert_eq!((visit.subtotal.get(), visit.total.get()), (800_000, 320_000));
        let plan = Sums::of(&[Line::one("اشتراک", 717_600)], rials(179_400), Rials::ZERO).unwrap();
        assert_eq!(plan.total.get(), 538_200);
        let upgrade = [Line::one("اشتراک", 299_000), Line::one("بستانکاری", -67_064)];
        assert_eq!(Sums::of(&upgrade, Rials::ZERO, Rials::ZERO).unwrap().total.get(), 231_936);
    }

    #[test]
    fn less_than_nothing_is_no_bill() {
        let lines = [Line::one("a", 10)];
        assert_eq!(Sums::of(&lines, rials(6), rials(5)), None);
        assert_eq!(Sums::of(&[Line::one("a", -1)], Rials::ZERO, Rials::ZERO), None);
        assert_eq!(Sums::of(&[Line::one("a", i64::MAX), Line::one("b", 1)], Rials::ZERO, Rials::ZERO), None);
        assert_eq!(Sums::of(&lines, rials(i64::MAX), rials(1)), None);
    }
}
