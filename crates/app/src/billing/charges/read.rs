//! A payer asks what became of a charge; the gateway is asked then, too.

use std::sync::Arc;

use domain::{SignedDuration, Timestamp, ids::UserId};
use store::{
    charges::{self, Authority, Charge, ChargeStatus},
    refunds::{self, Refund},
};
use uuid::Uuid;

use super::{Brought, ChargeError, settle_authority};
use crate::{App, Fault};

/// Nobody makes us ask a gateway more often than that.
const PAUSE: SignedDuration = SignedDuration::from_secs(5);

/// A charge as its payer sees it.
#[derive(Clone, Debug)]
pub struct Read {
    pub charge: Charge,
    /// What it is now.
    pub status: ChargeStatus,
    /// Where it can be paid, while it can.
    pub pay_url: Option<String>,
    /// What was asked to be given back, the oldest first.
    pub refunds: Vec<Refund>,
}

impl Read {
    /// As it is now; it can be paid at its newest authority.
    pub(super) fn at(
        now: Timestamp,
        charge: Charge,
        newest: Option<&Authority>,
        refunds: Vec<Refund>,
    ) -> Self {
        let status = charge.status_at(now);
        let newest = newest.filter(|_| status == ChargeStatus::Pending);
        Self { charge, status, pay_url: newest.map(|authority| authority.pay_url.clone()), refunds }
    }
}

/// The user's own charge.
pub async fn read(app: &Arc<App>, user: UserId, id: Uuid) -> Result<Read, ChargeError> {
    let found = app
        .db
        .read(id, |c, id| {
            Box::pin(async move {
                let Some(charge) = charges::by_id(c, *id).await? else { return Ok(None) };
                let authorities = charges::authorities(c, *id).await?;
                let refunds = refunds::of_charge(c, *id).await?;
                Ok::<_, Fault>(Some((charge, authorities, refunds)))
            })
        })
        .await?;
    let (mut charge, authorities, refunds) =
        found.filter(|(charge, ..)| charge.user == user).ok_or(ChargeError::NotFound)?;
    let now = app.clock.now();
    let is_due = charge.checked_at.is_none_or(|at| now.duration_since(at) >= PAUSE);
    if charge.status == ChargeStatus::Pending && is_due && claim(app, id).await? {
        for authority in &authorities {
            match settle_authority(app, &authority.gateway, &authority.authority, Brought::default()).await {
                Ok(settled) => charge = settled,
                // what is known is answered, whatever the gateway does
                Err(e) => tracing::warn!(error = %e, charge = %id, "a charge could not be settled"),
            }
        }
    }
    Ok(Read::at(now, charge, authorities.last(), refunds))
}

/// Of many who ask at once, one makes us ask the gateway.
async fn claim(app: &App, id: Uuid) -> Result<bool, Fault> {
    app.db
        .write((id, app.clock.now()), |tx, (id, now)| {
            Box::pin(async move { Ok::<_, Fault>(charges::claim_check(tx, *id, *now - PAUSE, *now).await?) })
        })
        .await
}
