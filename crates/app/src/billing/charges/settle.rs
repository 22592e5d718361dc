//! The gateway is asked whether an authority's money is ours, and if so it is credited, exactly once.

mod credit;
mod doubt;
mod schedule;

use std::sync::Arc;

use db::Conn;
use domain::Timestamp;
use providers::gateways::Verified;
use serde_json::{Value, json};
use store::{
    audit::{self, Actor},
    charges::{self, Authority, Charge, Receipt},
};
use uuid::Uuid;

use self::{
    credit::credited,
    doubt::{Doubt, noted},
};
use super::ChargeError;
use crate::{App, By, Fault, Origin};

pub(super) use schedule::next;

/// What a browser brought with it. It proves nothing.
#[derive(Clone, Debug, Default)]
pub struct Brought {
    /// Whether it says that the payment was made.
    pub claims_ok: bool,
    /// What the gateway needs besides.
    pub extra: Value,
}

/// Who has it asked for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Asker<'a> {
    /// We, with what was kept or with nothing.
    Ours,
    /// A browser, with the charge that it says it was sent to pay.
    Browser { named: Option<Uuid>, origin: &'a Origin },
}

/// What was found out about an authority.
#[derive(Clone, Debug)]
struct Found {
    charge: Charge,
    authority: Authority,
    /// What the gateway has told besides.
    receipt: Receipt,
    brought: Brought,
    /// The gateway can't be asked without what a browser brought.
    needs_callback: bool,
    /// And a stranger has brought it: a "no" is about that, and not about the payment.
    is_hearsay: bool,
    /// Whose browser it is where it is not the payer's: what comes of its word is not in the payer's name.
    stranger: Option<By>,
    now: Timestamp,
}

impl Found {
    /// What a browser brought, if it brought anything.
    fn extra(&self) -> Option<String> {
        let is_there = self.brought.extra.as_object().is_some_and(|extra| !extra.is_empty());
        is_there.then(|| self.brought.extra.to_string())
    }
}

/// Asks the gateway about one of its authorities, with the amount that is stored, and writes down what it says. Any
/// number may do so at once.
pub async fn settle_authority(
    app: &Arc<App>,
    gateway: &str,
    authority: &str,
    brought: Brought,
) -> Result<Charge, ChargeError> {
    settle_for(app, gateway, authority, brought, Asker::Ours).await
}

/// The same for whoever asks. Authorities can be guessed, the charge's id can't: a browser that doesn't bring it is a
/// stranger's. Money is money whoever asks about it, but what strangers bring fails nobody's charge.
pub(super) async fn settle_for(
    app: &Arc<App>,
    gateway: &str,
    authority: &str,
    brought: Brought,
    asker: Asker<'_>,
) -> Result<Charge, ChargeError> {
    let found = app
        .db
        .read((gateway, authority), |c, (gateway, authority)| {
            Box::pin(async move {
                let Some(authority) = charges::by_authority(c, gateway, authority).await? else {
                    return Ok(None);
                };
                let charge = charges::by_id(c, authority.charge).await?;
                Ok::<_, Fault>(charge.map(|charge| (charge, authority)))
            })
        })
        .await?;
    let (charge, authority) = found.ok_or(ChargeError::NotFound)?;
    if authority.status.is_credited() {
        return Ok(charge);
    }
    let engine = app.gateways.get(gateway).ok_or(ChargeError::NoPayments)?;
    let (needs_callback, asked_at) = (engine.callback_is_needed(), app.clock.now());
    let (is_payers, stranger) = match asker {
        Asker::Ours => (false, None),
        Asker::Browser { named, .. } if named == Some(charge.id) => (true, None),
        Asker::Browser { origin, .. } => (false, Some(By::stranger(origin))),
    };
    let mut found = Found {
        charge,
        authority,
        receipt: Receipt::default(),
        brought,
        needs_callback,
        is_hearsay: false,
        stranger,
        now: asked_at,
    };
    if needs_callback {
        let is_payers = keep(app, found.clone(), is_payers).await?;
        found.is_hearsay = is_payers.map_or(found.stranger.is_some(), |is_payers| !is_payers);
    } else if found.stranger.is_some() {
        // such a gateway can be asked without it
        found.brought.extra = Value::Null;
    }
    let extra = with_order(&found.brought.extra, &found.charge);
    let verified = engine.verify(&found.authority.authority, found.charge.amount, &extra).await;
    // "not paid" was true when it was asked for: the payer may have paid since
    let now = match verified {
        Verified::Paid { .. } | Verified::Already { .. } => app.clock.now(),
        Verified::NotPaid(_) | Verified::Unknown(_) => asked_at,
    };
    let found = Found { now, ..found };
    let charge = match verified {
        Verified::Paid { reference, card, fee } => {
            credited(app, Found { receipt: Receipt { card, fee }, ..found }, Some(reference)).await?
        }
        Verified::Already { reference, card, fee } => {
            credited(app, Found { receipt: Receipt { card, fee }, ..found }, reference).await?
        }
        Verified::NotPaid(cause) => {
            tracing::info!(gateway, charge = %found.charge.id, cause, "not paid");
            noted(app, found, Doubt::NotPaid).await?
        }
        Verified::Unknown(cause) => {
            tracing::info!(gateway, charge = %found.charge.id, cause, "no clear answer yet");
            noted(app, found, Doubt::Unclear).await?
        }
    };
    Ok(charge)
}

/// The charge's id goes with what the browser brought, and never comes from it.
fn with_order(extra: &Value, charge: &Charge) -> Value {
    let mut extra = if extra.is_object() { extra.clone() } else { json!({}) };
    extra["order"] = charge.id.simple().to_string().into();
    extra
}

/// What the browser brought is written down before the gateway is asked: it doesn't come twice. Whether the payer has
/// brought it, by now or before; none where there is nothing.
async fn keep(app: &Arc<App>, found: Found, is_payers: bool) -> Result<Option<bool>, Fault> {
    let Some(extra) = found.extra() else { return Ok(None) };
    app.db
        .write((found, extra, is_payers), |tx, (found, extra, is_payers)| {
            Box::pin(async move {
                let Found { charge, authority, now, .. } = found;
                let (gateway, name) = (authority.gateway.as_str(), authority.authority.as_str());
                let _held = charges::lock(tx, charge.id).await?;
                let is_payers = charges::keep_callback(tx, gateway, name, extra, *is_payers, *now).await?;
                Ok::<_, Fault>(Some(is_payers))
            })
        })
        .await
}

/// In the payer's name, unless a stranger has brought it about.
async fn audit_charge(
    tx: &Conn,
    app: &App,
    charge: &Charge,
    stranger: Option<&By>,
    (action, detail): (&'static str, &str),
    now: Timestamp,
) -> Result<(), Fault> {
    let payer = || By { actor: Actor::User(charge.user), request_id: charge.gateway.as_str().into() };
    let by = stranger.cloned().unwrap_or_else(payer);
    let event = by.event(action, Some(charge.user), format!("{} {detail}", charge.id));
    Ok(audit::append(tx, &app.keys, &event, now).await?)
}

fn missing(what: &str) -> Fault {
    Fault::Internal(format!("{what} is gone"))
}

#[cfg(test)]
mod tests;
