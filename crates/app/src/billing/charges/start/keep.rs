//! What a gateway has given is kept, whatever is answered: somebody may have been told of it, and its money would be
//! somebody's.

use std::sync::Arc;

use db::Conn;
use domain::subscription::AFTER_CHARGE;
use serde_json::Value;
use store::{
    charges::{self, Authority, Charge, ChargeStatus, Purpose},
    purchases,
};

use super::{Start, Started};
use crate::{
    App, Fault,
    billing::charges::ChargeError,
    idempotency::{Answered, OnceError, remember, replay},
};

pub(super) async fn keep(
    app: &Arc<App>,
    charge: Charge,
    authority: Authority,
    input: Start,
) -> Result<Answered<Value>, ChargeError> {
    app.db
        .write((Arc::clone(app), charge, authority, input), |tx, (app, charge, authority, input)| {
            Box::pin(kept(tx, app, charge, authority, input))
        })
        .await?
}

/// The outer error undoes everything; what is refused all the same is the inner one.
async fn kept(
    tx: &Conn,
    app: &App,
    charge: &Charge,
    authority: &Authority,
    input: &Start,
) -> Result<Result<Answered<Value>, ChargeError>, ChargeError> {
    if !charges::add_authority(tx, authority).await? {
        return Err(Fault::Internal("a gateway gave an authority twice".into()).into());
    }
    if !is_waited_for(tx, charge).await? {
        fail(tx, charge).await?;
        return Ok(Err(ChargeError::IllegalState));
    }
    let once = input.once.as_ref();
    match replay(tx, app, once).await {
        Ok(None) => {}
        // on another node the same request was quicker: its page is the answer, and nobody is sent to this one
        Ok(Some(before)) => {
            fail(tx, charge).await?;
            return Ok(Ok(before));
        }
        Err(OnceError::Fault(fault)) => return Err(fault.into()),
        Err(refused) => {
            fail(tx, charge).await?;
            return Ok(Err(ChargeError::Once(refused)));
        }
    }
    let started = Started {
        id: charge.id,
        pay_url: authority.pay_url.clone(),
        amount: charge.amount,
        expires_at: charge.expires_at,
    };
    Ok(Ok(remember(tx, app, once, (input.render)(started)).await?))
}

/// A purchase waits for what can be paid at this charge's page. False where it is paid, or given up, by now.
async fn is_waited_for(tx: &Conn, charge: &Charge) -> Result<bool, Fault> {
    let Purpose::Subscription(purchase) = charge.purpose else { return Ok(true) };
    Ok(purchases::wait_until(tx, purchase, charge.expires_at + AFTER_CHARGE).await?)
}

/// Nobody is sent to its page. The sweep asks about it as about any other.
async fn fail(tx: &Conn, charge: &Charge) -> Result<(), Fault> {
    charges::note(tx, charge.id, ChargeStatus::Failed, charge.check_at, charge.created_at).await?;
    Ok(())
}
