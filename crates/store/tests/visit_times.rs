//! Nobody is at two visits at once, on both databases.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod common;

use std::sync::Arc;

use common::{
    clinic::{
        Refused, at, by_id, cancel, complete, end, enrol_both, enrol_doctor, enrol_patients, hold, insert,
        paid, reschedule, start, taken, visit_id,
    },
    keys, later, rows, user,
};
use db::Db;
use domain::{
    Rials, Timestamp,
    ids::{UserId, VisitId},
    visit::Status,
};
use helssa_store::{
    Keyring,
    visits::{self, Taken, Visit},
};
use rstest::rstest;
use testkit::{Engine, database};
use tokio::task::JoinSet;

async fn is_taken(db: &Db, doctor: UserId, from: i64, to: i64, but: Option<u32>) -> bool {
    let but = but.map(visit_id);
    db.write((), move |tx, ()| Box::pin(visits::is_taken(tx, doctor, at(from), at(to), but))).await.unwrap()
}

#[rstest]
#[tokio::test]
async fn a_time_is_taken_by_anything_but_the_visit_itself(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let (doctor, patient) = enrol_both(&db, &keys).await;
    let on_top = Visit { lane: 1, ..paid(1, doctor, patient, 15) };
    assert_eq!(insert(&db, &keys, &on_top).await, Ok(()));
    assert!(!is_taken(&db, doctor, 0, 15, None).await, "until it begins");
    assert!(is_taken(&db, doctor, 0, 20, None).await, "in whatever lane");
    assert!(is_taken(&db, doctor, 30, 50, None).await, "in part");
    assert!(!is_taken(&db, doctor, 30, 50, Some(1)).await, "but for itself");
    assert!(!is_taken(&db, doctor, 35, 55, None).await, "from its end on");
}

async fn free_lane(db: &Db, doctor: UserId, from: i64, to: i64) -> Option<i64> {
    db.write((), move |tx, ()| Box::pin(visits::free_lane(tx, doctor, at(from), at(to)))).await.unwrap()
}

/// Writes down ended holds that are in the way of these two in these twenty minutes.
async fn expire(db: &Db, doctor: UserId, patient: UserId, minutes: i64, now: Timestamp) -> u64 {
    let (start, end) = (at(minutes), at(minutes + 20));
    db.write((), move |tx, ()| Box::pin(visits::expire(tx, doctor, patient, start, end, now))).await.unwrap()
}

/// How many won; all others must have lost for this reason.
#[track_caller]
fn winners(ended: Vec<Result<(), Taken>>, reason: Taken) -> usize {
    assert!(ended.iter().all(|end| matches!(end, Ok(())) || *end == Err(reason)), "{ended:?}");
    ended.into_iter().flatten().count()
}

#[rstest]
#[tokio::test]
async fn a_doctor_has_one_visit_at_a_time(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let (doctor, patient) = enrol_both(&db, &keys).await;
    enrol_patients(&db, &keys, 3..=3).await;
    assert_eq!(insert(&db, &keys, &hold(1, doctor, patient, 0)).await, Ok(()));
    for minutes in [-15, -5, 0, 5, 15] {
        let visit = hold(2, doctor, user(3), minutes);
        assert_eq!(insert(&db, &keys, &visit).await, Err(Taken::ByDoctor), "{minutes}");
    }
    let around = Visit { ends_at: at(40), ..hold(2, doctor, user(3), -20) };
    assert_eq!(insert(&db, &keys, &around).await, Err(Taken::ByDoctor));
    let within = Visit { ends_at: at(10), ..hold(2, doctor, user(3), 5) };
    assert_eq!(insert(&db, &keys, &within).await, Err(Taken::ByDoctor));
    for (n, minutes) in [(2, -20), (3, 20)] {
        assert_eq!(insert(&db, &keys, &hold(n, doctor, user(3), minutes)).await, Ok(()), "right beside it");
    }
    assert_eq!((rows(&db, "visits").await, rows(&db, "doctor_times").await), (3, 12));
}

#[rstest]
#[tokio::test]
async fn a_patient_has_one_visit_at_a_time(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let (doctor, patient) = enrol_both(&db, &keys).await;
    let other = enrol_doctor(&db, &keys, 3).await;
    enrol_patients(&db, &keys, 4..=4).await;
    assert_eq!(insert(&db, &keys, &hold(1, doctor, patient, 0)).await, Ok(()));
    for minutes in [-15, 0, 15] {
        let visit = hold(2, other, patient, minutes);
        assert_eq!(insert(&db, &keys, &visit).await, Err(Taken::ByPatient), "{minutes}");
    }
    assert_eq!(insert(&db, &keys, &hold(2, other, patient, 20)).await, Ok(()), "right after it");
    assert_eq!(insert(&db, &keys, &hold(3, other, user(4), 0)).await, Ok(()), "two others");
}

