//! What a doctor earned (D35), visit by visit.

use domain::ids::UserId;

use crate::{
    App, Fault,
    admin::{Page, Paged},
};

pub use store::earnings::{Earning, Span, Totals};

/// One page, and what the whole span came to.
#[derive(Debug)]
pub struct Statement {
    pub totals: Totals,
    pub page: Paged<Earning>,
}

/// One page of what visits brought this doctor, newest first. Visits that cost nothing are not in it.
pub async fn statement(app: &App, doctor: UserId, span: Span, page: Page) -> Result<Statement, Fault> {
    let (totals, items) = app
        .db
        .read((doctor, span, page), |c, (doctor, span, page)| {
            Box::pin(async move {
                let found = store::earnings::page(c, *doctor, span, page.size, page.offset()).await;
                found.map_err(Fault::from)
            })
        })
        .await?;
    Ok(Statement { totals, page: Paged { count: totals.visits, items } })
}
