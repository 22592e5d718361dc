//! A visit is confirmed by its whole share, by one of many payments, and money is written down once.

use std::sync::Arc;

use db::sql;
use domain::visit::Status;
use helssa_store::{Error, visits};
use rstest::rstest;
use testkit::{Engine, database};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::{
    amount,
    common::{
        clinic::{enrol_both, hold, insert, paid, visit_id},
        keys, later,
    },
    share, status,
};

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
