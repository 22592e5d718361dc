//! What happens again and again, once in a cluster: whichever node is first takes a run. A run that fails
//! is not repeated, the next one makes up for it.

use std::{pin::Pin, sync::Arc};

use domain::SignedDuration;

use super::{Failure, run::apart};
use crate::{App, Fault};

type Running = Pin<Box<dyn Future<Output = Result<(), Failure>> + Send>>;

struct Entry {
    name: &'static str,
    every: SignedDuration,
    work: fn(Arc<App>) -> Running,
}

const ENTRIES: &[Entry] = &[
    Entry { name: "visits.expire_holds", every: SignedDuration::from_mins(1), work: expire_holds },
    Entry { name: "forget_old", every: SignedDuration::from_hours(1), work: forget_old },
];

fn expire_holds(app: Arc<App>) -> Running {
    Box::pin(async move {
        let expired = crate::visits::expire_due(&app).await?;
        if expired > 0 {
            tracing::info!(expired, "unpaid visits gave their time back");
        }
        Ok(())
    })
}

fn forget_old(app: Arc<App>) -> Running {
    Box::pin(async move {
        crate::maintenance::forget_what_is_old(&app).await?;
        Ok(())
    })
}

/// Runs what is due and not taken by another node; how many entries.
pub async fn run_cron(app: &Arc<App>) -> Result<u64, Fault> {
    let mut ran = 0;
    for entry in ENTRIES {
        if !take(app, entry).await? {
            continue;
        }
        ran += 1;
        if let Err(failure) = apart((entry.work)(Arc::clone(app))).await {
            tracing::warn!(entry = entry.name, error = %failure, "a run failed; the next one makes up for it");
        }
    }
    Ok(ran)
}

async fn take(app: &App, entry: &Entry) -> Result<bool, Fault> {
    let (name, now) = (entry.name, app.clock.now());
    let is_due = app
        .db
        .read((name, now), |c, (name, now)| {
            Box::pin(async move { store::jobs::is_due(c, name, *now).await.map_err(Fault::from) })
        })
        .await?;
    if !is_due {
        return Ok(false);
    }
    app.db
        .write((name, now, now + entry.every), |tx, (name, now, next)| {
            Box::pin(async move { store::jobs::tick(tx, name, *now, *next).await.map_err(Fault::from) })
        })
        .await
}
