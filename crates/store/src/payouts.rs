//! Doctors' money on its way to their banks (D35): what they asked for, and the batches that went out. The money itself
//! moves in the ledger and its holds, in the same transactions. IBANs are sealed; [`of_batch`] alone opens them.

use db::{At, Conn, record, sql};
use domain::{Rials, Timestamp, iban::Sheba, ids::UserId, payout::Status};
use uuid::Uuid;

use crate::{Error, Keyring, Result, keyring::Field};

pub(crate) const IBAN: Field = Field { table: "payouts", column: "iban" };

/// What is asked for.
pub struct New<'a> {
    pub id: Uuid,
    pub doctor: UserId,
    /// Open, of this doctor, and of the same amount.
    pub hold: Uuid,
    pub amount: Rials,
    pub iban: &'a Sheba,
    /// The account's owner, as the bank knows them.
    pub account_holder: &'a str,
    pub at: Timestamp,
}

/// A payout as it is stored, without its IBAN, and its doctor's name.
#[derive(Clone, PartialEq, Eq)]
pub struct Payout {
    pub id: Uuid,
    pub doctor: UserId,
    pub first_name: String,
    pub last_name: String,
    pub hold: Uuid,
    pub amount: Rials,
    /// What may be shown of it.
    pub iban_masked: String,
    pub account_holder: String,
    pub status: Status,
    pub batch: Option<Uuid>,
    /// Why it was rejected or returned, or the empty text.
    pub reason: String,
    pub created_at: Timestamp,
    pub approved_at: Option<Timestamp>,
    pub exported_at: Option<Timestamp>,
    pub paid_at: Option<Timestamp>,
    /// When it was rejected, cancelled or returned.
    pub closed_at: Option<Timestamp>,
}

domain::blank_debug!(Payout);

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
    struct Row {
        id: Uuid,
        doctor_id: Uuid,
        first_name: String,
        last_name: String,
        hold_id: Uuid,
        amount: i64,
        iban_masked: String,
        account_holder: String,
        status: String,
        batch_id: Option<Uuid>,
        reason: String,
        created_at: At,
        approved_at: Option<At>,
        exported_at: Option<At>,
        paid_at: Option<At>,
        closed_at: Option<At>,
    }
}

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

fn stored(table: &'static str, column: &'static str) -> Error {
    Error::Stored { table, column, cause: "not readable".into() }
}

