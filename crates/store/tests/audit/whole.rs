//! Entries make whole chains: with their transactions, each with its digest, also when two append at once and somebody
//! verifies meanwhile.

use std::{collections::HashSet, sync::Arc};

use db::Db;
use helssa_store::{
    Error,
    audit::{self, Actor, Event},
};
use rstest::rstest;
use testkit::{Engine, database};
use tokio::task::JoinSet;

use crate::{
    SUBJECT, append, append_about,
    common::{keys, later, now, rows, user},
    verify,
};

async fn count(db: &Db, action: &'static str) -> i64 {
    db.read((), move |c, ()| Box::pin(audit::count(c, action))).await.unwrap()
}

#[rstest]
#[tokio::test]
async fn fifty_entries_about_twenty_people_are_whole(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let empty = verify(&db, &keys).await;
    assert_eq!((empty.entries, empty.faults.len()), (0, 0));
    for n in 0..48 {
        append(&db, &keys, Some(user(n % 20)), format!("first_name, {n}"), later(n.into())).await;
    }
    // somebody at the server's command line, about nobody
    for n in 0..2 {
        append(&db, &keys, None, format!("{n} values"), now()).await;
    }
    let report = verify(&db, &keys).await;
    assert!(report.faults.is_empty(), "{:?}", report.faults);
    assert_eq!(report.entries, 50);
    assert_eq!(rows(&db, "audit_heads").await, 16, "every chain has been used");
    assert_eq!((count(&db, "profile.update").await, count(&db, "profile.read").await), (50, 0));
}

#[rstest]
#[tokio::test]
async fn an_entry_goes_with_its_transaction(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    append_about(&db, &keys, SUBJECT, 2).await;
    let refused = db
        .write(Arc::clone(&keys), |tx, keys| {
            Box::pin(async move {
                let actor = Actor::User(user(SUBJECT));
                let subject = Some(user(SUBJECT));
                let event =
                    Event { actor, action: "profile.update", subject, detail: String::new(), request_id: "" };
                audit::append(tx, keys, &event, now()).await?;
                Err::<(), _>(Error::Db(db::Error::Busy))
            })
        })
        .await;
    assert!(refused.is_err());
    append_about(&db, &keys, SUBJECT, 1).await;
    let report = verify(&db, &keys).await;
    assert!(report.faults.is_empty(), "{:?}", report.faults);
    assert_eq!(report.entries, 3);
}

#[rstest]
#[tokio::test]
async fn the_digest_changes_with_each_entry(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let mut digests = HashSet::from([verify(&db, &keys).await.digest]);
    for n in 0..20 {
        // the same words each time
        append(&db, &keys, Some(user(n % 5)), "first_name".into(), now()).await;
        let digest = verify(&db, &keys).await.digest;
        assert_eq!(digest.len(), 32);
        assert!(digests.insert(digest), "after entry {n}");
    }
    assert_eq!(verify(&db, &keys).await.digest, verify(&db, &keys).await.digest);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_who_append_a_hundred_each_keep_every_chain_whole(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let mut both = JoinSet::new();
    for _ in 0..2 {
        let (db, keys) = (db.clone(), Arc::clone(&keys));
        both.spawn(async move {
            for n in 0..100 {
                // now the same chain, now another
                append(&db, &keys, Some(user(n % 4)), format!("{n}"), now()).await;
            }
        });
    }
    both.join_all().await;
    let report = verify(&db, &keys).await;
    assert!(report.faults.is_empty(), "{:?}", report.faults);
    assert_eq!(report.entries, 200);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_verification_finds_no_fault_in_what_is_appended_meanwhile(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    append_about(&db, &keys, SUBJECT, 1).await;
    let appending = {
        let (db, keys) = (db.clone(), Arc::clone(&keys));
        tokio::spawn(async move { append_about(&db, &keys, SUBJECT, 100).await })
    };
    while !appending.is_finished() {
        let faults = verify(&db, &keys).await.faults;
        assert!(faults.is_empty(), "{faults:?}");
    }
    appending.await.unwrap();
    assert_eq!(verify(&db, &keys).await.entries, 101);
}
