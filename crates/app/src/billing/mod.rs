//! Money: the ledger and what is built on it. Every movement is a posting that sums to zero (D32), written in the
//! transaction of what it is for, under a key of its own: what happened once is posted once.

pub mod charges;
pub mod discounts;
pub mod earnings;
pub mod holds;
pub mod invoices;
pub mod payments;
pub mod payouts;
pub mod quotas;
pub mod refunds;
mod refusals;
pub mod subscriptions;
mod verify;
pub mod wallet;

use db::Conn;
use domain::{
    Timestamp,
    ids::new_v7,
    ledger::{Posting, Unbalanced},
};

use crate::{App, Fault};

pub use charges::SandboxOrders;
pub use payments::WalletPayments;
pub use refusals::{Asked, refuse};
pub use store::ledger::{PostError, Posted, Report};
pub use verify::{verify, verify_a_little};

/// What operators set about money.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The platform's part of what doctors earn (D35).
    pub commission_percent: u8,
    /// Whose name stands on invoices.
    pub seller: domain::invoice::Seller,
    /// Where payers may be sent back to: prefixes of `return_url`, without a slash at their end (D33).
    pub site_urls: Vec<String>,
    /// Where gateways send browsers back to: prefix of the callback's address, without a slash at its end, such as
    /// `https://api.helssa.ir/v1`.
    pub api_url: String,
}

/// Posts under a new id. See [`store::ledger::post`].
pub async fn post(tx: &Conn, app: &App, posting: &Posting, now: Timestamp) -> Result<Posted, PostError> {
    store::ledger::post(tx, new_v7(now, &*app.rng), posting, now).await
}

/// A posting that the program itself got wrong.
impl From<Unbalanced> for Fault {
    fn from(e: Unbalanced) -> Self {
        Self::Internal(e.to_string())
    }
}

/// Where too little can only be a defect.
impl From<PostError> for Fault {
    fn from(e: PostError) -> Self {
        match e {
            PostError::Insufficient => Self::Internal("an account holds too little for a posting".into()),
            PostError::Store(e) => e.into(),
        }
    }
}
