//! Many write at once: no write is lost, and nobody pays for another's mistake or deadlock.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering::SeqCst},
    mpsc,
};

use helssa_db::{Conn, Error, Result, sql};
use parking_lot::Mutex;
use rstest::rstest;
use testkit::Engine;
use tokio::{sync::Barrier, task::JoinSet};

use crate::{counters, insert, value};

async fn add_one(tx: &Conn, id: i64) -> Result<()> {
    tx.exec(sql!("UPDATE counters SET n = n + 1 WHERE id = ?1"), &[&id]).await?;
    Ok(())
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
    let attempts = meeting.attempts.load(SeqCst);
    match engine {
        Engine::Sqlite => assert_eq!(attempts, 2),
        // one of the two is ended, and run again, on a busy machine perhaps more than once; each runs six times at most
        Engine::Postgres => assert!((3..=12).contains(&attempts), "{attempts}"),
    }
}
