//! What the data layer promises, on both databases: transactions, races, errors, time, migrations.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::{
    future::poll_fn,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::SeqCst},
        mpsc,
    },
    task::Poll,
    time::{Duration, Instant},
};

use domain::Timestamp;
use helssa_db::{At, Conn, Db, Error, Location, Migration, MigrationOutcome, Result, sql};
use parking_lot::Mutex;
use rstest::rstest;
use testkit::{Engine, database, services};
use tokio::{
    sync::{Barrier, watch},
    task::JoinSet,
};

/// Longer than anything here takes, however busy the machine is.
const PATIENCE: Duration = Duration::from_secs(20);

/// A database with an empty table of counters.
async fn counters(engine: Engine) -> (Db, tempfile::TempDir) {
    let (db, folder) = database::open(engine).await;
    db.write((), |tx, ()| {
        Box::pin(async move {
            tx.script(
                "CREATE TABLE counters (id INTEGER PRIMARY KEY, n INTEGER NOT NULL CHECK (n >= 0)) STRICT",
                "CREATE TABLE counters (id BIGINT PRIMARY KEY, n BIGINT NOT NULL CHECK (n >= 0))",
            )
            .await
        })
    })
    .await
    .unwrap();
    (db, folder)
}

async fn insert(tx: &Conn, id: i64, n: i64) -> Result<()> {
    tx.exec(sql!("INSERT INTO counters (id, n) VALUES (?1, ?2)"), &[&id, &n]).await?;
    Ok(())
}

async fn add_one(tx: &Conn, id: i64) -> Result<()> {
    tx.exec(sql!("UPDATE counters SET n = n + 1 WHERE id = ?1"), &[&id]).await?;
    Ok(())
}

async fn value(db: &Db, id: i64) -> Option<i64> {
    let found: Option<(i64,)> = db.one(sql!("SELECT n FROM counters WHERE id = ?1"), &[&id]).await.unwrap();
    found.map(|(n,)| n)
}

/// `SQLite` only: a body there is polled once, on a thread that has no runtime. `PostgreSQL`'s body runs on
/// the runtime, where waiting for something else is merely unwise.
#[tokio::test]
async fn on_sqlite_a_foreign_await_is_refused_and_nothing_is_kept() {
    let (db, _folder) = counters(Engine::Sqlite).await;
    let written = db
        .write((), |tx, ()| {
            Box::pin(async move {
                insert(tx, 1, 0).await?;
                tokio::task::yield_now().await;
                Ok::<_, Error>(())
            })
        })
        .await;
    assert!(matches!(written, Err(Error::ForeignAwait)), "{written:?}");
    assert_eq!(value(&db, 1).await, None);

    let read = db
        .read((), |_, ()| {
            Box::pin(async {
                tokio::task::yield_now().await;
                Ok::<_, Error>(())
            })
        })
        .await;
    assert!(matches!(read, Err(Error::ForeignAwait)), "{read:?}");

    let slow = db
        .read_slow((), |_, ()| {
            Box::pin(async {
                tokio::task::yield_now().await;
                Ok::<_, Error>(())
            })
        })
        .await;
    assert!(matches!(slow, Err(Error::ForeignAwait)), "{slow:?}");

    db.write((), |tx, ()| Box::pin(insert(tx, 1, 0))).await.unwrap();
}

#[rstest]
#[tokio::test]
async fn a_failed_statement_dooms_its_transaction(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = counters(engine).await;
    db.write((), |tx, ()| Box::pin(insert(tx, 1, 0))).await.unwrap();
    let doomed = db
        .write((), |tx, ()| {
            Box::pin(async move {
                insert(tx, 2, 0).await?;
                // the mistake: the error is swallowed
                let _ = insert(tx, 1, 5).await;
                Ok::<_, Error>(())
            })
        })
        .await;
    assert!(matches!(doomed, Err(Error::Doomed)), "{doomed:?}");
    assert_eq!(value(&db, 1).await, Some(0));
    assert_eq!(value(&db, 2).await, None);
    db.write((), |tx, ()| Box::pin(insert(tx, 2, 0))).await.unwrap();
}

async fn insert_and_panic(tx: &Conn, id: i64) -> Result<()> {
    insert(tx, id, 0).await?;
    panic!("on purpose")
}

