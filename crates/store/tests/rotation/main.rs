//! Sealing under a new key, on both databases.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

#[path = "../common/mod.rs"]
mod common;

mod batches;
mod filled;
mod meanwhile;

use std::sync::Arc;

use db::{Db, Sql};
use helssa_store::{
    Keyring, Result,
    keyring::Field,
    rotation::{self, COLUMNS, Column},
};
use uuid::Uuid;

async fn batch(
    db: &Db,
    keys: &Arc<Keyring>,
    column: &'static Column,
    after: Uuid,
) -> Result<(Option<Uuid>, u64)> {
    db.write(Arc::clone(keys), move |tx, keys| {
        Box::pin(async move { rotation::batch(tx, keys, column, after).await })
    })
    .await
}

/// Goes through a column to its end; how many values each batch sealed again.
async fn walk(db: &Db, keys: &Arc<Keyring>, column: &'static Column) -> Vec<u64> {
    let (mut after, mut changed) = (Some(Uuid::nil()), vec![]);
    while let Some(id) = after {
        let (next, n) = batch(db, keys, column, id).await.unwrap();
        after = next;
        changed.push(n);
    }
    changed
}

/// All sealed values of a column.
async fn sealed(db: &Db, field: Field) -> Vec<Vec<u8>> {
    let Field { table, column } = field;
    let text: &'static str = format!("SELECT {column} FROM {table} WHERE {column} IS NOT NULL").leak();
    let values: Vec<(Vec<u8>,)> = db.all(Sql { sqlite: text, postgres: text }, &[]).await.unwrap();
    values.into_iter().map(|(value,)| value).collect()
}

fn email() -> &'static Column {
    COLUMNS.iter().find(|column| column.field.column == "email").unwrap()
}
