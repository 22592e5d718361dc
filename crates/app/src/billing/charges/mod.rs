//! Money comes in (D33): a charge is written down, the gateway gives it an authority, the payer goes there and comes
//! back, the gateway is asked whether the money is ours, and the charge is credited once. Callback, sweep and the
//! payer's own question all end in [`settle_authority`]: whatever arrives twice, late or never.

mod callback;
mod list;
mod outcome;
mod read;
mod sandbox;
mod settle;
mod start;
mod sweep;

use std::sync::Arc;

use domain::SignedDuration;
use providers::Gateway;

use crate::{App, Fault, fault::faults, idempotency::OnceError};

pub use callback::{Back, callback};
pub use list::list;
pub use outcome::{Outcome, outcome};
pub use read::{Read, read};
pub use sandbox::{PageState, SandboxOrders, SandboxPage, Verb, press, sandbox_page};
pub use settle::{Brought, settle_authority};
pub use start::{PayVisit, Start, Started, return_url, start, start_own_visit, start_visit};
pub use store::charges::{Charge, ChargeStatus, Purpose};
pub use sweep::sweep;

/// A charge that isn't paid until then has ended.
pub const LIFE: SignedDuration = SignedDuration::from_mins(30);

/// What a wallet is charged with at least and at most, in Rials.
pub const LEAST: i64 = 1_000;
pub const MOST: i64 = 500_000_000;

/// Every gateway that there can be; which of them are, is a setting.
pub const GATEWAYS: &[&str] = &["zarinpal", "bitpay", "idpay", "sandbox"];

/// Why nothing was charged.
#[derive(Debug, thiserror::Error)]
pub enum ChargeError {
    /// No such charge of the caller's, or no such authority.
    #[error("no such charge")]
    NotFound,
    /// What is to be paid can't be paid any more, or costs nothing.
    #[error("not in this state")]
    IllegalState,
    /// Browsers are sent to the public site and to what operators allow.
    #[error("not an address of ours")]
    ReturnUrl,
    /// Not one of those that are set up.
    #[error("no such gateway")]
    UnknownGateway,
    /// Nobody takes online payments here.
    #[error("no payments")]
    NoPayments,
    /// The gateway didn't want it, or didn't answer. Nothing was paid.
    #[error("the gateway gave no authority")]
    GatewayUnavailable,
    #[error(transparent)]
    Once(#[from] OnceError),
    #[error(transparent)]
    Fault(Fault),
}
faults!(ChargeError);

/// The gateway of this name; without one the development gateway where it is on, else the first that is set up.
fn gateway(app: &App, name: Option<&str>) -> Result<Arc<dyn Gateway>, ChargeError> {
    let first = app.gateways.iter().next().ok_or(ChargeError::NoPayments)?;
    let found = match name {
        Some(name) => app.gateways.get(name).ok_or(ChargeError::UnknownGateway)?,
        None => app.gateways.get("sandbox").unwrap_or(first),
    };
    Ok(Arc::clone(found))
}
