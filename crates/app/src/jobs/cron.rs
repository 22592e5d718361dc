//! What happens again and again, once in a cluster: whichever node is first takes a run. A run that fails
//! is not repeated, the next one makes up for it. Nothing waits for what waits for a gateway.

use std::{pin::Pin, sync::Arc};

use domain::SignedDuration;
use tokio::task::JoinHandle;

use self::Work::{Aside, Here};
use super::{Failure, run::apart};
use crate::{App, Fault};

type Running = Pin<Box<dyn Future<Output = Result<(), Failure>> + Send>>;

struct Entry {
    name: &'static str,
    every: SignedDuration,
    work: Work,
}

#[derive(Clone, Copy)]
enum Work {
    /// It asks the database and nobody else: a worker waits for it.
    Here(fn(Arc<App>) -> Running),
    /// It asks gateways: a worker goes on meanwhile.
    Aside(fn(Arc<App>) -> Running),
}

const ENTRIES: &[Entry] = &[
    Entry { name: "visits.expire_holds", every: SignedDuration::from_mins(1), work: Here(expire_holds) },
    Entry { name: "visits.forgotten", every: SignedDuration::from_mins(10), work: Here(end_forgotten) },
    Entry { name: "holds.expire", every: SignedDuration::from_mins(1), work: Here(give_holds_back) },
    Entry { name: "charges.sweep", every: SignedDuration::from_mins(1), work: Aside(sweep_charges) },
    Entry { name: "charges.refund", every: SignedDuration::from_mins(1), work: Aside(finish_refunds) },
    Entry { name: "ledger.verify", every: SignedDuration::from_mins(1), work: Here(verify_ledger) },
    Entry {
        name: "subscriptions.renew",
        every: SignedDuration::from_mins(5),
        work: Here(renew_subscriptions),
    },
    Entry { name: "subscriptions.give_up", every: SignedDuration::from_mins(1), work: Here(give_up_unpaid) },
    Entry { name: "forget_old", every: SignedDuration::from_hours(1), work: Here(forget_old) },
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

fn end_forgotten(app: Arc<App>) -> Running {
    Box::pin(async move {
        let ended = crate::visits::end_forgotten(&app).await?;
        if ended > 0 {
            tracing::info!(ended, "visits that everybody forgot were ended");
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

/// Runs what is due and not taken by another node, one after another, each to its end; how many entries.
pub async fn run_cron(app: &Arc<App>) -> Result<u64, Fault> {
    let mut ran = 0;
    for entry in ENTRIES {
        if take(app, entry).await? {
            ran += 1;
            run(entry, Arc::clone(app)).await;
        }
    }
    Ok(ran)
}

/// Runs what is due and not taken by another node. What asks gateways is only started, and never twice at once.
pub(super) async fn start_cron(app: &Arc<App>, underway: &mut Underway) -> Result<(), Fault> {
    for entry in ENTRIES {
        if underway.goes_on(entry.name) || !take(app, entry).await? {
            continue;
        }
        let run = run(entry, Arc::clone(app));
        match entry.work {
            Here(_) => run.await,
            Aside(_) => underway.start(entry.name, run),
        }
    }
    Ok(())
}

async fn run(entry: &'static Entry, app: Arc<App>) {
    let (Here(work) | Aside(work)) = entry.work;
    if let Err(failure) = apart(work(app)).await {
        tracing::warn!(entry = entry.name, error = %failure, "a run failed; the next one makes up for it");
    }
}

/// Runs that go on in tasks of their own, by their entries' names.
#[derive(Default)]
pub(super) struct Underway(Vec<(&'static str, JoinHandle<()>)>);

impl Underway {
    fn start(&mut self, name: &'static str, run: impl Future<Output = ()> + Send + 'static) {
        self.0.push((name, tokio::spawn(run)));
    }

    fn goes_on(&mut self, name: &str) -> bool {
        self.0.retain(|(_, run)| !run.is_finished());
        self.0.iter().any(|(known, _)| *known == name)
    }

    /// Waits for all of them.
    pub(super) async fn finish(&mut self) {
        for (name, run) in self.0.drain(..) {
            if let Err(e) = run.await {
                tracing::error!(entry = name, error = %e, "a run's end");
            }
        }
    }
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

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn a_run_goes_on_until_it_has_ended() {
        let (end, ended) = oneshot::channel::<()>();
        let mut underway = Underway::default();
        underway.start("a", async { assert!(ended.await.is_ok()) });
        assert!(underway.goes_on("a") && !underway.goes_on("b"));
        end.send(()).unwrap();
        underway.finish().await;
        assert!(!underway.goes_on("a"));
    }

    #[test]
    fn each_entry_has_a_name_of_its_own() {
        for (at, entry) in ENTRIES.iter().enumerate() {
            assert!(ENTRIES[..at].iter().all(|other| other.name != entry.name), "{}", entry.name);
        }
    }
}
