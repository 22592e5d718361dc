//! Blocked money: placed, then posted in whole or in part, voided or expired. These are the records; the money itself
//! moves in the ledger, in the same transaction.

use db::{At, Conn, record, sql};
use domain::{Rials, Timestamp, ids::UserId};
use uuid::Uuid;

use crate::{Error, Result};

/// Where a hold is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoldStatus {
    Open,
    /// Taken, in whole or in part.
    Posted,
    /// Given back.
    Voided,
    /// Given back, because its time was over.
    Expired,
}

impl HoldStatus {
    const ALL: [Self; 4] = [Self::Open, Self::Posted, Self::Voided, Self::Expired];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Posted => "posted",
            Self::Voided => "voided",
            Self::Expired => "expired",
        }
    }
}

/// A hold as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    pub id: Uuid,
    pub user: UserId,
    pub amount: Rials,
    pub status: HoldStatus,
    /// What of it was taken.
    pub posted: Rials,
    /// None: until somebody ends it.
    pub expires_at: Option<Timestamp>,
    pub unique_key: String,
    /// Such as `payout`.
    pub purpose: String,
    pub reference: Option<Uuid>,
    pub created_at: Timestamp,
    pub ended_at: Option<Timestamp>,
}

record! {
    struct Row {
        id: Uuid,
        user_id: Uuid,
        amount: i64,
        status: String,
        posted: i64,
        expires_at: Option<At>,
        unique_key: String,
        purpose: String,
        reference: Option<Uuid>,
        created_at: At,
        ended_at: Option<At>,
    }
}

fn stored(column: &'static str) -> Error {
    Error::Stored { table: "holds", column, cause: "not readable".into() }
}

fn hold(row: Row) -> Result<Hold> {
    let status = HoldStatus::ALL.into_iter().find(|status| status.as_str() == row.status);
    Ok(Hold {
        id: row.id,
        user: UserId(row.user_id),
        amount: Rials::new(row.amount).ok_or_else(|| stored("amount"))?,
        status: status.ok_or_else(|| stored("status"))?,
        posted: Rials::new(row.posted).ok_or_else(|| stored("posted"))?,
        expires_at: row.expires_at.map(|at| at.0),
        unique_key: row.unique_key,
        purpose: row.purpose,
        reference: row.reference,
        created_at: row.created_at.0,
        ended_at: row.ended_at.map(|at| at.0),
    })
}

/// Writes a new, open hold down; false when one with its key is there already (unique index).
pub async fn insert(tx: &Conn, hold: &Hold) -> Result<bool> {
    let added = tx
        .exec(
            sql!(
                "INSERT INTO holds (id, user_id, amount, status, posted, expires_at, unique_key, purpose, reference, created_at)
                 VALUES (?1, ?2, ?3, 'open', 0, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (unique_key) DO NOTHING"
            ),
            &[
                &hold.id,
                &hold.user.0,
                &hold.amount.get(),
                &hold.expires_at.map(At),
                &hold.unique_key,
                &hold.purpose,
                &hold.reference,
                &At(hold.created_at),
            ],
        )
        .await?;
    Ok(added == 1)
}

/// One of them (primary key).
pub async fn by_id(c: &Conn, id: Uuid) -> Result<Option<Hold>> {
    let row = c
        .one(
            sql!(
                "SELECT id, user_id, amount, status, posted, expires_at, unique_key, purpose, reference, created_at, ended_at
                 FROM holds WHERE id = ?1"
            ),
            &[&id],
        )
        .await?;
    row.map(hold).transpose()
}

/// The one with this key (unique index).
pub async fn by_key(c: &Conn, unique_key: &str) -> Result<Option<Hold>> {
    let row = c
        .one(
            sql!(
                "SELECT id, user_id, amount, status, posted, expires_at, unique_key, purpose, reference, created_at, ended_at
                 FROM holds WHERE unique_key = ?1"
            ),
            &[&unique_key],
        )
        .await?;
    row.map(hold).transpose()
}

/// Ends an open hold; false when it has ended before (primary key). Of two that race, one wins.
pub async fn end(tx: &Conn, id: Uuid, status: HoldStatus, posted: Rials, now: Timestamp) -> Result<bool> {
    let changed = tx
        .exec(
            sql!(
                "UPDATE holds SET status = ?2, posted = ?3, ended_at = ?4 WHERE id = ?1 AND status = 'open'"
            ),
            &[&id, &status.as_str(), &posted.get(), &At(now)],
        )
        .await?;
    Ok(changed == 1)
}

/// Open holds whose time is over, the oldest first (index `holds_by_end`).
pub async fn due(c: &Conn, now: Timestamp, limit: i64) -> Result<Vec<Uuid>> {
    let found: Vec<(Uuid,)> = c
        .all(
            sql!(
                "SELECT id FROM holds WHERE status = 'open' AND expires_at IS NOT NULL AND expires_at <= ?1
                 ORDER BY expires_at LIMIT ?2"
            ),
            &[&At(now), &limit],
        )
        .await?;
    Ok(found.into_iter().map(|(id,)| id).collect())
}

/// What is blocked of a user's money in all (index `holds_by_user`).
pub async fn open_total(c: &Conn, user: UserId) -> Result<i64> {
    let found: Option<(i64,)> = c
        .one(
            sql!(
                "SELECT CAST(coalesce(sum(amount), 0) AS BIGINT) FROM holds WHERE user_id = ?1 AND status = 'open'"
            ),
            &[&user.0],
        )
        .await?;
    Ok(found.map_or(0, |(sum,)| sum))
}
