//! What a node with a worker does all day.

use std::{sync::Arc, time::Duration};

use tokio::sync::watch;

use super::{
    cron::{Underway, start_cron},
    run::{BATCH, run_batch},
};
use crate::{App, Fault};

/// The pause after a look that found nothing.
const IDLE: Duration = Duration::from_secs(1);
/// After one that found something: more may come.
const BUSY: Duration = Duration::from_millis(250);

/// Works off the queue and the cron until it is told to stop; then finishes what is at hand.
pub async fn work(app: Arc<App>, mut stop: watch::Receiver<bool>) {
    let mut underway = Underway::default();
    while !*stop.borrow() {
        let pause = match look(&app, &mut underway).await {
            Ok(0) => IDLE,
            // a full batch: there is more
            Ok(ran) if i64::try_from(ran).is_ok_and(|ran| ran >= BATCH) => Duration::ZERO,
            Ok(_) => BUSY,
            Err(fault) => {
                tracing::warn!(error = %fault, "the worker could not work; it tries again");
                IDLE
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            changed = stop.changed() => if changed.is_err() { break },
        }
    }
    underway.finish().await;
}

async fn look(app: &Arc<App>, underway: &mut Underway) -> Result<u64, Fault> {
    start_cron(app, underway).await?;
    run_batch(app).await
}
