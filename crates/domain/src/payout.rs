//! A payout's life (D35): a doctor asks, an admin decides, a batch goes to the bank, the bank pays or returns it.

use crate::{
    Rials,
    violation::{Parsed, Violation},
};

/// Less is not paid out. Rials.
pub const LEAST: i64 = 1_000_000;
/// More is asked for in several payouts. Rials.
pub const MOST: i64 = Rials::MOST;

/// Where a payout is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// Its money is blocked; an admin has to decide.
    Requested,
    /// Waits for the next batch.
    Approved,
    /// In a file for the bank; its money has left the wallet.
    Exported,
    Paid,
    /// By an admin; its money is in the wallet again.
    Rejected,
    /// By the doctor; its money is in the wallet again.
    Cancelled,
    /// By the bank; its money is in the wallet again.
    Returned,
}

impl Status {
    pub const ALL: [Self; 7] = [
        Self::Requested,
        Self::Approved,
        Self::Exported,
        Self::Paid,
        Self::Rejected,
        Self::Cancelled,
        Self::Returned,
    ];
    pub const NAMES: [&'static str; 7] =
        ["requested", "approved", "exported", "paid", "rejected", "cancelled", "returned"];

    /// On the wire and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Approved => "approved",
            Self::Exported => "exported",
            Self::Paid => "paid",
            Self::Rejected => "rejected",
            Self::Cancelled => "cancelled",
            Self::Returned => "returned",
        }
    }

    pub fn parse(name: &str) -> Parsed<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == name).ok_or(Violation::Choice(&Self::NAMES))
    }

    /// Where an event leads; none where it can't happen (409). The schema has the same.
    #[must_use]
    pub const fn after(self, event: Event) -> Option<Self> {
        match (self, event) {
            (Self::Requested, Event::Approve) => Some(Self::Approved),
            (Self::Requested | Self::Approved, Event::Reject) => Some(Self::Rejected),
            (Self::Requested | Self::Approved, Event::Cancel) => Some(Self::Cancelled),
            (Self::Approved, Event::Export) => Some(Self::Exported),
            (Self::Exported, Event::Pay) => Some(Self::Paid),
            // banks return what they have paid, days later: an account that is closed
            (Self::Exported | Self::Paid, Event::Return) => Some(Self::Returned),
            _ => None,
        }
    }
}

/// What can happen to a payout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    Approve,
    Reject,
    /// The doctor wants the money to stay.
    Cancel,
    /// Into a batch.
    Export,
    /// The bank has paid it.
    Pay,
    /// The bank has sent it back.
    Return,
}

impl Event {
    pub const ALL: [Self; 6] =
        [Self::Approve, Self::Reject, Self::Cancel, Self::Export, Self::Pay, Self::Return];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for status in Status::ALL {
            assert_eq!(Status::parse(status.as_str()), Ok(status));
        }
        assert_eq!(Status::ALL.map(Status::as_str), Status::NAMES);
        assert_eq!(Status::parse("lost"), Err(Violation::Choice(&Status::NAMES)));
    }

    #[test]
    fn each_step_has_its_order() {
        let possible = |status: Status| -> Vec<(Event, Status)> {
            Event::ALL
                .into_iter()
                .filter_map(|event| status.after(event).map(|after| (event, after)))
                .collect()
        };
        assert_eq!(
            possible(Status::Requested),
            [
                (Event::Approve, Status::Approved),
                (Event::Reject, Status::Rejected),
                (Event::Cancel, Status::Cancelled)
            ]
        );
        assert_eq!(
            possible(Status::Approved),
            [
                (Event::Reject, Status::Rejected),
                (Event::Cancel, Status::Cancelled),
                (Event::Export, Status::Exported)
            ]
        );
        assert_eq!(
            possible(Status::Exported),
            [(Event::Pay, Status::Paid), (Event::Return, Status::Returned)]
        );
        assert_eq!(possible(Status::Paid), [(Event::Return, Status::Returned)]);
        for ended in [Status::Rejected, Status::Cancelled, Status::Returned] {
            assert!(possible(ended).is_empty(), "{ended:?}");
        }
    }
}
