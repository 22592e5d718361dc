//! Who did what to whom and when: an entry says it, and the entries about a person are found.

use std::sync::Arc;

use db::{Db, sql};
use domain::ids::UserId;
use helssa_store::audit::{self, Actor, Event};
use rstest::rstest;
use testkit::{Engine, database};

use crate::{
    SUBJECT, append, append_about,
    common::{keys, later, now, user},
    verify,
};

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
