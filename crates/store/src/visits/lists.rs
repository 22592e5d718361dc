//! Lists of visits, with the names that they are shown with.

use db::{At, Column, Conn, FromRow, Param, Sql, sql};
use domain::{
    Date, Timestamp,
    ids::{PrescriptionId, UserId, VisitId},
    profile::Gender,
    visit::Status,
};
use uuid::Uuid;

use super::{Row, Visit, visit};
use crate::{Keyring, Result};

/// Which visits a list shows.
#[derive(Clone, Copy, Debug, Default)]
pub struct ListFilter {
    pub status: Option<Status>,
    /// Starts at or after.
    pub from: Option<Timestamp>,
    /// Starts before.
    pub to: Option<Timestamp>,
    pub doctor: Option<UserId>,
    /// The earliest first, for a calendar; otherwise the latest. A patient's list begins with the latest.
    pub ascending: bool,
}

/// A visit as its patient sees it.
#[derive(Clone, Debug)]
pub struct ForPatient {
    pub visit: Visit,
    pub doctor_first_name: String,
    pub doctor_last_name: String,
    /// The specialty's title, or its code where it has none.
    pub specialty: String,
    /// The signed prescription and how many drugs it has.
    pub prescription: Option<(PrescriptionId, i64)>,
    /// The patient's own rating, 1 to 5.
    pub score: Option<i64>,
}

/// A visit as its doctor sees it.
#[derive(Clone)]
pub struct ForDoctor {
    pub visit: Visit,
    pub patient_first_name: String,
    pub patient_last_name: String,
    pub gender: Option<Gender>,
    pub date_of_birth: Option<Date>,
    /// The prescription that is a draft or signed, and how many drugs it has.
    pub prescription: Option<(PrescriptionId, i64)>,
}

domain::blank_debug!(ForDoctor);

/// A row of `visits` and what belongs to it: a name, then four columns more.
struct Joined<A, B> {
    row: Row,
    first_name: String,
    last_name: String,
    about: (A, B),
    prescription: Option<(PrescriptionId, i64)>,
}

/// Columns of [`Row`].
const COLUMNS: usize = 30;

impl<A: Column + Send + 'static, B: Column + Send + 'static> Joined<A, B> {
    fn read(row: &db::Row<'_>, about: (usize, usize), prescription: usize) -> db::Result<Self> {
        let id: Option<Uuid> = row.get(COLUMNS + prescription)?;
        let items: Option<i64> = row.get(COLUMNS + prescription + 1)?;
        Ok(Self {
            row: Row::from_row(row)?,
            first_name: row.get(COLUMNS)?,
            last_name: row.get(COLUMNS + 1)?,
            about: (row.get(COLUMNS + about.0)?, row.get(COLUMNS + about.1)?),
            prescription: id.map(PrescriptionId).zip(items),
        })
    }
}

/// Of a doctor: specialty and the patient's rating.
struct PatientRow(Joined<String, Option<i64>>);
/// Of a patient: gender and birth date.
struct DoctorRow(Joined<Option<String>, Option<String>>);

impl FromRow for PatientRow {
    fn from_row(row: &db::Row<'_>) -> db::Result<Self> {
        Joined::read(row, (2, 5), 3).map(Self)
    }
}

impl FromRow for DoctorRow {
    fn from_row(row: &db::Row<'_>) -> db::Result<Self> {
        Joined::read(row, (2, 3), 4).map(Self)
    }
}

fn for_patient(keys: &Keyring, PatientRow(joined): PatientRow) -> Result<ForPatient> {
    let (specialty, score) = joined.about;
    Ok(ForPatient {
        visit: visit(keys, joined.row)?,
        doctor_first_name: joined.first_name,
        doctor_last_name: joined.last_name,
        specialty,
        prescription: joined.prescription,
        score,
    })
}

fn for_doctor(keys: &Keyring, DoctorRow(joined): DoctorRow) -> Result<ForDoctor> {
    let (gender, date_of_birth) = joined.about;
    Ok(ForDoctor {
        visit: visit(keys, joined.row)?,
        patient_first_name: joined.first_name,
        patient_last_name: joined.last_name,
        gender: gender.and_then(|name| Gender::parse(&name).ok()),
        date_of_birth: date_of_birth.and_then(|day| day.parse().ok()),
        prescription: joined.prescription,
    })
}

