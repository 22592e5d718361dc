//! Visits that won't take place through nobody's fault but ours: an admin cancels one, or a suspended doctor's all are.
//! The patient gets everything back (D21).

use std::sync::Arc;

use domain::{
    Timestamp,
    ids::{UserId, VisitId},
    visit::{CancelledBy, Event},
};
use serde_json::Value;

use super::{Cancelled, VisitError, cancel::cancel};
use crate::{
    App, By, Fault,
    idempotency::{Answered, Once, Render, remember, replay},
};

/// Visits cancelled between two looks.
const BATCH: i64 = 100;

/// Cancels a pending or confirmed visit, also after its time: a doctor who never came is no fault of the patient's.
pub async fn cancel_by_admin(
    app: &Arc<App>,
    by: &By,
    id: VisitId,
    reason: String,
    once: Option<Once>,
    render: Render<Cancelled>,
) -> Result<Answered<Value>, VisitError> {
    let now = app.clock.now();
    let _running = app.in_flight.enter(once.as_ref())?;
    let input = (Arc::clone(app), by.clone(), id, reason, once, render, now);
    app.db
        .write(input, |tx, (app, by, id, reason, once, render, now)| {
            Box::pin(async move {
                if let Some(before) = replay(tx, app, once.as_ref()).await? {
                    return Ok(before);
                }
                let visit = store::visits::lock(tx, &app.keys, *id).await?.ok_or(VisitError::NotFound)?;
                let patient = visit.patient;
                if visit.status_at(*now).after(Event::Cancel).is_none() {
                    return Err(VisitError::IllegalState);
                }
                let cancelled = cancel(tx, app, visit, CancelledBy::Admin, reason, *now).await?;
                let answered = remember(tx, app, once.as_ref(), render(cancelled)).await?;
                let event = by.event("visit.withdraw", Some(patient), id.to_string());
                store::audit::append(tx, &app.keys, &event, *now).await?;
                Ok(answered)
            })
        })
        .await
}

/// Cancels the visits that still lie ahead of a doctor who is suspended; nothing where they work again.
pub async fn withdraw_visits_of(app: &Arc<App>, doctor: UserId) -> Result<(), Fault> {
    loop {
        let now = app.clock.now();
        let ahead = app
            .db
            .read((doctor, now), |c, (doctor, now)| {
                Box::pin(async move {
                    if store::doctors::is_active(c, *doctor).await? {
                        return Ok(vec![]);
                    }
                    Ok::<_, Fault>(store::visits::ahead_of_doctor(c, *doctor, *now, BATCH).await?)
                })
            })
            .await?;
        if ahead.is_empty() {
            return Ok(());
        }
        for id in ahead {
            withdraw(app, id, now).await?;
        }
    }
}

async fn withdraw(app: &Arc<App>, id: VisitId, now: Timestamp) -> Result<(), Fault> {
    app.db
        .write((Arc::clone(app), id, now), |tx, (app, id, now)| {
            Box::pin(async move {
                let visit = store::visits::lock(tx, &app.keys, *id).await?;
                let Some(visit) = visit.filter(|visit| visit.status.after(Event::Cancel).is_some()) else {
                    return Ok(());
                };
                let patient = visit.patient;
                cancel(tx, app, visit, CancelledBy::Admin, "", *now).await.map_err(|e| match e {
                    VisitError::Fault(fault) => fault,
                    other => Fault::Internal(other.to_string()),
                })?;
                let by = By { actor: store::audit::Actor::CommandLine, request_id: "suspension".into() };
                let event = by.event("visit.withdraw", Some(patient), id.to_string());
                store::audit::append(tx, &app.keys, &event, *now).await.map_err(Fault::from)
            })
        })
        .await
}
