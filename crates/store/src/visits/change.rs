//! What changes a visit. Each statement names the state that it starts from, so that of two that race one wins.

use db::{At, Conn, sql};
use domain::{
    Rials, Timestamp,
    ids::{UserId, VisitId},
    visit::{CancelledBy, Policy, Status},
};
use uuid::Uuid;

use super::{CHIEF_COMPLAINT, DESCRIPTION, INSURANCE_NUMBER, REASON, Visit};
use crate::{Error, Keyring, Result};

/// Microseconds of the pieces of time that a visit occupies; the triggers of the schema have the same.
const BUCKET: i64 = 300_000_000;
/// Visits of a doctor that may lie on top of each other when admins say so.
const LANES: i64 = 4;

/// How often a visit may be moved.
const MOVES: i64 = 5;

/// Why a visit could not take its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// The doctor has another live visit then.
    ByDoctor,
    /// The patient has another live visit then.
    ByPatient,
    /// Another visit has this booking reference: choose another.
    Reference,
}

/// Which table of times refused the row, by its unique key or its trigger; the names are those of the schema.
fn taken(e: Error) -> Result<Taken> {
    let Error::Db(db::Error::Unique(key) | db::Error::Constraint(key)) = &e else { return Err(e) };
    if key.contains("doctor_times") {
        Ok(Taken::ByDoctor)
    } else if key.contains("patient_times") {
        Ok(Taken::ByPatient)
    } else {
        Err(e)
    }
}

/// The lowest lane of a doctor that is free between two moments; none when all are taken (primary key).
pub async fn free_lane(
    tx: &Conn,
    doctor: UserId,
    starts_at: Timestamp,
    ends_at: Timestamp,
) -> Result<Option<i64>> {
    let (first, end) = (starts_at.as_microsecond() / BUCKET, ends_at.as_microsecond() / BUCKET);
    let taken: Vec<(i64,)> = tx
        .all(
            sql!(
                "SELECT DISTINCT lane FROM doctor_times WHERE doctor_id = ?1 AND bucket >= ?2 AND bucket < ?3"
            ),
            &[&doctor.0, &first, &end],
        )
        .await?;
    Ok((0..LANES).find(|lane| !taken.contains(&(*lane,))))
}

/// Whether anything but this visit of the doctor's lies between two moments, in whatever lane (primary key).
pub async fn is_taken(
    tx: &Conn,
    doctor: UserId,
    starts_at: Timestamp,
    ends_at: Timestamp,
    but: Option<VisitId>,
) -> Result<bool> {
    let (first, end) = (starts_at.as_microsecond() / BUCKET, ends_at.as_microsecond() / BUCKET);
    let found: Vec<(Uuid,)> = tx
        .all(
            sql!(
                "SELECT DISTINCT visit_id FROM doctor_times WHERE doctor_id = ?1 AND bucket >= ?2 AND bucket < ?3"
            ),
            &[&doctor.0, &first, &end],
        )
        .await?;
    Ok(found.into_iter().any(|(id,)| but.is_none_or(|but| but.0 != id)))
}

/// Adds a visit. On `Err(Taken)` by doctor or patient the transaction is lost; with a taken reference it goes on.
pub async fn insert(tx: &Conn, keys: &Keyring, visit: &Visit) -> Result<Result<(), Taken>> {
    let id = visit.id.0;
    let number = (!visit.insurance_number.is_empty())
        .then(|| keys.seal_text(INSURANCE_NUMBER, id, &visit.insurance_number))
        .transpose()?;
    let added = tx
        .exec(
            sql!(
                "INSERT INTO visits (id, doctor_id, patient_id, reference, visit_type, status, lane, starts_at, ends_at,
                        hold_until, chief_complaint, description, insurer, insurance_number, total, insurance_share,
                        patient_share, policy_version, free_until, fee_percent, pay_token, paid, refunded, created_at,
                        updated_at, paid_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21,
                         ?22, 0, ?23, ?23, ?24)
                 ON CONFLICT (reference) DO NOTHING"
            ),
            &[
                &id,
                &visit.doctor.0,
                &visit.patient.0,
                &visit.reference,
                &visit.kind.as_str(),
                &visit.status.as_str(),
                &visit.lane,
                &At(visit.starts_at),
                &At(visit.ends_at),
                &visit.hold_until.map(At),
                &keys.seal_text(CHIEF_COMPLAINT, id, &visit.chief_complaint)?,
                &keys.seal_text(DESCRIPTION, id, &visit.description)?,
                &visit.insurer,
                &number,
                &visit.price.total.get(),
                &visit.price.insurance_share.get(),
                &visit.price.patient_share.get(),
                &visit.policy.version,
                &At(visit.policy.free_until),
                &i64::from(visit.policy.fee_percent),
                &visit.pay_token,
                &visit.paid.get(),
                &At(visit.created_at),
                &visit.paid_at.map(At),
            ],
        )
        .await;
    match added.map_err(Error::from) {
        Ok(1) => Ok(Ok(())),
        Ok(_) => Ok(Err(Taken::Reference)),
        Err(e) => taken(e).map(Err),
    }
}

