//! Visits: one row each, the times that they occupy (kept by triggers), what was paid for them.

mod change;
mod lists;
mod period;
mod stats;
mod times;

use db::{At, Conn, record, sql};
use domain::{
    Rials, Timestamp,
    ids::{UserId, VisitId},
    visit::{Policy, Price, Status, VisitType},
};
use uuid::Uuid;

use crate::{Error, Keyring, Result, keyring::Field};

pub use change::{
    Taken, cancel, confirm, end, expire, expire_due, forgotten, free_lane, insert, is_taken, note_payment,
    note_refund, reschedule, start,
};
pub use lists::{
    ForDoctor, ForPatient, ListFilter, of_doctor, of_patient, one_for_doctor, one_for_patient, upcoming,
};
pub use period::{count_in, uncount};
pub use stats::{Stats, stats};
pub use times::{ahead_of_doctor, busy_of_doctor, busy_of_doctors, busy_of_patient, holds_of_patient};

pub(crate) const CHIEF_COMPLAINT: Field = field("chief_complaint");
pub(crate) const DESCRIPTION: Field = field("description");
pub(crate) const INSURANCE_NUMBER: Field = field("insurance_number");
pub(crate) const REASON: Field = field("reason");

const fn field(column: &'static str) -> Field {
    Field { table: "visits", column }
}

/// A visit as it is stored.
#[derive(Clone)]
pub struct Visit {
    pub id: VisitId,
    pub doctor: UserId,
    pub patient: UserId,
    pub reference: String,
    pub kind: VisitType,
    /// As stored; [`Visit::status_at`] knows about holds that have ended.
    pub status: Status,
    /// 0, but for a visit that an admin put on top of another.
    pub lane: i64,
    pub starts_at: Timestamp,
    pub ends_at: Timestamp,
    pub hold_until: Option<Timestamp>,
    pub chief_complaint: String,
    pub description: String,
    pub insurer: Option<String>,
    pub insurance_number: String,
    pub price: Price,
    pub policy: Policy,
    /// The secret in the address of the page where it is paid.
    pub pay_token: Uuid,
    pub paid: Rials,
    pub refunded: Rials,
    pub paid_at: Option<Timestamp>,
    pub started_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    pub cancelled_at: Option<Timestamp>,
    pub cancelled_by: Option<String>,
    pub reason: String,
    pub created_at: Timestamp,
}

domain::blank_debug!(Visit);

impl Visit {
    /// Whether its doctor may see what the patient said (D23): while it is confirmed or goes on, and for 30 days after
    /// it was completed.
    #[must_use]
    pub fn is_seen_by_doctor(&self, now: Timestamp) -> bool {
        const AFTER: domain::SignedDuration = domain::SignedDuration::from_hours(24 * 30);
        match self.status_at(now) {
            Status::Confirmed | Status::InProgress => true,
            Status::Completed => now <= self.ended_at.unwrap_or(self.ends_at) + AFTER,
            Status::Pending | Status::Cancelled | Status::NoShow => false,
        }
    }

    /// A hold ends at its time, whether or not somebody has written that down (D19).
    #[must_use]
    pub fn status_at(&self, now: Timestamp) -> Status {
        match (self.status, self.hold_until) {
            (Status::Pending, Some(until)) if until <= now => Status::Cancelled,
            (status, _) => status,
        }
    }
}

record! {
    pub(crate) struct Row {
        id: Uuid,
        doctor_id: Uuid,
        patient_id: Uuid,
        reference: String,
        visit_type: String,
        status: String,
        lane: i64,
        starts_at: At,
        ends_at: At,
        hold_until: Option<At>,
        chief_complaint: Vec<u8>,
        description: Vec<u8>,
        insurer: Option<String>,
        insurance_number: Option<Vec<u8>>,
        total: i64,
        insurance_share: i64,
        patient_share: i64,
        policy_version: i64,
        free_until: At,
        fee_percent: i64,
        pay_token: Uuid,
        paid: i64,
        refunded: i64,
        paid_at: Option<At>,
        started_at: Option<At>,
        ended_at: Option<At>,
        cancelled_at: Option<At>,
        cancelled_by: Option<String>,
        reason: Option<Vec<u8>>,
        created_at: At,
    }
}

