//! Discount codes, on both databases.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod common;

use common::{later, now, rows, user};
use db::Db;
use domain::{Rials, subscription::Worth};
use helssa_store::{
    Error,
    discounts::{self, Code, Redeemed},
};
use rstest::rstest;
use testkit::{Engine, database};
use tokio::task::JoinSet;
use uuid::Uuid;

fn code(name: &str) -> Code {
    Code {
        code: name.into(),
        worth: Worth::Percent(25),
        valid_from: None,
        valid_until: None,
        per_user_cap: None,
        total_cap: None,
        plan: None,
        redeemed: 0,
        created_at: now(),
    }
}

async fn add(db: &Db, code: Code) -> bool {
    db.write(code, |tx, code| Box::pin(discounts::insert(tx, code))).await.unwrap()
}

async fn by_code(db: &Db, name: &'static str) -> Option<Code> {
    db.read((), move |c, ()| Box::pin(discounts::by_code(c, name))).await.unwrap()
}

/// What a use case does: a refusal ends its transaction.
async fn redeem(db: &Db, name: &'static str, n: u32, purchase: u128) -> Redeemed {
    #[derive(Debug)]
    enum End {
        Refused(Redeemed),
        Failed(Error),
    }
    impl From<db::Error> for End {
        fn from(e: db::Error) -> Self {
            Self::Failed(e.into())
        }
    }
    let redeemed = db.write((), move |tx, ()| {
        Box::pin(async move {
            let purchase = Uuid::from_u128(purchase);
            match discounts::redeem(tx, name, user(n), purchase, now()).await.map_err(End::Failed)? {
                Redeemed::Done => Ok(Redeemed::Done),
                refused => Err(End::Refused(refused)),
            }
        })
    });
    match redeemed.await {
        Ok(done) => done,
        Err(End::Refused(refused)) => refused,
        Err(End::Failed(e)) => panic!("{e}"),
    }
}

#[rstest]
#[tokio::test]
async fn a_code_comes_back_as_it_was_written(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let full = Code {
        worth: Worth::Amount(Rials::new(50_000).unwrap()),
        valid_from: Some("2024-01-01".parse().unwrap()),
        valid_until: Some("2024-02-01".parse().unwrap()),
        per_user_cap: Some(1),
        total_cap: Some(10),
        plan: Some("premium".into()),
        created_at: later(60),
        ..code("FULL")
    };
    assert!(add(&db, code("BARE")).await && add(&db, full.clone()).await);
    assert!(!add(&db, code("FULL")).await, "there is one of that name");
    assert_eq!(by_code(&db, "BARE").await, Some(code("BARE")));
    assert_eq!(by_code(&db, "FULL").await, Some(full.clone()));
    assert_eq!(by_code(&db, "NONE").await, None);
    let page = |offset| {
        let db = db.clone();
        async move { db.read((), move |c, ()| Box::pin(discounts::page(c, 1, offset))).await.unwrap() }
    };
    assert_eq!(page(0).await, (2, vec![full]));
    assert_eq!(page(1).await, (2, vec![code("BARE")]));
    assert_eq!(page(2).await, (2, vec![]));
}

#[rstest]
#[tokio::test]
async fn one_person_redeems_as_often_as_they_may_and_what_comes_back_is_free_again(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    add(&db, Code { per_user_cap: Some(2), total_cap: Some(3), ..code("TWICE") }).await;
    assert_eq!(redeem(&db, "TWICE", 1, 1).await, Redeemed::Done);
    assert_eq!(redeem(&db, "TWICE", 1, 2).await, Redeemed::Done);
    assert_eq!(redeem(&db, "TWICE", 1, 3).await, Redeemed::UsedByThem);
    assert_eq!(redeem(&db, "TWICE", 2, 4).await, Redeemed::Done);
    assert_eq!(redeem(&db, "TWICE", 3, 5).await, Redeemed::UsedUp);
    assert_eq!(redeem(&db, "NONE", 3, 6).await, Redeemed::UsedUp);
    assert_eq!((by_code(&db, "TWICE").await.unwrap().redeemed, rows(&db, "code_redemptions").await), (3, 3));
    let give_back = || db.write((), |tx, ()| Box::pin(discounts::give_back(tx, Uuid::from_u128(1))));
    assert!(give_back().await.unwrap());
    assert!(!give_back().await.unwrap(), "once");
    assert_eq!((by_code(&db, "TWICE").await.unwrap().redeemed, rows(&db, "code_redemptions").await), (2, 2));
    assert_eq!(redeem(&db, "TWICE", 1, 7).await, Redeemed::Done);
}

/// Many at once: how many have it.
async fn race(db: &Db, name: &'static str, users: impl Fn(u32) -> u32) -> usize {
    let mut running = JoinSet::new();
    for n in 0..1_000 {
        let (db, user) = (db.clone(), users(n));
        running.spawn(async move { redeem(&db, name, user, u128::from(n) + 1).await });
    }
    let all = running.join_all().await;
    all.into_iter().filter(|redeemed| *redeemed == Redeemed::Done).count()
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn of_a_thousand_redemptions_at_once_ten_succeed_where_ten_may(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    add(&db, Code { total_cap: Some(10), ..code("TEN") }).await;
    assert_eq!(race(&db, "TEN", |n| n).await, 10);
    assert_eq!((by_code(&db, "TEN").await.unwrap().redeemed, rows(&db, "code_redemptions").await), (10, 10));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn of_a_thousand_by_four_people_at_once_each_has_three(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    add(&db, Code { per_user_cap: Some(3), ..code("THREE") }).await;
    assert_eq!(race(&db, "THREE", |n| n % 4).await, 12);
    assert_eq!(by_code(&db, "THREE").await.unwrap().redeemed, 12);
}
