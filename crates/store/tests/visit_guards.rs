//! The database itself refuses what must not happen to visits, whoever asks for it.

mod common;

use common::{
    by_hand,
    clinic::{at, complete, end, enrol_both, enrol_doctor, enrol_patients, insert, paid, visit_id},
    keys, rows, user,
};
use db::{Db, Sql, sql};
use domain::{ids::UserId, visit::Status};
use helssa_store::{Error, Result};
use rstest::rstest;
use testkit::{Engine, database};

/// A row of `visits` that nobody but its tester has looked at. Times are minutes, money is Rials.
#[derive(Clone, Copy)]
struct Row {
    n: u32,
    doctor: UserId,
    patient: UserId,
    status: &'static str,
    lane: i64,
    from: i64,
    to: i64,
    /// Added to both times.
    microseconds: i64,
    hold_until: Option<i64>,
    total: i64,
    insurance_share: i64,
    patient_share: i64,
    paid: i64,
    refunded: i64,
}

/// A visit of doctor 1 and patient 2 at this minute with which everything is right.
fn row(n: u32, minutes: i64) -> Row {
    Row {
        n,
        doctor: user(1),
        patient: user(2),
        status: "confirmed",
        lane: 0,
        from: minutes,
        to: minutes + 20,
        microseconds: 0,
        hold_until: None,
        total: 800,
        insurance_share: 500,
        patient_share: 300,
        paid: 300,
        refunded: 0,
    }
}

/// Writes the row around the application.
async fn write(db: &Db, row: Row) -> Result<u64> {
    db.write(row, |tx, row| {
        Box::pin(async move {
            let (id, sealed, reference) = (visit_id(row.n).0, vec![0_u8], format!("RAW-{}", row.n));
            let start = at(row.from).as_microsecond() + row.microseconds;
            let end = at(row.to).as_microsecond() + row.microseconds;
            tx.exec(
                sql!(
                    "INSERT INTO visits (id, doctor_id, patient_id, reference, visit_type, status, lane, starts_at,
                            ends_at, hold_until, chief_complaint, description, total, insurance_share, patient_share,
                            policy_version, free_until, fee_percent, pay_token, paid, refunded, created_at, updated_at)
                     VALUES (?1, ?2, ?3, ?4, 'online', ?5, ?6, ?7, ?8, ?9, ?10, ?10, ?11, ?12, ?13, 1, ?7, 50, ?1, ?14,
                             ?15, 0, 0)"
                ),
                &[
                    &id,
                    &row.doctor.0,
                    &row.patient.0,
                    &reference,
                    &row.status,
                    &row.lane,
                    &start,
                    &end,
                    &row.hold_until,
                    &sealed,
                    &row.total,
                    &row.insurance_share,
                    &row.patient_share,
                    &row.paid,
                    &row.refunded,
                ],
            )
            .await
            .map_err(Error::from)
        })
    })
    .await
}

const fn same(text: &'static str) -> Sql {
    Sql { sqlite: text, postgres: text }
}

/// Refused because of the times: by a primary key, or by the trigger that looks before it.
fn is_overlap(result: &Result<u64>) -> bool {
    let Err(Error::Db(db::Error::Unique(what) | db::Error::Constraint(what))) = result else { return false };
    what.contains("doctor_times") || what.contains("patient_times")
}

fn is_constraint(result: &Result<u64>) -> bool {
    matches!(result, Err(Error::Db(db::Error::Constraint(_))))
}

#[rstest]
#[tokio::test]
async fn no_two_rows_overlap(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    enrol_both(&db, &keys).await;
    enrol_doctor(&db, &keys, 3).await;
    enrol_patients(&db, &keys, 4..=4).await;
    assert_eq!(write(&db, row(1, 0)).await.unwrap(), 1);
    for status in ["confirmed", "in_progress", "pending"] {
        let hold_until = (status == "pending").then_some(0);
        for minutes in [-15, 0, 15] {
            let beside = Row { status, hold_until, ..row(2, minutes) };
            let of_doctor = write(&db, Row { patient: user(4), ..beside }).await;
            assert!(is_overlap(&of_doctor), "{status} at {minutes}: {of_doctor:?}");
            let of_patient = write(&db, Row { doctor: user(3), ..beside }).await;
            assert!(is_overlap(&of_patient), "{status} at {minutes}: {of_patient:?}");
            let in_another_lane = write(&db, Row { lane: 1, ..beside }).await;
            assert!(is_overlap(&in_another_lane), "the same patient: {in_another_lane:?}");
        }
    }
    let enclosing = write(&db, Row { to: 200, ..row(2, -20) }).await;
    assert!(is_overlap(&enclosing), "{enclosing:?}");

    assert_eq!(write(&db, Row { patient: user(4), lane: 1, ..row(2, 0) }).await.unwrap(), 1);
    assert_eq!(write(&db, Row { status: "completed", ..row(3, 0) }).await.unwrap(), 1, "it is over");
    assert_eq!(write(&db, row(4, 20)).await.unwrap(), 1, "right after it");
    assert_eq!(rows(&db, "visits").await, 4);
    for lane in [-1, 4] {
        let refused = write(&db, Row { lane, ..row(5, 300) }).await;
        assert!(is_constraint(&refused), "lane {lane}: {refused:?}");
    }
}