fn stored(column: &'static str) -> Error {
    Error::Stored { table: "visits", column, cause: "not readable".into() }
}

pub(crate) fn rials(amount: i64, column: &'static str) -> Result<Rials> {
    Rials::new(amount).ok_or_else(|| stored(column))
}

fn visit(keys: &Keyring, row: Row) -> Result<Visit> {
    let id = row.id;
    let moment = |at: Option<At>| at.map(|At(at)| at);
    Ok(Visit {
        id: VisitId(id),
        doctor: UserId(row.doctor_id),
        patient: UserId(row.patient_id),
        reference: row.reference,
        kind: VisitType::parse(&row.visit_type).map_err(|_| stored("visit_type"))?,
        status: Status::parse(&row.status).map_err(|_| stored("status"))?,
        lane: row.lane,
        starts_at: row.starts_at.0,
        ends_at: row.ends_at.0,
        hold_until: moment(row.hold_until),
        chief_complaint: keys.open_text(CHIEF_COMPLAINT, id, Some(row.chief_complaint))?,
        description: keys.open_text(DESCRIPTION, id, Some(row.description))?,
        insurer: row.insurer,
        insurance_number: keys.open_text(INSURANCE_NUMBER, id, row.insurance_number.as_deref())?,
        price: Price {
            total: rials(row.total, "total")?,
            insurance_share: rials(row.insurance_share, "insurance_share")?,
            patient_share: rials(row.patient_share, "patient_share")?,
        },
        policy: Policy {
            version: row.policy_version,
            free_until: row.free_until.0,
            fee_percent: u8::try_from(row.fee_percent).map_err(|_| stored("fee_percent"))?,
        },
        pay_token: row.pay_token,
        paid: rials(row.paid, "paid")?,
        refunded: rials(row.refunded, "refunded")?,
        paid_at: moment(row.paid_at),
        started_at: moment(row.started_at),
        ended_at: moment(row.ended_at),
        cancelled_at: moment(row.cancelled_at),
        cancelled_by: row.cancelled_by,
        reason: keys.open_text(REASON, id, row.reason.as_deref())?,
        created_at: row.created_at.0,
    })
}

/// One visit (primary key).
pub async fn by_id(c: &Conn, keys: &Keyring, id: VisitId) -> Result<Option<Visit>> {
    let row = c
        .one(
            sql!(
                "SELECT id, doctor_id, patient_id, reference, visit_type, status, lane, starts_at, ends_at, hold_until,
                        chief_complaint, description, insurer, insurance_number, total, insurance_share,
                        patient_share, policy_version, free_until, fee_percent, pay_token, paid, refunded, paid_at,
                        started_at, ended_at, cancelled_at, cancelled_by, reason, created_at
                 FROM visits WHERE id = ?1"
            ),
            &[&id.0],
        )
        .await?;
    row.map(|row| visit(keys, row)).transpose()
}

/// The visit that is paid at this address (unique index on `pay_token`).
pub async fn by_pay_token(c: &Conn, keys: &Keyring, token: Uuid) -> Result<Option<Visit>> {
    let found: Option<(Uuid,)> = c.one(sql!("SELECT id FROM visits WHERE pay_token = ?1"), &[&token]).await?;
    match found {
        Some((id,)) => by_id(c, keys, VisitId(id)).await,
        None => Ok(None),
    }
}

/// The same inside a transaction that will change it: nobody else changes it meanwhile.
pub async fn lock(tx: &Conn, keys: &Keyring, id: VisitId) -> Result<Option<Visit>> {
    let _held: Option<(Uuid,)> = tx
        .one(
            sql!(
                sqlite: "SELECT id FROM visits WHERE id = ?1",
                postgres: "SELECT id FROM visits WHERE id = $1 FOR UPDATE"
            ),
            &[&id.0],
        )
        .await?;
    by_id(tx, keys, id).await
}
