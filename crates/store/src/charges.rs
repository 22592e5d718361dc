//! Charges: wishes to pay through a gateway, the gateways' names for them, and what the development gateway keeps.
//! The money itself moves in the ledger, in the transaction that completes the charge.

mod authorities;
mod callbacks;
mod change;
mod find;
mod page;
pub mod sandbox;

use db::{At, Conn, record, sql};
use domain::{Rials, Timestamp, ids::UserId};
use uuid::Uuid;

use crate::{Error, Result};

pub use authorities::{
    Authority, AuthorityStatus, Receipt, add_authority, authorities, authorities_of_many, authorities_seen,
    by_authority, mark, mark_credited, refuse_stranger,
};
pub use callbacks::{callbacks, forget_callback, keep_callback};
pub use change::{check_again, claim_check, complete, insert, note};
pub use find::{bitpay_has_paid, due, newest_for, open_for};
pub use page::{ChargeFilter, of_user, page};

/// What is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    Wallet,
    /// The visit of this id.
    Visit(Uuid),
    /// The purchase of this id.
    Subscription(Uuid),
}

impl Purpose {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Wallet => "wallet",
            Self::Visit(_) => "visit",
            Self::Subscription(_) => "subscription",
        }
    }

    /// The visit or purchase.
    #[must_use]
    pub const fn reference(self) -> Option<Uuid> {
        match self {
            Self::Wallet => None,
            Self::Visit(id) | Self::Subscription(id) => Some(id),
        }
    }

    fn read(name: &str, reference: Option<Uuid>) -> Option<Self> {
        match (name, reference) {
            ("wallet", None) => Some(Self::Wallet),
            ("visit", Some(id)) => Some(Self::Visit(id)),
            ("subscription", Some(id)) => Some(Self::Subscription(id)),
            _ => None,
        }
    }
}

/// Where a charge is. Only completed is the last word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChargeStatus {
    Pending,
    /// The money is ours and credited.
    Completed,
    /// Not paid, by the gateway's own word.
    Failed,
    /// Not paid in its time.
    Expired,
}

impl ChargeStatus {
    const ALL: [Self; 4] = [Self::Pending, Self::Completed, Self::Failed, Self::Expired];
    pub const NAMES: [&'static str; 4] = ["pending", "completed", "failed", "expired"];

    /// None where the name is no status.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Expired => "expired",
        }
    }
}

/// A charge as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    pub id: Uuid,
    pub user: UserId,
    pub purpose: Purpose,
    pub amount: Rials,
    pub gateway: String,
    pub return_url: String,
    /// As stored; [`Charge::status_at`] knows about its end.
    pub status: ChargeStatus,
    pub credited_authority: Option<String>,
    pub gateway_reference: Option<String>,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    /// When the gateway was last asked.
    pub checked_at: Option<Timestamp>,
    /// When the sweep asks next.
    pub check_at: Option<Timestamp>,
    pub verified_at: Option<Timestamp>,
}

impl Charge {
    /// A charge ends at its time, whether or not somebody has written that down.
    #[must_use]
    pub fn status_at(&self, now: Timestamp) -> ChargeStatus {
        match self.status {
            ChargeStatus::Pending if self.expires_at <= now => ChargeStatus::Expired,
            status => status,
        }
    }
}

record! {
    struct Row {
        id: Uuid,
        user_id: Uuid,
        purpose: String,
        reference: Option<Uuid>,
        amount: i64,
        gateway: String,
        return_url: String,
        status: String,
        credited_authority: Option<String>,
        gateway_reference: Option<String>,
        created_at: At,
        expires_at: At,
        checked_at: Option<At>,
        check_at: Option<At>,
        verified_at: Option<At>,
    }
}

fn stored(table: &'static str, column: &'static str) -> Error {
    Error::Stored { table, column, cause: "not readable".into() }
}

fn charge(row: Row) -> Result<Charge> {
    let status = ChargeStatus::ALL.into_iter().find(|status| status.as_str() == row.status);
    let moment = |at: Option<At>| at.map(|At(at)| at);
    Ok(Charge {
        id: row.id,
        user: UserId(row.user_id),
        purpose: Purpose::read(&row.purpose, row.reference).ok_or_else(|| stored("charges", "purpose"))?,
        amount: Rials::new(row.amount).ok_or_else(|| stored("charges", "amount"))?,
        gateway: row.gateway,
        return_url: row.return_url,
        status: status.ok_or_else(|| stored("charges", "status"))?,
        credited_authority: row.credited_authority,
        gateway_reference: row.gateway_reference,
        created_at: row.created_at.0,
        expires_at: row.expires_at.0,
        checked_at: moment(row.checked_at),
        check_at: moment(row.check_at),
        verified_at: moment(row.verified_at),
    })
}

/// One charge (primary key).
pub async fn by_id(c: &Conn, id: Uuid) -> Result<Option<Charge>> {
    let row = c
        .one(
            sql!(
                "SELECT id, user_id, purpose, reference, amount, gateway, return_url, status, credited_authority,
                        gateway_reference, created_at, expires_at, checked_at, check_at, verified_at
                 FROM charges WHERE id = ?1"
            ),
            &[&id],
        )
        .await?;
    row.map(charge).transpose()
}

/// The same inside a transaction that will change it: nobody else changes it meanwhile.
pub async fn lock(tx: &Conn, id: Uuid) -> Result<Option<Charge>> {
    let _held: Option<(Uuid,)> = tx
        .one(
            sql!(
                sqlite: "SELECT id FROM charges WHERE id = ?1",
                postgres: "SELECT id FROM charges WHERE id = $1 FOR NO KEY UPDATE"
            ),
            &[&id],
        )
        .await?;
    by_id(tx, id).await
}
