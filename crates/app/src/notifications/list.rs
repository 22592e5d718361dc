//! What the caller was told.

use domain::ids::UserId;
use store::notifications::Notification;

use crate::{
    App, Fault,
    admin::{Page, Paged},
};

/// One page, and how many the user has not read in all.
#[derive(Debug)]
pub struct Notices {
    pub page: Paged<Notification>,
    pub unread: i64,
}

/// One page of what a user was told, newest first.
pub async fn list(app: &App, user: UserId, unread_only: bool, page: Page) -> Result<Notices, Fault> {
    let found = app
        .db
        .read((app, user, unread_only, page), |c, (app, user, unread_only, page)| {
            Box::pin(async move {
                let (size, offset) = (page.size, page.offset());
                let found = store::notifications::page(c, &app.keys, *user, *unread_only, size, offset).await;
                found.map_err(Fault::from)
            })
        })
        .await?;
    Ok(Notices { page: Paged { count: found.count, items: found.items }, unread: found.unread })
}
