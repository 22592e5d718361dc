//! What users were told, sealed.

use db::{At, Conn, record, sql};
use domain::{
    Timestamp,
    ids::{NotificationId, UserId, VisitId},
};
use uuid::Uuid;

use crate::{Keyring, Result, keyring::Field};

pub(crate) const MESSAGE: Field = Field { table: "notifications", column: "message" };

/// Something that a user was told.
#[derive(Clone)]
pub struct Notification {
    pub id: NotificationId,
    pub user: UserId,
    pub kind: String,
    pub message: String,
    /// The visit that it is about.
    pub visit: Option<VisitId>,
    pub created_at: Timestamp,
    pub read_at: Option<Timestamp>,
}

/// Something to tell.
#[derive(Clone)]
pub struct NewNotification<'a> {
    pub user: UserId,
    pub kind: &'static str,
    pub message: &'a str,
    pub visit: Option<VisitId>,
    /// What happened once is told once.
    pub unique_key: &'a str,
}

domain::blank_debug!(Notification, NewNotification<'_>);

/// One page, and how many there are.
#[derive(Debug)]
pub struct Page {
    /// All that the page is a part of.
    pub count: i64,
    /// All that the user has not read, shown or not.
    pub unread: i64,
    pub items: Vec<Notification>,
}

record! {
    struct Row {
        id: Uuid,
        user_id: Uuid,
        kind: String,
        message: Vec<u8>,
        visit_id: Option<Uuid>,
        created_at: At,
        read_at: Option<At>,
    }
}

fn notification(keys: &Keyring, row: Row) -> Result<Notification> {
    Ok(Notification {
        id: NotificationId(row.id),
        user: UserId(row.user_id),
        kind: row.kind,
        message: keys.open_text(MESSAGE, row.id, Some(row.message))?,
        visit: row.visit_id.map(VisitId),
        created_at: row.created_at.0,
        read_at: row.read_at.map(|at| at.0),
    })
}

/// Writes it down; false when this was told before (unique index).
pub async fn insert(
    tx: &Conn,
    keys: &Keyring,
    id: NotificationId,
    new: &NewNotification<'_>,
    now: Timestamp,
) -> Result<bool> {
    let added = tx
        .exec(
            sql!(
                "INSERT INTO notifications (id, user_id, kind, message, visit_id, unique_key, created_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (unique_key) DO NOTHING"
            ),
            &[
                &id.0,
                &new.user.0,
                &new.kind,
                &keys.seal_text(MESSAGE, id.0, new.message)?,
                &new.visit.map(|visit| visit.0),
                &new.unique_key,
                &At(now),
            ],
        )
        .await?;
    Ok(added == 1)
}

/// One of them, whoever it is for (primary key).
pub async fn by_id(c: &Conn, keys: &Keyring, id: NotificationId) -> Result<Option<Notification>> {
    let row: Option<Row> = c
        .one(
            sql!(
                "SELECT id, user_id, kind, message, visit_id, created_at, read_at FROM notifications
                 WHERE id = ?1"
            ),
            &[&id.0],
        )
        .await?;
    row.map(|row| notification(keys, row)).transpose()
}

/// One page of what a user was told, newest first (indexes `notifications_by_user`,
/// `notifications_unread`).
pub async fn page(
    c: &Conn,
    keys: &Keyring,
    user: UserId,
    unread_only: bool,
    limit: i64,
    offset: i64,
) -> Result<Page> {
    let unread = unread_count(c, user).await?;
    let (count, rows): (i64, Vec<Row>) = if unread_only {
        let rows = c
            .all(
                sql!(
                    "SELECT id, user_id, kind, message, visit_id, created_at, read_at FROM notifications
                     WHERE user_id = ?1 AND read_at IS NULL
                     ORDER BY created_at DESC, id DESC LIMIT ?2 OFFSET ?3"
                ),
                &[&user.0, &limit, &offset],
            )
            .await?;
        (unread, rows)
    } else {
        let count: Option<(i64,)> =
            c.one(sql!("SELECT count(*) FROM notifications WHERE user_id = ?1"), &[&user.0]).await?;
        let rows = c
            .all(
                sql!(
                    "SELECT id, user_id, kind, message, visit_id, created_at, read_at FROM notifications
                     WHERE user_id = ?1 ORDER BY created_at DESC, id DESC LIMIT ?2 OFFSET ?3"
                ),
                &[&user.0, &limit, &offset],
            )
            .await?;
        (count.map_or(0, |(n,)| n), rows)
    };
    let items = rows.into_iter().map(|row| notification(keys, row)).collect::<Result<_>>()?;
    Ok(Page { count, unread, items })
}

/// The newest of what a user was told, read or not (index `notifications_by_user`).
pub async fn newest(c: &Conn, keys: &Keyring, user: UserId, limit: i64) -> Result<Vec<Notification>> {
    let rows: Vec<Row> = c
        .all(
            sql!(
                "SELECT id, user_id, kind, message, visit_id, created_at, read_at FROM notifications
                 WHERE user_id = ?1 ORDER BY created_at DESC, id DESC LIMIT ?2"
            ),
            &[&user.0, &limit],
        )
        .await?;
    rows.into_iter().map(|row| notification(keys, row)).collect()
}

/// How many of them the user has not read (index `notifications_unread`).
pub async fn unread_count(c: &Conn, user: UserId) -> Result<i64> {
    let count: Option<(i64,)> = c
        .one(sql!("SELECT count(*) FROM notifications WHERE user_id = ?1 AND read_at IS NULL"), &[&user.0])
        .await?;
    Ok(count.map_or(0, |(n,)| n))
}

/// Notes that the user has read it: whether that is new. None when the user was told no such thing
/// (primary key).
pub async fn mark_read(tx: &Conn, user: UserId, id: NotificationId, now: Timestamp) -> Result<Option<bool>> {
    let changed = tx
        .exec(
            sql!(
                "UPDATE notifications SET read_at = ?3
                 WHERE id = ?1 AND user_id = ?2 AND read_at IS NULL"
            ),
            &[&id.0, &user.0, &At(now)],
        )
        .await?;
    if changed == 1 {
        return Ok(Some(true));
    }
    let found: Option<(Uuid,)> = tx
        .one(sql!("SELECT id FROM notifications WHERE id = ?1 AND user_id = ?2"), &[&id.0, &user.0])
        .await?;
    Ok(found.map(|_| false))
}

/// Notes that the user has read all there is; how many were unread (index `notifications_unread`).
pub async fn mark_all_read(tx: &Conn, user: UserId, now: Timestamp) -> Result<u64> {
    let all = sql!("UPDATE notifications SET read_at = ?2 WHERE user_id = ?1 AND read_at IS NULL");
    Ok(tx.exec(all, &[&user.0, &At(now)]).await?)
}
