//! Doctors' money on its way to their banks (D35). Asking blocks the money of the wallet; rejecting and cancelling give
//! it back; with the batch that goes to the bank it leaves the wallet; what the bank returns comes back.
//!
//! Whoever changes a payout holds its row first, then moves the money, then writes the new status down: the schema
//! refuses a status whose money has not moved.

mod cancel;
mod decide;
mod export;
mod list;
mod notices;
mod outcome;
mod request;
mod step;

use std::sync::Arc;

use uuid::Uuid;

use super::holds::HoldError;
use crate::{
    By, Fault,
    fault::faults,
    idempotency::{Once, OnceError, Render},
};

pub use cancel::cancel;
pub use decide::{approve, reject};
pub use domain::payout::{LEAST, MOST, Status};
pub use export::{BankFile, Export, Exported, MOST_IN_BATCH, export, file};
pub use list::{Listed, batches, of_doctor, one_of_doctor, with_status};
pub use outcome::{paid, returned};
pub use request::{Ask, request};
pub use store::payouts::{Batch, Order, Payout};

/// Somebody does something with one payout.
pub struct Step {
    pub id: Uuid,
    pub by: By,
    pub once: Option<Once>,
    /// The payout as it is afterwards.
    pub render: Render<Payout>,
}

impl Step {
    pub fn new(
        id: Uuid,
        by: By,
        once: Option<Once>,
        render: impl Fn(Payout) -> serde_json::Value + Send + Sync + 'static,
    ) -> Self {
        Self { id, by, once, render: Arc::new(render) }
    }
}

/// Why nothing happened to a payout.
#[derive(Debug, thiserror::Error)]
pub enum PayoutError {
    /// No such payout or batch, or another doctor's.
    #[error("no such payout")]
    NotFound,
    /// Its status doesn't allow it: read it again.
    #[error("not in this state")]
    IllegalState,
    /// The wallet holds less than that.
    #[error("insufficient balance")]
    InsufficientBalance,
    /// No payout waits for a batch.
    #[error("nothing is approved")]
    NothingApproved,
    #[error(transparent)]
    Once(#[from] OnceError),
    #[error(transparent)]
    Fault(Fault),
}
faults!(PayoutError);

impl From<HoldError> for PayoutError {
    fn from(e: HoldError) -> Self {
        match e {
            HoldError::Insufficient => Self::InsufficientBalance,
            HoldError::Fault(fault) => Self::Fault(fault),
            // the payout's own row says that its hold is there and open
            e @ (HoldError::NotFound | HoldError::Ended | HoldError::Amount) => {
                Self::Fault(Fault::Internal(format!("a payout's hold: {e}")))
            }
        }
    }
}