#[rstest]
#[tokio::test]
async fn no_row_can_be_moved_onto_another(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    enrol_both(&db, &keys).await;
    enrol_doctor(&db, &keys, 3).await;
    enrol_patients(&db, &keys, 4..=5).await;
    for visit in [
        row(1, 0),
        // of the same doctor, of the same patient, of the same doctor in another lane
        Row { patient: user(4), ..row(2, 60) },
        Row { doctor: user(3), ..row(3, 60) },
        Row { patient: user(5), lane: 1, ..row(4, 0) },
    ] {
        assert_eq!(write(&db, visit).await.unwrap(), 1);
    }
    for (reference, change) in [
        ("RAW-2", "starts_at = starts_at - 3000000000, ends_at = ends_at - 3000000000"),
        ("RAW-3", "starts_at = starts_at - 3000000000, ends_at = ends_at - 3000000000"),
        ("RAW-2", "starts_at = starts_at - 3000000000"),
        ("RAW-1", "ends_at = ends_at + 3000000000"),
        ("RAW-4", "lane = 0"),
        ("RAW-1", "lane = 1"),
    ] {
        let update = format!("UPDATE visits SET {change} WHERE reference = '{reference}'");
        let refused = by_hand(&db, same(update.leak())).await;
        assert!(is_overlap(&refused), "{reference}: {change}: {refused:?}");
    }
    assert_eq!((rows(&db, "doctor_times").await, rows(&db, "patient_times").await), (16, 16));
    let apart = "UPDATE visits SET lane = 3, ends_at = ends_at + 300000000 WHERE reference = 'RAW-4'";
    assert_eq!(by_hand(&db, same(apart)).await.unwrap(), 1);
    assert_eq!((rows(&db, "doctor_times").await, rows(&db, "patient_times").await), (17, 17));
}

/// A conflict clause of a statement holds in the triggers that it fires too, and there, of all places, it would
/// drop the rows that keep the times apart.
#[tokio::test]
async fn no_conflict_clause_of_sqlite_gets_around_that() {
    let (db, _folder) = database::open(Engine::Sqlite).await;
    let keys = keys();
    let (doctor, _) = enrol_both(&db, &keys).await;
    let other = enrol_doctor(&db, &keys, 3).await;
    enrol_patients(&db, &keys, 4..=4).await;
    for visit in [paid(1, doctor, user(2), 0), paid(2, doctor, user(4), 60), paid(3, other, user(2), 60)] {
        assert_eq!(insert(&db, &keys, &visit).await, Ok(()));
    }
    for clause in ["IGNORE", "REPLACE"] {
        for (another, reference) in [("patient", "HLS-000002"), ("doctor", "HLS-000003")] {
            let moved = format!(
                "UPDATE OR {clause} visits SET starts_at = starts_at - 3300000000, ends_at = ends_at - 3300000000
                 WHERE reference = '{reference}'"
            );
            let copied = format!(
                "INSERT OR {clause} INTO visits (id, doctor_id, patient_id, reference, visit_type, status, lane,
                        starts_at, ends_at, chief_complaint, description, total, insurance_share, patient_share,
                        policy_version, free_until, fee_percent, pay_token, paid, refunded, created_at, updated_at)
                 SELECT randomblob(16), doctor_id, patient_id, 'COPY', visit_type, status, lane,
                        starts_at - 3300000000, ends_at - 3300000000, chief_complaint, description, total,
                        insurance_share, patient_share, policy_version, free_until, fee_percent, randomblob(16), paid,
                        refunded, created_at, updated_at
                 FROM visits WHERE reference = '{reference}'"
            );
            for statement in [moved, copied] {
                let refused = by_hand(&db, same(statement.leak())).await;
                assert!(refused.is_err(), "{clause}, another {another}: {refused:?}");
            }
        }
    }
    assert_eq!(rows(&db, "visits").await, 3);
    assert_eq!((rows(&db, "doctor_times").await, rows(&db, "patient_times").await), (12, 12));
}

