//! Blocked numbers, on both databases.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod common;

use std::sync::Arc;

use common::{contains, files, keys, later, now, phone, raw, rows};
use db::{Conn, Db, sql};
use domain::Phone;
use helssa_store::{Error, Keyring, Result, blocks};
use rstest::rstest;
use testkit::{Engine, database};
use tokio::task::JoinSet;

async fn block(db: &Db, keys: &Arc<Keyring>, phone: Phone, reason: &'static str) -> bool {
    db.write(Arc::clone(keys), move |tx, keys| {
        Box::pin(async move { blocks::block(tx, keys, &phone, reason, now()).await })
    })
    .await
    .unwrap()
}

async fn unblock(db: &Db, keys: &Arc<Keyring>, phone: Phone) -> bool {
    db.write(Arc::clone(keys), move |tx, keys| {
        Box::pin(async move { blocks::unblock(tx, keys, &phone).await })
    })
    .await
    .unwrap()
}

async fn is_blocked(db: &Db, keys: &Arc<Keyring>, phone: Phone) -> bool {
    db.read(Arc::clone(keys), move |c, keys| {
        Box::pin(async move { blocks::is_blocked(c, keys, &phone).await })
    })
    .await
    .unwrap()
}

#[rstest]
#[tokio::test]
async fn a_number_is_blocked_once_and_unblocked_once(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let (one, other) = (phone(1), phone(2));
    assert!(!is_blocked(&db, &keys, one).await);
    assert!(!unblock(&db, &keys, one).await, "it is not blocked");
    assert!(block(&db, &keys, one, "spam").await);
    assert!(!block(&db, &keys, one, "fraud").await, "it is blocked already");
    let reason: Option<(String,)> = db.one(sql!("SELECT reason FROM phone_blocks"), &[]).await.unwrap();
    assert_eq!(reason, Some(("spam".into(),)), "the first reason stays");
    assert!(is_blocked(&db, &keys, one).await);
    assert!(is_blocked(&db, &keys, Phone::parse(&one.local()).unwrap()).await, "however it is spelled");
    assert!(!is_blocked(&db, &keys, other).await);
    assert!(!unblock(&db, &keys, other).await);
    assert!(unblock(&db, &keys, one).await);
    assert!(!unblock(&db, &keys, one).await, "a second time");
    assert!(!is_blocked(&db, &keys, one).await);
    assert!(block(&db, &keys, one, "again").await);
}

#[rstest]
#[tokio::test]
async fn of_twenty_who_block_one_number_one_does(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let mut all = JoinSet::new();
    for _ in 0..20 {
        let (db, keys) = (db.clone(), Arc::clone(&keys));
        all.spawn(async move { block(&db, &keys, phone(1), "spam").await });
    }
    assert_eq!(all.join_all().await.into_iter().filter(|blocked| *blocked).count(), 1);
    assert_eq!(rows(&db, "phone_blocks").await, 1);
}

#[rstest]
#[tokio::test]
async fn a_blocked_number_is_not_kept_in_plain(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, folder) = database::open(engine).await;
    let keys = keys();
    assert!(block(&db, &keys, phone(7_654_321), "spam").await);
    let mut kept = raw(&db).await;
    assert_eq!(kept.len(), 16, "one blind index");
    kept.extend(files(folder.path()));
    assert!(!contains(&kept, "9127654321"));
}

/// Looks, and then acts on what it saw: right only as long as nobody else acts in between.
async fn one_more_under_lock(tx: &Conn, keys: &Keyring) -> Result<()> {
    blocks::lock(tx, keys, &phone(1)).await?;
    let before: Option<(i64,)> = tx.one(sql!("SELECT count(*) FROM phone_blocks"), &[]).await?;
    let n = before.map_or(0, |(n,)| u32::try_from(n).unwrap());
    // the same number twice would be refused
    let added = blocks::block(tx, keys, &phone(100 + n), "test", later(1)).await?;
    if added { Ok(()) } else { Err(Error::Db(db::Error::Busy)) }
}

#[rstest]
#[tokio::test]
async fn whoever_holds_the_lock_of_a_number_is_alone(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let mut all = JoinSet::new();
    for _ in 0..50 {
        let (db, keys) = (db.clone(), Arc::clone(&keys));
        all.spawn(async move { db.write(keys, |tx, keys| Box::pin(one_more_under_lock(tx, keys))).await });
    }
    for done in all.join_all().await {
        done.unwrap();
    }
    assert_eq!(rows(&db, "phone_blocks").await, 50);
}
