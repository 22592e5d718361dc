//! The ledger (D32). What must hold is held by the schema; this writes so that it never has to refuse, and finds out
//! that an account holds too little before anything is written.

mod statement;
mod verify;

use std::collections::BTreeMap;

use aws_lc_rs::digest;
use db::{At, Conn, record, sql};
use domain::{
    Timestamp,
    ids::UserId,
    ledger::{Account, Posting},
};
use uuid::Uuid;

use crate::{Error, Result};

pub use statement::{Line, StatementFilter, lines, overview, statement};
pub use verify::{Report, verify, verify_slice};

/// What became of a posting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Posted {
    /// Under this id.
    Done(Uuid),
    /// This key was posted before, under that id: nothing happened.
    Before(Uuid),
}

/// Why nothing was posted.
#[derive(Debug, thiserror::Error)]
pub enum PostError {
    /// An account that may not be negative would be. Nothing was written, and the transaction may go on.
    #[error("insufficient balance")]
    Insufficient,
    #[error(transparent)]
    Store(#[from] Error),
}

impl From<db::Error> for PostError {
    fn from(e: db::Error) -> Self {
        Self::Store(e.into())
    }
}

/// An account as its next entry finds it.
struct State {
    id: Uuid,
    balance: i64,
    entries: i64,
}

/// The id of an account, made from its kind and owner: it is known before the account is there.
#[must_use]
pub fn account_id(account: &Account) -> Uuid {
    let text = format!("ledger account\n{}\n{}", account.kind.as_str(), account.owner);
    named_id(text.as_bytes())
}

/// A v8 id: the beginning of a hash.
fn named_id(name: &[u8]) -> Uuid {
    let hash = digest::digest(&digest::SHA256, name);
    let mut bytes = [0; 16];
    for (byte, of_hash) in bytes.iter_mut().zip(hash.as_ref()) {
        *byte = *of_hash;
    }
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// Posts once per key. Accounts are made at first use, and locked in one order (kind, owner) until the end of the
/// transaction, so that no two postings wait for each other; a transaction that posts several times may still be run
/// again after a deadlock. Everything goes by primary key, and by the unique key of postings.
pub async fn post(
    tx: &Conn,
    id: Uuid,
    posting: &Posting,
    now: Timestamp,
) -> std::result::Result<Posted, PostError> {
    let mut states: BTreeMap<&Account, Option<State>> =
        posting.entries().iter().map(|entry| (&entry.account, None)).collect();
    for (account, state) in &mut states {
        *state = Some(lock(tx, account, now).await?);
    }
    // after the locks: whoever posted the same meanwhile is seen
    if let Some(before) = posted(tx, posting.unique_key()).await? {
        return Ok(Posted::Before(before));
    }
    let mut rows = Vec::with_capacity(posting.entries().len());
    for entry in posting.entries() {
        let Some(Some(state)) = states.get_mut(&entry.account) else {
            return Err(PostError::Store(db::Error::Doomed.into()));
        };
        let balance = state.balance.checked_add(entry.amount).ok_or_else(too_much)?;
        if balance < 0 && !entry.account.kind.may_be_negative() {
            return Err(PostError::Insufficient);
        }
        (state.balance, state.entries) = (balance, state.entries + 1);
        rows.push((state.id, state.entries, entry.amount, balance));
    }
    if !insert(tx, id, posting, now).await? {
        let before = posted(tx, posting.unique_key()).await?;
        return before.map(Posted::Before).ok_or_else(|| PostError::Store(db::Error::Conflict.into()));
    }
    for (account, seq, amount, balance) in rows {
        tx.exec(
            sql!(
                "INSERT INTO ledger_entries (account_id, seq, posting_id, amount, balance, created_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
            ),
            &[&account, &seq, &id, &amount, &balance, &At(now)],
        )
        .await?;
    }
    Ok(Posted::Done(id))
}

fn too_much() -> Error {
    Error::Stored { table: "ledger_accounts", column: "balance", cause: "more than 64 bits hold".into() }
}

/// The account, held until the end of the transaction; made where it is missing.
async fn lock(tx: &Conn, account: &Account, now: Timestamp) -> Result<State> {
    let id = account_id(account);
    if let Some(state) = held(tx, id).await? {
        return Ok(state);
    }
    tx.exec(
        sql!(
            "INSERT INTO ledger_accounts (id, kind, owner, balance, entries, may_be_negative, updated_at)
             VALUES (?1, ?2, ?3, 0, 0, ?4, ?5) ON CONFLICT DO NOTHING"
        ),
        &[&id, &account.kind.as_str(), &account.owner, &account.kind.may_be_negative(), &At(now)],
    )
    .await?;
    held(tx, id).await?.ok_or_else(|| db::Error::Conflict.into())
}

async fn held(tx: &Conn, id: Uuid) -> Result<Option<State>> {
    let row: Option<(i64, i64)> = tx
        .one(
            sql!(
                sqlite: "SELECT balance, entries FROM ledger_accounts WHERE id = ?1",
                postgres: "SELECT balance, entries FROM ledger_accounts WHERE id = $1 FOR NO KEY UPDATE"
            ),
            &[&id],
        )
        .await?;
    Ok(row.map(|(balance, entries)| State { id, balance, entries }))
}

/// Without its entries, of which it says how many there will be: no more than that are taken, and no fewer at the commit.
async fn insert(tx: &Conn, id: Uuid, posting: &Posting, now: Timestamp) -> Result<bool> {
    let entries = i64::try_from(posting.entries().len()).unwrap_or(i64::MAX);
    let added = tx
        .exec(
            sql!(
                "INSERT INTO ledger_postings (id, kind, unique_key, reference, description, created_at, total, entries,
                        missing)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, ?7, ?7) ON CONFLICT (unique_key) DO NOTHING"
            ),
            &[
                &id,
                &posting.kind().as_str(),
                &posting.unique_key(),
                &posting.reference(),
                &posting.description(),
                &At(now),
                &entries,
            ],
        )
        .await?;
    Ok(added == 1)
}

