//! A visit's life, on both databases.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod common;

use std::sync::Arc;

use common::{
    by_hand,
    clinic::{
        at, by_id, cancel, complete, confirm, end, enrol_both, hold, insert, paid, reschedule, start,
        visit_id,
    },
    contains, files, keys, later, ring,
};
use db::{Db, sql};
use domain::{
    Rials, SignedDuration, Timestamp,
    visit::{CancelledBy, Status},
};
use helssa_store::{
    Error, Keyring,
    visits::{self, Taken, Visit},
};
use rstest::rstest;
use testkit::{Engine, database};
use tokio::task::JoinSet;
use uuid::Uuid;

/// What a patient pays for each of these visits.
fn share() -> Rials {
    Rials::new(320_000).unwrap()
}

fn amount(rials: i64) -> Rials {
    Rials::new(rials).unwrap()
}

async fn expire_due(db: &Db, limit: i64, now: Timestamp) -> u64 {
    db.write((), move |tx, ()| Box::pin(visits::expire_due(tx, limit, now))).await.unwrap()
}

async fn status(db: &Db, keys: &Arc<Keyring>, n: u32) -> Status {
    by_id(db, keys, n).await.unwrap().status
}

async fn by_pay_token(db: &Db, keys: &Arc<Keyring>, token: Uuid) -> Option<Visit> {
    db.read(Arc::clone(keys), move |c, keys| {
        Box::pin(async move { visits::by_pay_token(c, keys, token).await })
    })
    .await
    .unwrap()
}

#[track_caller]
fn assert_same(found: &Visit, expected: &Visit) {
    let who = |visit: &Visit| (visit.id, visit.doctor, visit.patient, visit.pay_token);
    let what = |visit: &Visit| (visit.kind, visit.status, visit.lane, visit.price, visit.policy);
    let when = |visit: &Visit| (visit.starts_at, visit.ends_at, visit.hold_until, visit.created_at);
    let texts = |visit: &Visit| {
        let Visit { reference, chief_complaint, description, insurance_number, reason, .. } = visit.clone();
        [reference, chief_complaint, description, insurance_number, reason]
    };
    assert_eq!(who(found), who(expected));
    assert_eq!(what(found), what(expected));
    assert_eq!(when(found), when(expected));
    assert_eq!(texts(found), texts(expected));
    assert_eq!((&found.insurer, found.paid), (&expected.insurer, expected.paid));
    assert_eq!((found.refunded, found.paid_at), (expected.refunded, expected.paid_at));
    assert_eq!((found.started_at, found.ended_at), (expected.started_at, expected.ended_at));
    assert_eq!((found.cancelled_at, &found.cancelled_by), (expected.cancelled_at, &expected.cancelled_by));
}

#[rstest]
#[tokio::test]
async fn a_visit_comes_back_as_it_was_written(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let (doctor, patient) = enrol_both(&db, &keys).await;
    let uninsured = Visit { insurer: None, insurance_number: String::new(), ..paid(2, doctor, patient, 30) };
    for (n, visit) in [(1, hold(1, doctor, patient, 0)), (2, uninsured)] {
        assert_eq!(insert(&db, &keys, &visit).await, Ok(()));
        assert_same(&by_id(&db, &keys, n).await.unwrap(), &visit);
        assert_same(&by_pay_token(&db, &keys, visit.pay_token).await.unwrap(), &visit);
        let locked = db
            .write(Arc::clone(&keys), move |tx, keys| {
                Box::pin(async move { visits::lock(tx, keys, visit_id(n)).await })
            })
            .await
            .unwrap();
        assert_same(&locked.unwrap(), &visit);
    }
    assert!(by_id(&db, &keys, 3).await.is_none());
    assert!(by_pay_token(&db, &keys, visit_id(1).0).await.is_none(), "an id is no token");
    assert_eq!(format!("{:?}", hold(1, doctor, patient, 0)), "Visit(***)");
}

#[rstest]
#[tokio::test]
async fn a_taken_reference_leaves_room_for_another(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let (doctor, patient) = enrol_both(&db, &keys).await;
    let first = hold(1, doctor, patient, 0);
    assert_eq!(insert(&db, &keys, &first).await, Ok(()));
    let second = Visit { reference: first.reference, ..hold(2, doctor, patient, 30) };
    let tried = db
        .write((Arc::clone(&keys), second), |tx, (keys, visit)| {
            Box::pin(async move {
                let refused = visits::insert(tx, keys, visit).await?;
                let other = Visit { reference: "HLS-OTHER".into(), ..visit.clone() };
                Ok::<_, Error>((refused, visits::insert(tx, keys, &other).await?))
            })
        })
        .await
        .unwrap();
    assert_eq!(tried, (Err(Taken::Reference), Ok(())));
    assert_eq!(by_id(&db, &keys, 2).await.unwrap().reference, "HLS-OTHER");

    // nobody can choose another secret or id here: that is a fault
    let same_secret = Visit { pay_token: first.pay_token, ..hold(3, doctor, patient, 60) };
    let refused = db
        .write((Arc::clone(&keys), same_secret), |tx, (keys, visit)| {
            Box::pin(async move { visits::insert(tx, keys, visit).await })
        })
        .await;
    assert!(matches!(refused, Err(Error::Db(db::Error::Unique(_)))), "{refused:?}");
}

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
async fn only_the_whole_share_confirms(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let (doctor, patient) = enrol_both(&db, &keys).await;
    assert_eq!(insert(&db, &keys, &hold(1, doctor, patient, 0)).await, Ok(()));
    for rials in [0, 319_999, 320_001] {
        let refused = db
            .write((), move |tx, ()| Box::pin(visits::confirm(tx, visit_id(1), amount(rials), later(60))))
            .await;
        assert!(matches!(refused, Err(Error::Db(db::Error::Constraint(_)))), "{rials}: {refused:?}");
    }
    assert_eq!(status(&db, &keys, 1).await, Status::Pending);
}

