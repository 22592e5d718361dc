//! When people are busy, on both databases.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod common;

use common::{
    clinic::{at, cancel, complete, enrol_both, enrol_doctor, hold, insert, paid, start, visit_id},
    keys, later, rows, user,
};
use db::Db;
use domain::{
    Rials, Timestamp,
    ids::{UserId, VisitId},
};
use helssa_store::visits::{self, Taken, Visit};
use rstest::rstest;
use testkit::{Engine, database};

async fn busy_of_doctor(db: &Db, doctor: UserId, from: i64, to: i64) -> Vec<(Timestamp, Timestamp)> {
    db.read((), move |c, ()| Box::pin(visits::busy_of_doctor(c, doctor, at(from), at(to), later(900))))
        .await
        .unwrap()
}

async fn busy_of_patient(
    db: &Db,
    patient: UserId,
    to: i64,
    but: Option<VisitId>,
) -> Vec<(Timestamp, Timestamp)> {
    db.read((), move |c, ()| Box::pin(visits::busy_of_patient(c, patient, at(0), at(to), later(900), but)))
        .await
        .unwrap()
}

/// The twenty minutes from each of these on.
fn spans(minutes: &[i64]) -> Vec<(Timestamp, Timestamp)> {
    minutes.iter().map(|minute| (at(*minute), at(minute + 20))).collect()
}

#[rstest]
#[tokio::test]
async fn people_are_busy_with_what_is_live(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let (doctor, patient) = enrol_both(&db, &keys).await;
    let other = enrol_doctor(&db, &keys, 3).await;
    let held = Visit { hold_until: Some(later(901)), ..hold(2, doctor, patient, 30) };
    let mut kept = vec![held, hold(3, doctor, patient, 60)];
    for (n, minutes) in [(1, 120), (4, 90), (5, 0), (6, 150)] {
        kept.push(paid(n, doctor, patient, minutes));
    }
    kept.push(paid(7, other, patient, 180));
    for visit in &kept {
        assert_eq!(insert(&db, &keys, visit).await, Ok(()));
    }
    assert!(cancel(&db, &keys, 4, Rials::ZERO, "").await && start(&db, 5).await);
    complete(&db, 6).await;
    assert_eq!(busy_of_doctor(&db, doctor, 0, 300).await, spans(&[0, 30, 120]));
    assert_eq!(busy_of_doctor(&db, doctor, 0, 120).await, spans(&[0, 30]), "up to there");
    assert_eq!(busy_of_doctor(&db, doctor, 139, 140).await.last(), spans(&[120]).last(), "reaches in");
    assert_eq!(busy_of_doctor(&db, other, 0, 300).await, spans(&[180]));
    assert!(busy_of_doctor(&db, user(9), 0, 300).await.is_empty());

    assert_eq!(busy_of_patient(&db, patient, 300, None).await, spans(&[0, 30, 120, 180]));
    assert_eq!(busy_of_patient(&db, patient, 180, Some(visit_id(1))).await, spans(&[0, 30]));
    assert!(busy_of_patient(&db, doctor, 300, None).await.is_empty(), "no patient");

    let busy = async |doctors: Vec<UserId>| {
        let mut busy = db
            .read(doctors, |c, doctors| {
                Box::pin(visits::busy_of_doctors(c, doctors, at(0), at(300), later(900)))
            })
            .await
            .unwrap();
        busy.sort_unstable();
        busy
    };
    let of = |doctor: UserId, minute: i64| (doctor, at(minute), at(minute + 20));
    let both = [of(doctor, 0), of(doctor, 30), of(doctor, 120), of(other, 180)];
    assert_eq!(busy(vec![other, user(9), doctor]).await, both);
    assert_eq!(busy(vec![doctor]).await, both[..3]);
    assert!(busy(vec![]).await.is_empty());
}

#[rstest]
#[tokio::test]
async fn the_longest_visit_reaches_into_the_end_of_its_time(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let (doctor, patient) = enrol_both(&db, &keys).await;
    let long = Visit { ends_at: at(240), ..paid(1, doctor, patient, 0) };
    assert_eq!(insert(&db, &keys, &long).await, Ok(()));
    assert_eq!((rows(&db, "doctor_times").await, rows(&db, "patient_times").await), (48, 48));
    let whole = [(at(0), at(240))];
    assert_eq!(busy_of_doctor(&db, doctor, 239, 300).await, whole);
    assert_eq!(insert(&db, &keys, &hold(2, doctor, patient, 235)).await, Err(Taken::ByDoctor));
    assert_eq!(insert(&db, &keys, &hold(2, doctor, patient, 240)).await, Ok(()));
}

#[rstest]
#[tokio::test]
async fn what_lies_ahead_and_what_is_held_is_told(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let (doctor, patient) = enrol_both(&db, &keys).await;
    let held = Visit { hold_until: Some(later(901)), ..hold(1, doctor, patient, 30) };
    for visit in
        [held, hold(2, doctor, patient, 60), paid(3, doctor, patient, 0), paid(4, doctor, patient, 90)]
    {
        assert_eq!(insert(&db, &keys, &visit).await, Ok(()));
    }
    assert!(cancel(&db, &keys, 4, Rials::ZERO, "").await);
    let ahead = async |from: i64, limit: i64| {
        let found = db.read((), move |c, ()| Box::pin(visits::ahead_of_doctor(c, doctor, at(from), limit)));
        found.await.unwrap()
    };
    assert_eq!(ahead(-1, 10).await, [visit_id(3), visit_id(1), visit_id(2)]);
    assert_eq!(ahead(-1, 1).await, [visit_id(3)]);
    assert_eq!(ahead(0, 10).await, [visit_id(1), visit_id(2)], "what begins now is not ahead");
    assert!(start(&db, 3).await);
    assert_eq!(ahead(0, 10).await, [visit_id(3), visit_id(1), visit_id(2)], "but what goes on is told");
    let holds = async |seconds: i64| {
        let held = db.read((), move |c, ()| Box::pin(visits::holds_of_patient(c, patient, later(seconds))));
        held.await.unwrap()
    };
    assert_eq!((holds(0).await, holds(900).await, holds(901).await), (2, 1, 0));
}
