//! Visits that won't take place through nobody's fault but ours: an admin cancels one, a suspended doctor's all are, and
//! one whose doctor never came is when a day has gone by (`forgotten`). The patient gets everything back (D21).

use std::sync::Arc;

use db::Conn;
use domain::{
    Timestamp,
    ids::{UserId, VisitId},
    visit::CancelledBy,
};
use serde_json::Value;
use store::visits::Visit;

use super::{Cancelled, VisitError, cancel::cancel};
use crate::{
    App, By, Fault,
    idempotency::{Answered, Once, Render, remember, replay},
};

/// Visits cancelled between two looks.
const BATCH: i64 = 100;

/// Cancels a visit that has not ended, also after its time: a doctor who never came, or never came back, is no fault of
/// the patient's.
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
                if !visit.status_at(*now).is_live() {
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

/// Cancels the visits of a doctor who is suspended that still lie ahead or go on; nothing where they work again.
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

/// Whether it was cancelled: somebody may have been first.
async fn withdraw(app: &Arc<App>, id: VisitId, now: Timestamp) -> Result<bool, Fault> {
    app.db
        .write((Arc::clone(app), id, now), |tx, (app, id, now)| {
            Box::pin(async move {
                let visit = store::visits::lock(tx, &app.keys, *id).await?;
                let Some(visit) = visit.filter(|visit| visit.status.is_live()) else { return Ok(false) };
                take_back(tx, app, visit, Why::Suspended, *now).await?;
                Ok(true)
            })
        })
        .await
}

/// Why the clinic takes a visit back by itself.
#[derive(Clone, Copy)]
pub(super) enum Why {
    /// Its doctor is.
    Suspended,
    /// Nobody began it.
    Forgotten,
}

impl Why {
    /// In the audit log, where a request's id would stand.
    const fn cause(self) -> &'static str {
        match self {
            Self::Suspended => "suspension",
            Self::Forgotten => "cron",
        }
    }

    /// Kept with the visit.
    const fn reason(self) -> &'static str {
        match self {
            Self::Suspended => "",
            Self::Forgotten => "ویزیت در زمان خود آغاز نشد",
        }
    }
}

/// Cancels a visit that the transaction holds and that has not ended; everything goes back.
pub(super) async fn take_back(
    tx: &Conn,
    app: &App,
    visit: Visit,
    why: Why,
    now: Timestamp,
) -> Result<(), Fault> {
    let (id, patient) = (visit.id, visit.patient);
    let cancelled = cancel(tx, app, visit, CancelledBy::Admin, why.reason(), now).await;
    cancelled.map_err(VisitError::into_fault)?;
    let by = By::worker(why.cause());
    let event = by.event("visit.withdraw", Some(patient), id.to_string());
    store::audit::append(tx, &app.keys, &event, now).await?;
    Ok(())
}
