//! Accounts: what they are for, whose they are, and what is taken from them or added.

use super::Entry;
use crate::{Rials, ids::UserId};

/// What an account is for. The order is that in which postings lock their accounts: those that everybody shares last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccountKind {
    /// What a user can spend now.
    Wallet,
    /// What is blocked of a user's money.
    Hold,
    /// What a gateway owes us: negative, so much it has taken for us.
    Clearing,
    /// What an insurer owes us: negative, so much.
    Insurer,
    /// What patients paid for visits that have not ended.
    Escrow,
    /// What cancellations and missed visits cost.
    Fees,
    /// The platform's part of what doctors earn.
    Commission,
    /// What subscriptions cost.
    Subscriptions,
    /// What was paid out to doctors' banks.
    Payouts,
}

impl AccountKind {
    pub const ALL: [Self; 9] = [
        Self::Wallet,
        Self::Hold,
        Self::Clearing,
        Self::Insurer,
        Self::Escrow,
        Self::Fees,
        Self::Commission,
        Self::Subscriptions,
        Self::Payouts,
    ];

    /// As it is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Wallet => "wallet",
            Self::Hold => "hold",
            Self::Clearing => "clearing",
            Self::Insurer => "insurer",
            Self::Escrow => "escrow",
            Self::Fees => "fees",
            Self::Commission => "commission",
            Self::Subscriptions => "subscriptions",
            Self::Payouts => "payouts",
        }
    }

    /// None where the name is no kind.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// Whether its balance may be below zero; the schema has the same.
    #[must_use]
    pub const fn may_be_negative(self) -> bool {
        matches!(self, Self::Clearing | Self::Insurer | Self::Payouts)
    }
}

/// An account of the ledger; it is made when something is first posted to it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Account {
    pub kind: AccountKind,
    /// A user's id, or a name.
    pub owner: String,
}

/// The owner of what belongs to the platform itself.
const PLATFORM: &str = "platform";

impl Account {
    fn named(kind: AccountKind, owner: &str) -> Self {
        Self { kind, owner: owner.to_owned() }
    }

    /// What this user can spend.
    #[must_use]
    pub fn wallet(user: UserId) -> Self {
        Self { kind: AccountKind::Wallet, owner: user.to_string() }
    }

    /// What is blocked of this user's money.
    #[must_use]
    pub fn hold(user: UserId) -> Self {
        Self { kind: AccountKind::Hold, owner: user.to_string() }
    }

    /// What is paid for visits that have not ended.
    #[must_use]
    pub fn escrow() -> Self {
        Self::named(AccountKind::Escrow, "visits")
    }

    /// What this gateway owes.
    #[must_use]
    pub fn clearing(gateway: &str) -> Self {
        Self::named(AccountKind::Clearing, gateway)
    }

    /// What this insurer owes; by its name in the register.
    #[must_use]
    pub fn insurer(name: &str) -> Self {
        Self::named(AccountKind::Insurer, name)
    }

    /// The platform's part of what doctors earn.
    #[must_use]
    pub fn commission() -> Self {
        Self::named(AccountKind::Commission, PLATFORM)
    }

    /// What cancellations and missed visits cost.
    #[must_use]
    pub fn fees() -> Self {
        Self::named(AccountKind::Fees, PLATFORM)
    }

    /// What subscriptions cost.
    #[must_use]
    pub fn subscriptions() -> Self {
        Self::named(AccountKind::Subscriptions, PLATFORM)
    }

    /// What was paid out.
    #[must_use]
    pub fn payouts() -> Self {
        Self::named(AccountKind::Payouts, PLATFORM)
    }

    /// The entry that takes so much from it.
    #[must_use]
    pub fn gives(self, amount: Rials) -> Entry {
        // never overflows: an amount is not negative
        Entry { account: self, amount: -amount.get() }
    }

    /// The entry that adds so much to it.
    #[must_use]
    pub fn gets(self, amount: Rials) -> Entry {
        Entry { account: self, amount: amount.get() }
    }
}
