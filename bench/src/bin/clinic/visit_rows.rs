//! The rows of visits, and of what came of them.

use app::App;
use db::{At, Conn, sql};
use domain::{
    SignedDuration, Timestamp,
    visit::{HOLD, Policy, Status},
};
use store::{Result, keyring::Field};
use uuid::Uuid;

use crate::{
    agenda::Visit,
    people::{DOCTORS, PATIENTS, PAY_TOKENS, PRESCRIPTIONS, VISITS, id},
};

const CHIEF_COMPLAINT: Field = Field { table: "visits", column: "chief_complaint" };
const DESCRIPTION: Field = Field { table: "visits", column: "description" };
const ITEMS: Field = Field { table: "prescriptions", column: "items" };

const COMPLAINTS: [&str; 6] =
    ["درد قفسه سینه", "سردرد", "بررسی نتیجه آزمایش", "تمدید نسخه", "تب و سرفه", "درد زانو"];
const STORY: &str = "از دو روز پیش درد خفیفی دارم که هنگام راه رفتن بیشتر می‌شود؛ داروی قبلی را مصرف کرده‌ام.";

/// When what became of a visit happened.
struct Moments {
    created: Timestamp,
    hold_until: Option<At>,
    paid: Option<At>,
    started: Option<At>,
    ended: Option<At>,
    cancelled: Option<At>,
}

fn moments(visit: &Visit, now: Timestamp) -> Moments {
    let (start, end) = (visit.slot.start, visit.slot.end);
    let is_pending = visit.status == Status::Pending;
    let before = start.min(now) - SignedDuration::from_hours(72);
    let created = if is_pending { now } else { before };
    let is_over = matches!(visit.status, Status::Completed | Status::NoShow);
    Moments {
        created,
        hold_until: is_pending.then_some(At(now + HOLD)),
        paid: (is_over || visit.status == Status::Confirmed).then_some(At(created)),
        started: (visit.status == Status::Completed).then_some(At(start)),
        ended: is_over.then_some(At(end)),
        cancelled: (visit.status == Status::Cancelled).then_some(At(created + HOLD)),
    }
}

pub async fn visit(tx: &Conn, app: &App, visit: &Visit, now: Timestamp) -> Result<()> {
    let (row, doctor, patient) =
        (id(VISITS, visit.n), id(DOCTORS, visit.doctor), id(PATIENTS, visit.patient));
    let (at, policy) = (moments(visit, now), Policy::current(visit.slot.start));
    let paid = if at.paid.is_some() { visit.fee } else { 0 };
    let by = if visit.n.is_multiple_of(3) { "expired" } else { "patient" };
    let complaint = COMPLAINTS[visit.n as usize % COMPLAINTS.len()];
    tx.exec(
        sql!(
            "INSERT INTO visits (id, doctor_id, patient_id, reference, visit_type, status, lane, starts_at, ends_at,
                    hold_until, chief_complaint, description, total, insurance_share, patient_share, policy_version,
                    free_until, fee_percent, pay_token, paid, refunded, paid_at, started_at, ended_at, cancelled_at,
                    cancelled_by, created_at, updated_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, ?7, ?8, ?9, ?10, ?11, ?12, 0, ?12, ?13, ?14, ?15, ?16, ?17, 0, ?18,
                     ?19, ?20, ?21, ?22, ?23, ?23)"
        ),
        &[
            &row,
            &doctor,
            &patient,
            &visit.reference,
            &visit.kind.as_str(),
            &visit.status.as_str(),
            &At(visit.slot.start),
            &At(visit.slot.end),
            &at.hold_until,
            &app.keys.seal_text(CHIEF_COMPLAINT, row, complaint)?,
            &app.keys.seal_text(DESCRIPTION, row, STORY)?,
            &visit.fee,
            &policy.version,
            &At(policy.free_until),
            &i64::from(policy.fee_percent),
            &id(PAY_TOKENS, visit.n),
            &paid,
            &at.paid,
            &at.started,
            &at.ended,
            &at.cancelled,
            &at.cancelled.map(|_| by),
            &At(at.created),
        ],
    )
    .await?;
    if visit.status == Status::Completed {
        after(tx, app, visit.n, (row, doctor, patient), At(visit.slot.end)).await?;
    }
    Ok(())
}

/// Every fifth visit was rated, in every fourth something was prescribed.
async fn after(
    tx: &Conn,
    app: &App,
    n: u32,
    (visit, doctor, patient): (Uuid, Uuid, Uuid),
    at: At,
) -> Result<()> {
    if n.is_multiple_of(5) {
        tx.exec(
            sql!(
                "INSERT INTO ratings (visit_id, doctor_id, patient_id, score, created_at) VALUES (?1, ?2, ?3, ?4, ?5)"
            ),
            &[&visit, &doctor, &patient, &i64::from(3 + n % 3), &at],
        )
        .await?;
    }
    if n.is_multiple_of(4) {
        let prescription = id(PRESCRIPTIONS, n);
        let items = app.keys.seal_text(ITEMS, prescription, "[]")?;
        tx.exec(
            sql!(
                "INSERT INTO prescriptions (id, visit_id, doctor_id, patient_id, status, items, items_count, created_at,
                                            updated_at, signed_at)
                 VALUES (?1, ?2, ?3, ?4, 'signed', ?5, 0, ?6, ?6, ?6)"
            ),
            &[&prescription, &visit, &doctor, &patient, &items, &at],
        )
        .await?;
    }
    Ok(())
}
