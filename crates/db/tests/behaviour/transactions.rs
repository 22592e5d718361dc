//! A transaction is whole or not at all: through errors, panics, foreign awaits and callers that go away.

use std::{
    future::poll_fn,
    sync::mpsc,
    task::Poll,
    time::{Duration, Instant},
};

use helssa_db::{Conn, Error, Result};
use parking_lot::Mutex;
use rstest::rstest;
use testkit::Engine;
use tokio::sync::watch;

use crate::{counters, insert, value};

/// Longer than anything here takes, however busy the machine is.
const PATIENCE: Duration = Duration::from_secs(20);

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
