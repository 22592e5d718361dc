//! Logins: one row per login, live until it expires or is revoked.

use db::{At, Conn, Db, record, sql};
use domain::{
    Role, Timestamp,
    ids::{SessionId, UserId},
};
use uuid::Uuid;

use crate::Result;

/// One login of a user on one device.
#[derive(Clone, Debug)]
pub struct Session {
    pub id: SessionId,
    pub created_at: Timestamp,
    pub last_used_at: Timestamp,
    pub expires_at: Timestamp,
    pub user_agent: String,
    pub address: String,
}

record! {
    struct Row {
        id: Uuid,
        created_at: At,
        last_used_at: At,
        expires_at: At,
        user_agent: String,
        address: String,
    }
}

/// Adds a login.
pub async fn insert(c: &Conn, user: UserId, session: &Session) -> Result<()> {
    c.exec(
        sql!(
            "INSERT INTO sessions (id, user_id, created_at, last_used_at, expires_at, user_agent, address)
             VALUES (?1, ?2, ?3, ?3, ?4, ?5, ?6)"
        ),
        &[
            &session.id.0,
            &user.0,
            &At(session.created_at),
            &At(session.expires_at),
            &session.user_agent,
            &session.address,
        ],
    )
    .await?;
    Ok(())
}

/// Notes that a live login was used, and says what role its user has now and when it
/// ends; none when it is not live.
pub async fn touch(c: &Conn, id: SessionId, now: Timestamp) -> Result<Option<(UserId, Role, Timestamp)>> {
    let live: Option<(Uuid, String, At)> = c
        .one(
            sql!(
                "UPDATE sessions SET last_used_at = ?2
                 WHERE id = ?1 AND revoked_at IS NULL AND expires_at > ?2
                 RETURNING user_id, (SELECT role FROM users WHERE users.id = sessions.user_id), expires_at"
            ),
            &[&id.0, &At(now)],
        )
        .await?;
    Ok(live.and_then(|(user, role, end)| Some((UserId(user), Role::parse(&role)?, end.0))))
}

/// The user's live logins, newest first (index `sessions_by_user`).
pub async fn live(c: &Conn, user: UserId, now: Timestamp) -> Result<Vec<Session>> {
    let rows: Vec<Row> = c
        .all(
            sql!(
                "SELECT id, created_at, last_used_at, expires_at, user_agent, address FROM sessions
                 WHERE user_id = ?1 AND revoked_at IS NULL AND expires_at > ?2
                 ORDER BY created_at DESC, id DESC LIMIT 100"
            ),
            &[&user.0, &At(now)],
        )
        .await?;
    let session = |row: Row| Session {
        id: SessionId(row.id),
        created_at: row.created_at.0,
        last_used_at: row.last_used_at.0,
        expires_at: row.expires_at.0,
        user_agent: row.user_agent,
        address: row.address,
    };
    Ok(rows.into_iter().map(session).collect())
}

/// Ends one live login of this user; false when there is no such login.
pub async fn revoke(c: &Conn, user: UserId, id: SessionId, now: Timestamp) -> Result<bool> {
    let changed = c
        .exec(
            sql!(
                "UPDATE sessions SET revoked_at = ?3
                 WHERE id = ?1 AND user_id = ?2 AND revoked_at IS NULL AND expires_at > ?3"
            ),
            &[&id.0, &user.0, &At(now)],
        )
        .await?;
    Ok(changed == 1)
}

/// Ends all live logins of a user; their ids.
pub async fn revoke_all(c: &Conn, user: UserId, now: Timestamp) -> Result<Vec<SessionId>> {
    let ended: Vec<(Uuid,)> = c
        .all(
            sql!(
                "UPDATE sessions SET revoked_at = ?2
                 WHERE user_id = ?1 AND revoked_at IS NULL AND expires_at > ?2 RETURNING id"
            ),
            &[&user.0, &At(now)],
        )
        .await?;
    Ok(ended.into_iter().map(|(id,)| SessionId(id)).collect())
}

/// Forgets some logins that ended by themselves before that (index `sessions_by_end`), at most 1,000; how many.
pub async fn forget_before(tx: &Conn, before: Timestamp) -> Result<u64> {
    let some =
        sql!("DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE expires_at < ?1 LIMIT 1000)");
    Ok(tx.exec(some, &[&At(before)]).await?)
}

/// Logins ended since then, by any node (index `sessions_by_revocation`).
pub async fn revoked_since(db: &Db, since: Timestamp) -> Result<Vec<(SessionId, Timestamp)>> {
    let rows: Vec<(Uuid, At)> = db
        .read(since, |c, since| {
            Box::pin(async move {
                c.all(sql!("SELECT id, revoked_at FROM sessions WHERE revoked_at >= ?1"), &[&At(*since)])
                    .await
            })
        })
        .await?;
    Ok(rows.into_iter().map(|(id, at)| (SessionId(id), at.0)).collect())
}
