//! Doctors' money on its way to their banks (D35): what they asked for, and the batches that went out. The money itself
//! moves in the ledger and its holds, in the same transactions. IBANs are sealed; [`of_batch`] alone opens them.

mod batches;
mod lists;

use db::{At, Conn, record, sql};
use domain::{Rials, Timestamp, iban::Sheba, ids::UserId, payout::Status};
use uuid::Uuid;

use crate::{Error, Keyring, Result, keyring::Field};

pub use batches::{Batch, Order, batch, batches, insert_batch, lock_approved, next_batch_number, of_batch};
pub use lists::{by_status, count, of_doctor};

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
