//! Writes down the end of holds that nobody paid in time. Nothing waits for this: a hold ends at its time anyway.

use std::sync::Arc;

use crate::{App, Fault};

/// Holds written down in one transaction.
const BATCH: i64 = 500;

/// Of all holds that have ended; how many there were.
pub async fn expire_due(app: &Arc<App>) -> Result<u64, Fault> {
    let mut total = 0;
    loop {
        let batch = app.db.write(app.clock.now(), |tx, now| {
            Box::pin(async move { Ok::<_, Fault>(store::visits::expire_due(tx, BATCH, *now).await?) })
        });
        match batch.await? {
            0 => return Ok(total),
            ended => total += ended,
        }
    }
}
