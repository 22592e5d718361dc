//! Postings: entries that happen together and sum to zero, and what they are about.

use uuid::Uuid;

use super::{Account, Entry};
use crate::Rials;

/// What a posting is about, for statistics and people who look into the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PostingKind {
    /// Money came in through a gateway.
    Charge,
    /// Money went back through the gateway that it came from.
    ChargeRefund,
    VisitPayment,
    VisitRefund,
    /// Money for a visit that could not be paid any more; it is in the wallet.
    VisitLate,
    VisitEarning,
    VisitMissed,
    HoldPlaced,
    HoldPosted,
    HoldVoided,
    HoldExpired,
    Subscription,
    SubscriptionRefund,
    Payout,
    PayoutReturned,
    /// By an admin, for a reason in the audit log.
    Adjustment,
}

impl PostingKind {
    pub const ALL: [Self; 16] = [
        Self::Charge,
        Self::ChargeRefund,
        Self::VisitPayment,
        Self::VisitRefund,
        Self::VisitLate,
        Self::VisitEarning,
        Self::VisitMissed,
        Self::HoldPlaced,
        Self::HoldPosted,
        Self::HoldVoided,
        Self::HoldExpired,
        Self::Subscription,
        Self::SubscriptionRefund,
        Self::Payout,
        Self::PayoutReturned,
        Self::Adjustment,
    ];

    /// As it is stored. Names stay as they are: postings are never changed.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Charge => "charge",
            Self::ChargeRefund => "charge_refund",
            Self::VisitPayment => "visit_payment",
            Self::VisitRefund => "visit_refund",
            Self::VisitLate => "visit_late",
            Self::VisitEarning => "visit_earning",
            Self::VisitMissed => "visit_missed",
            Self::HoldPlaced => "hold_placed",
            Self::HoldPosted => "hold_posted",
            Self::HoldVoided => "hold_voided",
            Self::HoldExpired => "hold_expired",
            Self::Subscription => "subscription",
            Self::SubscriptionRefund => "subscription_refund",
            Self::Payout => "payout",
            Self::PayoutReturned => "payout_returned",
            Self::Adjustment => "adjustment",
        }
    }

    /// None where a newer program wrote it.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// Several entries that happen together and sum to zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
    kind: PostingKind,
    unique_key: String,
    reference: Option<Uuid>,
    description: String,
    entries: Vec<Entry>,
}

/// Why entries are no posting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unbalanced {
    #[error("a posting's entries sum to {0}")]
    Sum(i128),
    #[error("an entry of nothing")]
    Zero,
    #[error("a posting without entries")]
    Empty,
    #[error("a posting without a key")]
    NoKey,
}

impl Posting {
    /// `unique_key`: what happened once is posted once. `description`: Persian, for statements; nothing medical.
    pub fn new(
        kind: PostingKind,
        unique_key: impl Into<String>,
        reference: Option<Uuid>,
        description: impl Into<String>,
        entries: Vec<Entry>,
    ) -> Result<Self, Unbalanced> {
        let (unique_key, description) = (unique_key.into(), description.into());
        if unique_key.is_empty() {
            return Err(Unbalanced::NoKey);
        }
        if entries.is_empty() {
            return Err(Unbalanced::Empty);
        }
        if entries.iter().any(|entry| entry.amount == 0) {
            return Err(Unbalanced::Zero);
        }
        // 2^64 entries would be needed to pass the ends of it
        match entries.iter().map(|entry| i128::from(entry.amount)).sum::<i128>() {
            0 => Ok(Self { kind, unique_key, reference, description, entries }),
            sum => Err(Unbalanced::Sum(sum)),
        }
    }

    /// From one account to another. Nothing can't be moved.
    pub fn transfer(
        kind: PostingKind,
        unique_key: impl Into<String>,
        reference: Option<Uuid>,
        description: impl Into<String>,
        (from, to, amount): (Account, Account, Rials),
    ) -> Result<Self, Unbalanced> {
        Self::new(kind, unique_key, reference, description, vec![from.gives(amount), to.gets(amount)])
    }

    #[must_use]
    pub const fn kind(&self) -> PostingKind {
        self.kind
    }

    #[must_use]
    pub fn unique_key(&self) -> &str {
        &self.unique_key
    }

    #[must_use]
    pub const fn reference(&self) -> Option<Uuid> {
        self.reference
    }

    #[must_use]
    pub fn description(&self) -> &str {
        &self.description
    }

    /// In the order in which they are written.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }
}
