//! The doctor's side of a visit (D26): start, complete, no-show, cancel.

use std::sync::Arc;

use db::Conn;
use domain::{
    Timestamp,
    ids::VisitId,
    visit::{CancelledBy, DOORS_OPEN, Event, Status},
};
use serde_json::Value;
use store::visits::{ForDoctor, Visit};

use super::{
    VisitError,
    cancel::cancel,
    of_doctor,
    payments::{Due, Earned},
};
use crate::{
    App, By, Caller, Fault,
    idempotency::{Answered, Once, Render, remember, replay},
};

/// A visit as its doctor sees it, after the change.
pub type Led = ForDoctor;

/// Begins a confirmed visit, from 15 minutes before its time on.
pub async fn start(
    app: &Arc<App>,
    caller: &Caller,
    by: &By,
    id: VisitId,
    once: Option<Once>,
    render: Render<Led>,
) -> Result<Answered<Value>, VisitError> {
    change(app, caller, by, (id, Event::Start), once, render).await
}

/// Ends a visit that is going on.
pub async fn complete(
    app: &Arc<App>,
    caller: &Caller,
    by: &By,
    id: VisitId,
    once: Option<Once>,
    render: Render<Led>,
) -> Result<Answered<Value>, VisitError> {
    change(app, caller, by, (id, Event::Complete), once, render).await
}

/// The patient of a confirmed visit didn't come; not before its time.
pub async fn miss(
    app: &Arc<App>,
    caller: &Caller,
    by: &By,
    id: VisitId,
    once: Option<Once>,
    render: Render<Led>,
) -> Result<Answered<Value>, VisitError> {
    change(app, caller, by, (id, Event::Miss), once, render).await
}

async fn change(
    app: &Arc<App>,
    caller: &Caller,
    by: &By,
    (id, event): (VisitId, Event),
    once: Option<Once>,
    render: Render<Led>,
) -> Result<Answered<Value>, VisitError> {
    let now = app.clock.now();
    let _running = app.in_flight.enter(once.as_ref())?;
    let input = (Arc::clone(app), *caller, by.clone(), id, event, once, render, now);
    app.db
        .write(input, |tx, (app, caller, by, id, event, once, render, now)| {
            Box::pin(async move {
                if let Some(before) = replay(tx, app, once.as_ref()).await? {
                    return Ok(before);
                }
                let visit = of_doctor(tx, app, *id, caller).await?;
                advance(tx, app, &visit, *event, *now).await?;
                let after = store::visits::one_for_doctor(tx, &app.keys, *id).await?;
                let after = after.ok_or(VisitError::NotFound)?;
                let answered = remember(tx, app, once.as_ref(), render(after)).await?;
                let event = by.event(action(*event), Some(visit.patient), id.to_string());
                store::audit::append(tx, &app.keys, &event, *now).await?;
                Ok(answered)
            })
        })
        .await
}

/// What is audited when a doctor has done this.
const fn action(event: Event) -> &'static str {
    match event {
        Event::Start => "visit.start",
        Event::Complete => "visit.complete",
        _ => "visit.no_show",
    }
}

/// Leads a visit that the transaction holds to its next state, and its money with it.
pub(super) async fn advance(
    tx: &Conn,
    app: &App,
    visit: &Visit,
    event: Event,
    now: Timestamp,
) -> Result<(), VisitError> {
    let from = visit.status_at(now);
    let to = from.after(event).ok_or(VisitError::IllegalState)?;
    let not_before = match event {
        Event::Start => visit.starts_at - DOORS_OPEN,
        Event::Miss => visit.starts_at,
        _ => Timestamp::MIN,
    };
    if now < not_before {
        return Err(VisitError::TooEarly { not_before });
    }
    let changed = match to {
        Status::InProgress => store::visits::start(tx, visit.id, now).await?,
        to => store::visits::end(tx, visit.id, from, to, now).await?,
    };
    if !changed {
        return Err(VisitError::IllegalState);
    }
    pay_out(tx, app, visit, to, now).await?;
    Ok(())
}

/// Where a visit's money goes when the visit has ended: to the doctor (D35), or, where the patient didn't come, to the
/// platform.
async fn pay_out(tx: &Conn, app: &App, visit: &Visit, to: Status, now: Timestamp) -> Result<(), Fault> {
    match to {
        Status::Completed => {
            let earned = Earned {
                visit: visit.id,
                doctor: visit.doctor,
                price: visit.price,
                insurer: visit.insurer.clone(),
                commission_percent: app.billing.commission_percent,
                at: now,
            };
            app.payments.earned(tx, &earned).await
        }
        Status::NoShow => {
            let due = Due { visit: visit.id, patient: visit.patient, amount: visit.paid, at: now };
            app.payments.missed(tx, &due).await
        }
        _ => Ok(()),
    }
}

/// Cancels a visit of the doctor's own; the patient gets everything back (D21).
pub async fn cancel_by_doctor(
    app: &Arc<App>,
    caller: &Caller,
    by: &By,
    id: VisitId,
    reason: String,
    once: Option<Once>,
    render: Render<Led>,
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
                let visit = of_doctor(tx, app, *id, caller).await?;
                if visit.status_at(*now).after(Event::Cancel).is_none() {
                    return Err(VisitError::IllegalState);
                }
                let patient = visit.patient;
                cancel(tx, app, visit, CancelledBy::Doctor, reason, *now).await?;
                let after = store::visits::one_for_doctor(tx, &app.keys, *id).await?;
                let after = after.ok_or_else(|| Fault::Internal("a visit vanished".into()))?;
                let answered = remember(tx, app, once.as_ref(), render(after)).await?;
                let event = by.event("visit.cancel", Some(patient), id.to_string());
                store::audit::append(tx, &app.keys, &event, *now).await?;
                Ok(answered)
            })
        })
        .await
}
