//! Plain inserts of one row each, durable when they are answered: what real work is put beside.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use app::App;
use db::{Conn, sql};
use rusqlite::Connection;
use tokio::task::JoinSet;
use uuid::Uuid;

/// At once, as many as there are clients of the real work.
pub const CLIENTS: u32 = 64;
/// What a plain insert writes beside its key.
const BODY: &str =
    "as long as a booking's own text: headache since the day before yesterday, no fever, no nausea";

pub async fn table(app: &App) {
    let made = app.db.write((), |tx, ()| {
        Box::pin(async move {
            tx.script(
                "CREATE TABLE bench_rows (id BLOB NOT NULL PRIMARY KEY, body TEXT NOT NULL) STRICT",
                "CREATE TABLE bench_rows (id UUID NOT NULL PRIMARY KEY, body TEXT NOT NULL)",
            )
            .await
        })
    });
    made.await.unwrap();
}

/// Through the data layer, a transaction each, as many at once; per second.
pub async fn insert(app: &Arc<App>, count: u32, series: u32) -> f64 {
    let each = count.div_ceil(CLIENTS);
    let mut tasks = JoinSet::new();
    let started = Instant::now();
    for task in 0..CLIENTS {
        let app = Arc::clone(app);
        tasks.spawn(async move {
            for n in 0..each {
                app.db.write(key(series, task * each + n), |tx, key| Box::pin(add(tx, key))).await.unwrap();
            }
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
    rate(each * CLIENTS, started.elapsed())
}

async fn add(tx: &Conn, key: &Uuid) -> db::Result<()> {
    tx.exec(sql!("INSERT INTO bench_rows (id, body) VALUES (?1, ?2)"), &[key, &BODY]).await?;
    Ok(())
}

/// By bare rusqlite into a file of their own, one commit each; per second.
pub fn one_by_one(file: &Path, count: u32, series: u32) -> f64 {
    let conn = Connection::open(file).unwrap();
    conn.pragma_update(None, "journal_mode", "wal").unwrap();
    conn.pragma_update(None, "synchronous", "full").unwrap();
    let table =
        "CREATE TABLE IF NOT EXISTS bench_rows (id BLOB NOT NULL PRIMARY KEY, body TEXT NOT NULL) STRICT";
    conn.execute_batch(table).unwrap();
    let mut insert = conn.prepare("INSERT INTO bench_rows (id, body) VALUES (?1, ?2)").unwrap();
    let started = Instant::now();
    for n in 0..count {
        insert.execute((key(series, n), BODY)).unwrap();
    }
    rate(count, started.elapsed())
}

fn key(series: u32, n: u32) -> Uuid {
    Uuid::from_u64_pair(u64::from(series), u64::from(n))
}

pub fn rate(count: u32, took: Duration) -> f64 {
    f64::from(count) / took.as_secs_f64()
}
