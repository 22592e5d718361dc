//! A visit is paid: the hold becomes a visit, in one transaction with the money (D19). Money that comes too late goes
//! to the wallet, never lost.

use std::sync::Arc;

use db::Conn;
use domain::{
    Rials, Timestamp,
    ids::VisitId,
    visit::{Status, VisitType},
};
use serde_json::Value;
use store::visits::{ForPatient, Visit};
use uuid::Uuid;

use super::{
    VisitError, notices, of_patient,
    payments::{Due, Source, TakeError},
};
use crate::{
    App, By, Caller, Fault,
    billing::{invoices, quotas},
    idempotency::{Answered, Once, Render, remember, replay},
};

/// How a patient wants to pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    Wallet,
    /// At the visit's payment page.
    Online,
}

/// What paying came to.
pub struct Paid {
    pub visit: Visit,
    /// The page must be visited: nothing was paid yet.
    pub at_page: bool,
}

/// Pays the caller's pending visit; with [`Method::Online`] answers where to.
pub async fn pay(
    app: &Arc<App>,
    caller: &Caller,
    by: &By,
    id: VisitId,
    method: Method,
    once: Option<Once>,
    render: Render<Paid>,
) -> Result<Answered<Value>, VisitError> {
    let now = app.clock.now();
    let _running = app.in_flight.enter(once.as_ref())?;
    let input = (Arc::clone(app), *caller, by.clone(), id, method, once, render, now);
    app.db
        .write(input, |tx, (app, caller, by, id, method, once, render, now)| {
            Box::pin(async move {
                if let Some(before) = replay(tx, app, once.as_ref()).await? {
                    return Ok(before);
                }
                let visit = of_patient(tx, app, *id, caller).await?;
                if visit.status_at(*now) != Status::Pending {
                    return Err(VisitError::IllegalState);
                }
                let at_page = *method == Method::Online;
                if !at_page {
                    take(tx, app, &visit, *now).await?;
                    confirm(tx, app, &visit, "wallet", *now).await?;
                }
                let visit = store::visits::by_id(tx, &app.keys, *id).await?.ok_or(VisitError::NotFound)?;
                let answered = remember(tx, app, once.as_ref(), render(Paid { visit, at_page })).await?;
                if !at_page {
                    let event = by.event("visit.pay", Some(caller.user), id.to_string());
                    store::audit::append(tx, &app.keys, &event, *now).await?;
                }
                Ok(answered)
            })
        })
        .await
}

async fn take(tx: &Conn, app: &App, visit: &Visit, now: Timestamp) -> Result<(), VisitError> {
    let due = Due { visit: visit.id, patient: visit.patient, amount: visit.price.patient_share, at: now };
    app.payments.take(tx, &due).await.map_err(|e| match e {
        TakeError::InsufficientBalance => VisitError::InsufficientBalance,
        TakeError::Fault(fault) => fault.into(),
    })
}

async fn confirm(
    tx: &Conn,
    app: &App,
    visit: &Visit,
    method: &str,
    now: Timestamp,
) -> Result<(), VisitError> {
    let amount = visit.price.patient_share;
    if !store::visits::confirm(tx, visit.id, amount, now).await? {
        return Err(VisitError::IllegalState);
    }
    store::visits::note_payment(tx, new_id(app, now), visit.id, method, false, amount, now).await?;
    notices::confirmed(tx, app, visit, now).await?;
    invoices::for_visit(tx, app, visit.id, amount, now).await?;
    if visit.kind == VisitType::Online {
        quotas::count_visit(tx, visit.patient, visit.id, now).await?;
    }
    Ok(())
}

fn new_id(app: &App, now: Timestamp) -> Uuid {
    domain::ids::new_v7(now, &*app.rng)
}

/// What became of money that a gateway has taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    Confirmed,
    /// The hold had ended, or the visit was paid already: the money is in the patient's wallet.
    IntoWallet,
}

/// Money for a visit has come from a gateway: with it the visit is confirmed, or it goes into the patient's wallet.
/// Whatever the visit's state, it is never lost, and one charge is credited once: a second time is a fault, so the
/// charge's own state must say that it was not credited. Writes to the audit log: last in its transaction.
pub async fn settle(
    tx: &Conn,
    app: &App,
    id: VisitId,
    source: &Source,
    amount: Rials,
    now: Timestamp,
) -> Result<Settled, VisitError> {
    let visit = store::visits::lock(tx, &app.keys, id).await?.ok_or(VisitError::NotFound)?;
    let due = Due { visit: id, patient: visit.patient, amount, at: now };
    let in_time = visit.status_at(now) == Status::Pending && amount == visit.price.patient_share;
    if in_time {
        app.payments.settle_online(tx, &due, source).await?;
        confirm(tx, app, &visit, &source.gateway, now).await?;
    } else {
        app.payments.late(tx, &due, source).await?;
        store::visits::note_payment(tx, source.charge, id, &source.gateway, true, amount, now).await?;
        notices::late_payment(tx, app, &visit, source.charge, now).await?;
    }
    let by =
        By { actor: store::audit::Actor::User(visit.patient), request_id: source.gateway.as_str().into() };
    let action = if in_time { "visit.pay" } else { "visit.pay_late" };
    let event = by.event(action, Some(visit.patient), id.to_string());
    store::audit::append(tx, &app.keys, &event, now).await?;
    Ok(if in_time { Settled::Confirmed } else { Settled::IntoWallet })
}

/// What the page at this address shows; none: no such address.
pub async fn payable(app: &App, token: Uuid) -> Result<Option<ForPatient>, Fault> {
    app.db
        .read((app, token), |c, (app, token)| {
            Box::pin(async move {
                let Some(visit) = store::visits::by_pay_token(c, &app.keys, *token).await? else {
                    return Ok(None);
                };
                Ok::<_, Fault>(store::visits::one_for_patient(c, &app.keys, visit.id).await?)
            })
        })
        .await
}
