//! What the bank made of a payout, as an admin read it in the bank's answer.

use std::sync::Arc;

use domain::payout::Event;
use serde_json::Value;

use super::{
    PayoutError, Step,
    step::{Act, act},
};
use crate::{App, idempotency::Answered};

/// The money has arrived.
pub async fn paid(app: &Arc<App>, step: Step) -> Result<Answered<Value>, PayoutError> {
    let (action, reason, owner) = ("payout.paid", String::new(), None);
    act(app, Act { event: Event::Pay, action, reason, owner, step }).await
}

/// The bank sent it back, perhaps after it had paid: the money is in the doctor's wallet.
pub async fn returned(app: &Arc<App>, step: Step, reason: String) -> Result<Answered<Value>, PayoutError> {
    act(app, Act { event: Event::Return, action: "payout.returned", reason, owner: None, step }).await
}
