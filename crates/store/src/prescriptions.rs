//! Prescriptions (D26): at most one for each visit that is not cancelled.

use db::{At, Conn, record, sql};
use domain::{
    Timestamp,
    ids::{PrescriptionId, UserId, VisitId},
    prescription::{Item, Status},
};
use uuid::Uuid;

use crate::{Error, Keyring, Result, keyring::Field};

pub(crate) const ITEMS: Field = field("items");
pub(crate) const NOTES: Field = field("notes");
pub(crate) const REASON: Field = field("reason");

const fn field(column: &'static str) -> Field {
    Field { table: "prescriptions", column }
}

/// A prescription, and the people and the visit that it belongs to.
#[derive(Clone)]
pub struct Prescription {
    pub id: PrescriptionId,
    pub visit: VisitId,
    pub visit_starts_at: Timestamp,
    pub visit_ends_at: Timestamp,
    pub doctor: Person,
    pub patient: Person,
    pub status: Status,
    pub items: Vec<Item>,
    pub notes: String,
    /// Why it was cancelled.
    pub reason: String,
    pub created_at: Timestamp,
    pub signed_at: Option<Timestamp>,
    pub cancelled_at: Option<Timestamp>,
}

/// Somebody as they are named on a prescription.
#[derive(Clone)]
pub struct Person {
    pub id: UserId,
    pub first_name: String,
    pub last_name: String,
}

/// A draft that isn't there yet.
#[derive(Clone, Copy)]
pub struct New<'a> {
    pub id: PrescriptionId,
    pub visit: VisitId,
    pub doctor: UserId,
    pub patient: UserId,
    pub items: &'a [Item],
    pub notes: &'a str,
}

domain::blank_debug!(Prescription, Person, New<'_>);

record! {
    struct Row {
        id: Uuid,
        visit_id: Uuid,
        visit_starts_at: At,
        visit_ends_at: At,
        doctor_id: Uuid,
        doctor_first_name: String,
        doctor_last_name: String,
        patient_id: Uuid,
        patient_first_name: String,
        patient_last_name: String,
        status: String,
        items: Vec<u8>,
        notes: Option<Vec<u8>>,
        reason: Option<Vec<u8>>,
        created_at: At,
        signed_at: Option<At>,
        cancelled_at: Option<At>,
    }
}

fn prescription(keys: &Keyring, row: Row) -> Result<Prescription> {
    let id = row.id;
    let status = Status::parse(&row.status).ok_or_else(|| Error::Stored {
        table: "prescriptions",
        column: "status",
        cause: "not readable".into(),
    })?;
    Ok(Prescription {
        id: PrescriptionId(id),
        visit: VisitId(row.visit_id),
        visit_starts_at: row.visit_starts_at.0,
        visit_ends_at: row.visit_ends_at.0,
        doctor: Person {
            id: UserId(row.doctor_id),
            first_name: row.doctor_first_name,
            last_name: row.doctor_last_name,
        },
        patient: Person {
            id: UserId(row.patient_id),
            first_name: row.patient_first_name,
            last_name: row.patient_last_name,
        },
        status,
        items: keys.open_json(ITEMS, id, Some(row.items))?,
        notes: keys.open_text(NOTES, id, row.notes.as_deref())?,
        reason: keys.open_text(REASON, id, row.reason.as_deref())?,
        created_at: row.created_at.0,
        signed_at: row.signed_at.map(|At(at)| at),
        cancelled_at: row.cancelled_at.map(|At(at)| at),
    })
}

/// One prescription (primary keys).
pub async fn by_id(c: &Conn, keys: &Keyring, id: PrescriptionId) -> Result<Option<Prescription>> {
    let row = c
        .one(
            sql!(
                "SELECT p.id, p.visit_id, v.starts_at, v.ends_at, p.doctor_id, d.first_name, d.last_name,
                        p.patient_id, u.first_name, u.last_name, p.status, p.items, p.notes, p.reason, p.created_at,
                        p.signed_at, p.cancelled_at
                 FROM prescriptions p JOIN visits v ON v.id = p.visit_id
                 JOIN users d ON d.id = p.doctor_id JOIN users u ON u.id = p.patient_id
                 WHERE p.id = ?1"
            ),
            &[&id.0],
        )
        .await?;
    row.map(|row| prescription(keys, row)).transpose()
}

/// The same inside a transaction that will change it: nobody else changes it meanwhile.
pub async fn lock(tx: &Conn, keys: &Keyring, id: PrescriptionId) -> Result<Option<Prescription>> {
    let _held: Option<(Uuid,)> = tx
        .one(
            sql!(
                sqlite: "SELECT id FROM prescriptions WHERE id = ?1",
                postgres: "SELECT id FROM prescriptions WHERE id = $1 FOR UPDATE"
            ),
            &[&id.0],
        )
        .await?;
    by_id(tx, keys, id).await
}

/// The one of a visit that is not cancelled (unique index `prescriptions_once`).
pub async fn of_visit(c: &Conn, keys: &Keyring, visit: VisitId) -> Result<Option<Prescription>> {
    let row = c
        .one(
            sql!(
                "SELECT p.id, p.visit_id, v.starts_at, v.ends_at, p.doctor_id, d.first_name, d.last_name,
                        p.patient_id, u.first_name, u.last_name, p.status, p.items, p.notes, p.reason, p.created_at,
                        p.signed_at, p.cancelled_at
                 FROM prescriptions p JOIN visits v ON v.id = p.visit_id
                 JOIN users d ON d.id = p.doctor_id JOIN users u ON u.id = p.patient_id
                 WHERE p.visit_id = ?1 AND p.status <> 'cancelled'"
            ),
            &[&visit.0],
        )
        .await?;
    row.map(|row| prescription(keys, row)).transpose()
}

/// One page of what was signed for a patient, cancelled afterwards or not, newest first, and how many there
/// are (index `prescriptions_by_patient`).
pub async fn page_of_patient(
    c: &Conn,
    keys: &Keyring,
    patient: UserId,
    limit: i64,
    offset: i64,
) -> Result<(i64, Vec<Prescription>)> {
    let count: Option<(i64,)> = c
        .one(
            sql!("SELECT count(*) FROM prescriptions WHERE patient_id = ?1 AND signed_at IS NOT NULL"),
            &[&patient.0],
        )
        .await?;
    let rows: Vec<Row> = c
        .all(
            sql!(
                "SELECT p.id, p.visit_id, v.starts_at, v.ends_at, p.doctor_id, d.first_name, d.last_name,
                        p.patient_id, u.first_name, u.last_name, p.status, p.items, p.notes, p.reason, p.created_at,
                        p.signed_at, p.cancelled_at
                 FROM prescriptions p JOIN visits v ON v.id = p.visit_id
                 JOIN users d ON d.id = p.doctor_id JOIN users u ON u.id = p.patient_id
                 WHERE p.patient_id = ?1 AND p.signed_at IS NOT NULL
                 ORDER BY p.created_at DESC, p.id DESC LIMIT ?2 OFFSET ?3"
            ),
            &[&patient.0, &limit, &offset],
        )
        .await?;
    let prescriptions = rows.into_iter().map(|row| prescription(keys, row)).collect::<Result<_>>()?;
    Ok((count.map_or(0, |(n,)| n), prescriptions))
}

/// Adds a draft; false when the visit has a prescription that is not cancelled.
pub async fn insert(tx: &Conn, keys: &Keyring, new: &New<'_>, now: Timestamp) -> Result<bool> {
    let id = new.id.0;
    let added = tx
        .exec(
            sql!(
                "INSERT INTO prescriptions (id, visit_id, doctor_id, patient_id, status, items, items_count, notes,
                                            created_at, updated_at)
                 VALUES (?1, ?2, ?3, ?4, 'draft', ?5, ?6, ?7, ?8, ?8) ON CONFLICT DO NOTHING"
            ),
            &[
                &id,
                &new.visit.0,
                &new.doctor.0,
                &new.patient.0,
                &keys.seal_json(ITEMS, id, &new.items)?,
                &count(new.items),
                &optional(keys, NOTES, id, new.notes)?,
                &At(now),
            ],
        )
        .await?;
    Ok(added == 1)
}

