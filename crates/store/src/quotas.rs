//! What users have used of their quotas. The limit is in the condition of the statement that counts: exact, however many
//! ask at once.

use db::{Conn, sql};
use domain::{Date, ids::UserId, subscription::Quota};

use crate::Result;

/// Counts `n` more, unless that would pass `limit` (none: there is none); whether it was counted (primary key).
pub async fn take(
    tx: &Conn,
    user: UserId,
    (quota, period): (Quota, Date),
    n: i64,
    limit: Option<i64>,
) -> Result<bool> {
    let Some(room) = limit.unwrap_or(i64::MAX).checked_sub(n).filter(|room| *room >= 0 && n >= 0) else {
        return Ok(false);
    };
    let counted = tx
        .exec(
            sql!(
                "INSERT INTO quota_usage (user_id, quota, period, used) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (user_id, quota, period) DO UPDATE SET used = quota_usage.used + excluded.used
                 WHERE quota_usage.used <= ?5"
            ),
            &[&user.0, &quota.as_str(), &period.to_string(), &n, &room],
        )
        .await?;
    Ok(counted == 1)
}

/// Takes `n` back; what was used is never below nothing (primary key).
pub async fn give_back(tx: &Conn, user: UserId, (quota, period): (Quota, Date), n: i64) -> Result<()> {
    tx.exec(
        sql!(
            "UPDATE quota_usage SET used = CASE WHEN used > ?4 THEN used - ?4 ELSE 0 END
             WHERE user_id = ?1 AND quota = ?2 AND period = ?3"
        ),
        &[&user.0, &quota.as_str(), &period.to_string(), &n.max(0)],
    )
    .await?;
    Ok(())
}

/// What was used of a quota in a period (primary key).
pub async fn used(c: &Conn, user: UserId, (quota, period): (Quota, Date)) -> Result<i64> {
    let row: Option<(i64,)> = c
        .one(
            sql!("SELECT used FROM quota_usage WHERE user_id = ?1 AND quota = ?2 AND period = ?3"),
            &[&user.0, &quota.as_str(), &period.to_string()],
        )
        .await?;
    Ok(row.map_or(0, |(used,)| used))
}
