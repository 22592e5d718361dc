//! Charges are given back: an admin asks, the money is taken out of the user's wallet into a hold, the gateway is asked
//! outside of any transaction, and the hold goes to the gateway or back to the wallet. What breaks off between, and
//! what a gateway doesn't answer, is an open refund that a job goes on with: nothing is lost and nothing is given twice.
//! One that no gateway ever answers an admin ends.

mod ask;
mod end;
mod finish;
mod look;

use domain::{Rials, SignedDuration};

use crate::{Fault, fault::faults, idempotency::OnceError};

pub use ask::{Ask, refund};
pub use end::{End, EndRefundError, Outcome, end};
pub use finish::finish_due;
pub use look::{Seen, list, view};
pub use store::{
    charges::{Authority, ChargeFilter, Receipt},
    refunds::{Refund, RefundStatus, Way},
};

/// Nobody else asks the gateway while one does: longer than its answers take.
const LEASE: SignedDuration = SignedDuration::from_mins(3);

/// Why nothing was given back.
#[derive(Debug, thiserror::Error)]
pub enum RefundError {
    #[error("no such charge")]
    NotFound,
    /// Not one of the charge's, or its money never came.
    #[error("no such authority")]
    UnknownAuthority,
    /// The charge was not paid, or the gateway is being asked for a refund of the same payment.
    #[error("not in this state")]
    IllegalState,
    /// More than is left of the payment.
    #[error("no more than {left} is left")]
    TooMuch { left: Rials },
    /// The user has spent it.
    #[error("insufficient balance")]
    InsufficientBalance,
    #[error(transparent)]
    Once(#[from] OnceError),
    #[error(transparent)]
    Fault(Fault),
}
faults!(RefundError);
