//! The ledger: what it promises, and that nobody gets around it.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

#[path = "../common/mod.rs"]
mod common;

mod found;
mod guards;
mod moves;
mod races;
mod sizes;
mod statements;

use common::now;
use db::Db;
use domain::{
    Rials, Timestamp,
    ids::UserId,
    ledger::{Account, Posting, PostingKind},
};
use helssa_store::{
    Error,
    ledger::{self, PostError, Posted, Report, WalletRow, account_id},
};
use testkit::{Engine, database::unique};
use uuid::Uuid;

fn rials(amount: i64) -> Rials {
    Rials::new(amount).unwrap()
}

fn transfer(key: &str, from: Account, to: Account, amount: i64) -> Posting {
    Posting::transfer(PostingKind::Adjustment, key, None, "انتقال", (from, to, rials(amount))).unwrap()
}

async fn post_at(db: &Db, posting: Posting, at: Timestamp) -> Result<Posted, PostError> {
    db.write((unique(), posting), move |tx, (id, posting)| {
        Box::pin(async move { ledger::post(tx, *id, posting, at).await })
    })
    .await
}

async fn post(db: &Db, posting: Posting) -> Result<Posted, PostError> {
    post_at(db, posting, now()).await
}

/// Money out of nowhere.
async fn give(db: &Db, to: UserId, amount: i64) {
    let key = unique().to_string();
    post(db, transfer(&key, Account::clearing("test"), Account::wallet(to), amount)).await.unwrap();
}

async fn balance(db: &Db, account: Account) -> i64 {
    db.read(account, |c, account| Box::pin(async move { ledger::balance(c, account).await })).await.unwrap()
}

async fn wallet(db: &Db, of: UserId) -> WalletRow {
    db.read((), move |c, ()| Box::pin(ledger::wallet(c, of))).await.unwrap()
}

async fn verify(db: &Db) -> Report {
    db.read_slow((), |c, ()| Box::pin(ledger::verify(c))).await.unwrap()
}

async fn verify_slice(db: &Db) -> Report {
    db.read_slow((), |c, ()| Box::pin(ledger::verify_slice(c, Uuid::nil(), 100))).await.unwrap()
}

async fn expect_sound(db: &Db) {
    let (whole, slice) = (verify(db).await, verify_slice(db).await);
    assert!(whole.faults.is_empty(), "{:?}", whole.faults);
    assert!(slice.faults.is_empty(), "{:?}", slice.faults);
}

/// Around the application, the same script on either database.
async fn by_hand(db: &Db, script: String) -> Result<(), Error> {
    db.write(script, |tx, script| {
        Box::pin(async move { tx.script(script, script).await.map_err(Error::from) })
    })
    .await
}

/// A UUID as the database's own text has it.
fn literal(engine: Engine, id: Uuid) -> String {
    match engine {
        Engine::Sqlite => format!("X'{}'", id.simple()),
        Engine::Postgres => format!("'{id}'"),
    }
}

/// As it was written before postings said how many entries they have: two, where nobody says.
fn insert_posting(engine: Engine, id: Uuid) -> String {
    format!(
        "INSERT INTO ledger_postings (id, kind, unique_key, reference, description, created_at, total)
         VALUES ({}, 'adjustment', '{id}', NULL, '', 0, 0);",
        literal(engine, id)
    )
}

fn insert_entry(
    engine: Engine,
    account: &Account,
    posting: Uuid,
    (seq, amount, balance): (i64, i64, i64),
) -> String {
    format!(
        "INSERT INTO ledger_entries (account_id, seq, posting_id, amount, balance, created_at)
         VALUES ({}, {seq}, {}, {amount}, {balance}, 0);",
        literal(engine, account_id(account)),
        literal(engine, posting)
    )
}
