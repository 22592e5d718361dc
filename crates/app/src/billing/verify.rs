//! Proves the ledger from its entries: all of it for operators, a little of it every minute.

use std::sync::Arc;

use domain::ids::new_v7;
use store::ledger::{self, Report};
use uuid::Uuid;

use crate::{App, Fault};

/// Accounts that are looked at in a minute.
const SLICE: i64 = 50;

/// Walks every account and every posting.
pub async fn verify(app: &Arc<App>) -> Result<Report, Fault> {
    app.db.read_slow((), |c, ()| Box::pin(async move { ledger::verify(c).await.map_err(Fault::from) })).await
}

/// Looks at some accounts, other ones each time, and at the newest postings; a break is an error in the log, for
/// somebody to be woken by. How many there were.
pub async fn verify_a_little(app: &Arc<App>) -> Result<usize, Fault> {
    // the random end of an id first: accounts' ids are spread over all values
    let mut random = *new_v7(app.clock.now(), &*app.rng).as_bytes();
    random.reverse();
    let report = app
        .db
        .read_slow(Uuid::from_bytes(random), |c, after| {
            Box::pin(async move { ledger::verify_slice(c, *after, SLICE).await.map_err(Fault::from) })
        })
        .await?;
    for fault in &report.faults {
        tracing::error!(%fault, "the ledger is broken; see `helssa verify ledger`");
    }
    Ok(report.faults.len())
}
