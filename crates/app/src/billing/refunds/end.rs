//! An admin says how a refund ended that its gateway gives no clear answer about: its money would be blocked for ever.

use std::sync::Arc;

use db::Conn;
use domain::Timestamp;
use providers::gateways::Refunded;
use serde_json::Value;
use store::{
    audit,
    refunds::{self, Refund, RefundStatus},
};
use uuid::Uuid;

use super::{
    LEASE,
    finish::{After, tell_payer, write_down},
};
use crate::{
    App, By, Fault,
    fault::faults,
    idempotency::{Answered, Once, OnceError, Render, remember, replay},
};

/// So often the gateway itself is asked before anybody's word counts.
const UNCLEAR: i64 = 3;

/// Where the money of a refund is, as the gateway's panel or its support told an admin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The payer has it.
    Refunded,
    /// The gateway never gave it back.
    InWallet,
}

impl Outcome {
    pub const NAMES: [&'static str; 2] = [Self::Refunded.as_str(), Self::InWallet.as_str()];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Refunded => RefundStatus::Refunded.as_str(),
            Self::InWallet => RefundStatus::InWallet.as_str(),
        }
    }

    /// None where the name is no outcome.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Refunded, Self::InWallet].into_iter().find(|outcome| outcome.as_str() == name)
    }
}

/// How a refund ended.
pub struct End {
    pub charge: Uuid,
    pub refund: Uuid,
    pub outcome: Outcome,
    /// For the audit log.
    pub reason: String,
    pub by: By,
    pub once: Option<Once>,
    pub render: Render<Refund>,
}

/// Why a refund was not ended.
#[derive(Debug, thiserror::Error)]
pub enum EndRefundError {
    /// No such charge, or no such refund of it.
    #[error("no such refund")]
    NotFound,
    /// It has ended: read it again.
    #[error("not in this state")]
    IllegalState,
    /// The gateway is being asked, or was not asked often enough: its own word comes first. Try again after that moment.
    #[error("the gateway has had no clear answer {attempts} times")]
    TooEarly { attempts: i64, check_at: Option<Timestamp> },
    #[error(transparent)]
    Once(#[from] OnceError),
    #[error(transparent)]
    Fault(Fault),
}
faults!(EndRefundError);

/// Ends an open refund as the gateway's clear answer would. The answer says where the money is.
pub async fn end(app: &Arc<App>, end: End) -> Result<Answered<Value>, EndRefundError> {
    let now = app.clock.now();
    let _running = app.in_flight.enter(end.once.as_ref())?;
    app.db.write((Arc::clone(app), end, now), |tx, (app, end, now)| Box::pin(take(tx, app, end, *now))).await
}

async fn take(tx: &Conn, app: &App, end: &End, now: Timestamp) -> Result<Answered<Value>, EndRefundError> {
    let once = end.once.as_ref();
    if let Some(before) = replay(tx, app, once).await? {
        return Ok(before);
    }
    let refund = refunds::lock(tx, end.refund).await?.filter(|refund| refund.charge == end.charge);
    let refund = refund.ok_or(EndRefundError::NotFound)?;
    if refund.status != RefundStatus::Refunding {
        return Err(EndRefundError::IllegalState);
    }
    if refund.attempts < UNCLEAR || is_being_asked(&refund, now) {
        return Err(EndRefundError::TooEarly { attempts: refund.attempts, check_at: refund.check_at });
    }
    let told = match end.outcome {
        Outcome::Refunded => Refunded::Done,
        // the gateway's own last code stays
        Outcome::InWallet => Refunded::Impossible(refund.answer.unwrap_or_default()),
    };
    let after = write_down(tx, app, refund.id, &told, now).await?;
    tell_payer(tx, app, &after, now).await?;
    let After { refund, charge, .. } = after;
    let detail = format!("{} {} {}: {}", charge.id, refund.id, end.outcome.as_str(), end.reason);
    let answered = remember(tx, app, once, (end.render)(refund)).await?;
    audit::append(tx, &app.keys, &end.by.event("charge.refund_end", Some(charge.user), detail), now).await?;
    Ok(answered)
}

/// A call is under way, and may yet give the money back: whoever made it writes its answer down, or the lease runs out.
fn is_being_asked(refund: &Refund, now: Timestamp) -> bool {
    let Some((asked_at, check_at)) = refund.asked_at.zip(refund.check_at) else { return false };
    // after an answer the pause is longer than that
    now < check_at && check_at <= asked_at + LEASE
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::billing::refunds::finish::pause;

    #[test]
    fn a_pause_is_never_taken_for_a_call() {
        assert!((UNCLEAR..=9).all(|attempts| pause(attempts) > LEASE));
    }

    #[test]
    fn an_outcome_is_how_a_refund_can_end() {
        for name in Outcome::NAMES {
            assert_eq!(Outcome::parse(name).map(Outcome::as_str), Some(name));
        }
        assert_eq!(Outcome::parse(RefundStatus::Refunding.as_str()), None);
    }
}
