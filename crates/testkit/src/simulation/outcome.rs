//! How an operation ended, and what the simulation learns from that.

use app::{
    Fault,
    billing::{charges::ChargeError, subscriptions::SubscriptionError},
    idempotency::{Answered, OnceError},
    visits::{BookError, VisitError},
};
use domain::{
    Timestamp,
    ids::{UserId, VisitId},
    payout::Status,
};
use serde_json::Value;
use uuid::Uuid;

use super::gateway::Key;

/// What an operation that nothing else happens beside must have posted.
#[derive(Clone, Copy, Debug)]
pub(super) enum Expect {
    /// It can't be told from here.
    Any,
    /// Nothing at all.
    Nothing,
    /// So many Rials more or less in this user's wallet.
    Wallet(UserId, i64),
}

/// Something that the simulation knows from now on.
#[derive(Debug)]
pub(super) enum Learned {
    /// The answer under a client's key, and whether it is that to the other body.
    Answer {
        key: String,
        answer: Value,
        other_body: bool,
    },
    /// A browser was sent to this page of a gateway.
    Page {
        url: String,
        user: UserId,
    },
    Visit {
        starts_at: Timestamp,
        id: VisitId,
        patient: UserId,
        doctor: UserId,
        token: Uuid,
        share: i64,
    },
    /// The visit is where that operation brings it.
    VisitIs(VisitId, Stage),
    /// It waits for its money.
    Purchase {
        id: Uuid,
        user: UserId,
    },
    Code(String),
    Hold {
        id: Uuid,
        user: UserId,
        amount: i64,
    },
    HoldEnded(Uuid),
    /// Somebody waits for it.
    Payout {
        id: Uuid,
        doctor: UserId,
    },
    PayoutIs(Uuid, Status),
    /// All that were approved.
    PayoutsExported,
    Patient(UserId),
    /// So many browsers will come back from a gateway.
    Back {
        key: Key,
        claims_ok: bool,
        copies: usize,
    },
    /// What a user was told to have.
    Wallet {
        user: UserId,
        available: i64,
        blocked: i64,
    },
}

/// Where a visit is, as far as the simulation knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Booked,
    Paid,
    Begun,
    Over,
}

/// The key that something was asked for under, and whether with the other body.
#[derive(Debug)]
pub(super) struct Under {
    pub(super) key: Option<String>,
    pub(super) other_body: bool,
}

/// How an operation ended.
#[derive(Debug)]
pub(super) struct Outcome {
    /// In a word or two, for the counts.
    pub(super) label: &'static str,
    pub(super) expect: Expect,
    pub(super) learned: Vec<Learned>,
    /// What must never happen, and has.
    pub(super) wrong: Option<String>,
}

impl Outcome {
    pub(super) const fn new(label: &'static str, expect: Expect) -> Self {
        Self { label, expect, learned: vec![], wrong: None }
    }

    /// Nothing was done, and nothing may have been posted.
    pub(super) const fn refused(label: &'static str) -> Self {
        Self::new(label, Expect::Nothing)
    }

    pub(super) fn with(mut self, learned: Learned) -> Self {
        self.learned.push(learned);
        self
    }

    pub(super) fn wrong(text: impl Into<String>) -> Self {
        Self { wrong: Some(text.into()), ..Self::new("wrong", Expect::Any) }
    }

    /// It was answered: now, or before.
    pub(super) fn answered(under: Under, answered: &Answered<Value>, fresh: Expect) -> Self {
        let outcome = if answered.replayed { Self::refused("replayed") } else { Self::new("done", fresh) };
        let Under { key, other_body } = under;
        match key {
            Some(key) => outcome.with(Learned::Answer { key, answer: answered.answer.clone(), other_body }),
            None => outcome,
        }
    }
}

/// A dependency that is away is no mistake; whatever the program calls internal is.
impl From<Fault> for Outcome {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Unavailable(_) => Self::new("unavailable", Expect::Any),
            Fault::Internal(text) => Self::wrong(format!("an internal error: {text}")),
        }
    }
}

impl From<OnceError> for Outcome {
    fn from(e: OnceError) -> Self {
        match e {
            OnceError::Mismatch => Self::refused("mismatch"),
            OnceError::StillRunning => Self::refused("still running"),
            OnceError::Fault(fault) => fault.into(),
        }
    }
}

impl From<ChargeError> for Outcome {
    fn from(e: ChargeError) -> Self {
        match e {
            ChargeError::NotFound => Self::refused("not found"),
            ChargeError::IllegalState => Self::refused("illegal state"),
            ChargeError::GatewayUnavailable => Self::refused("gateway unavailable"),
            ChargeError::Once(e) => e.into(),
            ChargeError::Fault(fault) => fault.into(),
            _ => Self::refused("refused"),
        }
    }
}

impl From<VisitError> for Outcome {
    fn from(e: VisitError) -> Self {
        match e {
            VisitError::NotFound => Self::refused("not found"),
            VisitError::IllegalState => Self::refused("illegal state"),
            VisitError::InsufficientBalance => Self::refused("insufficient balance"),
            VisitError::Once(e) => e.into(),
            VisitError::Fault(fault) => fault.into(),
            _ => Self::refused("refused"),
        }
    }
}

impl From<BookError> for Outcome {
    fn from(e: BookError) -> Self {
        match e {
            BookError::Conflict { .. } => Self::refused("conflict"),
            BookError::DoctorUnavailable { .. } => Self::refused("no such time"),
            BookError::TooManyHolds => Self::refused("too many holds"),
            BookError::Once(e) => e.into(),
            BookError::Fault(fault) => fault.into(),
            _ => Self::refused("refused"),
        }
    }
}

impl From<SubscriptionError> for Outcome {
    fn from(e: SubscriptionError) -> Self {
        match e {
            SubscriptionError::NotFound => Self::refused("not found"),
            SubscriptionError::IllegalState => Self::refused("illegal state"),
            SubscriptionError::Cheaper { .. } => Self::refused("cheaper plan"),
            SubscriptionError::Discount(_) => Self::refused("discount refused"),
            SubscriptionError::InsufficientBalance => Self::refused("insufficient balance"),
            SubscriptionError::Once(e) => e.into(),
            SubscriptionError::Fault(fault) => fault.into(),
            _ => Self::refused("refused"),
        }
    }
}
