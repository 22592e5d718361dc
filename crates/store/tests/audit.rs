//! The audit log: whole under load, and no change around the application goes unnoticed.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod common;

use std::{collections::HashSet, sync::Arc};

use common::{by_hand, keys, later, now, ring, ring_with_index, rows, user};
use db::{Db, Sql, sql};
use domain::{Timestamp, ids::UserId};
use helssa_store::{
    Error, Keyring,
    audit::{self, Actor, Event, Report},
};
use rstest::rstest;
use testkit::{Engine, database};
use tokio::task::JoinSet;

/// Its id ends with 3, and so do its entries: they are in chain 3.
const SUBJECT: u32 = 3;

async fn append(db: &Db, keys: &Arc<Keyring>, subject: Option<UserId>, detail: String, at: Timestamp) {
    db.write((Arc::clone(keys), detail), move |tx, (keys, detail)| {
        Box::pin(async move {
            let event = Event {
                actor: subject.map_or(Actor::CommandLine, Actor::User),
                action: "profile.update",
                subject,
                detail: detail.clone(),
                request_id: "req-1",
            };
            audit::append(tx, keys, &event, at).await
        })
    })
    .await
    .unwrap();
}

/// So many entries about one person.
async fn append_about(db: &Db, keys: &Arc<Keyring>, subject: u32, count: i64) {
    for n in 0..count {
        append(db, keys, Some(user(subject)), format!("first_name, {n}"), later(n)).await;
    }
}

async fn verify(db: &Db, keys: &Arc<Keyring>) -> Report {
    db.read_slow(Arc::clone(keys), |c, keys| Box::pin(async move { audit::verify(c, keys).await }))
        .await
        .unwrap()
}

async fn count(db: &Db, action: &'static str) -> i64 {
    db.read((), move |c, ()| Box::pin(audit::count(c, action))).await.unwrap()
}

/// Whoever owns the database can do this; the chains are for that case.
async fn drop_triggers(db: &Db) {
    db.write((), |tx, ()| {
        Box::pin(async move {
            tx.script(
                "DROP TRIGGER audit_log_no_update; DROP TRIGGER audit_log_no_delete;",
                "DROP TRIGGER audit_log_no_change ON audit_log; DROP TRIGGER audit_log_no_truncate ON audit_log;",
            )
            .await
        })
    })
    .await
    .unwrap();
}

