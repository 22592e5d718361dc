//! Notes that the caller has read what they were told. Not audited: it says nothing about anybody else's
//! data, and changes none.

use std::sync::Arc;

use domain::ids::{NotificationId, UserId};
use store::notifications::Notification;

use crate::{App, Fault, fault::faults};

#[derive(Debug, thiserror::Error)]
pub enum ReadNoticeError {
    /// The user was told no such thing.
    #[error("no such notification")]
    NotFound,
    #[error(transparent)]
    Fault(Fault),
}
faults!(ReadNoticeError);

/// Notes that one is read, again without effect; the notification as it is then.
pub async fn mark_read(
    app: &Arc<App>,
    user: UserId,
    id: NotificationId,
) -> Result<Notification, ReadNoticeError> {
    app.db
        .write((Arc::clone(app), user, id, app.clock.now()), |tx, (app, user, id, now)| {
            Box::pin(async move {
                if store::notifications::mark_read(tx, *user, *id, *now).await?.is_none() {
                    return Err(ReadNoticeError::NotFound);
                }
                let read = store::notifications::by_id(tx, &app.keys, *id).await?;
                read.ok_or(ReadNoticeError::NotFound)
            })
        })
        .await
}

/// Notes that all are read; how many were not.
pub async fn mark_all_read(app: &App, user: UserId) -> Result<u64, Fault> {
    app.db
        .write((user, app.clock.now()), |tx, (user, now)| {
            Box::pin(async move {
                store::notifications::mark_all_read(tx, *user, *now).await.map_err(Fault::from)
            })
        })
        .await
}
