//! A payer looks at all of their charges. No gateway is asked: that is for the one that is read.

use domain::ids::UserId;
use store::{
    charges::{self, ChargeStatus},
    refunds,
};
use uuid::Uuid;

use super::Read;
use crate::{
    App, Fault,
    admin::{Page, Paged},
};

/// One page of the user's own charges that are in this status now, the newest first.
pub async fn list(
    app: &App,
    user: UserId,
    status: Option<ChargeStatus>,
    page: Page,
) -> Result<Paged<Read>, Fault> {
    // one moment for what is asked for and for what is shown
    let now = app.clock.now();
    app.db
        .read((user, status, page, now), |c, (user, status, page, now)| {
            Box::pin(async move {
                let (count, found) =
                    charges::of_user(c, *user, *status, *now, page.size, page.offset()).await?;
                let ids: Vec<Uuid> = found.iter().map(|charge| charge.id).collect();
                let authorities = charges::authorities_of_many(c, &ids).await?;
                let refunds = refunds::of_charges(c, &ids).await?;
                let mut items = Vec::with_capacity(found.len());
                for charge in found {
                    let id = charge.id;
                    let newest = authorities.iter().rfind(|authority| authority.charge == id);
                    let given = refunds.iter().filter(|refund| refund.charge == id).cloned().collect();
                    items.push(Read::at(*now, charge, newest, given));
                }
                Ok::<_, Fault>(Paged { count, items })
            })
        })
        .await
}