#[rstest]
#[tokio::test]
async fn what_has_ended_stays_ended(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let (doctor, patient) = enrol_both(&db, &keys).await;
    for n in 1..=3 {
        let visit = paid(n, doctor, patient, 30 * i64::from(n));
        assert_eq!(insert(&db, &keys, &visit).await, Ok(()));
    }
    complete(&db, 1).await;
    assert!(end(&db, 2, Status::Confirmed, Status::NoShow).await);
    let cancelled = "UPDATE visits SET status = 'cancelled' WHERE reference = 'HLS-000003'";
    assert_eq!(by_hand(&db, same(cancelled)).await.unwrap(), 1);
    for reference in ["HLS-000001", "HLS-000002", "HLS-000003"] {
        let mut refused = 0;
        for status in Status::ALL.map(Status::as_str) {
            let hold = if status == "pending" { "1" } else { "NULL" };
            let revive = format!(
                "UPDATE visits SET status = '{status}', hold_until = {hold} WHERE reference = '{reference}'"
            );
            refused += i32::from(is_constraint(&by_hand(&db, same(revive.leak())).await));
        }
        assert_eq!(refused, 5, "all but the one that it has: {reference}");
    }
    assert_eq!(rows(&db, "doctor_times").await, 0);
}

#[rstest]
#[tokio::test]
async fn visits_are_not_deleted_nor_given_to_others(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let (doctor, patient) = enrol_both(&db, &keys).await;
    enrol_doctor(&db, &keys, 3).await;
    enrol_patients(&db, &keys, 4..=4).await;
    assert_eq!(insert(&db, &keys, &paid(1, doctor, patient, 0)).await, Ok(()));
    for statement in [
        "DELETE FROM visits",
        "UPDATE visits SET doctor_id = (SELECT user_id FROM doctors WHERE council_number = '3')",
        "UPDATE visits SET patient_id = (SELECT user_id FROM patients ORDER BY user_id DESC LIMIT 1)",
    ] {
        let refused = by_hand(&db, same(statement)).await;
        assert!(is_constraint(&refused), "{statement}: {refused:?}");
    }
    complete(&db, 1).await;
    assert!(is_constraint(&by_hand(&db, same("DELETE FROM visits")).await), "nor when they are over");
    assert_eq!(rows(&db, "visits").await, 1);
}

#[rstest]
#[tokio::test]
async fn times_lie_on_the_grid_and_money_adds_up(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    enrol_both(&db, &keys).await;
    let right = row(1, 0);
    let pending = Row { status: "pending", hold_until: Some(1), paid: 0, ..right };
    for (what, wrong) in [
        ("off the grid", Row { microseconds: 1, ..right }),
        ("off the grid by a minute", Row { microseconds: 60_000_000, ..right }),
        ("no time at all", Row { to: 0, ..right }),
        ("backwards", Row { to: -5, ..right }),
        ("longer than four hours", Row { to: 245, ..right }),
        ("shares that are less", Row { total: 801, ..right }),
        ("shares that are more", Row { total: 799, ..right }),
        ("a negative share", Row { insurance_share: -100, patient_share: 900, paid: 900, ..right }),
        ("confirmed but unpaid", Row { paid: 0, ..right }),
        ("in progress but paid in part", Row { status: "in_progress", paid: 299, ..right }),
        ("completed but unpaid", Row { status: "completed", paid: 0, ..right }),
        ("missed but unpaid", Row { status: "no_show", paid: 0, ..right }),
        ("paid too much", Row { paid: 301, ..pending }),
        ("negative money", Row { paid: -1, ..pending }),
        ("more back than was paid", Row { status: "cancelled", refunded: 301, ..right }),
        ("pending without an end", Row { hold_until: None, ..pending }),
        ("a hold that is paid", Row { hold_until: Some(1), ..right }),
        ("an unknown status", Row { status: "lost", ..right }),
    ] {
        let refused = write(&db, wrong).await;
        assert!(is_constraint(&refused), "{what}: {refused:?}");
    }
    assert_eq!(write(&db, right).await.unwrap(), 1);
    assert_eq!(write(&db, Row { n: 2, from: 30, to: 50, ..pending }).await.unwrap(), 1);
    let unpaid = by_hand(&db, same("UPDATE visits SET status = 'confirmed', hold_until = NULL")).await;
    assert!(is_constraint(&unpaid), "{unpaid:?}");
}
