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
    charges::{self, Authority, Charge},
};

use self::{
    credit::credited,
    doubt::{Doubt, noted},
};
use super::ChargeError;
use crate::{App, By, Fault};

pub(super) use schedule::next;

/// What a browser brought with it. It proves nothing.
#[derive(Clone, Debug, Default)]
pub struct Brought {
    /// Whether it says that the payment was made.
    pub claims_ok: bool,
    /// What the gateway needs besides.
    pub extra: Value,
}

/// What was found out about an authority.
#[derive(Clone, Debug)]
struct Found {
    charge: Charge,
    authority: Authority,
    brought: Brought,
    /// The gateway can't be asked without what a browser brought.
    needs_callback: bool,
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
    let extra = with_order(&brought.extra, &charge);
    let (needs_callback, asked_at) = (engine.callback_is_needed(), app.clock.now());
    let found = Found { charge, authority, brought, needs_callback, now: asked_at };
    if needs_callback {
        keep(app, found.clone()).await?;
    }
    let verified = engine.verify(&found.authority.authority, found.charge.amount, &extra).await;
    // "not paid" was true when it was asked for: the payer may have paid since
    let now = match verified {
        Verified::Paid { .. } | Verified::Already { .. } => app.clock.now(),
        Verified::NotPaid(_) | Verified::Unknown(_) => asked_at,
    };
    let found = Found { now, ..found };
    let charge = match verified {
        Verified::Paid { reference, .. } => credited(app, found, Some(reference)).await?,
        Verified::Already { reference } => credited(app, found, reference).await?,
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

/// What the browser brought is written down before the gateway is asked: it doesn't come twice.
async fn keep(app: &Arc<App>, found: Found) -> Result<(), Fault> {
    let Some(extra) = found.extra() else { return Ok(()) };
    app.db
        .write((found, extra), |tx, (found, extra)| {
            Box::pin(async move {
                let Found { charge, authority, now, .. } = found;
                let _held = charges::lock(tx, charge.id).await?;
                charges::keep_callback(tx, &authority.gateway, &authority.authority, extra, *now).await?;
                Ok::<_, Fault>(())
            })
        })
        .await
}

async fn audit_charge(
    tx: &Conn,
    app: &App,
    charge: &Charge,
    action: &'static str,
    detail: &str,
    now: Timestamp,
) -> Result<(), Fault> {
    let by = By { actor: Actor::User(charge.user), request_id: charge.gateway.as_str().into() };
    let event = by.event(action, Some(charge.user), format!("{} {detail}", charge.id));
    Ok(audit::append(tx, &app.keys, &event, now).await?)
}

fn missing(what: &str) -> Fault {
    Fault::Internal(format!("{what} is gone"))
}

#[cfg(test)]
mod tests;
