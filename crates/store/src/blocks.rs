//! Phone numbers that may not log in, whether they have a user or not.

use db::{At, Conn, sql};
use domain::{Phone, Timestamp};

use crate::{Keyring, Result};

/// Until the transaction ends, nobody else logs in with this number, blocks it or changes its role: what
/// one of them decides on is still so when it commits. `SQLite` has one writer at a time anyway.
pub async fn lock(tx: &Conn, keys: &Keyring, phone: &Phone) -> Result<()> {
    let index = keys.phone_index(phone);
    let number = index.first_chunk().map_or(0, |bytes| i64::from_be_bytes(*bytes));
    let _held: Option<(bool,)> = tx
        .one(
            sql!(
                sqlite: "SELECT ?1 IS NOT NULL",
                postgres: "SELECT true FROM (SELECT pg_advisory_xact_lock($1)) AS held"
            ),
            &[&number],
        )
        .await?;
    Ok(())
}

/// Whether this number is blocked (primary key).
pub async fn is_blocked(c: &Conn, keys: &Keyring, phone: &Phone) -> Result<bool> {
    let found: Option<(String,)> = c
        .one(sql!("SELECT reason FROM phone_blocks WHERE phone_index = ?1"), &[&keys.phone_index(phone)])
        .await?;
    Ok(found.is_some())
}

/// Blocks a number; false when it was blocked already.
pub async fn block(c: &Conn, keys: &Keyring, phone: &Phone, reason: &str, now: Timestamp) -> Result<bool> {
    let added = c
        .exec(
            sql!(
                "INSERT INTO phone_blocks (phone_index, reason, blocked_at) VALUES (?1, ?2, ?3)
                 ON CONFLICT (phone_index) DO NOTHING"
            ),
            &[&keys.phone_index(phone), &reason, &At(now)],
        )
        .await?;
    Ok(added == 1)
}

/// Lets a number log in again; false when it was not blocked.
pub async fn unblock(c: &Conn, keys: &Keyring, phone: &Phone) -> Result<bool> {
    let removed =
        c.exec(sql!("DELETE FROM phone_blocks WHERE phone_index = ?1"), &[&keys.phone_index(phone)]).await?;
    Ok(removed == 1)
}
