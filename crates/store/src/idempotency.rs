//! Remembered answers (D7).

use aws_lc_rs::digest;
use db::{At, Conn, record, sql};
use domain::{Timestamp, ids::UserId};
use uuid::Uuid;

use crate::{Keyring, Result, keyring::Field};

const ANSWER: Field = Field { table: "idempotency_keys", column: "answer" };

/// Whose key, for which operation.
#[derive(Clone, Debug)]
pub struct Scope {
    pub user: UserId,
    pub operation: &'static str,
    pub key: String,
}

impl Scope {
    /// What an answer is sealed to: nobody's answer opens as another's, nor under another key.
    fn row(&self) -> Uuid {
        let mut bytes = self.user.0.as_bytes().to_vec();
        for part in [self.operation, &self.key] {
            bytes.push(0);
            bytes.extend_from_slice(part.as_bytes());
        }
        let hash = digest::digest(&digest::SHA256, &bytes);
        Uuid::from_bytes(*hash.as_ref().first_chunk().unwrap_or(self.user.0.as_bytes()))
    }
}

record! {
    struct Row {
        body_hash: Vec<u8>,
        answer: Option<Vec<u8>>,
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
    row.map(|row| {
        let sealed = row.answer.unwrap_or_default();
        Ok((row.body_hash, keys.open(ANSWER, scope.row(), sealed)?))
    })
    .transpose()
}

/// Takes a key for this transaction; false when it was used before. On `PostgreSQL` this waits for another
/// transaction that holds it: if that commits, the key was used; if not, it is free.
pub async fn claim(tx: &Conn, scope: &Scope, body_hash: &[u8], now: Timestamp) -> Result<bool> {
    let added = tx
        .exec(
            sql!(
                "INSERT INTO idempotency_keys (user_id, operation, key, body_hash, created_at)
                 VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING"
            ),
            &[&scope.user.0, &scope.operation, &scope.key, &body_hash, &At(now)],
        )
        .await?;
    Ok(added == 1)
}

/// Remembers the answer of a key that this transaction has claimed.
pub async fn save(tx: &Conn, keys: &Keyring, scope: &Scope, answer: &[u8]) -> Result<()> {
    tx.exec(
        sql!(
            "UPDATE idempotency_keys SET answer = ?4
             WHERE user_id = ?1 AND operation = ?2 AND key = ?3"
        ),
        &[&scope.user.0, &scope.operation, &scope.key, &keys.seal(ANSWER, scope.row(), answer)?],
    )
    .await?;
    Ok(())
}

/// Forgets some answers older than that (index `idempotency_keys_by_age`), at most 1,000; how many.
pub async fn forget_before(tx: &Conn, before: Timestamp) -> Result<u64> {
    let some = sql!(
        "DELETE FROM idempotency_keys WHERE (user_id, operation, key) IN
           (SELECT user_id, operation, key FROM idempotency_keys WHERE created_at < ?1 LIMIT 1000)"
    );
    Ok(tx.exec(some, &[&At(before)]).await?)
}