#[rstest]
#[tokio::test]
async fn a_panic_takes_its_transaction_back_and_the_next_one_works(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = counters(engine).await;
    // more often than PostgreSQL's pool has connections
    for id in 1_i64..=10 {
        let panicked = db.write(id, |tx, id| Box::pin(insert_and_panic(tx, *id))).await;
        assert!(matches!(panicked, Err(Error::Panicked)), "{panicked:?}");
        assert_eq!(value(&db, id).await, None);
        db.write(id, |tx, id| Box::pin(insert(tx, *id, 0))).await.unwrap();
        assert_eq!(value(&db, id).await, Some(0));
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_runs_to_its_end_though_its_caller_went_away(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = counters(engine).await;
    // SQLite's body may wait on its own thread only, PostgreSQL's runs on its caller's and must not hold it
    let (open, gate) = mpsc::channel::<()>();
    let (open_soon, gate_soon) = watch::channel(false);
    {
        let mut write = Box::pin(db.write((Mutex::new(gate), gate_soon), move |tx, (gate, soon)| {
            Box::pin(async move {
                // until the caller is gone
                match engine {
                    Engine::Sqlite => drop(gate.lock().recv()),
                    Engine::Postgres => drop(soon.clone().wait_for(|is_open| *is_open).await),
                }
                insert(tx, 1, 7).await
            })
        }));
        let first = poll_fn(|cx| Poll::Ready(write.as_mut().poll(cx))).await;
        assert!(first.is_pending());
    }
    drop(open);
    open_soon.send_replace(true);
    let started = Instant::now();
    while value(&db, 1).await.is_none() {
        assert!(started.elapsed() < PATIENCE, "the write was lost with its caller");
        tokio::task::yield_now().await;
    }
    assert_eq!(value(&db, 1).await, Some(7));
}

/// What many do at once: nothing but the lock keeps them from overwriting each other.
async fn read_then_write(tx: &Conn) -> Result<()> {
    let found: Option<(i64,)> = tx
        .one(
            sql!(
                sqlite: "SELECT n FROM counters WHERE id = 1",
                postgres: "SELECT n FROM counters WHERE id = 1 FOR UPDATE"
            ),
            &[],
        )
        .await?;
    let (n,) = found.ok_or_else(|| Error::Value("no counter".into()))?;
    tx.exec(sql!("UPDATE counters SET n = ?1 WHERE id = 1"), &[&(n + 1)]).await?;
    Ok(())
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_writers_count_to_two_hundred(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = counters(engine).await;
    db.write((), |tx, ()| Box::pin(insert(tx, 1, 0))).await.unwrap();
    let mut writers = JoinSet::new();
    for _ in 0..200 {
        let db = db.clone();
        writers.spawn(async move { db.write((), |tx, ()| Box::pin(read_then_write(tx))).await });
    }
    for written in writers.join_all().await {
        written.unwrap();
    }
    assert_eq!(value(&db, 1).await, Some(200));
}

/// Of four in a row one is refused by itself, one doomed, one panics, one is kept.
async fn one_of_four(tx: &Conn, id: i64) -> Result<()> {
    insert(tx, id, 0).await?;
    match id % 4 {
        1 => Err(Error::Value("refused by the body".into())),
        2 => {
            let _ = insert(tx, id, 0).await;
            Ok(())
        }
        3 => panic!("on purpose"),
        _ => Ok(()),
    }
}

#[rstest]
#[tokio::test]
async fn in_one_group_a_refused_transaction_takes_only_itself_back(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = counters(engine).await;
    let (open, gate) = mpsc::channel::<()>();
    let mut all = JoinSet::new();
    if engine == Engine::Sqlite {
        // the writer stands still in this one until the others have queued up behind it: they are one group
        let db = db.clone();
        all.spawn(async move {
            let waited = db.write(Mutex::new(gate), |_, gate| {
                Box::pin(async move {
                    let _ = gate.lock().recv();
                    Ok::<_, Error>(())
                })
            });
            (0, waited.await)
        });
    }
    for id in 1_i64..=40 {
        let db = db.clone();
        all.spawn(async move { (id, db.write(id, |tx, id| Box::pin(one_of_four(tx, *id))).await) });
    }
    tokio::task::yield_now().await;
    drop(open);
    for (id, result) in all.join_all().await {
        let is_right = match id % 4 {
            1 => matches!(result, Err(Error::Value(_))),
            2 => matches!(result, Err(Error::Doomed)),
            3 => matches!(result, Err(Error::Panicked)),
            _ => result.is_ok(),
        };
        assert!(is_right, "{id}: {result:?}");
    }
    let kept: Vec<(i64,)> = db.all(sql!("SELECT id FROM counters ORDER BY id"), &[]).await.unwrap();
    let expected: Vec<(i64,)> = (1..=40).filter(|id| id % 4 == 0).map(|id| (id,)).collect();
    assert_eq!(kept, expected);
}

/// Where two transactions meet, and how often their bodies were run.
struct Meeting {
    /// None on `SQLite`, where transactions never run at the same time.
    barrier: Option<Barrier>,
    attempts: AtomicU32,
}

async fn add_to_both(tx: &Conn, one: i64, other: i64, meeting: &Meeting) -> Result<()> {
    let attempt = meeting.attempts.fetch_add(1, SeqCst);
    add_one(tx, one).await?;
    // at first each holds its own row before either asks for the other's; who is run again finds nobody here
    if attempt < 2
        && let Some(barrier) = &meeting.barrier
    {
        barrier.wait().await;
    }
    add_one(tx, other).await
}

#[rstest]
#[tokio::test]
async fn two_transactions_in_a_deadlock_both_succeed_in_the_end(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = counters(engine).await;
    for id in [1_i64, 2] {
        db.write(id, |tx, id| Box::pin(insert(tx, *id, 0))).await.unwrap();
    }
    let barrier = (engine == Engine::Postgres).then(|| Barrier::new(2));
    let meeting = Arc::new(Meeting { barrier, attempts: AtomicU32::new(0) });
    let mut both = JoinSet::new();
    for order in [(1_i64, 2_i64), (2, 1)] {
        let (db, meeting) = (db.clone(), Arc::clone(&meeting));
        both.spawn(async move {
            db.write((order, meeting), |tx, ((one, other), meeting)| {
                Box::pin(add_to_both(tx, *one, *other, meeting))
            })
            .await
        });
    }
    for done in both.join_all().await {
        done.unwrap();
    }
    assert_eq!((value(&db, 1).await, value(&db, 2).await), (Some(2), Some(2)));
    // PostgreSQL ends one of the two, which is run a second time
    let expected = if engine == Engine::Postgres { 3 } else { 2 };
    assert_eq!(meeting.attempts.load(SeqCst), expected);
}

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
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

#[test]
fn a_file_that_cannot_be_made_is_unavailable() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("no such folder").join("helssa.db");
    let opened = Db::open(&Location::Sqlite { path, readers: 1 });
    assert!(matches!(opened, Err(Error::Unavailable(_))));
}

const CLINICS: Migration = Migration {
    version: 1,
    name: "0001_clinics",
    sql: "CREATE TABLE clinics (id UUID NOT NULL PRIMARY KEY, name TEXT NOT NULL) STRICT;\n",
};
const BEDS: Migration = Migration {
    version: 2,
    name: "0002_beds",
    sql: "CREATE TABLE beds (\n  n BIGINT NOT NULL PRIMARY KEY,\n  \
          clinic UUID NOT NULL REFERENCES clinics (id)\n) STRICT;\n",
};
const STEPS: &[Migration] = &[CLINICS, BEDS];

/// Where a database without any table is.
async fn empty(engine: Engine, folder: &Path) -> Location {
    match engine {
        Engine::Sqlite => Location::Sqlite { path: folder.join("empty.db"), readers: 2 },
        Engine::Postgres => {
            let base = services::postgres_url();
            let name = format!("test_{}", database::unique().simple());
            let admin = Db::open(&database::postgres(&format!("{base}/postgres"))).unwrap();
            admin
                .read(format!("CREATE DATABASE {name}"), |c, create| {
                    Box::pin(async move { c.script("", create).await })
                })
                .await
                .unwrap();
            database::postgres(&format!("{base}/{name}"))
        }
    }
}

async fn applied(db: &Db) -> Vec<(i64, String, i64, At)> {
    db.all(sql!("SELECT version, name, checksum, applied_at FROM schema_version ORDER BY version"), &[])
        .await
        .unwrap()
}

#[rstest]
#[tokio::test]
async fn migrating_twice_changes_nothing(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let folder = tempfile::tempdir().unwrap();
    let db = Db::open(&empty(engine, folder.path()).await).unwrap();
    assert_eq!(db.schema_version().await.unwrap(), 0);
    assert_eq!(db.migrate(&STEPS[..1]).await.unwrap(), MigrationOutcome { from: 0, to: 1 });
    assert_eq!(db.migrate(STEPS).await.unwrap(), MigrationOutcome { from: 1, to: 2 });
    let before = applied(&db).await;
    assert_eq!(db.migrate(STEPS).await.unwrap(), MigrationOutcome { from: 2, to: 2 });
    assert_eq!(applied(&db).await, before);
    assert_eq!(db.schema_version().await.unwrap(), 2);
}

#[rstest]
#[tokio::test]
async fn a_newer_schema_is_refused(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let folder = tempfile::tempdir().unwrap();
    let db = Db::open(&empty(engine, folder.path()).await).unwrap();
    db.migrate(STEPS).await.unwrap();
    let refused = db.migrate(&STEPS[..1]).await;
    assert!(matches!(&refused, Err(Error::Schema(text)) if text.contains("newer program")), "{refused:?}");
    assert_eq!(db.schema_version().await.unwrap(), 2);
}

#[rstest]
#[tokio::test]
async fn an_edited_step_is_refused(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    const EDITED: &[Migration] = &[
        Migration { sql: "CREATE TABLE clinics (id UUID NOT NULL PRIMARY KEY) STRICT;\n", ..CLINICS },
        BEDS,
    ];
    let folder = tempfile::tempdir().unwrap();
    let db = Db::open(&empty(engine, folder.path()).await).unwrap();
    db.migrate(&STEPS[..1]).await.unwrap();
    let refused = db.migrate(EDITED).await;
    assert!(matches!(&refused, Err(Error::Schema(text)) if text.contains("0001_clinics")), "{refused:?}");
    assert_eq!(db.schema_version().await.unwrap(), 1, "the step after it was not applied either");
}

#[rstest]
#[tokio::test]
async fn a_missing_step_is_refused(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    const WITH_A_GAP: &[Migration] = &[CLINICS, Migration { version: 3, ..BEDS }];
    let folder = tempfile::tempdir().unwrap();
    let db = Db::open(&empty(engine, folder.path()).await).unwrap();
    let refused = db.migrate(WITH_A_GAP).await;
    assert!(matches!(&refused, Err(Error::Schema(text)) if text.contains("step 2")), "{refused:?}");
    assert_eq!(db.schema_version().await.unwrap(), 0);
}

#[rstest]
#[tokio::test]
async fn a_step_that_fails_takes_the_whole_migration_back(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    const BROKEN: &[Migration] = &[
        CLINICS,
        Migration {
            version: 2,
            name: "0002_broken",
            sql: "CREATE TABLE beds (n BIGINT NOT NULL) STRICT;\nINSERT INTO nowhere (n) VALUES (1);\n",
        },
    ];
    let folder = tempfile::tempdir().unwrap();
    let db = Db::open(&empty(engine, folder.path()).await).unwrap();
    assert!(db.migrate(BROKEN).await.is_err());
    assert_eq!(db.schema_version().await.unwrap(), 0);
    assert_eq!(db.migrate(STEPS).await.unwrap(), MigrationOutcome { from: 0, to: 2 });
}

#[rstest]
#[tokio::test]
async fn eight_nodes_that_migrate_at_once_apply_each_step_once(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let folder = tempfile::tempdir().unwrap();
    let location = empty(engine, folder.path()).await;
    let mut nodes = JoinSet::new();
    for _ in 0..8 {
        let db = Db::open(&location).unwrap();
        nodes.spawn(async move { db.migrate(STEPS).await });
    }
    let mut found = vec![];
    for outcome in nodes.join_all().await {
        let outcome = outcome.unwrap();
        assert_eq!(outcome.to, 2);
        found.push(outcome.from);
    }
    found.sort_unstable();
    assert_eq!(found, [0, 2, 2, 2, 2, 2, 2, 2]);
    let db = Db::open(&location).unwrap();
    assert_eq!(applied(&db).await.len(), 2);
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
