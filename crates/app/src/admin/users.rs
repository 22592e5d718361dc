//! Looking people up. Whoever is shown to somebody else is noted in the audit log.

use std::sync::Arc;

use domain::ids::UserId;
use store::{
    accounts::{Account, Filter},
    audit,
};

use super::{Page, Paged};
use crate::{App, By, Fault, fault::faults};

#[derive(Debug, thiserror::Error)]
pub enum UserError {
    /// No such user.
    #[error("no such user")]
    NotFound,
    #[error(transparent)]
    Fault(Fault),
}
faults!(UserError);

/// One page of the users that match.
pub async fn users(app: &Arc<App>, by: &By, filter: Filter, page: Page) -> Result<Paged<Account>, Fault> {
    let (count, items) = app
        .db
        .read((app, &filter, page), |c, (app, filter, page)| {
            Box::pin(async move {
                let found = store::accounts::page(c, &app.keys, filter, page.size, page.offset()).await;
                found.map_err(Fault::from)
            })
        })
        .await?;
    // one found by number is that person's business; a page of many is the reader's
    let subject = match &items[..] {
        [only] => Some(only.id),
        _ => None,
    };
    let by_what = match (filter.phone, &filter.national_id) {
        (Some(_), _) => "by phone",
        (_, Some(_)) => "by national id",
        _ => "list",
    };
    let detail = format!("{by_what}, {} shown", items.len());
    // nobody is shown before the look is on record
    app.db
        .write((Arc::clone(app), by.clone(), subject, detail, app.clock.now()), |tx, input| {
            Box::pin(async move {
                let (app, by, subject, detail, now) = input;
                let event = by.event("user.find", *subject, detail.as_str());
                audit::append(tx, &app.keys, &event, *now).await.map_err(Fault::from)
            })
        })
        .await?;
    Ok(Paged { count, items })
}

/// One user.
pub async fn user(app: &Arc<App>, by: &By, id: UserId) -> Result<Account, UserError> {
    let input = (Arc::clone(app), by.clone(), id, app.clock.now());
    app.db
        .write(input, |tx, (app, by, id, now)| {
            Box::pin(async move {
                let account = store::accounts::by_id(tx, &app.keys, *id).await?.ok_or(UserError::NotFound)?;
                audit::append(tx, &app.keys, &by.event("user.view", Some(*id), ""), *now).await?;
                Ok(account)
            })
        })
        .await
}
