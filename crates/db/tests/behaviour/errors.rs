//! What a statement breaks is told apart, and a database that is away is told at once.

use std::time::{Duration, Instant};

use helssa_db::{Db, Error, Location, sql};
use rstest::rstest;
use testkit::{Engine, database, services};

use crate::{counters, insert, value};

#[rstest]
#[tokio::test]
async fn a_second_row_with_the_same_key_is_a_unique_violation(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = counters(engine).await;
    db.write((), |tx, ()| {
        Box::pin(async move {
            let other = "CREATE UNIQUE INDEX counters_n ON counters (n)";
            tx.script(other, other).await?;
            insert(tx, 1, 1).await
        })
    })
    .await
    .unwrap();
    for (id, n) in [(1_i64, 2_i64), (2, 1)] {
        let refused = db.write((id, n), |tx, (id, n)| Box::pin(insert(tx, *id, *n))).await;
        assert!(matches!(refused, Err(Error::Unique(_))), "{refused:?}");
    }
}

#[rstest]
#[tokio::test]
async fn what_the_schema_forbids_is_a_constraint_violation(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = counters(engine).await;
    db.write((), |tx, ()| {
        Box::pin(async move {
            tx.script(
                "CREATE TABLE notes (counter INTEGER NOT NULL REFERENCES counters (id)) STRICT",
                "CREATE TABLE notes (counter BIGINT NOT NULL REFERENCES counters (id))",
            )
            .await
        })
    })
    .await
    .unwrap();
    for statement in [
        sql!("INSERT INTO counters (id, n) VALUES (1, -1)"),
        sql!("INSERT INTO counters (id, n) VALUES (1, NULL)"),
        sql!("INSERT INTO notes (counter) VALUES (77)"),
    ] {
        let refused = db
            .write(statement, |tx, statement| Box::pin(async move { tx.exec(*statement, &[]).await }))
            .await;
        assert!(matches!(refused, Err(Error::Constraint(_))), "{}: {refused:?}", statement.sqlite);
    }
    assert_eq!(value(&db, 1).await, None);
}

#[tokio::test]
async fn a_server_that_is_away_is_unavailable_at_once() {
    let url = format!("postgres://helssa@127.0.0.1:{}/none", services::free_port());
    let db = Db::open(&database::postgres(&url)).unwrap();
    let started = Instant::now();
    let answers = [
        db.ping().await,
        db.write((), |tx, ()| Box::pin(insert(tx, 1, 1))).await,
        db.one::<(i64,)>(sql!("SELECT CAST(1 AS BIGINT)"), &[]).await.map(|_| ()),
        db.all::<(i64,)>(sql!("SELECT CAST(1 AS BIGINT)"), &[]).await.map(|_| ()),
    ];
    for answer in answers {
        assert!(matches!(&answer, Err(e @ Error::Unavailable(_)) if e.is_temporary()), "{answer:?}");
    }
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
}

#[test]
fn a_file_that_cannot_be_made_is_unavailable() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("no such folder").join("helssa.db");
    let opened = Db::open(&Location::Sqlite { path, readers: 1 });
    assert!(matches!(opened, Err(Error::Unavailable(_))));
}
