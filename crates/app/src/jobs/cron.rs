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
    Entry { name: "visits.forgotten", every: SignedDuration::from_mins(10), work: cancel_forgotten },
    Entry { name: "holds.expire", every: SignedDuration::from_mins(1), work: give_holds_back },
    Entry { name: "charges.sweep", every: SignedDuration::from_mins(1), work: sweep_charges },
    Entry { name: "charges.refund", every: SignedDuration::from_mins(1), work: finish_refunds },
    Entry { name: "ledger.verify", every: SignedDuration::from_mins(1), work: verify_ledger },
    Entry { name: "subscriptions.renew", every: SignedDuration::from_mins(5), work: renew_subscriptions },
    Entry { name: "subscriptions.give_up", every: SignedDuration::from_mins(1), work: give_up_unpaid },
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

fn cancel_forgotten(app: Arc<App>) -> Running {
    Box::pin(async move {
        let cancelled = crate::visits::cancel_forgotten(&app).await?;
        if cancelled > 0 {
            tracing::info!(cancelled, "visits whose doctor never came were cancelled");
        }
        Ok(())
    })
}

fn give_holds_back(app: Arc<App>) -> Running {
    Box::pin(async move {
        let expired = crate::billing::holds::expire_due(&app).await?;
        if expired > 0 {
            tracing::info!(expired, "blocked money went back to its wallets");
        }
        Ok(())
    })
}

fn sweep_charges(app: Arc<App>) -> Running {
    Box::pin(async move {
        let credited = crate::billing::charges::sweep(&app).await?;
        if credited > 0 {
            tracing::info!(credited, "payments whose browser never came back were credited");
        }
        Ok(())
    })
}

fn finish_refunds(app: Arc<App>) -> Running {
    Box::pin(async move {
        let ended = crate::billing::refunds::finish_due(&app).await?;
        if ended > 0 {
            tracing::info!(ended, "refunds without a clear answer were ended");
        }
        Ok(())
    })
}

fn verify_ledger(app: Arc<App>) -> Running {
    Box::pin(async move {
        crate::billing::verify_a_little(&app).await?;
        Ok(())
    })
}

fn renew_subscriptions(app: Arc<App>) -> Running {
    Box::pin(async move {
        crate::billing::subscriptions::look_after_due(&app).await?;
        Ok(())
    })
}

fn give_up_unpaid(app: Arc<App>) -> Running {
    Box::pin(async move {
        crate::billing::subscriptions::give_up_unpaid(&app).await?;
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
    let next = now + entry.every;
    let is_due = app
        .db
        .read((name, now, next), |c, (name, now, next)| {
            Box::pin(async move { store::jobs::is_due(c, name, *now, *next).await.map_err(Fault::from) })
        })
        .await?;
    if !is_due {
        return Ok(false);
    }
    app.db
        .write((name, now, next), |tx, (name, now, next)| {
            Box::pin(async move { store::jobs::tick(tx, name, *now, *next).await.map_err(Fault::from) })
        })
        .await
}
