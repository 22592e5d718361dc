//! Many move money at once: nothing is spent or posted twice, opposite transfers do not wait, and whoever proves the
//! ledger meanwhile finds it sound.

use std::sync::Arc;

use db::{Db, sql};
use domain::ledger::{Account, Posting};
use helssa_store::{
    Error,
    ledger::{PostError, Posted},
};
use rstest::rstest;
use testkit::{Engine, database};
use tokio::{sync::Semaphore, task::JoinSet};
use uuid::Uuid;

use crate::{
    balance,
    common::{rows, user},
    expect_sound, give, post, transfer, verify, wallet,
};

/// Whoever is told to try again does.
async fn insist(db: &Db, posting: Posting) -> Result<Posted, PostError> {
    loop {
        match post(db, posting.clone()).await {
            Err(PostError::Store(Error::Db(e))) if e.is_temporary() => {}
            ended => return ended,
        }
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_hundred_spends_of_money_for_a_hundred_a_hundred_are_done(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    give(&db, user(1), 1_000).await;
    let mut spends = JoinSet::new();
    for n in 0..200 {
        let db = db.clone();
        spends.spawn(async move {
            let (wallet, escrow) = (Account::wallet(user(1)), Account::escrow());
            insist(&db, transfer(&format!("spend {n}"), wallet, escrow, 10)).await
        });
    }
    let (mut done, mut refused) = (0, 0);
    for result in spends.join_all().await {
        match result {
            Ok(Posted::Done(_)) => done += 1,
            Err(PostError::Insufficient) => refused += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((done, refused), (100, 100));
    assert_eq!((wallet(&db, user(1)).await.available, balance(&db, Account::escrow()).await), (0, 1_000));
    expect_sound(&db).await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_key_is_posted_once_however_often_it_is_tried(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    // money for one alone: whoever comes later is told that it was done, not that there is too little
    give(&db, user(1), 10).await;
    let mut tries = JoinSet::new();
    for _ in 0..50 {
        let db = db.clone();
        tries.spawn(async move {
            insist(&db, transfer("once", Account::wallet(user(1)), Account::escrow(), 10)).await.unwrap()
        });
    }
    let all = tries.join_all().await;
    let done: Vec<Uuid> = all
        .iter()
        .filter_map(|posted| if let Posted::Done(id) = posted { Some(*id) } else { None })
        .collect();
    let [id] = done[..] else { panic!("{all:?}") };
    assert_eq!(all.iter().filter(|posted| **posted == Posted::Before(id)).count(), 49);
    // the same key for something else is not posted either
    let other = transfer("once", Account::clearing("test"), Account::fees(), 3);
    assert_eq!(post(&db, other).await.unwrap(), Posted::Before(id));
    assert_eq!((balance(&db, Account::escrow()).await, rows(&db, "ledger_postings").await), (10, 2));
    expect_sound(&db).await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn opposite_transfers_don_t_wait_for_each_other(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    give(&db, user(1), 1_000).await;
    give(&db, user(2), 1_000).await;
    let mut transfers = JoinSet::new();
    for n in 0..100 {
        let db = db.clone();
        transfers.spawn(async move {
            let (mut from, mut to) = (Account::wallet(user(1)), Account::wallet(user(2)));
            if n % 2 == 0 {
                std::mem::swap(&mut from, &mut to);
            }
            insist(&db, transfer(&n.to_string(), from, to, 7)).await.unwrap()
        });
    }
    let all = transfers.join_all().await;
    assert!(all.iter().all(|posted| matches!(posted, Posted::Done(_))));
    assert_eq!((wallet(&db, user(1)).await.available, wallet(&db, user(2)).await.available), (1_000, 1_000));
    expect_sound(&db).await;
    if engine == Engine::Postgres {
        // where a transaction that was run again would hide them
        let deadlocks: Option<(i64,)> = db
            .one(
                sql!(
                    sqlite: "SELECT 0",
                    postgres: "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
                ),
                &[],
            )
            .await
            .unwrap();
        assert_eq!(deadlocks, Some((0,)));
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_ledger_is_proven_at_any_moment_while_two_hundred_post(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let folder = tempfile::tempdir().unwrap();
    let place = database::location(engine, folder.path()).await;
    // as `helssa verify ledger` beside a server: connections of its own
    let (db, beside) = (Db::open(&place).unwrap(), Db::open(&place).unwrap());
    for n in 1..=4 {
        give(&db, user(n), 1_000).await;
    }
    // a hundred go ahead, the others a few with each look: every look is among them
    let turns = Arc::new(Semaphore::new(100));
    let mut spends = JoinSet::new();
    for n in 0..200 {
        let (db, turns) = (db.clone(), Arc::clone(&turns));
        spends.spawn(async move {
            turns.acquire().await.unwrap().forget();
            let wallet = Account::wallet(user(n % 4 + 1));
            insist(&db, transfer(&format!("spend {n}"), wallet, Account::escrow(), 10)).await.unwrap()
        });
    }
    let spends = tokio::spawn(spends.join_all());
    while !spends.is_finished() {
        expect_sound(&beside).await;
        turns.add_permits(10);
    }
    let all = spends.await.unwrap();
    assert!(all.iter().all(|posted| matches!(posted, Posted::Done(_))));
    let report = verify(&beside).await;
    assert!(report.faults.is_empty(), "{:?}", report.faults);
    // four wallets, the escrow and where the money came from; two entries a posting
    assert_eq!((report.accounts, report.postings, report.entries), (6, 204, 408));
    assert_eq!((rows(&db, "ledger_postings").await, rows(&db, "ledger_entries").await), (204, 408));
    assert_eq!(balance(&db, Account::escrow()).await, 2_000);
}
