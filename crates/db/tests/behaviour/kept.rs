//! What was written is read again: moments to the microsecond, and a whole database from its backup.

use domain::Timestamp;
use helssa_db::{At, Db, Error, Location, Result, sql};
use rstest::rstest;
use testkit::{Engine, database};

use crate::{counters, insert, value};

#[rstest]
#[tokio::test]
async fn moments_keep_their_microseconds_and_their_order(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    let moments = vec![
        at("-009999-01-02T02:00:00Z"),
        at("-000099-03-04T05:06:07.000001Z"),
        at("1900-01-01T00:00:00.000001Z"),
        at("1969-12-31T23:59:59.999999Z"),
        at("1970-01-01T00:00:00Z"),
        at("1970-01-01T00:00:00.000001Z"),
        at("2024-01-20T10:00:00.123456Z"),
        at("9999-12-30T21:59:59.999999Z"),
    ];
    db.write(moments.clone(), |tx, moments| {
        Box::pin(async move {
            tx.script(
                "CREATE TABLE moments (at INTEGER NOT NULL) STRICT",
                "CREATE TABLE moments (at BIGINT NOT NULL)",
            )
            .await?;
            for moment in moments.iter().rev() {
                tx.exec(sql!("INSERT INTO moments (at) VALUES (?1)"), &[&At(*moment)]).await?;
            }
            Ok::<_, Error>(())
        })
    })
    .await
    .unwrap();
    let found: Vec<(At,)> = db.all(sql!("SELECT at FROM moments ORDER BY at"), &[]).await.unwrap();
    assert_eq!(found.into_iter().map(|(At(at),)| at).collect::<Vec<_>>(), moments);
    for (earlier, moment) in (0_i64..).zip(&moments) {
        let count: Option<(i64,)> =
            db.one(sql!("SELECT count(*) FROM moments WHERE at < ?1"), &[&At(*moment)]).await.unwrap();
        assert_eq!(count, Some((earlier,)), "before {moment}");
    }
}

#[rstest]
#[tokio::test]
async fn a_moment_outside_the_known_years_is_a_wrong_value(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let found: Result<Option<(At,)>> = db.one(sql!("SELECT CAST(9223372036854775807 AS BIGINT)"), &[]).await;
    assert!(matches!(found, Err(Error::Value(_))), "{found:?}");
}

/// `SQLite` only: `PostgreSQL` has tools of its own.
#[tokio::test]
async fn a_backup_is_a_whole_copy_and_overwrites_nothing() {
    let (db, folder) = counters(Engine::Sqlite).await;
    db.write((), |tx, ()| Box::pin(insert(tx, 1, 7))).await.unwrap();
    let copy = folder.path().join("copy.db");
    db.backup(&copy).await.unwrap();
    db.write((), |tx, ()| Box::pin(insert(tx, 2, 8))).await.unwrap();
    assert!(db.backup(&copy).await.is_err(), "the copy is there already");

    let restored = Db::open(&Location::Sqlite { path: copy, readers: 1 }).unwrap();
    assert_eq!((value(&restored, 1).await, value(&restored, 2).await), (Some(7), None));
}
