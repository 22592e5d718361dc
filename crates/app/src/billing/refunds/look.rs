//! Charges as admins see them, with everything that was asked of gateways. Every look is on record.

use std::sync::Arc;

use db::Conn;
use store::{
    audit,
    charges::{self, Authority, Charge, ChargeFilter, Receipt},
    refunds::{self, Refund},
};
use uuid::Uuid;

use super::RefundError;
use crate::{
    App, By, Fault,
    admin::{Page, Paged},
};

/// A charge, the gateway's names for it, and what was given back of it.
#[derive(Clone, Debug)]
pub struct Seen {
    pub charge: Charge,
    /// Each with what the gateway told of its payment, the oldest first.
    pub authorities: Vec<(Authority, Receipt)>,
    /// The oldest first.
    pub refunds: Vec<Refund>,
}

/// One page of the charges that match, the newest first.
pub async fn list(app: &Arc<App>, by: &By, filter: ChargeFilter, page: Page) -> Result<Paged<Seen>, Fault> {
    let subject = filter.user;
    let (count, items) = app
        .db
        .read((filter, page), |c, (filter, page)| {
            Box::pin(async move {
                let (count, found) = charges::page(c, filter, page.size, page.offset()).await?;
                Ok::<_, Fault>((count, with_all(c, found).await?))
            })
        })
        .await?;
    let detail = format!("{} shown", items.len());
    // nothing is shown before the look is on record
    app.db
        .write((Arc::clone(app), by.clone(), subject, detail, app.clock.now()), |tx, input| {
            Box::pin(async move {
                let (app, by, subject, detail, now) = input;
                let event = by.event("charge.list", *subject, detail.as_str());
                audit::append(tx, &app.keys, &event, *now).await.map_err(Fault::from)
            })
        })
        .await?;
    Ok(Paged { count, items })
}

/// One charge.
pub async fn view(app: &Arc<App>, by: &By, id: Uuid) -> Result<Seen, RefundError> {
    let input = (Arc::clone(app), by.clone(), id, app.clock.now());
    app.db
        .write(input, |tx, (app, by, id, now)| {
            Box::pin(async move {
                let charge = charges::by_id(tx, *id).await?.ok_or(RefundError::NotFound)?;
                let user = charge.user;
                let seen = with_all(tx, vec![charge]).await?.pop().ok_or(RefundError::NotFound)?;
                let event = by.event("charge.view", Some(user), id.to_string());
                audit::append(tx, &app.keys, &event, *now).await?;
                Ok(seen)
            })
        })
        .await
}

async fn with_all(c: &Conn, found: Vec<Charge>) -> Result<Vec<Seen>, Fault> {
    let ids: Vec<Uuid> = found.iter().map(|charge| charge.id).collect();
    let authorities = charges::authorities_seen(c, &ids).await?;
    let refunds = refunds::of_charges(c, &ids).await?;
    let seen = |charge: Charge| {
        let id = charge.id;
        Seen {
            charge,
            authorities: authorities.iter().filter(|(one, _)| one.charge == id).cloned().collect(),
            refunds: refunds.iter().filter(|one| one.charge == id).cloned().collect(),
        }
    };
    Ok(found.into_iter().map(seen).collect())
}