/// Paid: the hold has become a visit. False when it isn't pending any more.
pub async fn confirm(tx: &Conn, id: VisitId, paid: Rials, now: Timestamp) -> Result<bool> {
    let changed = tx
        .exec(
            sql!(
                "UPDATE visits SET status = 'confirmed', hold_until = NULL, paid = ?2, paid_at = ?3, updated_at = ?3
                 WHERE id = ?1 AND status = 'pending' AND hold_until > ?3"
            ),
            &[&id.0, &paid.get(), &At(now)],
        )
        .await?;
    Ok(changed == 1)
}

/// The doctor has begun. False when it isn't confirmed.
pub async fn start(tx: &Conn, id: VisitId, now: Timestamp) -> Result<bool> {
    let changed = tx
        .exec(
            sql!(
                "UPDATE visits SET status = 'in_progress', started_at = ?2, updated_at = ?2
                 WHERE id = ?1 AND status = 'confirmed'"
            ),
            &[&id.0, &At(now)],
        )
        .await?;
    Ok(changed == 1)
}

/// Over: completed, or the patient didn't come. False when it isn't in the state before.
pub async fn end(tx: &Conn, id: VisitId, from: Status, to: Status, now: Timestamp) -> Result<bool> {
    let changed = tx
        .exec(
            sql!(
                "UPDATE visits SET status = ?3, ended_at = ?4, updated_at = ?4 WHERE id = ?1 AND status = ?2"
            ),
            &[&id.0, &from.as_str(), &to.as_str(), &At(now)],
        )
        .await?;
    Ok(changed == 1)
}

/// Cancelled; its time is free again. False when it is neither pending nor confirmed; an admin cancels one that goes on
/// too.
pub async fn cancel(
    tx: &Conn,
    keys: &Keyring,
    id: VisitId,
    by: CancelledBy,
    refunded: Rials,
    reason: &str,
    now: Timestamp,
) -> Result<bool> {
    let reason = (!reason.is_empty()).then(|| keys.seal_text(REASON, id.0, reason)).transpose()?;
    let changed = tx
        .exec(
            sql!(
                "UPDATE visits SET status = 'cancelled', hold_until = NULL, cancelled_by = ?2, refunded = ?3, reason = ?4,
                        cancelled_at = ?5, updated_at = ?5
                 WHERE id = ?1 AND (status IN ('pending', 'confirmed') OR (status = 'in_progress' AND ?2 = 'admin'))"
            ),
            &[&id.0, &by.as_str(), &refunded.get(), &reason, &At(now)],
        )
        .await?;
    Ok(changed == 1)
}

/// Paid visits that should have ended before this moment and have not, whether they began or not, the oldest first
/// (index `visits_forgotten`).
pub async fn forgotten(c: &Conn, before: Timestamp, limit: i64) -> Result<Vec<VisitId>> {
    let rows: Vec<(Uuid,)> = c
        .all(
            sql!(
                "SELECT id FROM visits WHERE status IN ('confirmed', 'in_progress') AND ends_at <= ?1
                 ORDER BY ends_at, id LIMIT ?2"
            ),
            &[&At(before), &limit],
        )
        .await?;
    Ok(rows.into_iter().map(|(id,)| VisitId(id)).collect())
}