/// One page of a patient's visits and how many there are, in two statements (index `visits_by_patient`, covering).
pub async fn of_patient(
    c: &Conn,
    keys: &Keyring,
    patient: UserId,
    filter: &ListFilter,
    limit: i64,
    offset: i64,
    now: Timestamp,
) -> Result<(i64, Vec<ForPatient>)> {
    let (count, page) = (
        sql!(
            "SELECT count(*) FROM visits
               WHERE patient_id = ?1 AND starts_at >= ?2 AND starts_at < ?3
                 AND (CAST(?4 AS TEXT) IS NULL
                      OR CASE WHEN status = 'pending' AND hold_until <= ?5 THEN 'cancelled' ELSE status END = ?4)
                 AND (CAST(?6 AS UUID) IS NULL OR doctor_id = ?6)"
        ),
        sql!(
            "SELECT v.id, v.doctor_id, v.patient_id, v.reference, v.visit_type, v.status, v.lane, v.starts_at,
                    v.ends_at, v.hold_until, v.chief_complaint, v.description, v.insurer, v.insurance_number, v.total,
                    v.insurance_share, v.patient_share, v.policy_version, v.free_until, v.fee_percent, v.pay_token,
                    v.paid, v.refunded, v.paid_at, v.started_at, v.ended_at, v.cancelled_at, v.cancelled_by, v.reason,
                    v.created_at, u.first_name, u.last_name, coalesce(s.title, d.specialty), p.id, p.items_count,
                    r.score
             FROM (SELECT id AS page_id FROM visits
               WHERE patient_id = ?1 AND starts_at >= ?2 AND starts_at < ?3
                 AND (CAST(?4 AS TEXT) IS NULL
                      OR CASE WHEN status = 'pending' AND hold_until <= ?5 THEN 'cancelled' ELSE status END = ?4)
                 AND (CAST(?6 AS UUID) IS NULL OR doctor_id = ?6)
               ORDER BY starts_at DESC, id DESC LIMIT ?7 OFFSET ?8) page
             JOIN visits v ON v.id = page.page_id
             JOIN doctors d ON d.user_id = v.doctor_id JOIN users u ON u.id = v.doctor_id
             LEFT JOIN specialties s ON s.code = d.specialty
             LEFT JOIN prescriptions p ON p.visit_id = v.id AND p.status = 'signed'
             LEFT JOIN ratings r ON r.visit_id = v.id
             ORDER BY v.starts_at DESC, v.id DESC"
        ),
    );
    let (count, rows) = both::<PatientRow>(c, (count, page), patient, filter, (limit, offset), now).await?;
    let visits = rows.into_iter().map(|row| for_patient(keys, row)).collect::<Result<_>>()?;
    Ok((count, visits))
}

/// One visit as its patient sees it (primary keys).
pub async fn one_for_patient(c: &Conn, keys: &Keyring, id: VisitId) -> Result<Option<ForPatient>> {
    let row = c
        .one(
        sql!(
            "SELECT v.id, v.doctor_id, v.patient_id, v.reference, v.visit_type, v.status, v.lane, v.starts_at,
                    v.ends_at, v.hold_until, v.chief_complaint, v.description, v.insurer, v.insurance_number, v.total,
                    v.insurance_share, v.patient_share, v.policy_version, v.free_until, v.fee_percent, v.pay_token,
                    v.paid, v.refunded, v.paid_at, v.started_at, v.ended_at, v.cancelled_at, v.cancelled_by, v.reason,
                    v.created_at, u.first_name, u.last_name, coalesce(s.title, d.specialty), p.id, p.items_count,
                    r.score
             FROM visits v
             JOIN doctors d ON d.user_id = v.doctor_id JOIN users u ON u.id = v.doctor_id
             LEFT JOIN specialties s ON s.code = d.specialty
             LEFT JOIN prescriptions p ON p.visit_id = v.id AND p.status = 'signed'
             LEFT JOIN ratings r ON r.visit_id = v.id
             WHERE v.id = ?1"
        ),
            &[&id.0],
        )
        .await?;
    row.map(|row| for_patient(keys, row)).transpose()
}

