//! What browsers brought back from a gateway, kept for the sweep.

use db::{At, Conn, sql};
use domain::Timestamp;

use crate::Result;

/// Callbacks of one authority that are kept at most: whoever writes more is no browser.
const MOST_CALLBACKS: i64 = 20;

/// Keeps what a browser brought, once each (primary key).
pub async fn keep_callback(tx: &Conn, gateway: &str, name: &str, extra: &str, now: Timestamp) -> Result<()> {
    let kept: Option<(i64,)> = tx
        .one(
            sql!("SELECT count(*) FROM charge_callbacks WHERE gateway = ?1 AND authority = ?2"),
            &[&gateway, &name],
        )
        .await?;
    if kept.is_some_and(|(kept,)| kept >= MOST_CALLBACKS) {
        return Ok(());
    }
    tx.exec(
        sql!(
            "INSERT INTO charge_callbacks (gateway, authority, extra, created_at)
             VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING"
        ),
        &[&gateway, &name, &extra, &At(now)],
    )
    .await?;
    Ok(())
}

/// Forgets what a browser brought: the gateway knows nothing of it (primary key).
pub async fn forget_callback(tx: &Conn, gateway: &str, name: &str, extra: &str) -> Result<()> {
    tx.exec(
        sql!("DELETE FROM charge_callbacks WHERE gateway = ?1 AND authority = ?2 AND extra = ?3"),
        &[&gateway, &name, &extra],
    )
    .await?;
    Ok(())
}

/// What browsers brought for this authority, the newest first (primary key).
pub async fn callbacks(c: &Conn, gateway: &str, name: &str) -> Result<Vec<String>> {
    let rows: Vec<(String,)> = c
        .all(
            sql!(
                "SELECT extra FROM charge_callbacks WHERE gateway = ?1 AND authority = ?2
                 ORDER BY created_at DESC, extra"
            ),
            &[&gateway, &name],
        )
        .await?;
    Ok(rows.into_iter().map(|(extra,)| extra).collect())
}
