//! An admin decides about a payout.

use std::sync::Arc;

use domain::payout::Event;
use serde_json::Value;

use super::{
    PayoutError, Step,
    step::{Act, act},
};
use crate::{App, idempotency::Answered};

/// It goes with the next batch.
pub async fn approve(app: &Arc<App>, step: Step) -> Result<Answered<Value>, PayoutError> {
    let (action, reason, owner) = ("payout.approve", String::new(), None);
    act(app, Act { event: Event::Approve, action, reason, owner, step }).await
}

/// The money is the doctor's again, who is told why. Also one that was approved, until it is in a batch.
pub async fn reject(app: &Arc<App>, step: Step, reason: String) -> Result<Answered<Value>, PayoutError> {
    act(app, Act { event: Event::Reject, action: "payout.reject", reason, owner: None, step }).await
}
