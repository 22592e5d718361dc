//! Quotas: what a plan limits, in which units it is counted, and which days are counted together.

use jiff::civil::Date;

use super::months_later;
use crate::days;

/// As a limit: no limit.
pub const UNLIMITED: i64 = -1;

/// Something that a plan limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Quota {
    /// Visits that the plan includes. Visits are paid one by one, so that it is counted and shown, and forbids none.
    MonthlyConsultations,
    /// Counted in bytes, and for good: it frees itself only by what is deleted.
    StorageMb,
    /// Questions to the AI in a month.
    AiQueries,
}

/// Bytes of what plans call a megabyte.
const MEGABYTE: i64 = 1 << 20;
/// The period of what is not counted by the month.
const ALWAYS: Date = Date::constant(1970, 1, 1);

impl Quota {
    pub const ALL: [Self; 3] = [Self::MonthlyConsultations, Self::StorageMb, Self::AiQueries];

    /// On the wire and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MonthlyConsultations => "monthly_consultations",
            Self::StorageMb => "storage_mb",
            Self::AiQueries => "ai_queries",
        }
    }

    /// The units that are counted in one unit of the plan's limit.
    #[must_use]
    pub const fn unit(self) -> i64 {
        match self {
            Self::StorageMb => MEGABYTE,
            Self::MonthlyConsultations | Self::AiQueries => 1,
        }
    }

    /// What was used, in the plan's units: a megabyte that was begun counts.
    #[must_use]
    pub fn shown(self, used: i64) -> i64 {
        let unit = self.unit();
        used / unit + i64::from(used % unit > 0)
    }

    /// The period that today counts in: the month of the subscription since `subscribed_on`, or the Jalali month where
    /// there is none.
    #[must_use]
    pub fn period(self, subscribed_on: Option<Date>, today: Date) -> Period {
        let (start, next) = match (self, subscribed_on) {
            (Self::StorageMb, _) => return Period { start: ALWAYS, resets_on: None },
            (_, Some(day)) => month_since(day, today),
            (_, None) => jalali_month(today),
        };
        Period { start, resets_on: Some(next) }
    }
}

/// Days in which uses are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    pub start: Date,
    /// The first day of the next; none where the count goes on for ever.
    pub resets_on: Option<Date>,
}

/// What a plan allows; [`UNLIMITED`] is −1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub monthly_consultations: i64,
    pub storage_mb: i64,
    pub ai_queries: i64,
}

impl Limits {
    /// As the plan says it.
    #[must_use]
    pub const fn of(&self, quota: Quota) -> i64 {
        match quota {
            Quota::MonthlyConsultations => self.monthly_consultations,
            Quota::StorageMb => self.storage_mb,
            Quota::AiQueries => self.ai_queries,
        }
    }

    /// In the units that are counted; none: no limit.
    #[must_use]
    pub const fn counted(&self, quota: Quota) -> Option<i64> {
        let limit = self.of(quota);
        if limit < 0 { None } else { Some(limit.saturating_mul(quota.unit())) }
    }
}

/// The month since `start` that today is in, and the first day of the next.
fn month_since(start: Date, today: Date) -> (Date, Date) {
    let years = i64::from(today.year()) - i64::from(start.year());
    let mut months = (years * 12 + i64::from(today.month()) - i64::from(start.month())).max(0);
    if months > 0 && months_later(start, months) > today {
        months -= 1;
    }
    (months_later(start, months), months_later(start, months + 1))
}

/// The first day of today's Jalali month, and of the next.
fn jalali_month(today: Date) -> (Date, Date) {
    let first = first_of_jalali_month(today);
    // no Jalali month has more than 31 days or less than 29
    (first, first_of_jalali_month(first.saturating_add(days::span_of_days(32))))
}

fn first_of_jalali_month(day: Date) -> Date {
    let written = days::jalali(day);
    let first = written.get(..8).and_then(|month| days::parse(&format!("{month}01")).ok());
    first.unwrap_or(day)
}
