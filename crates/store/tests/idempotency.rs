//! Remembered answers, on both databases.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod common;

use std::sync::Arc;

use common::{contains, files, keys, later, now, raw, ring, rows, user};
use db::{Db, sql};
use domain::Timestamp;
use helssa_store::{
    Error, Keyring, Result,
    idempotency::{self, Scope},
};
use rstest::rstest;
use testkit::{Engine, database};
use tokio::task::JoinSet;

fn scope(n: u32, operation: &'static str, key: &str) -> Scope {
    Scope { user: user(n), operation, key: key.into() }
}

/// A transaction that does something once: claims the key and, if it was free, keeps the answer.
async fn once(
    db: &Db,
    keys: &Arc<Keyring>,
    scope: &Scope,
    body_hash: &'static [u8],
    answer: &'static [u8],
    at: Timestamp,
) -> bool {
    db.write((Arc::clone(keys), scope.clone()), move |tx, (keys, scope)| {
        Box::pin(async move {
            let is_first = idempotency::claim(tx, scope, body_hash, at).await?;
            if is_first {
                idempotency::save(tx, keys, scope, answer).await?;
            }
            Ok::<_, Error>(is_first)
        })
    })
    .await
    .unwrap()
}

async fn find(db: &Db, keys: &Arc<Keyring>, scope: &Scope) -> Result<Option<(Vec<u8>, Vec<u8>)>> {
    db.read((Arc::clone(keys), scope.clone()), |c, (keys, scope)| Box::pin(idempotency::find(c, keys, scope)))
        .await
}

#[rstest]
#[tokio::test]
async fn the_first_answer_is_remembered(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let scope = scope(1, "doctors.create", "k-1");
    assert_eq!(find(&db, &keys, &scope).await.unwrap(), None);
    assert!(once(&db, &keys, &scope, b"hash 1", b"answer 1", now()).await);
    assert!(!once(&db, &keys, &scope, b"hash 2", b"answer 2", later(1)).await);
    let found = find(&db, &keys, &scope).await.unwrap();
    assert_eq!(found, Some((b"hash 1".to_vec(), b"answer 1".to_vec())));
}

#[rstest]
#[tokio::test]
async fn a_key_means_something_to_its_user_and_operation_only(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let scopes = [
        (scope(1, "doctors.create", "k-1"), b"1"),
        (scope(2, "doctors.create", "k-1"), b"2"),
        (scope(1, "doctors.update", "k-1"), b"3"),
        (scope(1, "doctors.create", "k-2"), b"4"),
    ];
    for (scope, answer) in &scopes {
        assert!(once(&db, &keys, scope, b"hash", *answer, now()).await);
    }
    for (scope, answer) in &scopes {
        let (_, found) = find(&db, &keys, scope).await.unwrap().unwrap();
        assert_eq!(found, *answer);
    }
}

#[rstest]
#[tokio::test]
async fn a_transaction_that_fails_leaves_its_key_free(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let scope = scope(1, "doctors.create", "k-1");
    let failed = db
        .write(scope.clone(), |tx, scope| {
            Box::pin(async move {
                assert!(idempotency::claim(tx, scope, b"hash 1", now()).await?);
                Err::<(), _>(Error::Db(db::Error::Busy))
            })
        })
        .await;
    assert!(matches!(failed, Err(Error::Db(db::Error::Busy))), "{failed:?}");
    assert_eq!(find(&db, &keys, &scope).await.unwrap(), None);
    assert!(once(&db, &keys, &scope, b"hash 2", b"answer", now()).await);
}

#[rstest]
#[tokio::test]
async fn of_twenty_with_one_key_one_is_first(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let mut all = JoinSet::new();
    for _ in 0..20 {
        let (db, keys) = (db.clone(), Arc::clone(&keys));
        all.spawn(async move {
            let scope = scope(1, "doctors.create", "k-1");
            let is_first = once(&db, &keys, &scope, b"hash", b"answer", now()).await;
            // whoever was not first finds the answer there
            assert!(find(&db, &keys, &scope).await.unwrap().is_some());
            is_first
        });
    }
    assert_eq!(all.join_all().await.into_iter().filter(|is_first| *is_first).count(), 1);
    assert_eq!(rows(&db, "idempotency_keys").await, 1);
}

#[rstest]
#[tokio::test]
async fn an_answer_is_sealed_for_its_user(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, folder) = database::open(engine).await;
    let keys = keys();
    let scope = scope(1, "doctors.create", "k-1");
    assert!(once(&db, &keys, &scope, b"hash", b"a secret answer", now()).await);
    let mut kept = raw(&db).await;
    assert!(!kept.is_empty());
    kept.extend(files(folder.path()));
    assert!(!contains(&kept, "a secret answer"));
    assert!(find(&db, &ring(&["k2"]), &scope).await.is_err(), "without its key");

    db.write(user(2), |tx, other| {
        Box::pin(async move { tx.exec(sql!("UPDATE idempotency_keys SET user_id = ?1"), &[&other.0]).await })
    })
    .await
    .unwrap();
    let moved = find(&db, &keys, &Scope { user: user(2), ..scope }).await;
    assert!(
        matches!(moved, Err(Error::Stored { table: "idempotency_keys", column: "answer", .. })),
        "{moved:?}"
    );
}

#[rstest]
#[tokio::test]
async fn old_answers_are_forgotten(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let scopes = ["k-0", "k-1", "k-2"].map(|key| scope(1, "doctors.create", key));
    for (scope, second) in scopes.iter().zip(0..) {
        assert!(once(&db, &keys, scope, b"hash", b"answer", later(second)).await);
    }
    let forget = async || {
        db.write(later(1), |tx, before| Box::pin(idempotency::forget_before(tx, *before))).await.unwrap()
    };
    assert_eq!(forget().await, 1, "only what is older than that moment");
    assert_eq!(forget().await, 0);
    assert_eq!(find(&db, &keys, &scopes[0]).await.unwrap(), None);
    for scope in &scopes[1..] {
        assert!(find(&db, &keys, scope).await.unwrap().is_some());
    }
    assert!(once(&db, &keys, &scopes[0], b"hash", b"answer", later(9)).await, "the key is free again");
}
