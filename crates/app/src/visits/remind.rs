//! A reminder's time has come. It was ordered when the visit was confirmed; what has changed since then counts.

use std::sync::Arc;

use domain::{Timestamp, ids::VisitId, visit::Status};

use super::notices;
use crate::{App, Fault};

/// Reminds both sides of a visit that still stands at this time; says nothing otherwise, nor twice.
pub async fn remind(app: &Arc<App>, id: VisitId, starts_at: Timestamp, minutes: i64) -> Result<(), Fault> {
    let now = app.clock.now();
    app.db
        .write((Arc::clone(app), id, starts_at, minutes, now), |tx, (app, id, starts_at, minutes, now)| {
            Box::pin(async move {
                let visit = store::visits::by_id(tx, &app.keys, *id).await?;
                let stands =
                    |v: &store::visits::Visit| v.status == Status::Confirmed && v.starts_at == *starts_at;
                // one that comes so late that the next is due is left to that
                let next = notices::REMINDERS.iter().filter(|m| **m < *minutes).max().copied().unwrap_or(0);
                let is_of_use = *now < *starts_at - domain::SignedDuration::from_mins(next);
                let Some(visit) = visit.filter(stands).filter(|_| is_of_use) else { return Ok(()) };
                notices::reminder(tx, app, &visit, *minutes, *now).await
            })
        })
        .await
}
