//! A payment begins: the charge is written down, then the gateway is asked outside of any transaction, then its
//! authority is kept. What breaks off between is a charge that nobody was sent to pay.

mod again;
mod keep;
mod visit;
mod way;

use std::sync::Arc;

use domain::{
    Rials, SignedDuration, Timestamp,
    ids::{UserId, VisitId, new_v7},
};
use providers::{
    Gateway,
    gateways::{Order, Requested},
};
use serde_json::Value;
use store::{
    audit,
    charges::{self, Authority, AuthorityStatus, Charge, ChargeStatus, Purpose},
};
use uuid::Uuid;

use self::{
    again::{answer_again, open_page},
    keep::keep,
    way::way,
};
use super::{ChargeError, LIFE};
use crate::{
    App, By, Fault,
    billing::refusals::{Asked, written_down},
    idempotency::{Answered, Once, Render, look},
};

pub use visit::{PayVisit, start_own_visit, start_visit};
pub use way::return_url;

/// The sweep leaves a new charge to its payer for so long.
const FIRST_CHECK: SignedDuration = SignedDuration::from_mins(1);
/// So long a gateway is asked for an authority at most. A charge that has none by then was broken off, and is nobody's.
const ASKING: SignedDuration = SignedDuration::from_mins(1);
/// Charges of one visit that wait for their payer at once.
const MOST_OPEN: usize = 5;

/// What somebody wants to pay.
pub struct Start {
    /// Whose money it is.
    pub user: UserId,
    pub purpose: Purpose,
    pub amount: Rials,
    /// Persian, for the gateway's page; nothing medical.
    pub description: &'static str,
    /// None: whichever there is.
    pub gateway: Option<String>,
    /// Where the browser goes afterwards; none: to the public site.
    pub return_url: Option<String>,
    pub by: By,
    pub once: Option<Once>,
    pub render: Render<Started>,
}

/// Where to pay, and until when.
#[derive(Clone, Debug)]
pub struct Started {
    pub id: Uuid,
    pub pay_url: String,
    pub amount: Rials,
    pub expires_at: Timestamp,
}

/// Starts a charge. Its address is nobody's until it is answered, so that a start that failed may be repeated.
pub async fn start(app: &Arc<App>, input: Start) -> Result<Answered<Value>, ChargeError> {
    let now = app.clock.now();
    let _running = app.in_flight.enter(input.once.as_ref())?;
    let before = app
        .db
        .read((app, input.once.as_ref()), |c, (app, once)| {
            Box::pin(async move { look::<Value>(c, app, *once).await })
        })
        .await?;
    if let Some(before) = before {
        return Ok(before);
    }
    let way = way(app, &input);
    let (return_url, gateway) = written_down(app, &input.by, input.user, Asked::Charge, way).await?;
    if let Some(open) = open_page(app, &input, gateway.name(), &return_url).await? {
        return answer_again(app, open, input).await;
    }
    let charge = Charge {
        id: new_v7(now, &*app.rng),
        user: input.user,
        purpose: input.purpose,
        amount: input.amount,
        gateway: gateway.name().to_owned(),
        return_url,
        status: ChargeStatus::Pending,
        credited_authority: None,
        gateway_reference: None,
        created_at: now,
        expires_at: now + LIFE,
        checked_at: None,
        check_at: Some(now + FIRST_CHECK),
        verified_at: None,
    };
    if !write_down(app, &charge, &input.by).await? {
        return Err(ChargeError::IllegalState);
    }
    let (authority, pay_url) = ask(app, &*gateway, &charge, input.description).await?;
    let authority = Authority {
        gateway: charge.gateway.clone(),
        authority,
        charge: charge.id,
        status: AuthorityStatus::Requested,
        pay_url,
        created_at: app.clock.now(),
    };
    keep(app, charge, authority, input).await
}

/// False where too many charges of the visit wait already.
async fn write_down(app: &Arc<App>, charge: &Charge, by: &By) -> Result<bool, Fault> {
    app.db
        .write((Arc::clone(app), charge.clone(), by.clone()), |tx, (app, charge, by)| {
            Box::pin(async move {
                if let Purpose::Visit(visit) = charge.purpose {
                    // held: of many at once, no more than that are begun
                    let _held = store::visits::lock(tx, &app.keys, VisitId(visit)).await?;
                    let now = charge.created_at;
                    if charges::open_for(tx, visit, now, now - ASKING).await?.len() >= MOST_OPEN {
                        return Ok(false);
                    }
                }
                charges::insert(tx, charge).await?;
                let detail = format!("{} {} {}", charge.purpose.as_str(), charge.gateway, charge.id);
                let event = by.event("charge.start", Some(charge.user), detail);
                audit::append(tx, &app.keys, &event, charge.created_at).await?;
                Ok::<_, Fault>(true)
            })
        })
        .await
}

/// The authority and the page. Asked once: a request that may have made an authority is never repeated.
async fn ask(
    app: &Arc<App>,
    gateway: &dyn Gateway,
    charge: &Charge,
    description: &str,
) -> Result<(String, String), ChargeError> {
    let order = Order {
        id: charge.id,
        amount: charge.amount,
        // whoever comes back with the id was sent there, or knows who was
        callback_url: format!(
            "{}/billing/callback/{}/?charge={}",
            app.billing.api_url, charge.gateway, charge.id
        ),
        description: description.to_owned(),
        phone: None,
        at: charge.created_at,
    };
    let (code, is_over) = match gateway.request(&order).await {
        Requested::Go { authority, pay_url } => return Ok((authority, pay_url)),
        Requested::Refused(code) => (code, true),
        Requested::Unknown(code) => (code, false),
    };
    tracing::warn!(gateway = charge.gateway, charge = %charge.id, code, is_over, "no authority");
    // nobody was sent there, so nothing can be paid
    app.db
        .write((charge.id, app.clock.now()), |tx, (id, now)| {
            Box::pin(async move {
                Ok::<_, Fault>(charges::note(tx, *id, ChargeStatus::Failed, None, *now).await?)
            })
        })
        .await?;
    Err(ChargeError::GatewayUnavailable)
}