/// The posting with this key, if there is one (unique index).
pub async fn posted(c: &Conn, unique_key: &str) -> Result<Option<Uuid>> {
    let found: Option<(Uuid,)> =
        c.one(sql!("SELECT id FROM ledger_postings WHERE unique_key = ?1"), &[&unique_key]).await?;
    Ok(found.map(|(id,)| id))
}

/// What an account holds; 0 where it does not exist (primary key).
pub async fn balance(c: &Conn, account: &Account) -> Result<i64> {
    let id = account_id(account);
    let found: Option<(i64,)> =
        c.one(sql!("SELECT balance FROM ledger_accounts WHERE id = ?1"), &[&id]).await?;
    Ok(found.map_or(0, |(balance,)| balance))
}

/// A user's money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WalletRow {
    /// Of the wallet's account, whether it is there already or not.
    pub id: Uuid,
    /// What can be spent now.
    pub available: i64,
    /// What is blocked by open holds.
    pub blocked: i64,
    /// The number of the wallet's newest entry.
    pub entries: i64,
    /// When either changed; none: never.
    pub updated_at: Option<Timestamp>,
}

record! {
    struct AccountRow {
        id: Uuid,
        balance: i64,
        entries: i64,
        updated_at: At,
    }
}

/// What a user has and what of it is blocked (primary key, twice).
pub async fn wallet(c: &Conn, user: UserId) -> Result<WalletRow> {
    let (id, hold) = (account_id(&Account::wallet(user)), account_id(&Account::hold(user)));
    let rows: Vec<AccountRow> = c
        .all(
            sql!("SELECT id, balance, entries, updated_at FROM ledger_accounts WHERE id IN (?1, ?2)"),
            &[&id, &hold],
        )
        .await?;
    let of = |id: Uuid| rows.iter().find(|row| row.id == id);
    Ok(WalletRow {
        id,
        available: of(id).map_or(0, |row| row.balance),
        blocked: of(hold).map_or(0, |row| row.balance),
        entries: of(id).map_or(0, |row| row.entries),
        updated_at: rows.iter().map(|row| row.updated_at.0).max(),
    })
}
