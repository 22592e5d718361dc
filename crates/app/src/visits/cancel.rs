//! A patient cancels: the quote says beforehand exactly what comes back (D21).

use std::sync::Arc;

use db::Conn;
use domain::{
    Rials, Timestamp,
    ids::VisitId,
    visit::{CancelledBy, Event, Refund},
};
use serde_json::Value;
use store::visits::Visit;

use super::{VisitError, notices, of_patient, payments::Due};
use crate::{
    App, By, Caller,
    billing::quotas,
    idempotency::{Answered, Once, Render, remember, replay},
};

/// What a cancellation now would give back and keep.
#[derive(Clone, Copy, Debug)]
pub struct Quote {
    pub refund: Refund,
    pub free_until: Timestamp,
}

/// A cancelled visit and its money.
pub struct Cancelled {
    pub visit: Visit,
    pub refund: Refund,
}

/// Of the caller's own visit, if it can be cancelled now.
pub async fn quote(app: &App, caller: &Caller, id: VisitId) -> Result<Quote, VisitError> {
    let now = app.clock.now();
    let visit = app
        .db
        .read((app, id), |c, (app, id)| {
            Box::pin(
                async move { store::visits::by_id(c, &app.keys, *id).await?.ok_or(VisitError::NotFound) },
            )
        })
        .await?;
    if visit.patient != caller.user {
        return Err(VisitError::NotFound);
    }
    may_cancel(&visit, now)?;
    let refund = visit.policy.refund(visit.paid, CancelledBy::Patient, now);
    Ok(Quote { refund, free_until: visit.policy.free_until })
}

/// Before its start, while it is pending or confirmed.
fn may_cancel(visit: &Visit, now: Timestamp) -> Result<(), VisitError> {
    let possible = visit.status_at(now).after(Event::Cancel).is_some() && now < visit.starts_at;
    if possible { Ok(()) } else { Err(VisitError::IllegalState) }
}

/// Cancels the caller's own visit; what comes back is in the wallet at once.
pub async fn cancel_by_patient(
    app: &Arc<App>,
    caller: &Caller,
    by: &By,
    id: VisitId,
    reason: String,
    once: Option<Once>,
    render: Render<Cancelled>,
) -> Result<Answered<Value>, VisitError> {
    let now = app.clock.now();
    let _running = app.in_flight.enter(once.as_ref())?;
    let input = (Arc::clone(app), *caller, by.clone(), id, reason, once, render, now);
    app.db
        .write(input, |tx, (app, caller, by, id, reason, once, render, now)| {
            Box::pin(async move {
                if let Some(before) = replay(tx, app, once.as_ref()).await? {
                    return Ok(before);
                }
                let visit = of_patient(tx, app, *id, caller).await?;
                may_cancel(&visit, *now)?;
                let cancelled = cancel(tx, app, visit, CancelledBy::Patient, reason, *now).await?;
                let answered = remember(tx, app, once.as_ref(), render(cancelled)).await?;
                let event = by.event("visit.cancel", Some(caller.user), id.to_string());
                store::audit::append(tx, &app.keys, &event, *now).await?;
                Ok(answered)
            })
        })
        .await
}

/// Frees the time and gives the money back that this canceller gives back.
pub(super) async fn cancel(
    tx: &Conn,
    app: &App,
    visit: Visit,
    by: CancelledBy,
    reason: &str,
    now: Timestamp,
) -> Result<Cancelled, VisitError> {
    let id = visit.id;
    let refund = visit.policy.refund(visit.paid, by, now);
    if !store::visits::cancel(tx, &app.keys, id, by, refund.refund, reason, now).await? {
        return Err(VisitError::IllegalState);
    }
    if visit.paid > Rials::ZERO {
        let due = Due { visit: id, patient: visit.patient, amount: refund.refund, at: now };
        app.payments.refund(tx, &due, refund.fee).await?;
    }
    if refund.refund > Rials::ZERO {
        let note = domain::ids::new_v7(now, &*app.rng);
        store::visits::note_refund(tx, note, id, "wallet", refund.refund, now).await?;
    }
    quotas::uncount_visit(tx, visit.patient, id).await?;
    crate::billing::invoices::for_refund(tx, app, visit.id, refund.refund, now).await?;
    notices::cancelled(tx, app, &visit, by, refund.refund, now).await?;
    let visit = store::visits::by_id(tx, &app.keys, id).await?.ok_or(VisitError::NotFound)?;
    Ok(Cancelled { visit, refund })
}
