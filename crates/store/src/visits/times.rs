//! When people are busy. Holds that have ended don't count.

use db::{At, Conn, sql};
use domain::{
    Timestamp,
    ids::{UserId, VisitId},
};
use uuid::Uuid;

use crate::Result;

/// No visit is longer, so one that reaches into a span begins at most this much before it. Microseconds.
const LONGEST: i64 = 4 * 3_600 * 1_000_000;

/// Times that live visits of a doctor occupy between two moments (index `visits_by_doctor`, covering).
pub async fn busy_of_doctor(
    c: &Conn,
    doctor: UserId,
    from: Timestamp,
    to: Timestamp,
    now: Timestamp,
) -> Result<Vec<(Timestamp, Timestamp)>> {
    let rows: Vec<(At, At)> = c
        .all(
            sql!(
                "SELECT starts_at, ends_at FROM visits
                 WHERE doctor_id = ?1 AND starts_at >= ?2 AND starts_at < ?3
                   AND (status IN ('confirmed', 'in_progress') OR (status = 'pending' AND hold_until > ?4))
                 ORDER BY starts_at"
            ),
            &[&doctor.0, &(from.as_microsecond() - LONGEST), &At(to), &At(now)],
        )
        .await?;
    Ok(rows.into_iter().map(|(At(start), At(end))| (start, end)).collect())
}

/// The same of several doctors in one statement.
pub async fn busy_of_doctors(
    c: &Conn,
    doctors: &[UserId],
    from: Timestamp,
    to: Timestamp,
    now: Timestamp,
) -> Result<Vec<(UserId, Timestamp, Timestamp)>> {
    let ids: Vec<String> = doctors.iter().map(|id| id.0.simple().to_string()).collect();
    let ids = serde_json::Value::from(ids).to_string();
    let rows: Vec<(Uuid, At, At)> = c
        .all(
            sql!(
                sqlite: "SELECT v.doctor_id, v.starts_at, v.ends_at FROM json_each(?1) d JOIN visits v ON v.doctor_id = unhex(d.value)
                         WHERE v.starts_at >= ?2 AND v.starts_at < ?3
                           AND (v.status IN ('confirmed', 'in_progress') OR (v.status = 'pending' AND v.hold_until > ?4))",
                postgres: "SELECT v.doctor_id, v.starts_at, v.ends_at
                           FROM jsonb_array_elements_text(CAST(CAST($1 AS TEXT) AS jsonb)) d (id) JOIN visits v ON v.doctor_id = CAST(d.id AS UUID)
                           WHERE v.starts_at >= $2 AND v.starts_at < $3
                             AND (v.status IN ('confirmed', 'in_progress') OR (v.status = 'pending' AND v.hold_until > $4))"
            ),
            &[&ids, &(from.as_microsecond() - LONGEST), &At(to), &At(now)],
        )
        .await?;
    Ok(rows.into_iter().map(|(id, At(start), At(end))| (UserId(id), start, end)).collect())
}

/// Visits of a doctor that are held or confirmed and still lie ahead, or go on, the earliest first (index
/// `visits_by_doctor`).
pub async fn ahead_of_doctor(c: &Conn, doctor: UserId, from: Timestamp, limit: i64) -> Result<Vec<VisitId>> {
    let rows: Vec<(Uuid,)> = c
        .all(
            sql!(
                "SELECT id FROM visits
                 WHERE doctor_id = ?1
                   AND ((starts_at > ?2 AND status IN ('pending', 'confirmed')) OR status = 'in_progress')
                 ORDER BY starts_at, id LIMIT ?3"
            ),
            &[&doctor.0, &At(from), &limit],
        )
        .await?;
    Ok(rows.into_iter().map(|(id,)| VisitId(id)).collect())
}

/// How many times a patient holds without having paid (index `visits_by_patient`, covering).
pub async fn holds_of_patient(c: &Conn, patient: UserId, now: Timestamp) -> Result<i64> {
    let found: Option<(i64,)> = c
        .one(
            sql!(
                "SELECT count(*) FROM visits
                 WHERE patient_id = ?1 AND starts_at >= ?2 AND status = 'pending' AND hold_until > ?2"
            ),
            &[&patient.0, &At(now)],
        )
        .await?;
    Ok(found.map_or(0, |(n,)| n))
}

/// Times that live visits of a patient occupy, but for one visit of theirs (index `visits_by_patient`).
pub async fn busy_of_patient(
    c: &Conn,
    patient: UserId,
    from: Timestamp,
    to: Timestamp,
    now: Timestamp,
    but: Option<VisitId>,
) -> Result<Vec<(Timestamp, Timestamp)>> {
    let rows: Vec<(Uuid, At, At)> = c
        .all(
            sql!(
                "SELECT id, starts_at, ends_at FROM visits
                 WHERE patient_id = ?1 AND starts_at >= ?2 AND starts_at < ?3
                   AND (status IN ('confirmed', 'in_progress') OR (status = 'pending' AND hold_until > ?4))
                 ORDER BY starts_at"
            ),
            &[&patient.0, &(from.as_microsecond() - LONGEST), &At(to), &At(now)],
        )
        .await?;
    let others = rows.into_iter().filter(|(id, ..)| but.is_none_or(|but| but.0 != *id));
    Ok(others.map(|(_, At(start), At(end))| (start, end)).collect())
}
