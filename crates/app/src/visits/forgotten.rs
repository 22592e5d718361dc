//! Visits that everybody forgot. Their money is nobody's until they end, so a day after its planned end each is ended: one
//! that nobody began is given back (D21), one that nobody ended is completed as if its doctor had (D26, D35).

use std::{collections::HashSet, sync::Arc};

use db::Conn;
use domain::{
    SignedDuration, Timestamp,
    ids::VisitId,
    visit::{Event, Status},
};
use store::visits::Visit;

use super::{
    VisitError,
    lead::advance,
    withdraw::{Why, take_back},
};
use crate::{App, By, Fault};

/// Visits ended between two looks.
const BATCH: i64 = 100;
/// So long after its planned end nobody will come back to a visit.
const PATIENCE: SignedDuration = SignedDuration::from_hours(24);

/// Ends paid visits a day after their planned end, each in a transaction of its own: one that fails is left to the next
/// run and keeps nobody else's money. How many.
pub async fn end_forgotten(app: &Arc<App>) -> Result<u64, Fault> {
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
            match end(app, id, now).await {
                Ok(ended) => {
                    total += u64::from(ended);
                    went_on = true;
                }
                Err(fault) => {
                    tracing::error!(visit = %id, error = %fault, "not ended; the next run tries");
                    failed.insert(id);
                }
            }
        }
        if !went_on {
            return Ok(total);
        }
    }
}

/// Whether it was ended: somebody may have been first.
async fn end(app: &Arc<App>, id: VisitId, now: Timestamp) -> Result<bool, Fault> {
    app.db
        .write((Arc::clone(app), id, now), |tx, (app, id, now)| {
            Box::pin(async move {
                let visit = store::visits::lock(tx, &app.keys, *id).await?;
                let Some(visit) = visit.filter(|visit| visit.ends_at + PATIENCE <= *now) else {
                    return Ok(false);
                };
                match visit.status {
                    Status::Confirmed => take_back(tx, app, visit, Why::Forgotten, *now).await?,
                    Status::InProgress => complete(tx, app, &visit, *now).await?,
                    _ => return Ok(false),
                }
                Ok(true)
            })
        })
        .await
}

/// Who completed it is all that tells it from one that its doctor has.
async fn complete(tx: &Conn, app: &App, visit: &Visit, now: Timestamp) -> Result<(), Fault> {
    advance(tx, app, visit, Event::Complete, now).await.map_err(VisitError::into_fault)?;
    let by = By::worker("cron");
    let event = by.event("visit.complete", Some(visit.patient), visit.id.to_string());
    store::audit::append(tx, &app.keys, &event, now).await?;
    Ok(())
}
