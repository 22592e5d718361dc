//! A doctor wants the money to stay after all: until it has gone to the bank.

use std::sync::Arc;

use domain::{ids::UserId, payout::Event};
use serde_json::Value;

use super::{
    PayoutError, Step,
    step::{Act, act},
};
use crate::{App, idempotency::Answered};

/// Cancels the doctor's own payout; the money is in the wallet at once.
pub async fn cancel(app: &Arc<App>, doctor: UserId, step: Step) -> Result<Answered<Value>, PayoutError> {
    let (action, reason, owner) = ("payout.cancel", String::new(), Some(doctor));
    act(app, Act { event: Event::Cancel, action, reason, owner, step }).await
}
