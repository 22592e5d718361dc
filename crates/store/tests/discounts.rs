//! Discount codes, on both databases.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod common;

use common::{later, now, rows, user};
use db::{Db, sql};
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
        ended_at: None,
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

/// Ends a code so many seconds later: whether this did, and the code as it is in that transaction.
async fn end(db: &Db, name: &'static str, seconds: i64) -> (bool, Option<Code>) {
    db.write((), move |tx, ()| {
        Box::pin(async move {
            let ended = discounts::end(tx, name, later(seconds)).await?;
            Ok::<_, Error>((ended, discounts::by_code(tx, name).await?))
        })
    })
    .await
    .unwrap()
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

#[rstest]
#[tokio::test]
async fn a_code_that_has_ended_is_redeemed_no_more_and_keeps_what_it_has(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    add(&db, code("ENDED")).await;
    add(&db, Code { total_cap: Some(1), created_at: later(1), ..code("USED-UP") }).await;
    add(&db, code("OTHER")).await;
    assert_eq!(redeem(&db, "ENDED", 1, 1).await, Redeemed::Done);
    assert_eq!(redeem(&db, "USED-UP", 1, 2).await, Redeemed::Done);
    let ended = Code { redeemed: 1, ended_at: Some(later(60)), ..code("ENDED") };
    assert_eq!(end(&db, "ENDED", 60).await, (true, Some(ended.clone())));
    assert_eq!(end(&db, "ENDED", 90).await, (false, Some(ended.clone())), "once");
    assert_eq!(end(&db, "NONE", 60).await, (false, None));
    assert!(end(&db, "USED-UP", 60).await.0);
    assert_eq!(redeem(&db, "ENDED", 1, 3).await, Redeemed::Ended);
    assert_eq!(redeem(&db, "ENDED", 2, 4).await, Redeemed::Ended);
    assert_eq!(redeem(&db, "USED-UP", 2, 5).await, Redeemed::Ended);
    assert_eq!(by_code(&db, "ENDED").await, Some(ended.clone()));
    let page = db.read((), |c, ()| Box::pin(discounts::page(c, 10, 0))).await.unwrap();
    let listed = page.1.into_iter().map(|code| (code.code, code.ended_at)).collect::<Vec<_>>();
    let ends = [("USED-UP", Some(later(60))), ("OTHER", None), ("ENDED", Some(later(60)))];
    assert_eq!(listed, ends.map(|(name, at)| (name.to_owned(), at)));
    // what comes back is nobody's any more
    let give_back = db.write((), |tx, ()| Box::pin(discounts::give_back(tx, Uuid::from_u128(1))));
    assert!(give_back.await.unwrap());
    assert_eq!(redeem(&db, "ENDED", 1, 6).await, Redeemed::Ended);
    assert_eq!(by_code(&db, "ENDED").await, Some(Code { redeemed: 0, ..ended }));
    assert_eq!(redeem(&db, "OTHER", 1, 7).await, Redeemed::Done);
    assert_eq!(rows(&db, "code_redemptions").await, 2);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn of_twenty_redemptions_beside_an_end_none_comes_after_it(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    add(&db, code("LEAKED")).await;
    let mut running = JoinSet::new();
    let mut ending = None;
    for n in 0..20 {
        if n == 10 {
            let db = db.clone();
            ending = Some(tokio::spawn(async move { end(&db, "LEAKED", 60).await }));
        }
        let db = db.clone();
        running.spawn(async move { redeem(&db, "LEAKED", n, u128::from(n) + 1).await });
    }
    let (ended, at_its_end) = ending.unwrap().await.unwrap();
    let all = running.join_all().await;
    let done = all.iter().filter(|redeemed| **redeemed == Redeemed::Done).count();
    assert!(all.iter().all(|redeemed| matches!(redeemed, Redeemed::Done | Redeemed::Ended)), "{all:?}");
    let done = i64::try_from(done).unwrap();
    // the end holds the code's row: what it counts there is all that there will be
    assert_eq!((ended, at_its_end.unwrap().redeemed), (true, done));
    assert_eq!(redeem(&db, "LEAKED", 20, 21).await, Redeemed::Ended);
    assert_eq!(
        (by_code(&db, "LEAKED").await.unwrap().redeemed, rows(&db, "code_redemptions").await),
        (done, done)
    );
}

/// As a program that knows nothing of ends would write, or somebody with a shell.
#[rstest]
#[tokio::test]
async fn an_end_stays_whoever_writes(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    add(&db, code("ENDED")).await;
    assert_eq!(redeem(&db, "ENDED", 1, 1).await, Redeemed::Done);
    assert!(end(&db, "ENDED", 60).await.0);
    for patched in [
        sql!("UPDATE discount_codes SET redeemed = redeemed + 1 WHERE code = 'ENDED'"),
        sql!("UPDATE discount_codes SET ended_at = NULL WHERE code = 'ENDED'"),
        sql!("UPDATE discount_codes SET ended_at = ended_at + 1 WHERE code = 'ENDED'"),
    ] {
        let written = db.write((), move |tx, ()| Box::pin(tx.exec(patched, &[]))).await;
        assert!(written.unwrap_err().to_string().contains("the code has ended"));
    }
    assert_eq!(by_code(&db, "ENDED").await.unwrap().redeemed, 1);
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