#[rstest]
#[tokio::test]
async fn of_twenty_payments_at_once_one_confirms(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let (doctor, patient) = enrol_both(&db, &keys).await;
    assert_eq!(insert(&db, &keys, &hold(1, doctor, patient, 0)).await, Ok(()));
    let mut all = JoinSet::new();
    for _ in 0..20 {
        let (db, keys) = (db.clone(), Arc::clone(&keys));
        all.spawn(async move {
            db.write(keys, |tx, keys| {
                Box::pin(async move {
                    let visit = visits::lock(tx, keys, visit_id(1)).await?.unwrap();
                    let is_first = visit.status == Status::Pending;
                    let confirmed = visits::confirm(tx, visit.id, share(), later(60)).await?;
                    Ok::<_, Error>((is_first, confirmed))
                })
            })
            .await
            .unwrap()
        });
    }
    let mut ended = all.join_all().await;
    ended.sort_unstable();
    assert_eq!(ended.pop(), Some((true, true)));
    assert!(ended.into_iter().all(|both| both == (false, false)), "the others saw that it was confirmed");
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
async fn money_is_written_down_once(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let (doctor, patient) = enrol_both(&db, &keys).await;
    assert_eq!(insert(&db, &keys, &paid(1, doctor, patient, 0)).await, Ok(()));
    let pay = async |id: u128, is_late: bool| {
        db.write((), move |tx, ()| {
            let id = Uuid::from_u128(id);
            Box::pin(visits::note_payment(tx, id, visit_id(1), "wallet", is_late, share(), later(60)))
        })
        .await
        .unwrap()
    };
    let refund = async |id: u128| {
        db.write((), move |tx, ()| {
            let id = Uuid::from_u128(id);
            Box::pin(visits::note_refund(tx, id, visit_id(1), "wallet", amount(160_000), later(90)))
        })
        .await
        .unwrap()
    };
    assert!(pay(1, false).await);
    assert!(!pay(2, false).await, "paid already");
    assert!(!pay(1, true).await, "the same payment");
    assert!(pay(3, true).await && pay(4, true).await, "each of these goes to the wallet");
    assert!(refund(5).await && !refund(6).await);
    let noted: Vec<(String, i64, i64)> = db
        .all(
            sql!(
                "SELECT kind, count(*), CAST(sum(amount) AS BIGINT) FROM visit_payments
                 WHERE method = 'wallet' GROUP BY kind ORDER BY kind"
            ),
            &[],
        )
        .await
        .unwrap();
    let expected = [("late", 2, 640_000), ("payment", 1, 320_000), ("refund", 1, 160_000)];
    assert_eq!(noted, expected.map(|(kind, count, sum)| (kind.to_owned(), count, sum)));
}

#[rstest]
#[tokio::test]
async fn nothing_of_a_complaint_is_kept_in_plain(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, folder) = database::open(engine).await;
    let keys = keys();
    let (doctor, patient) = enrol_both(&db, &keys).await;
    let visit = Visit {
        chief_complaint: "Zzcomplaint".into(),
        description: "Zzdescription".into(),
        insurance_number: "Zznumber".into(),
        ..hold(1, doctor, patient, 0)
    };
    assert_eq!(insert(&db, &keys, &visit).await, Ok(()));
    assert!(cancel(&db, &keys, 1, Rials::ZERO, "Zzreason").await);
    let kept: Vec<(Option<Vec<u8>>,)> = db
        .all(
            sql!(
                "SELECT chief_complaint FROM visits UNION ALL SELECT description FROM visits
                 UNION ALL SELECT insurance_number FROM visits UNION ALL SELECT reason FROM visits"
            ),
            &[],
        )
        .await
        .unwrap();
    assert_eq!(kept.len(), 4);
    let mut kept: Vec<u8> = kept.into_iter().flat_map(|(value,)| value.unwrap()).collect();
    kept.extend(files(folder.path()));
    for text in ["Zzcomplaint", "Zzdescription", "Zznumber", "Zzreason"] {
        assert!(!contains(&kept, text), "{text}");
    }
    let read = async |keys: Arc<Keyring>| {
        db.read(keys, |c, keys| Box::pin(async move { visits::by_id(c, keys, visit_id(1)).await })).await
    };
    let other = read(ring(&["k2"])).await;
    assert!(matches!(other, Err(Error::Stored { table: "visits", .. })), "without the key it does not open");
    by_hand(&db, sql!("UPDATE visits SET description = chief_complaint")).await.unwrap();
    let moved = read(keys).await;
    assert!(
        matches!(moved, Err(Error::Stored { table: "visits", column: "description", .. })),
        "it opened in another column"
    );
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
