//! Finds doctors (D17): asks the index who, and the database what to show of them.

use std::collections::HashMap;

use domain::{Timestamp, ids::UserId, practice::Practice, search::Query};
use store::listing::{self, Card};

use crate::{
    App, Fault,
    admin::{Page, Paged},
    slots,
};

/// A doctor as patients see them.
#[derive(Clone, Debug)]
pub struct Listed {
    pub card: Card,
    /// When the first free slot begins; none: there is none within the days that can be booked.
    pub next_available: Option<Timestamp>,
}

/// Reads all doctors into the index, for a node that begins: the first search would wait for it otherwise.
pub async fn warm(app: &App) -> Result<(), Fault> {
    app.doctors.refresh(&app.db, app.clock.now()).await
}

/// One page of those whom a query finds; the query's own offset and limit don't matter.
pub async fn search(app: &App, query: Query, page: Page) -> Result<Paged<Listed>, Fault> {
    app.doctors.refresh(&app.db, app.clock.now()).await?;
    let found = app.doctors.find(&Query {
        offset: usize::try_from(page.offset()).unwrap_or(usize::MAX),
        limit: usize::try_from(page.size).unwrap_or(0),
        ..query
    });
    let ids: Vec<UserId> = found.ids.into_iter().map(UserId).collect();
    let items = if ids.is_empty() { vec![] } else { listed(app, ids).await? };
    Ok(Paged { count: i64::try_from(found.count).unwrap_or(i64::MAX), items })
}

/// What is shown of these doctors, in their order; those who have just been suspended are left out.
pub(super) async fn listed(app: &App, ids: Vec<UserId>) -> Result<Vec<Listed>, Fault> {
    let order = ids.clone();
    let cards = app.db.read(ids, |c, ids| Box::pin(async move { listing::cards(c, ids).await })).await?;
    let practices: Vec<(UserId, Practice)> =
        cards.iter().map(|card| (card.id, card.practice.clone())).collect();
    let next = slots::next_free(app, &practices).await?;
    let mut cards: HashMap<UserId, Card> = cards.into_iter().map(|card| (card.id, card)).collect();
    let one = |id: UserId| {
        let card = cards.remove(&id).filter(|card| card.is_active)?;
        Some(Listed { card, next_available: next.get(&id).copied() })
    };
    Ok(order.into_iter().filter_map(one).collect())
}
