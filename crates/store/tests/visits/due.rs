//! What time brings: a hold ends at its moment, ended holds and forgotten visits are found the oldest first.

use db::Db;
use domain::{SignedDuration, Timestamp, visit::Status};
use helssa_store::visits::{self, Visit};
use rstest::rstest;
use testkit::{Engine, database};

use crate::{
    common::{
        clinic::{at, by_id, confirm, enrol_both, hold, insert, paid, reschedule, start, visit_id},
        keys, later,
    },
    share, status,
};

async fn expire_due(db: &Db, limit: i64, now: Timestamp) -> u64 {
    db.write((), move |tx, ()| Box::pin(visits::expire_due(tx, limit, now))).await.unwrap()
}

#[rstest]
#[tokio::test]
async fn a_hold_ends_at_its_time(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let (doctor, patient) = enrol_both(&db, &keys).await;
    for n in [1, 2] {
        assert_eq!(insert(&db, &keys, &hold(n, doctor, patient, 30 * i64::from(n))).await, Ok(()));
    }
    let last_moment = later(900) - SignedDuration::from_micros(1);
    let kept = by_id(&db, &keys, 1).await.unwrap();
    assert_eq!(kept.hold_until, Some(later(900)));
    assert_eq!(kept.status_at(last_moment), Status::Pending);
    assert_eq!((kept.status_at(later(900)), kept.status), (Status::Cancelled, Status::Pending));
    assert!(!confirm(&db, 1, share(), later(900)).await);
    assert_eq!(reschedule(&db, 1, 120, later(900)).await, Ok(false));
    assert!(confirm(&db, 2, share(), last_moment).await);
    assert_eq!(by_id(&db, &keys, 2).await.unwrap().status_at(later(900)), Status::Confirmed);
}

#[rstest]
#[tokio::test]
async fn ended_holds_are_written_down_the_oldest_first(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let (doctor, patient) = enrol_both(&db, &keys).await;
    for (n, seconds) in [(1, 40), (2, 10), (3, 30), (4, 20)] {
        let visit = Visit { hold_until: Some(later(seconds)), ..hold(n, doctor, patient, 30 * i64::from(n)) };
        assert_eq!(insert(&db, &keys, &visit).await, Ok(()));
    }
    assert_eq!(insert(&db, &keys, &paid(5, doctor, patient, 0)).await, Ok(()));
    assert_eq!(expire_due(&db, 2, later(9)).await, 0);
    assert_eq!(expire_due(&db, 2, later(30)).await, 2);
    assert_eq!(status(&db, &keys, 3).await, Status::Pending, "a later one");
    assert_eq!(expire_due(&db, 2, later(30)).await, 1);
    assert_eq!(expire_due(&db, 2, later(30)).await, 0);
    for (n, expected) in [(2, Some(later(10))), (4, Some(later(20))), (3, Some(later(30))), (1, None)] {
        let found = by_id(&db, &keys, n).await.unwrap();
        assert_eq!(found.cancelled_at, expected, "at the end of the hold");
        assert_eq!(found.cancelled_by.as_deref(), expected.map(|_| "expired"));
    }
    assert_eq!(status(&db, &keys, 5).await, Status::Confirmed);
}

#[rstest]
#[tokio::test]
async fn what_nobody_began_is_found_the_oldest_first(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let (doctor, patient) = enrol_both(&db, &keys).await;
    for (n, minutes) in [(1, 30), (2, 0), (3, 60), (4, 90)] {
        assert_eq!(insert(&db, &keys, &paid(n, doctor, patient, minutes)).await, Ok(()));
    }
    assert_eq!(insert(&db, &keys, &hold(5, doctor, patient, 120)).await, Ok(()));
    assert!(start(&db, 3).await);
    let forgotten = async |minutes: i64, limit: i64| {
        let found = db.read((), move |c, ()| Box::pin(visits::forgotten(c, at(minutes), limit)));
        found.await.unwrap()
    };
    // each takes twenty minutes
    assert!(forgotten(19, 10).await.is_empty());
    assert_eq!(forgotten(20, 10).await, [visit_id(2)]);
    assert_eq!(forgotten(300, 10).await, [visit_id(2), visit_id(1), visit_id(3), visit_id(4)]);
    assert_eq!(forgotten(300, 2).await, [visit_id(2), visit_id(1)]);
}
