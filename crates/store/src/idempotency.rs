//! Remembered answers (D7).

use db::{At, Conn, record, sql};
use domain::{Timestamp, ids::UserId};

use crate::{Keyring, Result, keyring::Field};

const ANSWER: Field = Field { table: "idempotency_keys", column: "answer" };

/// Whose key, for which operation.
#[derive(Clone, Debug)]
pub struct Scope {
    pub user: UserId,
    pub operation: &'static str,
    pub key: String,
}

record! {
    struct Row {
        body_hash: Vec<u8>,
        answer: Vec<u8>,
    }
}

/// The hash of the body that the key was first used with, and the answer to it.
pub async fn find(c: &Conn, keys: &Keyring, scope: &Scope) -> Result<Option<(Vec<u8>, Vec<u8>)>> {
    let row: Option<Row> = c
        .one(
            sql!(
                "SELECT body_hash, answer FROM idempotency_keys
                 WHERE user_id = ?1 AND operation = ?2 AND key = ?3"
            ),
            &[&scope.user.0, &scope.operation, &scope.key],
        )
        .await?;
    row.map(|row| Ok((row.body_hash, keys.open(ANSWER, scope.user.0, &row.answer)?))).transpose()
}

/// Remembers an answer; false when another request with this key was faster.
pub async fn save(
    tx: &Conn,
    keys: &Keyring,
    scope: &Scope,
    body_hash: &[u8],
    answer: &[u8],
    now: Timestamp,
) -> Result<bool> {
    let added = tx
        .exec(
            sql!(
                "INSERT INTO idempotency_keys (user_id, operation, key, body_hash, answer, created_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING"
            ),
            &[
                &scope.user.0,
                &scope.operation,
                &scope.key,
                &body_hash,
                &keys.seal(ANSWER, scope.user.0, answer)?,
                &At(now),
            ],
        )
        .await?;
    Ok(added == 1)
}

/// Forgets answers older than that (index `idempotency_keys_by_age`).
pub async fn forget_before(tx: &Conn, before: Timestamp) -> Result<u64> {
    Ok(tx.exec(sql!("DELETE FROM idempotency_keys WHERE created_at < ?1"), &[&At(before)]).await?)
}