#[rstest]
#[tokio::test]
async fn an_admin_puts_visits_on_top_of_others_in_lanes(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let (doctor, patient) = enrol_both(&db, &keys).await;
    enrol_patients(&db, &keys, 3..=6).await;
    let in_lane = |lane: i64, visit: Visit| Visit { lane, ..visit };
    for (lane, n) in (0..4).zip(2..) {
        assert_eq!(free_lane(&db, doctor, 0, 20).await, Some(lane));
        let visit = in_lane(lane, hold(n, doctor, user(n), 0));
        assert_eq!(insert(&db, &keys, &visit).await, Ok(()));
        let same = in_lane(lane, hold(20, doctor, user(6), 10));
        assert_eq!(insert(&db, &keys, &same).await, Err(Taken::ByDoctor), "lane {lane}");
    }
    assert_eq!(free_lane(&db, doctor, 0, 20).await, None);
    assert_eq!(free_lane(&db, doctor, 15, 35).await, None, "in part");
    assert_eq!(free_lane(&db, doctor, 20, 40).await, Some(0));
    assert_eq!(free_lane(&db, user(9), 0, 20).await, Some(0));

    assert!(cancel(&db, &keys, 3, Rials::ZERO, "").await);
    assert_eq!(free_lane(&db, doctor, 0, 20).await, Some(1), "the lowest");
    let twice = in_lane(1, hold(21, doctor, patient, 0));
    assert_eq!(insert(&db, &keys, &twice).await, Err(Taken::ByPatient), "nobody is at two visits");
}

#[rstest]
#[tokio::test]
async fn the_time_of_an_ended_visit_is_free(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let (doctor, patient) = enrol_both(&db, &keys).await;
    for (n, minutes) in [(1, 0), (2, 30), (3, 60), (4, 90)] {
        assert_eq!(insert(&db, &keys, &paid(n, doctor, patient, minutes)).await, Ok(()));
    }
    assert!(cancel(&db, &keys, 1, Rials::ZERO, "").await);
    complete(&db, 2).await;
    assert!(end(&db, 3, Status::Confirmed, Status::NoShow).await);
    assert!(start(&db, 4).await);
    assert_eq!((rows(&db, "doctor_times").await, rows(&db, "patient_times").await), (4, 4));
    for (n, minutes) in [(11, 0), (12, 30), (13, 60)] {
        assert_eq!(insert(&db, &keys, &hold(n, doctor, patient, minutes)).await, Ok(()));
    }
    let during = hold(14, doctor, patient, 90);
    assert_eq!(insert(&db, &keys, &during).await, Err(Taken::ByDoctor), "it is going on");
}

/// Paid visits whose planned end was before so many minutes, and that have not ended.
async fn forgotten(db: &Db, minutes: i64, limit: i64) -> Vec<VisitId> {
    db.read((), move |c, ()| Box::pin(visits::forgotten(c, at(minutes), limit))).await.unwrap()
}

#[rstest]
#[tokio::test]
async fn a_visit_that_went_on_and_was_not_ended_is_found_like_one_that_never_began(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let (doctor, patient) = enrol_both(&db, &keys).await;
    for (n, minutes) in [(1, 30), (2, 0), (3, 60), (4, 90)] {
        assert_eq!(insert(&db, &keys, &paid(n, doctor, patient, minutes)).await, Ok(()));
    }
    assert_eq!(insert(&db, &keys, &hold(5, doctor, patient, 120)).await, Ok(()));
    assert!(start(&db, 2).await && start(&db, 3).await);
    complete(&db, 4).await;
    // each takes twenty minutes
    assert!(forgotten(&db, 19, 10).await.is_empty());
    assert_eq!(forgotten(&db, 20, 10).await, [visit_id(2)]);
    assert_eq!(forgotten(&db, 300, 10).await, [visit_id(2), visit_id(1), visit_id(3)]);
    assert_eq!(forgotten(&db, 300, 2).await, [visit_id(2), visit_id(1)]);
    assert!(end(&db, 2, Status::InProgress, Status::Completed).await);
    assert_eq!(forgotten(&db, 300, 10).await, [visit_id(1), visit_id(3)]);
}

