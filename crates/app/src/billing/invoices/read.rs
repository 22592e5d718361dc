//! Reads invoices. Admins may look at everybody's; their looks go on record.

use std::sync::Arc;

use domain::ids::UserId;
use store::{audit, invoices};
use uuid::Uuid;

use super::{Filter, Invoice, InvoiceError};
use crate::{
    App, By, Fault,
    admin::{Page, Paged},
};

/// One page of a user's own invoices, the newest first.
pub async fn list(app: &App, user: UserId, page: Page) -> Result<Paged<Invoice>, Fault> {
    found(app, Filter { user: Some(user), year: None }, page).await
}

async fn found(app: &App, filter: Filter, page: Page) -> Result<Paged<Invoice>, Fault> {
    let (count, items) = app
        .db
        .read((filter, page), |c, (filter, page)| {
            Box::pin(async move {
                invoices::page(c, *filter, page.size, page.offset()).await.map_err(Fault::from)
            })
        })
        .await?;
    Ok(Paged { count, items })
}

/// One of the user's own.
pub async fn one(app: &App, user: UserId, id: Uuid) -> Result<Invoice, InvoiceError> {
    let found = app
        .db
        .read(id, |c, id| Box::pin(async move { invoices::by_id(c, *id).await.map_err(Fault::from) }))
        .await?;
    found.filter(|invoice| invoice.content.user == user).ok_or(InvoiceError::NotFound)
}

/// One page of all invoices that match, the newest first. Audited.
pub async fn find(app: &Arc<App>, by: &By, filter: Filter, page: Page) -> Result<Paged<Invoice>, Fault> {
    let found = found(app, filter, page).await?;
    let detail = format!("page {}, {} shown", page.number, found.items.len());
    // nobody's is shown before the look is on record
    app.db
        .write((Arc::clone(app), by.clone(), filter.user, detail, app.clock.now()), |tx, input| {
            Box::pin(async move {
                let (app, by, subject, detail, now) = input;
                let event = by.event("invoice.find", *subject, detail.as_str());
                audit::append(tx, &app.keys, &event, *now).await.map_err(Fault::from)
            })
        })
        .await?;
    Ok(found)
}

/// Anybody's. Audited.
pub async fn look(app: &Arc<App>, by: &By, id: Uuid) -> Result<Invoice, InvoiceError> {
    app.db
        .write((Arc::clone(app), by.clone(), id, app.clock.now()), |tx, (app, by, id, now)| {
            Box::pin(async move {
                let invoice = invoices::by_id(tx, *id).await?.ok_or(InvoiceError::NotFound)?;
                let event = by.event("invoice.view", Some(invoice.content.user), invoice.number.to_string());
                audit::append(tx, &app.keys, &event, *now).await?;
                Ok(invoice)
            })
        })
        .await
}