/// The same script on either database, around the application.
async fn tamper(db: &Db, script: &'static str) {
    db.write((), move |tx, ()| Box::pin(async move { tx.script(script, script).await })).await.unwrap();
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
async fn an_entry_says_who_what_to_whom_and_when(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    append(&db, &keys, Some(user(SUBJECT)), "first_name".into(), later(5)).await;
    let entry: Option<(i64, db::At, String, String)> =
        db.one(sql!("SELECT chain, at, actor_kind, detail FROM audit_log"), &[]).await.unwrap();
    assert_eq!(entry, Some((3, db::At(later(5)), "user".into(), "first_name".into())));
    let people: Option<(uuid::Uuid, uuid::Uuid, String, String)> =
        db.one(sql!("SELECT actor_id, subject_id, action, request_id FROM audit_log"), &[]).await.unwrap();
    let id = user(SUBJECT).0;
    assert_eq!(people, Some((id, id, "profile.update".into(), "req-1".into())));
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
async fn the_database_refuses_to_change_or_delete_entries(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    append_about(&db, &keys, SUBJECT, 3).await;
    let mut forbidden: Vec<Sql> = vec![
        sql!("UPDATE audit_log SET detail = 'other'"),
        sql!("UPDATE audit_log SET seq = 9 WHERE seq = 3"),
        sql!("DELETE FROM audit_log WHERE seq = 3"),
        sql!("DELETE FROM audit_log"),
    ];
    if engine == Engine::Postgres {
        forbidden.push(sql!("TRUNCATE audit_log"));
    }
    for statement in forbidden {
        let refused = by_hand(&db, statement).await;
        assert!(
            matches!(refused, Err(Error::Db(db::Error::Constraint(_)))),
            "{}: {refused:?}",
            statement.sqlite
        );
    }
    let report = verify(&db, &keys).await;
    assert_eq!((report.entries, report.faults.len()), (3, 0));
}

#[rstest]
#[case::a_changed_detail(
    "UPDATE audit_log SET detail = 'other' WHERE chain = 3 AND seq = 2",
    "entry 2 was changed"
)]
#[case::another_action(
    "UPDATE audit_log SET action = 'profile.read' WHERE chain = 3 AND seq = 2",
    "entry 2 was changed"
)]
#[case::another_moment("UPDATE audit_log SET at = at + 1 WHERE chain = 3 AND seq = 2", "entry 2 was changed")]
#[case::another_actor(
    "UPDATE audit_log SET actor_id = NULL, actor_kind = 'command line' WHERE chain = 3 AND seq = 2",
    "entry 2 was changed"
)]
#[case::another_subject(
    "UPDATE audit_log SET subject_id = NULL WHERE chain = 3 AND seq = 2",
    "entry 2 was changed"
)]
#[case::another_request(
    "UPDATE audit_log SET request_id = 'req-2' WHERE chain = 3 AND seq = 2",
    "entry 2 was changed"
)]
#[case::text_moved_from_one_field_to_the_next(
    "UPDATE audit_log SET detail = '', request_id = detail || request_id WHERE chain = 3 AND seq = 2",
    "entry 2 was changed"
)]
#[case::a_changed_last_entry(
    "UPDATE audit_log SET detail = 'other' WHERE chain = 3 AND seq = 5",
    "entry 5 was changed"
)]
#[case::a_deleted_first_entry("DELETE FROM audit_log WHERE chain = 3 AND seq = 1", "entry 1 is missing")]
#[case::a_deleted_middle_entry("DELETE FROM audit_log WHERE chain = 3 AND seq = 3", "entry 3 is missing")]
#[case::a_deleted_last_entry("DELETE FROM audit_log WHERE chain = 3 AND seq = 5", "its end is not entry 5")]
#[case::all_entries_deleted("DELETE FROM audit_log WHERE chain = 3", "its end is not entry 5")]
#[case::a_closed_gap(
    "DELETE FROM audit_log WHERE chain = 3 AND seq = 3;
     UPDATE audit_log SET seq = 3 WHERE chain = 3 AND seq = 4;
     UPDATE audit_log SET seq = 4 WHERE chain = 3 AND seq = 5;
     UPDATE audit_heads SET seq = 4 WHERE chain = 3;",
    "entry 3 was changed"
)]
#[case::swapped_entries(
    "UPDATE audit_log SET seq = 99 WHERE chain = 3 AND seq = 2;
     UPDATE audit_log SET seq = 2 WHERE chain = 3 AND seq = 3;
     UPDATE audit_log SET seq = 3 WHERE chain = 3 AND seq = 99;",
    "entry 2 was changed"
)]
#[case::an_entry_by_hand(
    "INSERT INTO audit_log
     SELECT chain, 6, at, actor_id, actor_kind, action, subject_id, detail, request_id, hash
     FROM audit_log WHERE chain = 3 AND seq = 5;
     UPDATE audit_heads SET seq = 6 WHERE chain = 3;",
    "entry 6 was changed"
)]
#[case::a_changed_head("UPDATE audit_heads SET seq = 9 WHERE chain = 3", "its end is not entry 9")]
#[tokio::test]
async fn a_change_around_the_application_is_found(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[case] script: &'static str,
    #[case] fault: &'static str,
) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    append_about(&db, &keys, SUBJECT, 5).await;
    append_about(&db, &keys, SUBJECT + 1, 5).await;
    assert!(verify(&db, &keys).await.faults.is_empty());
    drop_triggers(&db).await;
    tamper(&db, script).await;
    let faults = verify(&db, &keys).await.faults;
    assert!(faults.contains(&format!("chain 3: {fault}")), "{faults:?}");
    assert!(faults.iter().all(|fault| fault.starts_with("chain 3:")), "the other chain is whole: {faults:?}");
}

