//! What became of a charge, for the page that its payer's browser comes back to. Whoever knows the charge's id may see
//! it: nobody's name is in it.

use domain::Rials;
use store::charges::{self, ChargeStatus, Purpose};
use uuid::Uuid;

use crate::{App, Fault};

/// A charge as that page shows it.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub id: Uuid,
    pub purpose: Purpose,
    pub amount: Rials,
    /// What it is now.
    pub status: ChargeStatus,
}

/// What is known of a charge by now; the gateway is not asked.
pub async fn outcome(app: &App, id: Uuid) -> Result<Option<Outcome>, Fault> {
    let now = app.clock.now();
    let found = app
        .db
        .read(id, |c, id| Box::pin(async move { charges::by_id(c, *id).await.map_err(Fault::from) }))
        .await?;
    Ok(found.map(|charge| Outcome {
        id: charge.id,
        purpose: charge.purpose,
        amount: charge.amount,
        status: charge.status_at(now),
    }))
}