fn payout(row: Row) -> Result<Payout> {
    let moment = |at: Option<At>| at.map(|At(at)| at);
    Ok(Payout {
        id: row.id,
        doctor: UserId(row.doctor_id),
        first_name: row.first_name,
        last_name: row.last_name,
        hold: row.hold_id,
        amount: Rials::new(row.amount).ok_or_else(|| stored("payouts", "amount"))?,
        iban_masked: row.iban_masked,
        account_holder: row.account_holder,
        status: Status::parse(&row.status).map_err(|_| stored("payouts", "status"))?,
        batch: row.batch_id,
        reason: row.reason,
        created_at: row.created_at.0,
        approved_at: moment(row.approved_at),
        exported_at: moment(row.exported_at),
        paid_at: moment(row.paid_at),
        closed_at: moment(row.closed_at),
    })
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

/// Writes down what is asked for.
pub async fn insert(tx: &Conn, keys: &Keyring, new: &New<'_>) -> Result<()> {
    tx.exec(
        sql!(
            "INSERT INTO payouts (id, doctor_id, hold_id, amount, iban, iban_masked, account_holder, status, reason, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'requested', '', ?8)"
        ),
        &[
            &new.id,
            &new.doctor.0,
            &new.hold,
            &new.amount.get(),
            &keys.seal_text(IBAN, new.id, new.iban.expose())?,
            &new.iban.masked(),
            &new.account_holder,
            &At(new.at),
        ],
    )
    .await?;
    Ok(())
}

/// One of them (primary key).
pub async fn by_id(c: &Conn, id: Uuid) -> Result<Option<Payout>> {
    let row = c
        .one(
            sql!(
                "SELECT p.id, p.doctor_id, u.first_name, u.last_name, p.hold_id, p.amount, p.iban_masked,
                        p.account_holder, p.status, p.batch_id, p.reason, p.created_at, p.approved_at, p.exported_at,
                        p.paid_at, p.closed_at
                 FROM payouts p JOIN users u ON u.id = p.doctor_id WHERE p.id = ?1"
            ),
            &[&id],
        )
        .await?;
    row.map(payout).transpose()
}

/// The same inside a transaction that will change it: nobody else changes it meanwhile.
pub async fn lock(tx: &Conn, id: Uuid) -> Result<Option<Payout>> {
    let _held: Option<(Uuid,)> = tx
        .one(
            sql!(
                sqlite: "SELECT id FROM payouts WHERE id = ?1",
                postgres: "SELECT id FROM payouts WHERE id = $1 FOR NO KEY UPDATE"
            ),
            &[&id],
        )
        .await?;
    by_id(tx, id).await
}

/// Writes down what a step has changed: status, batch, reason and moments. False when it was not in that status any
/// more (primary key). Its money must have moved before.
pub async fn save(tx: &Conn, from: Status, payout: &Payout) -> Result<bool> {
    let changed = tx
        .exec(
            sql!(
                "UPDATE payouts SET status = ?3, batch_id = ?4, reason = ?5, approved_at = ?6, exported_at = ?7,
                        paid_at = ?8, closed_at = ?9
                 WHERE id = ?1 AND status = ?2"
            ),
            &[
                &payout.id,
                &from.as_str(),
                &payout.status.as_str(),
                &payout.batch,
                &payout.reason,
                &payout.approved_at.map(At),
                &payout.exported_at.map(At),
                &payout.paid_at.map(At),
                &payout.closed_at.map(At),
            ],
        )
        .await?;
    Ok(changed == 1)
}

/// One page of a doctor's, newest first, and how many there are (index `payouts_by_doctor`, covering).
pub async fn of_doctor(
    c: &Conn,
    doctor: UserId,
    status: Option<Status>,
    limit: i64,
    offset: i64,
) -> Result<(i64, Vec<Payout>)> {
    let status = status.map(Status::as_str);
    let count: Option<(i64,)> = c
        .one(
            sql!(
                "SELECT count(*) FROM payouts
                 WHERE doctor_id = ?1 AND (CAST(?2 AS TEXT) IS NULL OR status = ?2)"
            ),
            &[&doctor.0, &status],
        )
        .await?;
    let rows: Vec<Row> = c
        .all(
            sql!(
                "SELECT p.id, p.doctor_id, u.first_name, u.last_name, p.hold_id, p.amount, p.iban_masked,
                        p.account_holder, p.status, p.batch_id, p.reason, p.created_at, p.approved_at, p.exported_at,
                        p.paid_at, p.closed_at
                 FROM (SELECT id AS page_id FROM payouts
                   WHERE doctor_id = ?1 AND (CAST(?2 AS TEXT) IS NULL OR status = ?2)
                   ORDER BY created_at DESC, id DESC LIMIT ?3 OFFSET ?4) page
                 JOIN payouts p ON p.id = page.page_id JOIN users u ON u.id = p.doctor_id
                 ORDER BY p.created_at DESC, p.id DESC"
            ),
            &[&doctor.0, &status, &limit, &offset],
        )
        .await?;
    Ok((count.map_or(0, |(n,)| n), rows.into_iter().map(payout).collect::<Result<_>>()?))
}

/// One page of those in this status, oldest first, and how many there are (index `payouts_by_status`, covering).
pub async fn by_status(c: &Conn, status: Status, limit: i64, offset: i64) -> Result<(i64, Vec<Payout>)> {
    let count = count(c, status).await?;
    let rows: Vec<Row> = c
        .all(
            sql!(
                "SELECT p.id, p.doctor_id, u.first_name, u.last_name, p.hold_id, p.amount, p.iban_masked,
                        p.account_holder, p.status, p.batch_id, p.reason, p.created_at, p.approved_at, p.exported_at,
                        p.paid_at, p.closed_at
                 FROM (SELECT id AS page_id FROM payouts WHERE status = ?1
                   ORDER BY created_at, id LIMIT ?2 OFFSET ?3) page
                 JOIN payouts p ON p.id = page.page_id JOIN users u ON u.id = p.doctor_id
                 ORDER BY p.created_at, p.id"
            ),
            &[&status.as_str(), &limit, &offset],
        )
        .await?;
    Ok((count, rows.into_iter().map(payout).collect::<Result<_>>()?))
}

/// How many are in this status (index `payouts_by_status`, covering).
pub async fn count(c: &Conn, status: Status) -> Result<i64> {
    let count: Option<(i64,)> =
        c.one(sql!("SELECT count(*) FROM payouts WHERE status = ?1"), &[&status.as_str()]).await?;
    Ok(count.map_or(0, |(n,)| n))
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

/// Writes a new batch down; its payouts are put into it one by one ([`save`]).
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
        let iban = keys.open_text(IBAN, payout, Some(&iban))?;
        Ok(Order {
            payout,
            iban: Sheba::parse(&iban).map_err(|_| stored("payouts", "iban"))?,
            account_holder,
            amount: Rials::new(amount).ok_or_else(|| stored("payouts", "amount"))?,
        })
    };
    rows.into_iter().map(order).collect()
}