#[rstest]
#[tokio::test]
async fn of_fifty_for_one_slot_one_wins(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let doctor = enrol_doctor(&db, &keys, 1).await;
    enrol_patients(&db, &keys, 2..=51).await;
    let mut all = JoinSet::new();
    for n in 2..=51 {
        let (db, keys) = (db.clone(), Arc::clone(&keys));
        // they overlap each other, but don't begin together
        let visit = hold(n, doctor, user(n), 5 * i64::from(n % 3));
        all.spawn(async move { insert(&db, &keys, &visit).await });
    }
    assert_eq!(winners(all.join_all().await, Taken::ByDoctor), 1);
    assert_eq!(rows(&db, "visits").await, 1);
    assert_eq!((rows(&db, "doctor_times").await, rows(&db, "patient_times").await), (4, 4));
}

#[rstest]
#[tokio::test]
async fn of_twenty_doctors_for_one_patient_one_wins(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let (_, patient) = enrol_both(&db, &keys).await;
    for n in 3..=22 {
        enrol_doctor(&db, &keys, n).await;
    }
    let mut all = JoinSet::new();
    for n in 3..=22 {
        let (db, keys) = (db.clone(), Arc::clone(&keys));
        all.spawn(async move { insert(&db, &keys, &hold(n, user(n), patient, 0)).await });
    }
    assert_eq!(winners(all.join_all().await, Taken::ByPatient), 1);
    assert_eq!((rows(&db, "doctor_times").await, rows(&db, "patient_times").await), (4, 4));
}

#[rstest]
#[tokio::test]
async fn a_moved_visit_takes_its_time_along(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let (doctor, patient) = enrol_both(&db, &keys).await;
    enrol_patients(&db, &keys, 3..=3).await;
    let lane = Visit { lane: 2, ..paid(1, doctor, patient, 0) };
    assert_eq!(insert(&db, &keys, &lane).await, Ok(()));
    assert_eq!(insert(&db, &keys, &hold(2, doctor, user(3), 60)).await, Ok(()));
    assert_eq!(reschedule(&db, 1, 10, later(60)).await, Ok(true), "its own old time is not in the way");
    let moved = by_id(&db, &keys, 1).await.unwrap();
    assert_eq!((moved.starts_at, moved.ends_at, moved.lane), (at(10), at(30), 0));
    assert_eq!(moved.policy, paid(1, doctor, patient, 10).policy);
    assert_eq!((moved.status, moved.price), (Status::Confirmed, lane.price));

    assert_eq!(reschedule(&db, 1, 45, later(60)).await, Err(Taken::ByDoctor));
    let kept = by_id(&db, &keys, 1).await.unwrap();
    assert_eq!((kept.starts_at, kept.policy), (moved.starts_at, moved.policy));
    assert_eq!(insert(&db, &keys, &hold(3, doctor, user(3), 15)).await, Err(Taken::ByDoctor));
    assert_eq!(reschedule(&db, 1, 80, later(60)).await, Ok(true));
    assert_eq!(insert(&db, &keys, &hold(3, doctor, user(3), 15)).await, Ok(()), "given back");
    assert_eq!(reschedule(&db, 2, 120, later(60)).await, Ok(true), "one that isn't paid yet");

    let other = enrol_doctor(&db, &keys, 4).await;
    assert_eq!(insert(&db, &keys, &hold(4, other, patient, 200)).await, Ok(()));
    assert_eq!(reschedule(&db, 1, 190, later(60)).await, Err(Taken::ByPatient));
    assert_eq!(reschedule(&db, 9, 190, later(60)).await, Ok(false), "there is none");
}

#[rstest]
#[tokio::test]
async fn of_a_move_and_a_booking_one_wins(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    const ROUNDS: u32 = 10;
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let (doctor, patient) = enrol_both(&db, &keys).await;
    enrol_patients(&db, &keys, 3..=3).await;
    for round in 1..=ROUNDS {
        let minutes = 100 * i64::from(round);
        assert_eq!(insert(&db, &keys, &paid(round, doctor, patient, minutes)).await, Ok(()));
        let moving = tokio::spawn({
            let db = db.clone();
            async move { reschedule(&db, round, minutes + 50, later(60)).await }
        });
        let booking = tokio::spawn({
            let (db, keys) = (db.clone(), Arc::clone(&keys));
            async move { insert(&db, &keys, &hold(100 + round, doctor, user(3), minutes + 40)).await }
        });
        let (moved, booked) = (moving.await.unwrap(), booking.await.unwrap());
        let at_last = by_id(&db, &keys, round).await.unwrap().starts_at;
        match (moved, booked) {
            (Ok(true), Err(Taken::ByDoctor)) => assert_eq!(at_last, at(minutes + 50)),
            (Err(Taken::ByDoctor), Ok(())) => assert_eq!(at_last, at(minutes)),
            other => panic!("{other:?}"),
        }
    }
    let live = 4 * rows(&db, "visits").await;
    assert_eq!((rows(&db, "doctor_times").await, rows(&db, "patient_times").await), (live, live));
}

