//! The development gateway's orders.

use db::{At, Conn, record, sql};
use domain::{Rials, Timestamp};
use uuid::Uuid;

use super::stored;
use crate::Result;

/// An order of the development gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SandboxRow {
    pub authority: String,
    pub charge: Uuid,
    pub amount: Rials,
    pub description: String,
    /// Where its page sends the browser.
    pub callback_url: String,
    /// `pending`, `late` (will be paid after its charge has ended), `succeeded`, `failed` or `reversed`.
    pub status: String,
    pub verified: bool,
}

record! {
    struct Row {
        authority: String,
        charge_id: Uuid,
        amount: i64,
        description: String,
        callback_url: String,
        status: String,
        verified: bool,
    }
}

/// Keeps a new, pending order. `name` makes its authority of how many this charge has with it (index
/// `sandbox_orders_by_charge`).
pub async fn open_order(
    tx: &Conn,
    order: &SandboxRow,
    name: fn(Uuid, u16) -> String,
    now: Timestamp,
) -> Result<String> {
    let before: Option<(i64,)> =
        tx.one(sql!("SELECT count(*) FROM sandbox_orders WHERE charge_id = ?1"), &[&order.charge]).await?;
    let nth = u16::try_from(before.map_or(0, |(n,)| n) + 1).map_err(|_| stored("sandbox_orders", "count"))?;
    let authority = name(order.charge, nth);
    tx.exec(
        sql!(
            "INSERT INTO sandbox_orders (authority, charge_id, amount, description, callback_url, status, verified,
                                         created_at)
             VALUES (?1, ?2, ?3, ?4, ?5, 'pending', ?6, ?7)"
        ),
        &[
            &authority,
            &order.charge,
            &order.amount.get(),
            &order.description,
            &order.callback_url,
            &false,
            &At(now),
        ],
    )
    .await?;
    Ok(authority)
}

/// One order (primary key).
pub async fn order(c: &Conn, authority: &str) -> Result<Option<SandboxRow>> {
    let row: Option<Row> = c
        .one(
            sql!(
                "SELECT authority, charge_id, amount, description, callback_url, status, verified
                 FROM sandbox_orders WHERE authority = ?1"
            ),
            &[&authority],
        )
        .await?;
    row.map(|row| {
        Ok(SandboxRow {
            authority: row.authority,
            charge: row.charge_id,
            amount: Rials::new(row.amount).ok_or_else(|| stored("sandbox_orders", "amount"))?,
            description: row.description,
            callback_url: row.callback_url,
            status: row.status,
            verified: row.verified,
        })
    })
    .transpose()
}

/// Somebody pressed a button: an order that was not paid yet is paid or not. Whether it changed (primary key).
pub async fn set_order(tx: &Conn, authority: &str, succeeded: bool) -> Result<bool> {
    let changed = tx
        .exec(
            sql!(
                "UPDATE sandbox_orders SET status = ?2
                 WHERE authority = ?1 AND status IN ('pending', 'late', 'failed') AND status <> ?2"
            ),
            &[&authority, &if succeeded { "succeeded" } else { "failed" }],
        )
        .await?;
    Ok(changed == 1)
}

/// An order that was not paid yet is to be paid late. Whether it changed (primary key).
pub async fn put_off(tx: &Conn, authority: &str) -> Result<bool> {
    let changed = tx
        .exec(
            sql!(
                "UPDATE sandbox_orders SET status = 'late'
                 WHERE authority = ?1 AND status IN ('pending', 'failed')"
            ),
            &[&authority],
        )
        .await?;
    Ok(changed == 1)
}

/// Pays an order that is to be paid late, if it was opened at this moment or before; whether it changed (primary key).
pub async fn pay_late(tx: &Conn, authority: &str, opened: Timestamp) -> Result<bool> {
    let changed = tx
        .exec(
            sql!(
                "UPDATE sandbox_orders SET status = 'succeeded'
                 WHERE authority = ?1 AND status = 'late' AND created_at <= ?2"
            ),
            &[&authority, &At(opened)],
        )
        .await?;
    Ok(changed == 1)
}

/// Marks a succeeded order as verified; whether this was the first time (primary key).
pub async fn verify_order(tx: &Conn, authority: &str) -> Result<bool> {
    let changed = tx
        .exec(
            sql!(
                "UPDATE sandbox_orders SET verified = ?2
                 WHERE authority = ?1 AND status = 'succeeded' AND verified <> ?2"
            ),
            &[&authority, &true],
        )
        .await?;
    Ok(changed == 1)
}

/// Gives a succeeded order back; whether it changed (primary key).
pub async fn reverse_order(tx: &Conn, authority: &str) -> Result<bool> {
    let changed = tx
        .exec(
            sql!(
                "UPDATE sandbox_orders SET status = 'reversed' WHERE authority = ?1 AND status = 'succeeded'"
            ),
            &[&authority],
        )
        .await?;
    Ok(changed == 1)
}
