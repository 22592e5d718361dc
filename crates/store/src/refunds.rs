//! Charges that are given back: the records of what an admin asked for and of what the gateway has said. The money itself
//! moves in the ledger, in the same transaction.

use db::{At, Conn, record, sql};
use domain::{Rials, Timestamp};
use uuid::Uuid;

use crate::{Error, Result};

/// How a charge is given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// All of a young payment.
    Reverse,
    /// An older one, or a part.
    Refund,
    /// Not at all: the gateway can't, and the money stays in the user's wallet.
    Wallet,
}

impl Way {
    const ALL: [Self; 3] = [Self::Reverse, Self::Refund, Self::Wallet];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reverse => "reverse",
            Self::Refund => "refund",
            Self::Wallet => "wallet",
        }
    }
}

/// Where a refund is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundStatus {
    /// The money is held, and the gateway has no clear answer yet.
    Refunding,
    /// The payer has it, or will.
    Refunded,
    /// The gateway can't: it is the user's to spend.
    InWallet,
}

impl RefundStatus {
    const ALL: [Self; 3] = [Self::Refunding, Self::Refunded, Self::InWallet];
    pub const NAMES: [&'static str; 3] = ["refunding", "refunded", "in_wallet"];

    /// None where the name is no status.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Refunding => "refunding",
            Self::Refunded => "refunded",
            Self::InWallet => "in_wallet",
        }
    }
}

/// A refund as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    pub id: Uuid,
    pub charge: Uuid,
    pub gateway: String,
    /// Whose payment it is.
    pub authority: String,
    pub amount: Rials,
    pub way: Way,
    pub status: RefundStatus,
    /// Where the money is meanwhile; none where nothing was taken.
    pub hold: Option<Uuid>,
    /// How often the gateway had no clear answer.
    pub attempts: i64,
    /// The gateway's last code, for admins.
    pub answer: Option<String>,
    /// When the gateway was last asked, or may have been.
    pub asked_at: Option<Timestamp>,
    /// When it is asked again.
    pub check_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub ended_at: Option<Timestamp>,
}

impl Refund {
    /// Its money is with the payer, or on the way.
    #[must_use]
    pub const fn is_given(&self) -> bool {
        matches!(self.status, RefundStatus::Refunding | RefundStatus::Refunded)
    }
}

record! {
    struct Row {
        id: Uuid,
        charge_id: Uuid,
        gateway: String,
        authority: String,
        amount: i64,
        way: String,
        status: String,
        hold_id: Option<Uuid>,
        attempts: i64,
        answer: Option<String>,
        asked_at: Option<At>,
        check_at: Option<At>,
        created_at: At,
        ended_at: Option<At>,
    }
}

fn stored(column: &'static str) -> Error {
    Error::Stored { table: "charge_refunds", column, cause: "not readable".into() }
}

fn refund(row: Row) -> Result<Refund> {
    let way = Way::ALL.into_iter().find(|way| way.as_str() == row.way);
    let status = RefundStatus::parse(&row.status);
    let moment = |at: Option<At>| at.map(|At(at)| at);
    Ok(Refund {
        id: row.id,
        charge: row.charge_id,
        gateway: row.gateway,
        authority: row.authority,
        amount: Rials::new(row.amount).ok_or_else(|| stored("amount"))?,
        way: way.ok_or_else(|| stored("way"))?,
        status: status.ok_or_else(|| stored("status"))?,
        hold: row.hold_id,
        attempts: row.attempts,
        answer: row.answer,
        asked_at: moment(row.asked_at),
        check_at: moment(row.check_at),
        created_at: row.created_at.0,
        ended_at: moment(row.ended_at),
    })
}

/// Writes a new refund down. A trigger refuses more than was paid, an index a second open one of the same payment: the
/// caller holds the charge ([`crate::charges::lock`]) and has looked.
pub async fn insert(tx: &Conn, refund: &Refund) -> Result<()> {
    tx.exec(
        sql!(
            "INSERT INTO charge_refunds (id, charge_id, gateway, authority, amount, way, status, hold_id, attempts, answer,
                                         asked_at, check_at, created_at, ended_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)"
        ),
        &[
            &refund.id,
            &refund.charge,
            &refund.gateway,
            &refund.authority,
            &refund.amount.get(),
            &refund.way.as_str(),
            &refund.status.as_str(),
            &refund.hold,
            &refund.attempts,
            &refund.answer,
            &refund.asked_at.map(At),
            &refund.check_at.map(At),
            &At(refund.created_at),
            &refund.ended_at.map(At),
        ],
    )
    .await?;
    Ok(())
}

