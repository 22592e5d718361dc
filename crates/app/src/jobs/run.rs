//! Runs jobs: takes some under one lease, does each in a task of its own, and writes down how it ended.

use std::{sync::Arc, time::Duration};

use domain::{SignedDuration, Timestamp, ids::new_v7};
use serde::de::DeserializeOwned;
use store::jobs::Job;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::{Failure, Kind, Remind, SendSms, WithdrawVisits, backoff};
use crate::{App, Fault};

/// Jobs that one batch has at most; they run side by side.
pub(super) const BATCH: i64 = 8;
/// So long nobody else takes them: longer than any of them may take.
const LEASE: SignedDuration = SignedDuration::from_secs(60);
/// A job that takes longer has failed. Longer than a careful sender may take (25 s).
const PATIENCE: Duration = Duration::from_secs(40);

/// Runs what is due until nothing is; how many jobs were run, well or not.
pub async fn run_due(app: &Arc<App>) -> Result<u64, Fault> {
    let mut total = 0;
    loop {
        match run_batch(app).await? {
            0 => return Ok(total),
            ran => total += ran,
        }
    }
}

/// Runs some of what is due; how many.
pub(super) async fn run_batch(app: &Arc<App>) -> Result<u64, Fault> {
    let now = app.clock.now();
    let lease = new_v7(now, &*app.rng);
    let claimed = app
        .db
        .write((now, lease), |tx, (now, lease)| {
            Box::pin(
                async move { store::jobs::claim(tx, *now, LEASE, BATCH, *lease).await.map_err(Fault::from) },
            )
        })
        .await?;
    let mut running = JoinSet::new();
    let mut ran = 0;
    for job in claimed {
        ran += 1;
        running.spawn(one(Arc::clone(app), job, lease));
    }
    let mut outcome = Ok(ran);
    while let Some(ended) = running.join_next().await {
        match ended {
            Ok(Ok(())) => {}
            // the job stays leased, and runs again when that is over
            Ok(Err(fault)) => outcome = Err(fault),
            Err(e) => outcome = Err(Fault::Internal(format!("a job's end: {e}"))),
        }
    }
    outcome
}

async fn one(app: Arc<App>, job: Job, lease: Uuid) -> Result<(), Fault> {
    let result = if job.attempts > backoff::ATTEMPTS {
        Err(Failure::Never("its workers ended before it did".into()))
    } else {
        apart(perform(Arc::clone(&app), job.clone())).await
    };
    settle(&app, &job, lease, result).await
}

/// The work itself; safe to do twice.
async fn perform(app: Arc<App>, job: Job) -> Result<(), Failure> {
    match Kind::parse(&job.kind) {
        Some(Kind::Remind) => {
            let Remind { visit, starts_at, minutes } = payload(&job)?;
            crate::visits::remind(&app, visit, starts_at, minutes).await?;
            Ok(())
        }
        Some(Kind::SendSms) => {
            let SendSms { notification } = payload(&job)?;
            crate::notifications::send(&app, notification).await
        }
        Some(Kind::WithdrawVisits) => {
            let WithdrawVisits { doctor } = payload(&job)?;
            crate::visits::withdraw_visits_of(&app, doctor).await?;
            Ok(())
        }
        Some(Kind::IssueInvoice) => {
            let crate::billing::invoices::IssueInvoice { cause } = payload(&job)?;
            crate::billing::invoices::issue(&app, cause).await
        }
        // a newer node may know it
        None => Err(Failure::Again("this program doesn't know such a job".into())),
    }
}

fn payload<T: DeserializeOwned>(job: &Job) -> Result<T, Failure> {
    serde_json::from_str(&job.payload).map_err(|_| Failure::Never("the payload can't be read".into()))
}

/// Runs work in a task of its own: neither a panic nor a wait without end takes anything else along.
pub(super) async fn apart(
    work: impl Future<Output = Result<(), Failure>> + Send + 'static,
) -> Result<(), Failure> {
    let mut task = tokio::spawn(work);
    match tokio::time::timeout(PATIENCE, &mut task).await {
        Ok(Ok(result)) => result,
        Ok(Err(_)) => Err(Failure::Again("panicked".into())),
        Err(_) => {
            task.abort();
            Err(Failure::Again("took too long".into()))
        }
    }
}

enum Next {
    Remove,
    Retry(Timestamp, String),
    Bury(String),
}

/// Writes down how a job ended.
async fn settle(app: &App, job: &Job, lease: Uuid, result: Result<(), Failure>) -> Result<(), Fault> {
    if let Err(failure) = &result {
        let (id, kind, attempt) = (job.id, job.kind.as_str(), job.attempts);
        tracing::warn!(job = %id, kind, attempt, error = %failure, "a job failed");
    }
    let next = match result {
        Ok(()) => Next::Remove,
        Err(failure) => match (&failure, backoff::after(job.attempts)) {
            (Failure::Never(_), _) | (_, None) => Next::Bury(failure.kept()),
            (_, Some(pause)) => Next::Retry(app.clock.now() + pause, failure.kept()),
        },
    };
    let is_dead = matches!(next, Next::Bury(_));
    let held = app
        .db
        .write((job.id, lease, next), |tx, (id, lease, next)| {
            Box::pin(async move {
                let held = match next {
                    Next::Remove => store::jobs::done(tx, *id, *lease).await?,
                    Next::Retry(at, error) => store::jobs::retry(tx, *id, *lease, *at, error).await?,
                    Next::Bury(error) => store::jobs::bury(tx, *id, *lease, error).await?,
                };
                Ok::<_, Fault>(held)
            })
        })
        .await?;
    if !held {
        tracing::warn!(job = %job.id, kind = %job.kind, "a job ended after its lease, or was forgotten");
    } else if is_dead {
        tracing::error!(job = %job.id, kind = %job.kind, "a job is dead; an admin can revive it");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_a_failure_that_may_pass() {
        let failure = apart(async { panic!("on purpose") }).await.unwrap_err();
        assert!(matches!(&failure, Failure::Again(text) if text == "panicked"), "{failure:?}");
    }

    #[tokio::test]
    async fn what_ends_well_or_badly_says_so() {
        assert!(apart(std::future::ready(Ok(()))).await.is_ok());
        let refused = apart(std::future::ready(Err(Failure::Never("refused".into())))).await;
        assert_eq!(refused.unwrap_err().kept(), "refused");
    }
}