/// One page of a doctor's visits and how many there are, in two statements (index `visits_by_doctor`, covering).
pub async fn of_doctor(
    c: &Conn,
    keys: &Keyring,
    doctor: UserId,
    filter: &ListFilter,
    limit: i64,
    offset: i64,
    now: Timestamp,
) -> Result<(i64, Vec<ForDoctor>)> {
    let count = sql!(
            "SELECT count(*) FROM visits
               WHERE doctor_id = ?1 AND starts_at >= ?2 AND starts_at < ?3
                 AND (CAST(?4 AS TEXT) IS NULL
                      OR CASE WHEN status = 'pending' AND hold_until <= ?5 THEN 'cancelled' ELSE status END = ?4)
                 AND (CAST(?6 AS UUID) IS NULL OR doctor_id = ?6)"
        );
    let page = if filter.ascending {
        sql!(
            "SELECT v.id, v.doctor_id, v.patient_id, v.reference, v.visit_type, v.status, v.lane, v.starts_at,
                    v.ends_at, v.hold_until, v.chief_complaint, v.description, v.insurer, v.insurance_number, v.total,
                    v.insurance_share, v.patient_share, v.policy_version, v.free_until, v.fee_percent, v.pay_token,
                    v.paid, v.refunded, v.paid_at, v.started_at, v.ended_at, v.cancelled_at, v.cancelled_by, v.reason,
                    v.created_at, u.first_name, u.last_name, p.gender, p.date_of_birth, r.id, r.items_count
             FROM (SELECT id AS page_id FROM visits
               WHERE doctor_id = ?1 AND starts_at >= ?2 AND starts_at < ?3
                 AND (CAST(?4 AS TEXT) IS NULL
                      OR CASE WHEN status = 'pending' AND hold_until <= ?5 THEN 'cancelled' ELSE status END = ?4)
                 AND (CAST(?6 AS UUID) IS NULL OR doctor_id = ?6)
               ORDER BY starts_at, id LIMIT ?7 OFFSET ?8) page
             JOIN visits v ON v.id = page.page_id
             JOIN patients p ON p.user_id = v.patient_id JOIN users u ON u.id = v.patient_id
             LEFT JOIN prescriptions r ON r.visit_id = v.id AND r.status <> 'cancelled'
             ORDER BY v.starts_at, v.id"
        )
    } else {
        sql!(
            "SELECT v.id, v.doctor_id, v.patient_id, v.reference, v.visit_type, v.status, v.lane, v.starts_at,
                    v.ends_at, v.hold_until, v.chief_complaint, v.description, v.insurer, v.insurance_number, v.total,
                    v.insurance_share, v.patient_share, v.policy_version, v.free_until, v.fee_percent, v.pay_token,
                    v.paid, v.refunded, v.paid_at, v.started_at, v.ended_at, v.cancelled_at, v.cancelled_by, v.reason,
                    v.created_at, u.first_name, u.last_name, p.gender, p.date_of_birth, r.id, r.items_count
             FROM (SELECT id AS page_id FROM visits
               WHERE doctor_id = ?1 AND starts_at >= ?2 AND starts_at < ?3
                 AND (CAST(?4 AS TEXT) IS NULL
                      OR CASE WHEN status = 'pending' AND hold_until <= ?5 THEN 'cancelled' ELSE status END = ?4)
                 AND (CAST(?6 AS UUID) IS NULL OR doctor_id = ?6)
               ORDER BY starts_at DESC, id DESC LIMIT ?7 OFFSET ?8) page
             JOIN visits v ON v.id = page.page_id
             JOIN patients p ON p.user_id = v.patient_id JOIN users u ON u.id = v.patient_id
             LEFT JOIN prescriptions r ON r.visit_id = v.id AND r.status <> 'cancelled'
             ORDER BY v.starts_at DESC, v.id DESC"
        )
    };
    let (count, rows) = both::<DoctorRow>(c, (count, page), doctor, filter, (limit, offset), now).await?;
    let visits = rows.into_iter().map(|row| for_doctor(keys, row)).collect::<Result<_>>()?;
    Ok((count, visits))
}

