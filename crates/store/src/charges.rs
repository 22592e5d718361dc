//! Charges: wishes to pay through a gateway, the gateways' names for them, and what the development gateway keeps.
//! The money itself moves in the ledger, in the transaction that completes the charge.

mod page;
pub mod sandbox;

use db::{At, Conn, record, sql};
use domain::{Rials, Timestamp, ids::UserId};
use uuid::Uuid;

use crate::{Error, Result};

pub use page::{ChargeFilter, authorities_of_many, page};

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

/// What is known of one authority.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthorityStatus {
    /// The payer was sent there.
    Requested,
    /// Paid, and what its charge was completed with.
    Paid,
    Failed,
    /// The gateway had no clear answer when it was last asked.
    Unknown,
    /// Paid after another authority of the same charge.
    Extra,
}

impl AuthorityStatus {
    const ALL: [Self; 5] = [Self::Requested, Self::Paid, Self::Failed, Self::Unknown, Self::Extra];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Paid => "paid",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::Extra => "extra",
        }
    }

    /// Its money was credited.
    #[must_use]
    pub const fn is_credited(self) -> bool {
        matches!(self, Self::Paid | Self::Extra)
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

/// A gateway's name for a charge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    pub gateway: String,
    pub authority: String,
    pub charge: Uuid,
    pub status: AuthorityStatus,
    /// Where the payer pays.
    pub pay_url: String,
    pub created_at: Timestamp,
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

record! {
    struct AuthorityRow {
        gateway: String,
        authority: String,
        charge_id: Uuid,
        status: String,
        pay_url: String,
        created_at: At,
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

fn authority(row: AuthorityRow) -> Result<Authority> {
    let status = AuthorityStatus::ALL.into_iter().find(|status| status.as_str() == row.status);
    Ok(Authority {
        gateway: row.gateway,
        authority: row.authority,
        charge: row.charge_id,
        status: status.ok_or_else(|| stored("charge_authorities", "status"))?,
        pay_url: row.pay_url,
        created_at: row.created_at.0,
    })
}

/// Writes a new charge down.
pub async fn insert(tx: &Conn, charge: &Charge) -> Result<()> {
    tx.exec(
        sql!(
            "INSERT INTO charges (id, user_id, purpose, reference, amount, gateway, return_url, status, created_at,
                                  expires_at, check_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'pending', ?8, ?9, ?10)"
        ),
        &[
            &charge.id,
            &charge.user.0,
            &charge.purpose.as_str(),
            &charge.purpose.reference(),
            &charge.amount.get(),
            &charge.gateway,
            &charge.return_url,
            &At(charge.created_at),
            &At(charge.expires_at),
            &charge.check_at.map(At),
        ],
    )
    .await?;
    Ok(())
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

/// The newest charge for this visit or purchase (index `charges_by_reference`).
pub async fn newest_for(c: &Conn, reference: Uuid) -> Result<Option<Charge>> {
    let found: Option<(Uuid,)> = c
        .one(
            sql!("SELECT id FROM charges WHERE reference = ?1 ORDER BY created_at DESC, id DESC LIMIT 1"),
            &[&reference],
        )
        .await?;
    match found {
        Some((id,)) => by_id(c, id).await,
        None => Ok(None),
    }
}

/// Charges for this visit or purchase that wait for their payer, the newest first, at most 20 (index
/// `charges_by_reference`).
pub async fn open_for(c: &Conn, reference: Uuid, now: Timestamp) -> Result<Vec<Charge>> {
    let rows: Vec<Row> = c
        .all(
            sql!(
                "SELECT id, user_id, purpose, reference, amount, gateway, return_url, status, credited_authority,
                        gateway_reference, created_at, expires_at, checked_at, check_at, verified_at
                 FROM charges WHERE reference = ?1 AND status = 'pending' AND expires_at > ?2
                 ORDER BY created_at DESC, id DESC LIMIT 20"
            ),
            &[&reference, &At(now)],
        )
        .await?;
    rows.into_iter().map(charge).collect()
}

/// Whether a payment with this number of BitPay's has completed a charge (index `charges_once_by_bitpay`).
pub async fn bitpay_has_paid(c: &Conn, reference: &str) -> Result<bool> {
    let found: Option<(Uuid,)> = c
        .one(
            sql!(
                "SELECT id FROM charges
                 WHERE gateway = 'bitpay' AND gateway_reference = ?1 AND status = 'completed'"
            ),
            &[&reference],
        )
        .await?;
    Ok(found.is_some())
}

/// Claims the right to ask the gateway: false where somebody has asked after `before`. Of many at once, one has it
/// (primary key).
pub async fn claim_check(tx: &Conn, id: Uuid, before: Timestamp, now: Timestamp) -> Result<bool> {
    let changed = tx
        .exec(
            sql!(
                "UPDATE charges SET checked_at = ?3
                 WHERE id = ?1 AND status <> 'completed' AND (checked_at IS NULL OR checked_at <= ?2)"
            ),
            &[&id, &At(before), &At(now)],
        )
        .await?;
    Ok(changed == 1)
}

/// Keeps a gateway's name for a charge; false when the gateway has given it before (primary key).
pub async fn add_authority(tx: &Conn, authority: &Authority) -> Result<bool> {
    let added = tx
        .exec(
            sql!(
                "INSERT INTO charge_authorities (gateway, authority, charge_id, status, pay_url, created_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (gateway, authority) DO NOTHING"
            ),
            &[
                &authority.gateway,
                &authority.authority,
                &authority.charge,
                &authority.status.as_str(),
                &authority.pay_url,
                &At(authority.created_at),
            ],
        )
        .await?;
    Ok(added == 1)
}

/// What a gateway's name stands for (primary key).
pub async fn by_authority(c: &Conn, gateway: &str, name: &str) -> Result<Option<Authority>> {
    let row = c
        .one(
            sql!(
                "SELECT gateway, authority, charge_id, status, pay_url, created_at FROM charge_authorities
                 WHERE gateway = ?1 AND authority = ?2"
            ),
            &[&gateway, &name],
        )
        .await?;
    row.map(authority).transpose()
}

/// All of a charge's, the oldest first (index `charge_authorities_by_charge`).
pub async fn authorities(c: &Conn, charge: Uuid) -> Result<Vec<Authority>> {
    let rows: Vec<AuthorityRow> = c
        .all(
            sql!(
                "SELECT gateway, authority, charge_id, status, pay_url, created_at FROM charge_authorities
                 WHERE charge_id = ?1 ORDER BY created_at, authority"
            ),
            &[&charge],
        )
        .await?;
    rows.into_iter().map(authority).collect()
}

/// Says what became of an authority; one whose money was credited stays as it is. Whether it changed (primary key).
pub async fn mark(tx: &Conn, gateway: &str, name: &str, status: AuthorityStatus) -> Result<bool> {
    let changed = tx
        .exec(
            sql!(
                "UPDATE charge_authorities SET status = ?3
                 WHERE gateway = ?1 AND authority = ?2 AND status NOT IN ('paid', 'extra') AND status <> ?3"
            ),
            &[&gateway, &name, &status.as_str()],
        )
        .await?;
    Ok(changed == 1)
}

/// The money is ours: the charge is completed with this authority. False when it was completed before (primary key). Fails
/// as not unique where a number of BitPay's has completed another charge ([`bitpay_has_paid`]).
pub async fn complete(
    tx: &Conn,
    id: Uuid,
    name: &str,
    gateway_reference: Option<&str>,
    now: Timestamp,
) -> Result<bool> {
    let changed = tx
        .exec(
            sql!(
                "UPDATE charges SET status = 'completed', credited_authority = ?2, gateway_reference = ?3,
                        verified_at = ?4, checked_at = ?4, check_at = NULL
                 WHERE id = ?1 AND status <> 'completed'"
            ),
            &[&id, &name, &gateway_reference, &At(now)],
        )
        .await?;
    Ok(changed == 1)
}

/// When to ask again about the other authorities of a charge that is completed; none: all are known (primary key).
pub async fn check_again(tx: &Conn, id: Uuid, check_at: Option<Timestamp>) -> Result<()> {
    tx.exec(
        sql!("UPDATE charges SET check_at = ?2 WHERE id = ?1 AND status = 'completed'"),
        &[&id, &check_at.map(At)],
    )
    .await?;
    Ok(())
}

/// The gateway was asked, and there is no money so far: what the charge is now, and when to ask again. False when it
/// was completed meanwhile (primary key).
pub async fn note(
    tx: &Conn,
    id: Uuid,
    status: ChargeStatus,
    check_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<bool> {
    let changed = tx
        .exec(
            sql!(
                "UPDATE charges SET status = ?2, check_at = ?3, checked_at = ?4
                 WHERE id = ?1 AND status <> 'completed'"
            ),
            &[&id, &status.as_str(), &check_at.map(At), &At(now)],
        )
        .await?;
    Ok(changed == 1)
}

/// Charges that the sweep looks at now, those that wait longest first (index `charges_due`).
pub async fn due(c: &Conn, now: Timestamp, limit: i64) -> Result<Vec<Uuid>> {
    let found: Vec<(Uuid,)> = c
        .all(
            sql!(
                "SELECT id FROM charges WHERE check_at IS NOT NULL AND check_at <= ?1
                 ORDER BY check_at LIMIT ?2"
            ),
            &[&At(now), &limit],
        )
        .await?;
    Ok(found.into_iter().map(|(id,)| id).collect())
}

/// Callbacks of one authority that are kept at most: whoever writes more is no browser.
const MOST_CALLBACKS: i64 = 20;

/// Keeps what a browser brought, once each (primary key).
pub async fn keep_callback(tx: &Conn, gateway: &str, name: &str, extra: &str, now: Timestamp) -> Result<()> {
    let kept: Option<(i64,)> = tx
        .one(
            sql!("SELECT count(*) FROM charge_callbacks WHERE gateway = ?1 AND authority = ?2"),
            &[&gateway, &name],
        )
        .await?;
    if kept.is_some_and(|(kept,)| kept >= MOST_CALLBACKS) {
        return Ok(());
    }
    tx.exec(
        sql!(
            "INSERT INTO charge_callbacks (gateway, authority, extra, created_at)
             VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING"
        ),
        &[&gateway, &name, &extra, &At(now)],
    )
    .await?;
    Ok(())
}

/// Forgets what a browser brought: the gateway knows nothing of it (primary key).
pub async fn forget_callback(tx: &Conn, gateway: &str, name: &str, extra: &str) -> Result<()> {
    tx.exec(
        sql!("DELETE FROM charge_callbacks WHERE gateway = ?1 AND authority = ?2 AND extra = ?3"),
        &[&gateway, &name, &extra],
    )
    .await?;
    Ok(())
}

/// What browsers brought for this authority, the newest first (primary key).
pub async fn callbacks(c: &Conn, gateway: &str, name: &str) -> Result<Vec<String>> {
    let rows: Vec<(String,)> = c
        .all(
            sql!(
                "SELECT extra FROM charge_callbacks WHERE gateway = ?1 AND authority = ?2
                 ORDER BY created_at DESC, extra"
            ),
            &[&gateway, &name],
        )
        .await?;
    Ok(rows.into_iter().map(|(extra,)| extra).collect())
}