#[rstest]
#[tokio::test]
async fn an_end_that_was_cut_off_with_its_head_changes_the_digest(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    append_about(&db, &keys, SUBJECT, 4).await;
    let at_four = verify(&db, &keys).await.digest;
    append_about(&db, &keys, SUBJECT, 1).await;
    let at_five = verify(&db, &keys).await.digest;
    drop_triggers(&db).await;
    tamper(
        &db,
        "DELETE FROM audit_log WHERE chain = 3 AND seq = 5;
         UPDATE audit_heads SET seq = 4,
           hash = (SELECT l.hash FROM audit_log l WHERE l.chain = 3 AND l.seq = 4) WHERE chain = 3;",
    )
    .await;
    let report = verify(&db, &keys).await;
    assert!(report.faults.is_empty(), "the database alone can't tell: {:?}", report.faults);
    assert_ne!(report.digest, at_five, "who kept the digest can");
    assert_eq!(report.digest, at_four);
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
#[tokio::test]
async fn only_the_index_key_makes_chains(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    append_about(&db, &keys(), SUBJECT, 2).await;
    assert!(verify(&db, &ring(&["another data key"])).await.faults.is_empty());
    let faults = verify(&db, &ring_with_index(&["k1"], "another")).await.faults;
    assert_eq!(faults, ["chain 3: entry 1 was changed", "chain 3: entry 2 was changed"]);
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

/// One page of the entries about a person, and how many there are.
async fn about(db: &Db, subject: UserId, limit: i64, offset: i64) -> (i64, Vec<audit::Recorded>) {
    db.read((), move |c, ()| Box::pin(audit::about(c, subject, limit, offset))).await.unwrap()
}

#[rstest]
#[tokio::test]
async fn the_entries_about_a_person_come_newest_first(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    append_about(&db, &keys, SUBJECT, 3).await;
    // somebody else in the same chain, and nobody
    append_about(&db, &keys, SUBJECT + 16, 2).await;
    append(&db, &keys, None, "3 values".into(), later(9)).await;
    // in the same moment as the newest
    append(&db, &keys, Some(user(SUBJECT)), "last_name".into(), later(2)).await;

    let (count, found) = about(&db, user(SUBJECT), 100, 0).await;
    let told: Vec<_> = found.iter().map(|entry| (entry.at, entry.detail.as_str())).collect();
    let expected = [
        (later(2), "last_name"),
        (later(2), "first_name, 2"),
        (later(1), "first_name, 1"),
        (now(), "first_name, 0"),
    ];
    assert_eq!((count, &told[..]), (4, &expected[..]));

    for (offset, expected) in [(0, &expected[..3]), (3, &expected[3..]), (6, &expected[4..])] {
        let (count, found) = about(&db, user(SUBJECT), 3, offset).await;
        let told: Vec<_> = found.iter().map(|entry| (entry.at, entry.detail.as_str())).collect();
        assert_eq!((count, &told[..]), (4, expected), "from {offset}");
    }
    assert_eq!(about(&db, user(SUBJECT + 1), 100, 0).await.0, 0);
}

#[rstest]
#[tokio::test]
async fn an_entry_about_a_person_says_who_acted(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    append_about(&db, &keys, SUBJECT, 1).await;
    let others =
        [(Actor::CommandLine, "shell", 1), (Actor::Worker, "cron", 2), (Actor::Stranger, "req-2", 3)];
    for (actor, request_id, seconds) in others {
        db.write(Arc::clone(&keys), move |tx, keys| {
            Box::pin(async move {
                let (subject, detail) = (Some(user(SUBJECT)), "abuse".into());
                let event = Event { actor, action: "user.block", subject, detail, request_id };
                audit::append(tx, keys, &event, later(seconds)).await
            })
        })
        .await
        .unwrap();
    }

    let (_, found) = about(&db, user(SUBJECT), 100, 0).await;
    let told = found.iter().map(|e| [&e.actor_kind, &e.action, &e.request_id].map(String::as_str));
    let expected = [
        ["stranger", "user.block", "req-2"],
        ["worker", "user.block", "cron"],
        ["command line", "user.block", "shell"],
        ["user", "profile.update", "req-1"],
    ];
    assert!(told.eq(expected), "{found:?}");
    assert!(found.iter().map(|e| e.actor_id).eq([None, None, None, Some(user(SUBJECT))]), "{found:?}");
    assert_eq!(verify(&db, &keys).await.faults, Vec::<String>::new());
}
