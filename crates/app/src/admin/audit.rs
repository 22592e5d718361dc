//! Reads what is on record about a user; the reading goes on record too.

use std::sync::Arc;

use domain::ids::UserId;
use store::audit::{self, Recorded};

use super::{Page, Paged, UserError};
use crate::{App, By, Fault};

/// One page of the audit entries about a user, newest first.
pub async fn audit_of_user(
    app: &Arc<App>,
    by: &By,
    id: UserId,
    page: Page,
) -> Result<Paged<Recorded>, UserError> {
    let (count, items) = app
        .db
        .read((app, id, page), |c, (app, id, page)| {
            Box::pin(async move {
                if store::accounts::by_id(c, &app.keys, *id).await?.is_none() {
                    return Err(UserError::NotFound);
                }
                Ok(audit::about(c, *id, page.size, page.offset()).await?)
            })
        })
        .await?;
    let detail = format!("page {}, {} shown", page.number, items.len());
    // nothing is shown before the look is on record
    app.db
        .write((Arc::clone(app), by.clone(), id, detail, app.clock.now()), |tx, input| {
            Box::pin(async move {
                let (app, by, id, detail, now) = input;
                let event = by.event("audit.view", Some(*id), detail.as_str());
                audit::append(tx, &app.keys, &event, *now).await.map_err(Fault::from)
            })
        })
        .await?;
    Ok(Paged { count, items })
}