/// One visit as its doctor sees it (primary keys).
pub async fn one_for_doctor(c: &Conn, keys: &Keyring, id: VisitId) -> Result<Option<ForDoctor>> {
    let row = c
        .one(
        sql!(
            "SELECT v.id, v.doctor_id, v.patient_id, v.reference, v.visit_type, v.status, v.lane, v.starts_at,
                    v.ends_at, v.hold_until, v.chief_complaint, v.description, v.insurer, v.insurance_number, v.total,
                    v.insurance_share, v.patient_share, v.policy_version, v.free_until, v.fee_percent, v.pay_token,
                    v.paid, v.refunded, v.paid_at, v.started_at, v.ended_at, v.cancelled_at, v.cancelled_by, v.reason,
                    v.created_at, u.first_name, u.last_name, p.gender, p.date_of_birth, r.id, r.items_count
             FROM visits v
             JOIN patients p ON p.user_id = v.patient_id JOIN users u ON u.id = v.patient_id
             LEFT JOIN prescriptions r ON r.visit_id = v.id AND r.status <> 'cancelled'
             WHERE v.id = ?1"
        ),
            &[&id.0],
        )
        .await?;
    row.map(|row| for_doctor(keys, row)).transpose()
}

/// The next visits that are paid for, the earliest first, those that are going on included, also past their end (index
/// `visits_by_doctor`). `since`: a visit that is going on began at most so long ago.
pub async fn upcoming(
    c: &Conn,
    keys: &Keyring,
    doctor: UserId,
    since: Timestamp,
    limit: i64,
    now: Timestamp,
) -> Result<Vec<ForDoctor>> {
    let rows: Vec<DoctorRow> = c
        .all(
            sql!(
                "SELECT v.id, v.doctor_id, v.patient_id, v.reference, v.visit_type, v.status, v.lane, v.starts_at,
                    v.ends_at, v.hold_until, v.chief_complaint, v.description, v.insurer, v.insurance_number, v.total,
                    v.insurance_share, v.patient_share, v.policy_version, v.free_until, v.fee_percent, v.pay_token,
                    v.paid, v.refunded, v.paid_at, v.started_at, v.ended_at, v.cancelled_at, v.cancelled_by, v.reason,
                    v.created_at, u.first_name, u.last_name, p.gender, p.date_of_birth, r.id, r.items_count
             FROM visits v
             JOIN patients p ON p.user_id = v.patient_id JOIN users u ON u.id = v.patient_id
             LEFT JOIN prescriptions r ON r.visit_id = v.id AND r.status <> 'cancelled'
             WHERE v.doctor_id = ?1 AND v.starts_at >= ?2
               AND (v.status = 'in_progress' OR (v.status = 'confirmed' AND v.ends_at > ?3))
             ORDER BY v.starts_at, v.id LIMIT ?4"
            ),
            &[&doctor.0, &At(since), &At(now), &limit],
        )
        .await?;
    rows.into_iter().map(|row| for_doctor(keys, row)).collect()
}

async fn both<R: FromRow>(
    c: &Conn,
    (count, page): (Sql, Sql),
    owner: UserId,
    filter: &ListFilter,
    (limit, offset): (i64, i64),
    now: Timestamp,
) -> Result<(i64, Vec<R>)> {
    let from = filter.from.map_or(i64::MIN, Timestamp::as_microsecond);
    let to = filter.to.map_or(i64::MAX, Timestamp::as_microsecond);
    let status = filter.status.map(Status::as_str);
    let doctor = filter.doctor.map(|id| id.0);
    let now = At(now);
    let params: [&dyn Param; 8] = [&owner.0, &from, &to, &status, &now, &doctor, &limit, &offset];
    let total: Option<(i64,)> = c.one(count, &params[..6]).await?;
    let rows = c.all(page, &params).await?;
    Ok((total.map_or(0, |(n,)| n), rows))
}
