//! Going around the application: the database refuses, and what somebody changes without its triggers is found.

use db::{Db, Sql, sql};
use helssa_store::Error;
use rstest::rstest;
use testkit::{Engine, database};

use crate::{
    SUBJECT, append_about,
    common::{by_hand, keys, ring, ring_with_index},
    verify,
};

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
async fn only_the_index_key_makes_chains(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    append_about(&db, &keys(), SUBJECT, 2).await;
    assert!(verify(&db, &ring(&["another data key"])).await.faults.is_empty());
    let faults = verify(&db, &ring_with_index(&["k1"], "another")).await.faults;
    assert_eq!(faults, ["chain 3: entry 1 was changed", "chain 3: entry 2 was changed"]);
}
