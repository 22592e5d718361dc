//! All the SQL there is, one module per aggregate. Functions take the connection of the read or the
//! transaction that their caller opened; sealed columns are opened and sealed here and nowhere else.

pub mod accounts;
pub mod audit;
pub mod blocks;
pub mod charges;
pub mod discounts;
pub mod doctors;
pub mod drugs;
pub mod earnings;
pub mod holds;
pub mod idempotency;
pub mod invoices;
pub mod jobs;
pub mod keyring;
pub mod ledger;
pub mod listing;
mod migrations;
pub mod notifications;
pub mod patients;
pub mod payouts;
pub mod plans;
pub mod practices;
pub mod prescriptions;
pub mod purchases;
pub mod quotas;
pub mod ratings;
pub mod reference;
pub mod refunds;
pub mod rotation;
pub mod sessions;
pub mod subscriptions;
pub mod visits;

pub use keyring::Keyring;
pub use migrations::MIGRATIONS;

/// What can go wrong below the use cases.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Db(#[from] db::Error),
    /// A stored value can't be opened or read: a missing key, a damaged or transplanted value.
    #[error("{table}.{column}: {cause}")]
    Stored { table: &'static str, column: &'static str, cause: String },
}

pub type Result<T, E = Error> = std::result::Result<T, E>;
