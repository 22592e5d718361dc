//! Entries: what one account gives or gets in a posting.

use super::Account;

/// One account's part of a posting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub account: Account,
    /// Whole Rials; what is taken is negative.
    pub amount: i64,
}

/// Without those of nothing: a fee of zero, a share of zero.
#[must_use]
pub fn without_zeros(entries: impl IntoIterator<Item = Entry>) -> Vec<Entry> {
    entries.into_iter().filter(|entry| entry.amount != 0).collect()
}

/// Which way an entry goes for its account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Credit,
    Debit,
}

impl Direction {
    pub const NAMES: [&'static str; 2] = ["credit", "debit"];

    /// Of an entry of this amount.
    #[must_use]
    pub const fn of(amount: i64) -> Self {
        if amount < 0 { Self::Debit } else { Self::Credit }
    }

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Credit => "credit",
            Self::Debit => "debit",
        }
    }

    pub fn parse(name: &str) -> crate::violation::Parsed<Self> {
        match name {
            "credit" => Ok(Self::Credit),
            "debit" => Ok(Self::Debit),
            _ => Err(crate::Violation::Choice(&Self::NAMES)),
        }
    }
}
