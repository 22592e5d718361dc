//! A visit's life (D19, D26), its price (D20) and what its cancellation costs (D21).

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    Rials,
    violation::{Parsed, Violation},
};

/// How patient and doctor meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VisitType {
    Online,
    InPerson,
}

impl VisitType {
    pub const NAMES: [&'static str; 2] = ["online", "in_person"];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Online => "online",
            Self::InPerson => "in_person",
        }
    }

    pub fn parse(name: &str) -> Parsed<Self> {
        match name {
            "online" => Ok(Self::Online),
            "in_person" => Ok(Self::InPerson),
            _ => Err(Violation::Choice(&Self::NAMES)),
        }
    }
}

/// Where a visit is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Holds its time, waits for payment.
    Pending,
    Confirmed,
    InProgress,
    Completed,
    Cancelled,
    /// The patient didn't come.
    NoShow,
}

impl Status {
    pub const ALL: [Self; 6] =
        [Self::Pending, Self::Confirmed, Self::InProgress, Self::Completed, Self::Cancelled, Self::NoShow];
    pub const NAMES: [&'static str; 6] =
        ["pending", "confirmed", "in_progress", "completed", "cancelled", "no_show"];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Confirmed => "confirmed",
            Self::InProgress => "in_progress",
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
            Self::NoShow => "no_show",
        }
    }

    pub fn parse(name: &str) -> Parsed<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == name).ok_or(Violation::Choice(&Self::NAMES))
    }

    /// Occupies its time.
    #[must_use]
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Pending | Self::Confirmed | Self::InProgress)
    }

    /// Where an event leads; none where it can't happen (409).
    #[must_use]
    pub const fn after(self, event: Event) -> Option<Self> {
        match (self, event) {
            (Self::Pending, Event::Pay) => Some(Self::Confirmed),
            (Self::Confirmed, Event::Start) => Some(Self::InProgress),
            (Self::InProgress, Event::Complete) => Some(Self::Completed),
            (Self::Confirmed, Event::Miss) => Some(Self::NoShow),
            (Self::Pending | Self::Confirmed, Event::Cancel) | (Self::Pending, Event::Expire) => {
                Some(Self::Cancelled)
            }
            (Self::Pending | Self::Confirmed, Event::Move) => Some(self),
            _ => None,
        }
    }
}

/// What can happen to a visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    Pay,
    Start,
    Complete,
    /// The patient didn't come.
    Miss,
    Cancel,
    /// Nobody paid in time.
    Expire,
    /// Another time.
    Move,
}

impl Event {
    pub const ALL: [Self; 7] =
        [Self::Pay, Self::Start, Self::Complete, Self::Miss, Self::Cancel, Self::Expire, Self::Move];
}

/// How long an unpaid visit holds its time.
pub const HOLD: SignedDuration = SignedDuration::from_mins(15);
/// Earlier than that before now nothing can be booked.
pub const LEAD: SignedDuration = SignedDuration::from_mins(30);
/// Nor later than that.
pub const HORIZON: SignedDuration = SignedDuration::from_hours(24 * 60);
/// From so long before its start on a visit may be entered and started.
pub const DOORS_OPEN: SignedDuration = SignedDuration::from_mins(15);
/// Times are multiples of this.
pub const GRID: SignedDuration = SignedDuration::from_mins(5);

/// What a visit costs, frozen when it is booked (D20).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    pub total: Rials,
    pub insurance_share: Rials,
    pub patient_share: Rials,
}

impl Price {
    /// `coverage`: what the insurer pays, in percent; 0 without one.
    #[must_use]
    pub fn of(fee: Rials, coverage: u8) -> Self {
        let insurance_share = fee.percent(coverage);
        Self { total: fee, insurance_share, patient_share: fee.less(insurance_share) }
    }
}

/// What a cancellation costs, frozen when the visit is booked (D21).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    pub version: i64,
    pub free_until: Timestamp,
    pub fee_percent: u8,
}

/// The policy that new visits get: free until 24 hours before the start, then half of what was paid.
const VERSION: i64 = 1;
const FREE_UNTIL: SignedDuration = SignedDuration::from_hours(24);
const FEE_PERCENT: u8 = 50;

/// Who cancels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CancelledBy {
    Patient,
    Doctor,
    Admin,
    /// Nobody paid in time.
    Expired,
}

impl CancelledBy {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Patient => "patient",
            Self::Doctor => "doctor",
            Self::Admin => "admin",
            Self::Expired => "expired",
        }
    }
}

/// What a cancellation gives back and keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refund {
    pub refund: Rials,
    pub fee: Rials,
}

