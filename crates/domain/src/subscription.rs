//! Subscriptions (D34): what they cost, how long they last, what an upgrade gives back, and which days a quota's month
//! has. All days are Tehran's; a subscription lasts from its first day up to the midnight that begins its end day.

use jiff::{SignedDuration, Span, Timestamp, civil::Date};

use crate::{
    Rials, days,
    text::latin_digits,
    violation::{Parsed, Violation},
};

/// The plan of everybody without a subscription.
pub const FREE: &str = "free";
/// As a limit: no limit.
pub const UNLIMITED: i64 = -1;
/// What one can buy at once.
pub const MOST_MONTHS: i64 = 36;
/// A renewal is tried for so long after the end; its plan stays usable meanwhile.
pub const GRACE: SignedDuration = SignedDuration::from_hours(72);
/// A failed renewal is tried again after so long.
pub const RETRY_EVERY: SignedDuration = SignedDuration::from_hours(6);
/// An online purchase waits so long for its money: a charge's 30 minutes (D33), and the sweep's.
pub const PENDING: SignedDuration = SignedDuration::from_mins(40);

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
    /// The last day that it is valid.
    pub until: Date,
}

impl Plan {
    /// Its own discount, while that is valid.
    #[must_use]
    pub fn discount_on(&self, today: Date) -> Option<PlanDiscount> {
        self.discount.filter(|discount| today <= discount.until)
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

/// So many calendar months later: the same day, or the month's last where it is shorter. From 2024-01-20, 3 months end
/// on 2024-04-20.
#[must_use]
pub fn months_later(day: Date, months: i64) -> Date {
    let span = Span::new().try_months(months);
    span.map_or(Date::MAX, |span| day.saturating_add(span))
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

/// Where a subscription is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Active,
    /// Its end has come, and the wallet held too little to renew it.
    PastDue,
    Expired,
    /// Another plan took its place.
    Replaced,
}

/// What can happen to a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// More months were paid, by hand or by a renewal.
    Extend,
    /// The wallet held too little.
    FailToRenew,
    /// Its owner wants no more renewals.
    StopRenewing,
    /// Its time is over.
    End,
    /// Its owner has bought another plan.
    Replace,
}

impl Event {
    pub const ALL: [Self; 5] =
        [Self::Extend, Self::FailToRenew, Self::StopRenewing, Self::End, Self::Replace];
}

impl Status {
    pub const ALL: [Self; 4] = [Self::Active, Self::PastDue, Self::Expired, Self::Replaced];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::PastDue => "past_due",
            Self::Expired => "expired",
            Self::Replaced => "replaced",
        }
    }

    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }

    /// Its owner has it.
    #[must_use]
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Active | Self::PastDue)
    }

    /// Where an event leads; none where it can't happen. One that is past due was living on its renewal alone: without
    /// that it is over.
    #[must_use]
    pub const fn after(self, event: Event) -> Option<Self> {
        match (self, event) {
            (Self::Active | Self::PastDue, Event::Extend) | (Self::Active, Event::StopRenewing) => {
                Some(Self::Active)
            }
            (Self::Active | Self::PastDue, Event::FailToRenew) => Some(Self::PastDue),
            (Self::Active | Self::PastDue, Event::End) | (Self::PastDue, Event::StopRenewing) => {
                Some(Self::Expired)
            }
            (Self::Active | Self::PastDue, Event::Replace) => Some(Self::Replaced),
            (Self::Expired | Self::Replaced, _) => None,
        }
    }
}

/// The moment at which a subscription that ends on this day ends.
#[must_use]
pub fn ends_at(end: Date) -> Timestamp {
    days::tehran_midnight(end)
}

/// Until when its plan can be used: with the days of grace, if it renews itself.
#[must_use]
pub fn live_until(end: Date, auto_renew: bool) -> Timestamp {
    let end = ends_at(end);
    if auto_renew { end.checked_add(GRACE).unwrap_or(Timestamp::MAX) } else { end }
}

/// What is to be done about a live subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    NotYet,
    /// Take another month's price from the wallet.
    Renew,
    End,
}

impl Due {
    #[must_use]
    pub fn at(end: Date, auto_renew: bool, now: Timestamp) -> Self {
        if now < ends_at(end) {
            Self::NotYet
        } else if now < live_until(end, auto_renew) {
            Self::Renew
        } else {
            Self::End
        }
    }
}

/// When a renewal that failed now is tried again, or given up.
#[must_use]
pub fn next_try(end: Date, now: Timestamp) -> Timestamp {
    (now + RETRY_EVERY).min(live_until(end, true))
}

/// What buying a plan means for somebody who has this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    Begin,
    Extend,
    /// The days that are left of the old plan are credited against the new.
    Upgrade,
    /// A plan that is not dearer, an equal price included (or each change would begin a new month of quotas): when
    /// the one that is there has ended.
    Downgrade,
}

impl Change {
    #[must_use]
    pub fn of(has: Option<&Plan>, wants: &Plan) -> Self {
        match has {
            None => Self::Begin,
            Some(has) if has.id == wants.id => Self::Extend,
            Some(has) if has.price < wants.price => Self::Upgrade,
            Some(_) => Self::Downgrade,
        }
    }

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Begin => "begin",
            Self::Extend => "extend",
            Self::Upgrade => "upgrade",
            Self::Downgrade => "downgrade",
        }
    }
}

#[cfg(test)]
mod tests;
