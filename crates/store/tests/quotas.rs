//! What was used of quotas, on both databases.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod common;

use common::{
    clinic::{enrol_both, insert, paid, visit_id},
    keys, user,
};
use db::Db;
use domain::{Date, subscription::Quota};
use helssa_store::{quotas, visits};
use rstest::rstest;
use testkit::{Engine, database};
use tokio::task::JoinSet;

fn month(n: i8) -> (Quota, Date) {
    (Quota::AiQueries, Date::constant(2024, n, 1))
}

async fn take(db: &Db, n: u32, what: (Quota, Date), amount: i64, limit: Option<i64>) -> bool {
    db.write((), move |tx, ()| Box::pin(quotas::take(tx, user(n), what, amount, limit))).await.unwrap()
}

async fn used(db: &Db, n: u32, what: (Quota, Date)) -> i64 {
    db.read((), move |c, ()| Box::pin(quotas::used(c, user(n), what))).await.unwrap()
}

async fn give_back(db: &Db, n: u32, what: (Quota, Date), amount: i64) {
    db.write((), move |tx, ()| Box::pin(quotas::give_back(tx, user(n), what, amount))).await.unwrap();
}

#[rstest]
#[tokio::test]
async fn no_more_than_the_limit_is_taken(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let limit = Some(10);
    assert!(!take(&db, 1, month(1), 11, limit).await, "more than there is, at once");
    assert!(take(&db, 1, month(1), 4, limit).await);
    assert!(!take(&db, 1, month(1), 7, limit).await);
    assert_eq!(used(&db, 1, month(1)).await, 4, "a refusal counts nothing");
    assert!(take(&db, 1, month(1), 6, limit).await);
    assert!(!take(&db, 1, month(1), 1, limit).await);
    assert!(take(&db, 1, month(1), 0, limit).await, "nothing always fits");
    // other months, quotas and people count apart
    assert!(take(&db, 1, month(2), 10, limit).await);
    assert!(take(&db, 2, month(1), 10, limit).await);
    assert!(take(&db, 1, (Quota::StorageMb, month(1).1), 10, limit).await);
    assert!(!take(&db, 3, month(1), 1, Some(0)).await);
    assert!(!take(&db, 3, month(1), -1, limit).await);
    assert_eq!(used(&db, 3, month(1)).await, 0);
    // a plan with a lower limit than what was used already
    assert!(!take(&db, 1, month(1), 1, Some(5)).await);
}

#[rstest]
#[tokio::test]
async fn without_a_limit_everything_is_counted(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    for _ in 0..3 {
        assert!(take(&db, 1, month(1), 1_000_000, None).await);
    }
    assert_eq!(used(&db, 1, month(1)).await, 3_000_000);
    assert!(!take(&db, 1, month(1), i64::MAX, None).await, "nor does it wrap");
}

#[rstest]
#[tokio::test]
async fn what_is_given_back_can_be_taken_again(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    assert!(take(&db, 1, month(1), 10, Some(10)).await);
    give_back(&db, 1, month(1), 3).await;
    assert_eq!(used(&db, 1, month(1)).await, 7);
    assert!(take(&db, 1, month(1), 3, Some(10)).await);
    give_back(&db, 1, month(1), 1_000).await;
    assert_eq!(used(&db, 1, month(1)).await, 0, "never below nothing");
    give_back(&db, 2, month(1), 1).await;
    assert_eq!(used(&db, 2, month(1)).await, 0);
}

#[rstest]
#[tokio::test]
async fn a_visit_keeps_the_period_that_it_was_counted_in(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let (doctor, patient) = enrol_both(&db, &keys).await;
    for n in [1, 2] {
        let at = i64::from(n) * 30;
        assert_eq!(insert(&db, &keys, &paid(n, doctor, patient, at)).await, Ok(()));
    }
    let (_, first) = month(1);
    let uncount = |n| db.write((), move |tx, ()| Box::pin(visits::uncount(tx, visit_id(n))));
    assert_eq!(uncount(1).await.unwrap(), None, "never counted");
    db.write((), move |tx, ()| Box::pin(visits::count_in(tx, visit_id(1), first))).await.unwrap();
    assert_eq!(uncount(2).await.unwrap(), None);
    assert_eq!(uncount(1).await.unwrap(), Some(first));
    assert_eq!(uncount(1).await.unwrap(), None, "taken back once");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn of_a_thousand_at_once_fifty_are_within_the_limit(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let mut running = JoinSet::new();
    for _ in 0..1_000 {
        let db = db.clone();
        running.spawn(async move { take(&db, 1, month(1), 1, Some(50)).await });
    }
    let taken = running.join_all().await.into_iter().filter(|taken| *taken).count();
    assert_eq!(taken, 50);
    assert_eq!(used(&db, 1, month(1)).await, 50);
}
