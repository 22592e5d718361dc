//! What browsers bring back from a gateway is kept, a payer's and a stranger's each in its own room.

use db::Db;
use domain::Role;
use helssa_store::charges::{self, Purpose};
use rstest::rstest;
use testkit::{Engine, database};

use crate::{
    add, authority, charge,
    common::{enrol, keys, later},
    insert,
};

fn brought(n: i64) -> String {
    format!("{{\"n\":{n}}}")
}

/// Brings the nth at its second; whether it is kept as the payer's.
async fn bring(db: &Db, n: i64, is_payers: bool) -> bool {
    db.write(brought(n), move |tx, extra| {
        Box::pin(charges::keep_callback(tx, "sandbox", "S1", extra, is_payers, later(n)))
    })
    .await
    .unwrap()
}

async fn forget(db: &Db, n: i64, is_payers: bool) {
    db.write(brought(n), move |tx, extra| {
        Box::pin(charges::forget_callback(tx, "sandbox", "S1", extra, is_payers))
    })
    .await
    .unwrap();
}

async fn kept(db: &Db) -> Vec<String> {
    db.read((), |c, ()| Box::pin(charges::callbacks(c, "sandbox", "S1"))).await.unwrap()
}

#[rstest]
#[tokio::test]
async fn what_browsers_bring_is_kept_once_each_and_not_without_end(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let user = enrol(&db, &keys(), 1, Role::Patient).await;
    insert(&db, &charge(user, 1, Purpose::Wallet)).await;
    assert!(add(&db, &authority(1, "S1")).await);
    for is_payers in [false, true] {
        for n in (1..=22).chain([22]) {
            assert_eq!(bring(&db, n, is_payers).await, is_payers);
        }
        let newest: Vec<String> = (3..=22).rev().map(brought).collect();
        assert_eq!(kept(&db).await[..20], newest, "the oldest make room");
    }
    forget(&db, 22, true).await;
    assert_eq!(kept(&db).await[0], brought(21));
}

#[rstest]
#[tokio::test]
async fn strangers_take_no_room_of_the_payers(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let user = enrol(&db, &keys(), 1, Role::Patient).await;
    insert(&db, &charge(user, 1, Purpose::Wallet)).await;
    assert!(add(&db, &authority(1, "S1")).await);
    for n in 1..=20 {
        assert!(bring(&db, n, true).await);
    }
    for n in 21..=60 {
        assert!(!bring(&db, n, false).await);
    }
    let all: Vec<String> = (1..=20).rev().chain((41..=60).rev()).map(brought).collect();
    assert_eq!(kept(&db).await, all);

    // what the payer brings too is the payer's, and stays that
    assert!(bring(&db, 60, true).await && bring(&db, 60, false).await);
    let all: Vec<String> =
        [60].into_iter().chain((2..=20).rev()).chain((41..=59).rev()).map(brought).collect();
    assert_eq!(kept(&db).await, all);
    forget(&db, 60, false).await;
    assert_eq!(kept(&db).await, all, "it is not a stranger's to forget");
    forget(&db, 60, true).await;
    assert_eq!(kept(&db).await, all[1..]);
}