/// Writes all items and the notes of a draft; false when it is none (any more).
pub async fn save_draft(
    tx: &Conn,
    keys: &Keyring,
    id: PrescriptionId,
    items: &[Item],
    notes: &str,
    now: Timestamp,
) -> Result<bool> {
    let changed = tx
        .exec(
            sql!(
                "UPDATE prescriptions SET items = ?2, items_count = ?3, notes = ?4, updated_at = ?5
                 WHERE id = ?1 AND status = 'draft'"
            ),
            &[
                &id.0,
                &keys.seal_json(ITEMS, id.0, &items)?,
                &count(items),
                &optional(keys, NOTES, id.0, notes)?,
                &At(now),
            ],
        )
        .await?;
    Ok(changed == 1)
}

/// Signs a draft; false when it is none (any more), or empty.
pub async fn sign(tx: &Conn, id: PrescriptionId, now: Timestamp) -> Result<bool> {
    let changed = tx
        .exec(
            sql!(
                "UPDATE prescriptions SET status = 'signed', signed_at = ?2, updated_at = ?2
                 WHERE id = ?1 AND status = 'draft' AND items_count > 0"
            ),
            &[&id.0, &At(now)],
        )
        .await?;
    Ok(changed == 1)
}

/// Cancels a draft or a signed one; false when it is cancelled already.
pub async fn cancel(
    tx: &Conn,
    keys: &Keyring,
    id: PrescriptionId,
    reason: &str,
    now: Timestamp,
) -> Result<bool> {
    let changed = tx
        .exec(
            sql!(
                "UPDATE prescriptions SET status = 'cancelled', reason = ?2, cancelled_at = ?3, updated_at = ?3
                 WHERE id = ?1 AND status <> 'cancelled'"
            ),
            &[&id.0, &optional(keys, REASON, id.0, reason)?, &At(now)],
        )
        .await?;
    Ok(changed == 1)
}

/// At most 50, as the database makes sure.
fn count(items: &[Item]) -> i64 {
    i64::try_from(items.len()).unwrap_or(i64::MAX)
}

fn optional(keys: &Keyring, field: Field, row: Uuid, text: &str) -> Result<Option<Vec<u8>>> {
    (!text.is_empty()).then(|| keys.seal_text(field, row, text)).transpose()
}
