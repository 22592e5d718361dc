//! What a doctor prescribes in a visit (D26): drafts are the doctor's alone, signed ones are the patient's
//! too and stay as they are.

mod families;
mod warnings;

use serde::{Deserialize, Serialize};

pub use warnings::{Kind, Known, Warning, warnings};

/// Items of one prescription at most.
pub const MAX_ITEMS: usize = 50;

/// One drug and how to take it. Unset texts are empty.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Item {
    /// Of the drug list, where the doctor chose from it.
    pub drug_code: Option<String>,
    pub drug_name: String,
    pub dosage: String,
    pub frequency: String,
    pub duration: String,
    pub instructions: String,
}

crate::blank_debug!(Item);

/// Where a prescription is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Draft,
    Signed,
    Cancelled,
}

impl Status {
    pub const ALL: [Self; 3] = [Self::Draft, Self::Signed, Self::Cancelled];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Signed => "signed",
            Self::Cancelled => "cancelled",
        }
    }

    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == name)
    }

    /// Where an event leads; none where it can't happen (409).
    #[must_use]
    pub const fn after(self, event: Event) -> Option<Self> {
        match (self, event) {
            (Self::Draft, Event::Change) => Some(Self::Draft),
            (Self::Draft, Event::Sign) => Some(Self::Signed),
            (Self::Draft | Self::Signed, Event::Cancel) => Some(Self::Cancelled),
            _ => None,
        }
    }
}

/// What can happen to a prescription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Other items or notes.
    Change,
    Sign,
    Cancel,
}

impl Event {
    pub const ALL: [Self; 3] = [Self::Change, Self::Sign, Self::Cancel];
}

#[cfg(test)]
mod tests {
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
                (Status::Draft, Event::Change, Status::Draft),
                (Status::Draft, Event::Sign, Status::Signed),
                (Status::Draft, Event::Cancel, Status::Cancelled),
                (Status::Signed, Event::Cancel, Status::Cancelled),
            ]
        );
    }

    #[test]
    fn names_read_back() {
        for status in Status::ALL {
            assert_eq!(Status::parse(status.as_str()), Some(status));
        }
        assert_eq!(Status::parse("Draft"), None);
    }

    #[test]
    fn debug_tells_nothing() {
        let item = Item { drug_name: "آموکسی‌سیلین".into(), ..Item::default() };
        assert_eq!(format!("{item:?}"), "Item(***)");
    }
}
