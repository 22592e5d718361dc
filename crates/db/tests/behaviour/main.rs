//! What the data layer promises, on both databases: transactions, races, errors, time, migrations.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod errors;
mod kept;
mod migrations;
mod races;
mod transactions;

use helssa_db::{Conn, Db, Result, sql};
use testkit::{Engine, database};

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

async fn value(db: &Db, id: i64) -> Option<i64> {
    let found: Option<(i64,)> = db.one(sql!("SELECT n FROM counters WHERE id = ?1"), &[&id]).await.unwrap();
    found.map(|(n,)| n)
}