/// Another time, price and people as they were. The transaction is lost when the time is taken.
pub async fn reschedule(
    tx: &Conn,
    id: VisitId,
    starts_at: Timestamp,
    ends_at: Timestamp,
    policy: &Policy,
    now: Timestamp,
) -> Result<Result<bool, Taken>> {
    let changed = tx
        .exec(
            sql!(
                "UPDATE visits SET starts_at = ?2, ends_at = ?3, free_until = ?4, lane = 0, moves = moves + 1, updated_at = ?5,
                        hold_until = CASE WHEN hold_until > ?2 THEN ?2 ELSE hold_until END
                 WHERE id = ?1 AND moves < ?6 AND (status = 'confirmed' OR (status = 'pending' AND hold_until > ?5))"
            ),
            &[&id.0, &At(starts_at), &At(ends_at), &At(policy.free_until), &At(now), &MOVES],
        )
        .await;
    match changed.map_err(Error::from) {
        Ok(n) => Ok(Ok(n == 1)),
        Err(e) => taken(e).map(Err),
    }
}

/// Writes down the end of holds that have ended and are in the way of this time: of the doctor's or of the patient's
/// (primary keys of the times).
pub async fn expire(
    tx: &Conn,
    doctor: UserId,
    patient: UserId,
    starts_at: Timestamp,
    ends_at: Timestamp,
    now: Timestamp,
) -> Result<u64> {
    let (first, end) = (starts_at.as_microsecond() / BUCKET, ends_at.as_microsecond() / BUCKET);
    let changed = tx
        .exec(
            sql!(
                "UPDATE visits SET status = 'cancelled', cancelled_by = 'expired', cancelled_at = hold_until,
                        hold_until = NULL, updated_at = ?5
                 WHERE status = 'pending' AND hold_until <= ?5 AND id IN (
                   SELECT visit_id FROM doctor_times WHERE doctor_id = ?1 AND bucket >= ?3 AND bucket < ?4
                   UNION SELECT visit_id FROM patient_times WHERE patient_id = ?2 AND bucket >= ?3 AND bucket < ?4)"
            ),
            &[&doctor.0, &patient.0, &first, &end, &At(now)],
        )
        .await?;
    Ok(changed)
}

/// Writes down the end of holds that have ended, the oldest first; how many there were (index `visits_by_hold`).
pub async fn expire_due(tx: &Conn, limit: i64, now: Timestamp) -> Result<u64> {
    let changed = tx
        .exec(
            sql!(
                "UPDATE visits SET status = 'cancelled', cancelled_by = 'expired', cancelled_at = hold_until,
                        hold_until = NULL, updated_at = ?1
                 WHERE status = 'pending' AND id IN (
                   SELECT id FROM visits WHERE hold_until IS NOT NULL AND hold_until <= ?1 ORDER BY hold_until LIMIT ?2)"
            ),
            &[&At(now), &limit],
        )
        .await?;
    Ok(changed)
}

/// Writes down money that came for a visit: `payment`, or `late` when the hold had ended (D19). False when the visit
/// has been paid already (unique index).
pub async fn note_payment(
    tx: &Conn,
    id: Uuid,
    visit: VisitId,
    method: &str,
    is_late: bool,
    amount: Rials,
    now: Timestamp,
) -> Result<bool> {
    let kind = if is_late { "late" } else { "payment" };
    note(tx, id, visit, method, kind, amount, now).await
}

/// Writes down money that went back. False when that was done already (unique index).
pub async fn note_refund(
    tx: &Conn,
    id: Uuid,
    visit: VisitId,
    method: &str,
    amount: Rials,
    now: Timestamp,
) -> Result<bool> {
    note(tx, id, visit, method, "refund", amount, now).await
}

async fn note(
    tx: &Conn,
    id: Uuid,
    visit: VisitId,
    method: &str,
    kind: &str,
    amount: Rials,
    now: Timestamp,
) -> Result<bool> {
    let added = tx
        .exec(
            sql!(
                "INSERT INTO visit_payments (id, visit_id, method, kind, amount, created_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING"
            ),
            &[&id, &visit.0, &method, &kind, &amount.get(), &At(now)],
        )
        .await?;
    Ok(added == 1)
}
