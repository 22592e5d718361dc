//! What browsers brought back from a gateway, kept for the sweep. Anybody can play a browser: what the payer brought and
//! what strangers did are kept apart.

use db::{At, Conn, sql};
use domain::Timestamp;

use crate::Result;

/// Callbacks of one authority that are kept at most, of its payer's and of strangers' each: whoever writes more is no
/// browser.
const MOST_CALLBACKS: i64 = 20;

/// Keeps what a browser brought, once each; the oldest of the same kind makes room. What the payer has brought stays the
/// payer's, whoever brings it again. Whether it is the payer's (primary key).
pub async fn keep_callback(
    tx: &Conn,
    gateway: &str,
    name: &str,
    extra: &str,
    is_payers: bool,
    now: Timestamp,
) -> Result<bool> {
    let known: Option<(bool,)> = tx
        .one(
            sql!(
                "SELECT is_payers FROM charge_callbacks
                 WHERE gateway = ?1 AND authority = ?2 AND extra = ?3"
            ),
            &[&gateway, &name, &extra],
        )
        .await?;
    if let Some((was_payers,)) = known
        && (was_payers || !is_payers)
    {
        return Ok(was_payers);
    }
    tx.exec(
        sql!(
            "DELETE FROM charge_callbacks
             WHERE gateway = ?1 AND authority = ?2 AND extra IN (
                 SELECT extra FROM charge_callbacks WHERE gateway = ?1 AND authority = ?2 AND is_payers = ?3
                 ORDER BY created_at DESC, extra LIMIT ?4 OFFSET ?5)"
        ),
        &[&gateway, &name, &is_payers, &MOST_CALLBACKS, &(MOST_CALLBACKS - 1)],
    )
    .await?;
    tx.exec(
        sql!(
            "INSERT INTO charge_callbacks (gateway, authority, extra, is_payers, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (gateway, authority, extra)
             DO UPDATE SET is_payers = excluded.is_payers, created_at = excluded.created_at"
        ),
        &[&gateway, &name, &extra, &is_payers, &At(now)],
    )
    .await?;
    Ok(is_payers)
}

/// Forgets what the payer brought, or what strangers did: the gateway knows nothing of it (primary key).
pub async fn forget_callback(
    tx: &Conn,
    gateway: &str,
    name: &str,
    extra: &str,
    is_payers: bool,
) -> Result<()> {
    tx.exec(
        sql!(
            "DELETE FROM charge_callbacks
             WHERE gateway = ?1 AND authority = ?2 AND extra = ?3 AND is_payers = ?4"
        ),
        &[&gateway, &name, &extra, &is_payers],
    )
    .await?;
    Ok(())
}

/// What browsers brought for this authority: the payer's first, and of each the newest (primary key).
pub async fn callbacks(c: &Conn, gateway: &str, name: &str) -> Result<Vec<String>> {
    let rows: Vec<(String,)> = c
        .all(
            sql!(
                "SELECT extra FROM charge_callbacks WHERE gateway = ?1 AND authority = ?2
                 ORDER BY is_payers DESC, created_at DESC, extra"
            ),
            &[&gateway, &name],
        )
        .await?;
    Ok(rows.into_iter().map(|(extra,)| extra).collect())
}
