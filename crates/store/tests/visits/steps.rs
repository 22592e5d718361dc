//! Each step is taken once and from where it may be taken; what has ended stays as it is.

use std::sync::Arc;

use domain::{
    Rials,
    visit::{CancelledBy, Status},
};
use helssa_store::{
    Error,
    visits::{self, Visit},
};
use rstest::rstest;
use testkit::{Engine, database};

use crate::{
    amount, assert_same,
    common::{
        clinic::{
            by_id, cancel, complete, confirm, end, enrol_both, hold, insert, paid, reschedule, start,
            visit_id,
        },
        keys, later,
    },
    share, status,
};

#[rstest]
#[tokio::test]
async fn a_visit_is_paid_started_and_completed_once(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let (doctor, patient) = enrol_both(&db, &keys).await;
    let visit = hold(1, doctor, patient, 0);
    assert_eq!(insert(&db, &keys, &visit).await, Ok(()));
    assert!(!start(&db, 1).await, "it isn't paid");
    assert!(confirm(&db, 1, share(), later(60)).await);
    assert!(!confirm(&db, 1, share(), later(61)).await, "once");
    let confirmed = Visit {
        status: Status::Confirmed,
        hold_until: None,
        paid: share(),
        paid_at: Some(later(60)),
        ..visit
    };
    assert_same(&by_id(&db, &keys, 1).await.unwrap(), &confirmed);
    assert!(!end(&db, 1, Status::InProgress, Status::Completed).await, "it hasn't begun");

    assert!(start(&db, 1).await && !start(&db, 1).await);
    assert!(!end(&db, 1, Status::Confirmed, Status::NoShow).await, "the patient came");
    assert!(!cancel(&db, &keys, 1, Rials::ZERO, "").await);
    assert_eq!(reschedule(&db, 1, 60, later(130)).await, Ok(false));
    assert!(end(&db, 1, Status::InProgress, Status::Completed).await);
    assert!(!end(&db, 1, Status::InProgress, Status::Completed).await);
    let completed = Visit {
        status: Status::Completed,
        started_at: Some(later(120)),
        ended_at: Some(later(180)),
        ..confirmed
    };
    assert_same(&by_id(&db, &keys, 1).await.unwrap(), &completed);
}

#[rstest]
#[tokio::test]
async fn a_cancelled_visit_knows_why_and_what_was_paid_back(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let (doctor, patient) = enrol_both(&db, &keys).await;
    let visits = [hold(1, doctor, patient, 0), paid(2, doctor, patient, 30)];
    for visit in &visits {
        assert_eq!(insert(&db, &keys, visit).await, Ok(()));
    }
    let too_much = db
        .write(Arc::clone(&keys), |tx, keys| {
            Box::pin(async move {
                let by = CancelledBy::Doctor;
                visits::cancel(tx, keys, visit_id(2), by, amount(320_001), "", later(240)).await
            })
        })
        .await;
    assert!(matches!(too_much, Err(Error::Db(db::Error::Constraint(_)))), "{too_much:?}");

    for (n, refunded, reason) in [(1, 0, ""), (2, 160_000, "سفر")] {
        assert!(cancel(&db, &keys, n, amount(refunded), reason).await);
        assert!(!cancel(&db, &keys, n, amount(refunded), "again").await);
        let found = by_id(&db, &keys, n).await.unwrap();
        assert_eq!((found.status, found.hold_until), (Status::Cancelled, None));
        assert_eq!((found.refunded.get(), found.reason.as_str()), (refunded, reason));
        assert_eq!((found.cancelled_at, found.cancelled_by.as_deref()), (Some(later(240)), Some("patient")));
    }
    let nobody = cancel(&db, &keys, 3, Rials::ZERO, "").await;
    assert!(!nobody && !start(&db, 3).await && !confirm(&db, 3, share(), later(1)).await, "there is none");
}

#[rstest]
#[tokio::test]
async fn what_has_ended_stays_as_it_is(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let (doctor, patient) = enrol_both(&db, &keys).await;
    for n in 1..=3 {
        assert_eq!(insert(&db, &keys, &paid(n, doctor, patient, 30 * i64::from(n))).await, Ok(()));
    }
    complete(&db, 1).await;
    assert!(cancel(&db, &keys, 2, share(), "").await);
    assert!(end(&db, 3, Status::Confirmed, Status::NoShow).await);
    for (n, ended) in [(1, Status::Completed), (2, Status::Cancelled), (3, Status::NoShow)] {
        assert!(!confirm(&db, n, share(), later(300)).await && !start(&db, n).await);
        assert!(!end(&db, n, Status::Confirmed, Status::NoShow).await);
        assert!(!end(&db, n, Status::InProgress, Status::Completed).await);
        assert!(!cancel(&db, &keys, n, Rials::ZERO, "").await);
        assert_eq!(reschedule(&db, n, 300, later(300)).await, Ok(false));
        assert_eq!(status(&db, &keys, n).await, ended);
    }
}

#[rstest]
#[tokio::test]
async fn an_admin_alone_cancels_what_goes_on(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let (doctor, patient) = enrol_both(&db, &keys).await;
    assert_eq!(insert(&db, &keys, &paid(1, doctor, patient, 0)).await, Ok(()));
    assert!(start(&db, 1).await);
    for (by, expected) in
        [(CancelledBy::Patient, false), (CancelledBy::Doctor, false), (CancelledBy::Admin, true)]
    {
        let cancelled = db.write(Arc::clone(&keys), move |tx, keys| {
            Box::pin(async move { visits::cancel(tx, keys, visit_id(1), by, share(), "", later(240)).await })
        });
        assert_eq!(cancelled.await.unwrap(), expected, "{by:?}");
    }
    assert_eq!(status(&db, &keys, 1).await, Status::Cancelled);
    // its time is free
    assert_eq!(insert(&db, &keys, &paid(2, doctor, patient, 0)).await, Ok(()));
}
