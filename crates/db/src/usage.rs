//! How many statements a request ran and how long they took: for its log line, the metrics, and the
//! tests that assert that there is no N+1.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

/// What one request has used so far.
#[derive(Debug, Default)]
pub struct Usage {
    statements: AtomicU32,
    nanos: AtomicU64,
}

impl Usage {
    /// Statements run.
    pub fn statements(&self) -> u32 {
        self.statements.load(Relaxed)
    }

    /// Time spent waiting for the database.
    pub fn time(&self) -> Duration {
        Duration::from_nanos(self.nanos.load(Relaxed))
    }
}

tokio::task_local! {
    static USAGE: Arc<Usage>;
}

/// Runs `work`, adding what it uses to `usage`.
pub async fn counted<F: Future>(usage: Arc<Usage>, work: F) -> F::Output {
    USAGE.scope(usage, work).await
}

pub(crate) fn add(statements: u32, time: Duration) {
    let _ = USAGE.try_with(|usage| {
        usage.statements.fetch_add(statements, Relaxed);
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        usage.nanos.fetch_add(nanos, Relaxed);
    });
}