/// One of them (primary key).
pub async fn by_id(c: &Conn, id: Uuid) -> Result<Option<Refund>> {
    let row = c
        .one(
            sql!(
                "SELECT id, charge_id, gateway, authority, amount, way, status, hold_id, attempts, answer, asked_at,
                        check_at, created_at, ended_at
                 FROM charge_refunds WHERE id = ?1"
            ),
            &[&id],
        )
        .await?;
    row.map(refund).transpose()
}

/// The same inside a transaction that will change it: nobody else changes it meanwhile.
pub async fn lock(tx: &Conn, id: Uuid) -> Result<Option<Refund>> {
    let _held: Option<(Uuid,)> = tx
        .one(
            sql!(
                sqlite: "SELECT id FROM charge_refunds WHERE id = ?1",
                postgres: "SELECT id FROM charge_refunds WHERE id = $1 FOR NO KEY UPDATE"
            ),
            &[&id],
        )
        .await?;
    by_id(tx, id).await
}

/// All of a charge's, the oldest first (index `charge_refunds_by_charge`).
pub async fn of_charge(c: &Conn, charge: Uuid) -> Result<Vec<Refund>> {
    of_charges(c, &[charge]).await
}

/// All of these charges', the oldest first (index `charge_refunds_by_charge`).
pub async fn of_charges(c: &Conn, charges: &[Uuid]) -> Result<Vec<Refund>> {
    if charges.is_empty() {
        return Ok(vec![]);
    }
    let ids: Vec<String> = charges.iter().map(|id| id.simple().to_string()).collect();
    let ids = serde_json::Value::from(ids).to_string();
    let rows: Vec<Row> = c
        .all(
            sql!(
                sqlite: "SELECT id, charge_id, gateway, authority, amount, way, status, hold_id, attempts, answer, asked_at,
                                check_at, created_at, ended_at
                         FROM charge_refunds WHERE charge_id IN (SELECT unhex(value) FROM json_each(?1))
                         ORDER BY created_at, id",
                postgres: "SELECT id, charge_id, gateway, authority, amount, way, status, hold_id, attempts, answer,
                                asked_at, check_at, created_at, ended_at
                         FROM charge_refunds WHERE charge_id IN (
                             SELECT CAST(id AS UUID)
                             FROM jsonb_array_elements_text(CAST(CAST($1 AS TEXT) AS jsonb)) AS ids (id))
                         ORDER BY created_at, id"
            ),
            &[&ids],
        )
        .await?;
    rows.into_iter().map(refund).collect()
}

/// The gateway had no clear answer: when to ask again. False when the refund has ended (primary key).
pub async fn note(tx: &Conn, id: Uuid, answer: &str, check_at: Timestamp) -> Result<bool> {
    let changed = tx
        .exec(
            sql!(
                "UPDATE charge_refunds SET attempts = attempts + 1, answer = ?2, check_at = ?3
                 WHERE id = ?1 AND status = 'refunding'"
            ),
            &[&id, &answer, &At(check_at)],
        )
        .await?;
    Ok(changed == 1)
}

/// Somebody is about to ask the gateway; nobody else does until then. False when the refund has ended (primary key).
pub async fn put_off(tx: &Conn, id: Uuid, check_at: Timestamp, now: Timestamp) -> Result<bool> {
    let changed = tx
        .exec(
            sql!(
                "UPDATE charge_refunds SET check_at = ?2, asked_at = ?3 WHERE id = ?1 AND status = 'refunding'"
            ),
            &[&id, &At(check_at), &At(now)],
        )
        .await?;
    Ok(changed == 1)
}

/// Ends an open refund; false when it has ended before (primary key). Of two that race, one wins.
pub async fn end(
    tx: &Conn,
    id: Uuid,
    status: RefundStatus,
    answer: Option<&str>,
    now: Timestamp,
) -> Result<bool> {
    let changed = tx
        .exec(
            sql!(
                "UPDATE charge_refunds SET status = ?2, answer = ?3, check_at = NULL, ended_at = ?4
                 WHERE id = ?1 AND status = 'refunding'"
            ),
            &[&id, &status.as_str(), &answer, &At(now)],
        )
        .await?;
    Ok(changed == 1)
}

/// Open refunds whose gateway is to be asked now, those that wait longest first (index `charge_refunds_due`).
pub async fn due(c: &Conn, now: Timestamp, limit: i64) -> Result<Vec<Uuid>> {
    let found: Vec<(Uuid,)> = c
        .all(
            sql!(
                "SELECT id FROM charge_refunds WHERE check_at IS NOT NULL AND check_at <= ?1
                 ORDER BY check_at LIMIT ?2"
            ),
            &[&At(now), &limit],
        )
        .await?;
    Ok(found.into_iter().map(|(id,)| id).collect())
}
