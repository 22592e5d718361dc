//! Visits that won't take place through nobody's fault but ours: an admin cancels one, a suspended doctor's all are, and
//! one whose doctor never came is when a day has gone by. The patient gets everything back (D21).

use std::{collections::HashSet, sync::Arc};

use db::Conn;
use domain::{
    SignedDuration, Timestamp,
    ids::{UserId, VisitId},
    visit::{CancelledBy, Status},
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
/// A visit that nobody has begun, cancelled or called missed so long after its end won't take place.
const PATIENCE: SignedDuration = SignedDuration::from_hours(24);

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
            withdraw(app, id, Why::Suspended, now).await?;
        }
    }
}

/// Cancels confirmed visits that nobody has begun a day after their end, each in a transaction of its own: one that fails
/// is left to the next run and keeps nobody else's money. How many.
pub async fn cancel_forgotten(app: &Arc<App>) -> Result<u64, Fault> {
    let now = app.clock.now();
    let mut total = 0;
    let mut failed = HashSet::new();
    loop {
        // past those that have failed in this run
        let most = BATCH.saturating_add(i64::try_from(failed.len()).unwrap_or(i64::MAX));
        let mut forgotten = app
            .db
            .read((now - PATIENCE, most), |c, (before, most)| {
                Box::pin(
                    async move { store::visits::forgotten(c, *before, *most).await.map_err(Fault::from) },
                )
            })
            .await?;
        forgotten.retain(|id| !failed.contains(id));
        let mut went_on = false;
        for id in forgotten {
            match withdraw(app, id, Why::Forgotten, now).await {
                Ok(cancelled) => {
                    total += u64::from(cancelled);
                    went_on = true;
                }
                Err(fault) => {
                    tracing::error!(visit = %id, error = %fault, "not cancelled; the next run tries");
                    failed.insert(id);
                }
            }
        }
        if !went_on {
            return Ok(total);
        }
    }
}

/// Why the clinic takes a visit back by itself.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Why {
    Suspended,
    Forgotten,
}

impl Why {
    fn applies(self, visit: &Visit, now: Timestamp) -> bool {
        match self {
            Self::Suspended => visit.status.is_live(),
            Self::Forgotten => visit.status == Status::Confirmed && visit.ends_at + PATIENCE <= now,
        }
    }

    /// Who asked for it, in the audit log.
    const fn request(self) -> &'static str {
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

/// Whether it was cancelled: somebody may have been first.
async fn withdraw(app: &Arc<App>, id: VisitId, why: Why, now: Timestamp) -> Result<bool, Fault> {
    app.db
        .write((Arc::clone(app), id, why, now), |tx, (app, id, why, now)| {
            Box::pin(take_back(tx, app, *id, *why, *now))
        })
        .await
}

async fn take_back(tx: &Conn, app: &App, id: VisitId, why: Why, now: Timestamp) -> Result<bool, Fault> {
    let visit = store::visits::lock(tx, &app.keys, id).await?;
    let Some(visit) = visit.filter(|visit| why.applies(visit, now)) else { return Ok(false) };
    let patient = visit.patient;
    cancel(tx, app, visit, CancelledBy::Admin, why.reason(), now).await.map_err(|e| match e {
        VisitError::Fault(fault) => fault,
        other => Fault::Internal(other.to_string()),
    })?;
    let by = By { actor: store::audit::Actor::CommandLine, request_id: why.request().into() };
    let event = by.event("visit.withdraw", Some(patient), id.to_string());
    store::audit::append(tx, &app.keys, &event, now).await?;
    Ok(true)
}
