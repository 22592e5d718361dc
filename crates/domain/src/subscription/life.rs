//! How long a subscription lasts: its states, its end, and the renewals that put the end off.

use jiff::{SignedDuration, Span, Timestamp, civil::Date};

use crate::days;

/// A renewal is tried for so long after the end; its plan stays usable meanwhile.
pub const GRACE: SignedDuration = SignedDuration::from_hours(72);
/// A failed renewal is tried again after so long.
pub const RETRY_EVERY: SignedDuration = SignedDuration::from_hours(6);

/// So many calendar months later: the same day, or the month's last where it is shorter. From 2024-01-20, 3 months end
/// on 2024-04-20.
#[must_use]
pub fn months_later(day: Date, months: i64) -> Date {
    let span = Span::new().try_months(months);
    span.map_or(Date::MAX, |span| day.saturating_add(span))
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
    /// One that renews itself is tried once at least, be it after its days of grace: nobody may have looked before. As long
    /// as it is active nobody has.
    #[must_use]
    pub fn at(status: Status, end: Date, auto_renew: bool, now: Timestamp) -> Self {
        let is_untried = status == Status::Active;
        if now < ends_at(end) {
            Self::NotYet
        } else if auto_renew && (is_untried || now < live_until(end, auto_renew)) {
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
