//! What an admin writes down about a doctor.

use crate::violation::{Parsed, Violation};

/// Whether a doctor can be found, booked and log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Active,
    Suspended,
}

impl Status {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
        }
    }

    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Active, Self::Suspended].into_iter().find(|s| s.as_str() == name)
    }
}

/// A specialty's code, such as `cardiology`.
pub fn specialty(text: &str) -> Parsed<String> {
    let text = text.trim();
    let ok = (2..=60).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_".contains(&b));
    if ok { Ok(text.to_owned()) } else { Err(Violation::Specialty) }
}

/// The number that the medical council (نظام پزشکی) gave: 1 to 10 digits.
pub fn council_number(text: &str) -> Parsed<String> {
    crate::text::digits(text, 1..=10, Violation::CouncilNumber)
}