/// Each waits for the other's time; whichever the database lets fail first, neither may have it.
#[rstest]
#[tokio::test]
async fn two_visits_do_not_change_places(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let (doctor, patient) = enrol_both(&db, &keys).await;
    enrol_patients(&db, &keys, 3..=3).await;
    assert_eq!(insert(&db, &keys, &paid(1, doctor, patient, 0)).await, Ok(()));
    assert_eq!(insert(&db, &keys, &paid(2, doctor, user(3), 60)).await, Ok(()));
    let (one, other) = (db.clone(), db.clone());
    let there = tokio::spawn(async move { reschedule(&one, 1, 60, later(60)).await });
    let back = tokio::spawn(async move { reschedule(&other, 2, 0, later(60)).await });
    assert_eq!(there.await.unwrap(), Err(Taken::ByDoctor));
    assert_eq!(back.await.unwrap(), Err(Taken::ByDoctor));
    for (n, minutes) in [(1, 0), (2, 60)] {
        assert_eq!(by_id(&db, &keys, n).await.unwrap().starts_at, at(minutes));
    }
}

#[rstest]
#[tokio::test]
async fn an_ended_hold_is_not_in_the_way_once_it_is_written_down(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let (doctor, patient) = enrol_both(&db, &keys).await;
    let other = enrol_doctor(&db, &keys, 3).await;
    enrol_patients(&db, &keys, 4..=4).await;
    for (n, minutes) in [(1, 0), (2, 30)] {
        assert_eq!(insert(&db, &keys, &hold(n, doctor, patient, minutes)).await, Ok(()));
    }
    assert_eq!(expire(&db, doctor, patient, 0, later(899)).await, 0, "it lasts");
    assert_eq!(expire(&db, doctor, patient, 60, later(900)).await, 0, "at another time");
    assert_eq!(expire(&db, other, user(4), 0, later(900)).await, 0, "of others");
    assert_eq!(insert(&db, &keys, &hold(3, doctor, user(4), 10)).await, Err(Taken::ByDoctor));

    // the first is in the doctor's way, the second in the patient's, who goes to somebody else
    assert_eq!(expire(&db, doctor, user(4), 10, later(900)).await, 1);
    assert_eq!(insert(&db, &keys, &hold(3, doctor, user(4), 0)).await, Ok(()));
    assert_eq!(insert(&db, &keys, &hold(4, other, patient, 30)).await, Err(Taken::ByPatient));
    assert_eq!(expire(&db, other, patient, 30, later(901)).await, 1);
    assert_eq!(insert(&db, &keys, &hold(4, other, patient, 30)).await, Ok(()));
    for n in [1, 2] {
        let ended = by_id(&db, &keys, n).await.unwrap();
        assert_eq!((ended.status, ended.hold_until), (Status::Cancelled, None));
        assert_eq!((ended.cancelled_at, ended.cancelled_by.as_deref()), (Some(later(900)), Some("expired")));
    }
    assert_eq!(expire(&db, doctor, patient, 0, later(899)).await, 0, "the new ones stay");
}

#[rstest]
#[tokio::test]
async fn of_fifty_after_an_ended_hold_one_wins(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let (doctor, patient) = enrol_both(&db, &keys).await;
    enrol_patients(&db, &keys, 3..=52).await;
    assert_eq!(insert(&db, &keys, &hold(1, doctor, patient, 0)).await, Ok(()));
    let mut all = JoinSet::new();
    for n in 3..=52 {
        let (db, keys) = (db.clone(), Arc::clone(&keys));
        all.spawn(async move { insert_after_expiry(&db, &keys, &hold(n, doctor, user(n), 0)).await });
    }
    assert_eq!(winners(all.join_all().await, Taken::ByDoctor), 1);
    assert_eq!(by_id(&db, &keys, 1).await.unwrap().status, Status::Cancelled);
    assert_eq!(rows(&db, "visits").await, 2);
}

/// As a booking does it: both in one transaction.
async fn insert_after_expiry(db: &Db, keys: &Arc<Keyring>, visit: &Visit) -> Result<(), Taken> {
    taken(
        db.write((Arc::clone(keys), visit.clone()), |tx, (keys, visit)| {
            Box::pin(async move {
                let (start, end) = (visit.starts_at, visit.ends_at);
                visits::expire(tx, visit.doctor, visit.patient, start, end, later(900)).await?;
                let visit = Visit { hold_until: Some(later(1800)), ..visit.clone() };
                visits::insert(tx, keys, &visit).await?.map_err(Refused::Taken)
            })
        })
        .await,
    )
}
