//! Records of blocked money, on both databases.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod common;

use common::{by_hand, enrol, keys, later, now};
use db::{Db, sql};
use domain::{Rials, Role, Timestamp, ids::UserId};
use helssa_store::holds::{self, Hold, HoldStatus};
use rstest::rstest;
use testkit::{Engine, database};
use tokio::task::JoinSet;
use uuid::Uuid;

fn rials(amount: i64) -> Rials {
    Rials::new(amount).unwrap()
}

fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

fn hold(user: UserId, n: u128, amount: i64, expires_at: Option<Timestamp>) -> Hold {
    Hold {
        id: id(n),
        user,
        amount: rials(amount),
        status: HoldStatus::Open,
        posted: Rials::ZERO,
        expires_at,
        unique_key: format!("key {n}"),
        purpose: "payout".into(),
        reference: Some(id(1_000 + n)),
        created_at: now(),
        ended_at: None,
    }
}

async fn insert(db: &Db, hold: &Hold) -> bool {
    db.write(hold.clone(), |tx, hold| Box::pin(async move { holds::insert(tx, hold).await })).await.unwrap()
}

async fn end(db: &Db, n: u128, status: HoldStatus, posted: i64) -> bool {
    db.write((), move |tx, ()| Box::pin(holds::end(tx, id(n), status, rials(posted), later(60))))
        .await
        .unwrap()
}

async fn by_id(db: &Db, n: u128) -> Option<Hold> {
    db.read((), move |c, ()| Box::pin(holds::by_id(c, id(n)))).await.unwrap()
}

async fn open_total(db: &Db, user: UserId) -> i64 {
    db.read((), move |c, ()| Box::pin(holds::open_total(c, user))).await.unwrap()
}

async fn due(db: &Db, at: Timestamp, limit: i64) -> Vec<Uuid> {
    db.read((), move |c, ()| Box::pin(holds::due(c, at, limit))).await.unwrap()
}

#[rstest]
#[tokio::test]
async fn a_hold_is_placed_once_and_ends_once(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let user = enrol(&db, &keys(), 1, Role::Doctor).await;
    let first = hold(user, 1, 500, Some(later(100)));
    assert!(insert(&db, &first).await);
    assert!(!insert(&db, &Hold { id: id(9), ..first.clone() }).await, "the key is there");
    assert_eq!(by_id(&db, 1).await, Some(first.clone()));
    let by_key = db.read((), |c, ()| Box::pin(holds::by_key(c, "key 1"))).await.unwrap();
    assert_eq!(by_key, Some(first.clone()));
    assert_eq!((by_id(&db, 9).await, open_total(&db, user).await), (None, 500));

    assert!(end(&db, 1, HoldStatus::Posted, 300).await);
    assert!(!end(&db, 1, HoldStatus::Voided, 0).await, "it has ended");
    let ended = Hold { status: HoldStatus::Posted, posted: rials(300), ended_at: Some(later(60)), ..first };
    assert_eq!(by_id(&db, 1).await, Some(ended));
    assert_eq!(open_total(&db, user).await, 0);
}

#[rstest]
#[tokio::test]
async fn what_is_due_is_found_the_oldest_first(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let user = enrol(&db, &keys(), 1, Role::Doctor).await;
    for (n, end) in [(1, Some(30)), (2, Some(10)), (3, None), (4, Some(20)), (5, Some(40))] {
        assert!(insert(&db, &hold(user, n, 100, end.map(later))).await);
    }
    assert!(end(&db, 4, HoldStatus::Expired, 0).await);
    assert_eq!(due(&db, later(30), 10).await, [id(2), id(1)]);
    assert_eq!(due(&db, later(30), 1).await, [id(2)]);
    assert!(due(&db, later(9), 10).await.is_empty());
    assert_eq!(open_total(&db, user).await, 400);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_those_who_end_a_hold_at_once_one_does(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let user = enrol(&db, &keys(), 1, Role::Doctor).await;
    assert!(insert(&db, &hold(user, 1, 100, None)).await);
    let mut ends = JoinSet::new();
    for n in 0..20 {
        let db = db.clone();
        ends.spawn(async move {
            let (status, posted) =
                if n % 2 == 0 { (HoldStatus::Posted, 100) } else { (HoldStatus::Voided, 0) };
            end(&db, 1, status, posted).await
        });
    }
    assert_eq!(ends.join_all().await.into_iter().filter(|ended| *ended).count(), 1);
}

#[rstest]
#[tokio::test]
async fn nobody_gets_around_a_hold(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let user = enrol(&db, &keys(), 1, Role::Doctor).await;
    assert!(insert(&db, &hold(user, 1, 100, None)).await);
    assert!(insert(&db, &hold(user, 2, 100, None)).await);
    assert!(end(&db, 2, HoldStatus::Voided, 0).await);
    let ended = by_id(&db, 2).await;
    for statement in [
        sql!("UPDATE holds SET amount = 50 WHERE status = 'open'"),
        sql!("UPDATE holds SET posted = 101, status = 'posted', ended_at = 1 WHERE status = 'open'"),
        sql!("UPDATE holds SET status = 'voided' WHERE status = 'open'"),
        sql!("UPDATE holds SET status = 'open', ended_at = NULL WHERE status = 'voided'"),
        sql!("UPDATE holds SET ended_at = 1 WHERE status = 'voided'"),
        sql!("DELETE FROM holds"),
    ] {
        assert!(by_hand(&db, statement).await.is_err(), "{}", statement.sqlite);
    }
    assert_eq!((by_id(&db, 2).await, open_total(&db, user).await), (ended, 100));
}