impl Policy {
    /// Of a visit that starts then.
    #[must_use]
    pub fn current(starts_at: Timestamp) -> Self {
        Self { version: VERSION, free_until: starts_at - FREE_UNTIL, fee_percent: FEE_PERCENT }
    }

    /// The same policy after the visit was moved: its free time ends as long before the new start. Once it has
    /// ended it stays so: otherwise whoever moves and then cancels pays nothing.
    #[must_use]
    pub fn moved(self, from: Timestamp, to: Timestamp, now: Timestamp) -> Self {
        if now >= self.free_until {
            return self;
        }
        Self { free_until: self.free_until + to.duration_since(from), ..self }
    }

    /// What of `paid` comes back. Only the patient pays a fee, and only after the free time.
    #[must_use]
    pub fn refund(&self, paid: Rials, by: CancelledBy, now: Timestamp) -> Refund {
        let is_free = by != CancelledBy::Patient || now < self.free_until;
        let fee = if is_free { Rials::ZERO } else { paid.percent(self.fee_percent) };
        Refund { refund: paid.less(fee), fee }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_transition_is_one_of_these() {
        let legal: Vec<_> = Status::ALL
            .into_iter()
            .flat_map(|from| Event::ALL.into_iter().filter_map(move |e| Some((from, e, from.after(e)?))))
            .collect();
        assert_eq!(
            legal,
            [
                (Status::Pending, Event::Pay, Status::Confirmed),
                (Status::Pending, Event::Cancel, Status::Cancelled),
                (Status::Pending, Event::Expire, Status::Cancelled),
                (Status::Pending, Event::Move, Status::Pending),
                (Status::Confirmed, Event::Start, Status::InProgress),
                (Status::Confirmed, Event::Miss, Status::NoShow),
                (Status::Confirmed, Event::Cancel, Status::Cancelled),
                (Status::Confirmed, Event::Move, Status::Confirmed),
                (Status::InProgress, Event::Complete, Status::Completed),
            ]
        );
    }

    #[test]
    fn names_read_back() {
        for status in Status::ALL {
            assert_eq!(Status::parse(status.as_str()), Ok(status));
        }
        for kind in [VisitType::Online, VisitType::InPerson] {
            assert_eq!(VisitType::parse(kind.as_str()), Ok(kind));
        }
    }

    #[test]
    fn cancelling_is_free_until_a_day_before_and_costs_half_from_then_on() {
        let start: Timestamp = "2024-01-25T15:00:00Z".parse().unwrap();
        let policy = Policy::current(start);
        assert_eq!(policy.free_until, "2024-01-24T15:00:00Z".parse().unwrap());
        let paid = Rials::new(320_001).unwrap();
        let just_before = policy.free_until - SignedDuration::from_micros(1);
        assert_eq!(policy.refund(paid, CancelledBy::Patient, just_before).refund, paid);
        let late = policy.refund(paid, CancelledBy::Patient, policy.free_until);
        assert_eq!((late.refund.get(), late.fee.get()), (160_001, 160_000));
        assert_eq!(policy.refund(paid, CancelledBy::Doctor, start).refund, paid, "a doctor's costs nothing");
    }

    #[test]
    fn a_move_takes_the_free_time_along_but_never_brings_it_back() {
        let (start, later) =
            ("2024-01-25T15:00:00Z".parse().unwrap(), "2024-02-01T10:00:00Z".parse().unwrap());
        let policy = Policy::current(start);
        let early = policy.moved(start, later, start - SignedDuration::from_hours(48));
        assert_eq!(early.free_until, Policy::current(later).free_until);
        assert_eq!(policy.moved(start, later, start - SignedDuration::from_hours(23)), policy);
    }

    proptest! {
        #[test]
        fn refund_and_fee_are_what_was_paid(paid in 0_i64..=1 << 40, hours in -48_i64..48) {
            let start: Timestamp = "2024-01-25T15:00:00Z".parse().unwrap();
            let paid = Rials::new(paid).unwrap();
            let now = start - SignedDuration::from_hours(hours);
            let Refund { refund, fee } = Policy::current(start).refund(paid, CancelledBy::Patient, now);
            prop_assert_eq!(refund.plus(fee), Some(paid));
        }

        #[test]
        fn shares_are_the_whole(fee in 0_i64..=1 << 40, coverage in 0_u8..=100) {
            let price = Price::of(Rials::new(fee).unwrap(), coverage);
            prop_assert_eq!(price.insurance_share.plus(price.patient_share), Some(price.total));
        }
    }
}
