//! Subscriptions (D34): bought from the wallet or online, extended, upgraded, renewed, cancelled, ended.
//!
//! Whoever changes what a user has holds the user's row first ([`store::subscriptions::lock`]), so that of two at once
//! the second sees what the first has done.

mod cancel;
mod change;
mod checkout;
mod current;
pub(crate) mod demo;
mod notices;
mod plans;
mod purchase;
mod renew;
mod settle;
mod tiers;

use domain::Timestamp;

pub use cancel::cancel;
pub use checkout::{Checkout, CheckoutError, can_check_out, checkout};
pub use current::{Current, current};
pub use plans::{SavePlanError, plans_for_sale, save_plan};
pub use purchase::{Bought, Buy, ToPay, purchase, to_pay};
pub use renew::{give_up_unpaid, look_after_due};
pub use settle::{Settled, settle};
pub use store::{
    purchases::{Kind as PurchaseKind, Purchase, Status as PurchaseStatus},
    subscriptions::Subscription,
};
pub use tiers::Tiers;

use super::discounts::{DiscountError, Reason};
use crate::{Fault, fault::faults, idempotency::OnceError};

/// Why nothing was bought or changed.
#[derive(Debug, thiserror::Error)]
pub enum SubscriptionError {
    /// No plan of that name is for sale.
    #[error("no such plan")]
    UnknownPlan,
    /// The caller has no subscription, or no such purchase.
    #[error("no such subscription")]
    NotFound,
    /// The plan is not dearer than the one that the caller has: not before that one's end.
    #[error("a cheaper plan")]
    Cheaper { not_before: Timestamp },
    /// The purchase is paid, or its time is over.
    #[error("not in this state")]
    IllegalState,
    /// See the reason.
    #[error("the discount code can't be used")]
    Discount(Reason),
    /// So many online purchases wait for their money that there may be no more: pay one of them, or wait.
    #[error("too many unpaid orders")]
    TooManyOrders,
    /// Nobody takes online payments here.
    #[error("no payments")]
    NoPayments,
    /// The wallet holds less than that.
    #[error("insufficient balance")]
    InsufficientBalance,
    #[error(transparent)]
    Once(#[from] OnceError),
    #[error(transparent)]
    Fault(Fault),
}
faults!(SubscriptionError);

impl From<DiscountError> for SubscriptionError {
    fn from(e: DiscountError) -> Self {
        match e {
            DiscountError::Invalid(reason) => Self::Discount(reason),
            DiscountError::Fault(fault) => Self::Fault(fault),
        }
    }
}
