//! Batches: the payouts that go to the bank in one file, and the lines of that file.

use db::{At, Conn, record, sql};
use domain::{Rials, Timestamp, iban::Sheba, ids::UserId};
use uuid::Uuid;

use super::{IBAN, Payout, Row, payout, stored};
use crate::{Keyring, Result};

/// What goes to the bank in one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    pub id: Uuid,
    pub number: i64,
    pub created_at: Timestamp,
    pub created_by: UserId,
    /// How many payouts.
    pub payouts: i64,
    pub total: Rials,
}

/// One line of the bank's file.
#[derive(Clone, PartialEq, Eq)]
pub struct Order {
    pub payout: Uuid,
    pub iban: Sheba,
    pub account_holder: String,
    pub amount: Rials,
}

domain::blank_debug!(Order);

record! {
    struct BatchRow {
        id: Uuid,
        number: i64,
        created_at: At,
        created_by: Uuid,
        payouts: i64,
        total: i64,
    }
}

fn read_batch(row: &BatchRow) -> Result<Batch> {
    Ok(Batch {
        id: row.id,
        number: row.number,
        created_at: row.created_at.0,
        created_by: UserId(row.created_by),
        payouts: row.payouts,
        total: Rials::new(row.total).ok_or_else(|| stored("payout_batches", "total"))?,
    })
}

/// Approved ones, oldest first, held until the end of the transaction (index `payouts_by_status`).
pub async fn lock_approved(tx: &Conn, limit: i64) -> Result<Vec<Payout>> {
    let rows: Vec<Row> = tx
        .all(
            sql!(
                sqlite: "SELECT p.id, p.doctor_id, u.first_name, u.last_name, p.hold_id, p.amount, p.iban_masked,
                                p.account_holder, p.status, p.batch_id, p.reason, p.created_at, p.approved_at,
                                p.exported_at, p.paid_at, p.closed_at
                         FROM payouts p JOIN users u ON u.id = p.doctor_id
                         WHERE p.status = 'approved' ORDER BY p.created_at, p.id LIMIT ?1",
                postgres: "SELECT p.id, p.doctor_id, u.first_name, u.last_name, p.hold_id, p.amount, p.iban_masked,
                                  p.account_holder, p.status, p.batch_id, p.reason, p.created_at, p.approved_at,
                                  p.exported_at, p.paid_at, p.closed_at
                           FROM payouts p JOIN users u ON u.id = p.doctor_id
                           WHERE p.status = 'approved' ORDER BY p.created_at, p.id LIMIT $1
                           FOR NO KEY UPDATE OF p"
            ),
            &[&limit],
        )
        .await?;
    rows.into_iter().map(payout).collect()
}

/// The next batch's number. Who has it makes the batch or gives the transaction up; the others wait.
pub async fn next_batch_number(tx: &Conn) -> Result<i64> {
    let next: Option<(i64,)> = tx
        .one(sql!("UPDATE payout_batch_counter SET last = last + 1 WHERE only_one = 1 RETURNING last"), &[])
        .await?;
    next.map(|(number,)| number).ok_or_else(|| stored("payout_batch_counter", "last"))
}

/// Writes a new batch down; its payouts are put into it one by one ([`save`](super::save)).
pub async fn insert_batch(tx: &Conn, batch: &Batch) -> Result<()> {
    tx.exec(
        sql!(
            "INSERT INTO payout_batches (id, number, created_at, created_by, payouts, total)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
        ),
        &[
            &batch.id,
            &batch.number,
            &At(batch.created_at),
            &batch.created_by.0,
            &batch.payouts,
            &batch.total.get(),
        ],
    )
    .await?;
    Ok(())
}

/// One batch (primary key).
pub async fn batch(c: &Conn, id: Uuid) -> Result<Option<Batch>> {
    let row = c
        .one(
            sql!(
                "SELECT id, number, created_at, created_by, payouts, total FROM payout_batches WHERE id = ?1"
            ),
            &[&id],
        )
        .await?;
    row.as_ref().map(read_batch).transpose()
}

/// One page of all batches, newest first, and how many there are (unique index on `number`).
pub async fn batches(c: &Conn, limit: i64, offset: i64) -> Result<(i64, Vec<Batch>)> {
    // numbered without a gap
    let count: Option<(i64,)> =
        c.one(sql!("SELECT last FROM payout_batch_counter WHERE only_one = 1"), &[]).await?;
    let rows: Vec<BatchRow> = c
        .all(
            sql!(
                "SELECT id, number, created_at, created_by, payouts, total FROM payout_batches
                 ORDER BY number DESC LIMIT ?1 OFFSET ?2"
            ),
            &[&limit, &offset],
        )
        .await?;
    Ok((count.map_or(0, |(n,)| n), rows.iter().map(read_batch).collect::<Result<_>>()?))
}

/// All of a batch with their whole IBANs, oldest first (index `payouts_by_batch`).
pub async fn of_batch(c: &Conn, keys: &Keyring, batch: Uuid) -> Result<Vec<Order>> {
    let rows: Vec<(Uuid, Vec<u8>, String, i64)> = c
        .all(
            sql!("SELECT id, iban, account_holder, amount FROM payouts WHERE batch_id = ?1 ORDER BY id"),
            &[&batch],
        )
        .await?;
    let order = |(payout, iban, account_holder, amount): (Uuid, Vec<u8>, String, i64)| -> Result<Order> {
        let iban = keys.open_text(IBAN, payout, Some(iban))?;
        Ok(Order {
            payout,
            iban: Sheba::parse(&iban).map_err(|_| stored("payouts", "iban"))?,
            account_holder,
            amount: Rials::new(amount).ok_or_else(|| stored("payouts", "amount"))?,
        })
    };
    rows.into_iter().map(order).collect()
}
