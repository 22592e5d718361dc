//! What operators run: verify the audit log, seal values again under a new key, forget what is old.

use std::sync::Arc;

use domain::SignedDuration;
use store::{audit, rotation};
use uuid::Uuid;

use crate::{App, By, Fault};

pub use store::audit::Report as AuditReport;

/// Answers to idempotent requests are kept this long (D7: at least 24 hours).
const KEEP_ANSWERS: SignedDuration = SignedDuration::from_hours(48);
/// A login's row stays so long after its end; the audit log keeps when it was.
const KEEP_SESSIONS: SignedDuration = SignedDuration::from_hours(24 * 30);

/// Walks every chain of the audit log.
pub async fn verify_audit(app: &Arc<App>) -> Result<AuditReport, Fault> {
    app.db
        .read_slow(Arc::clone(app), |c, app| {
            Box::pin(async move { audit::verify(c, &app.keys).await.map_err(Fault::from) })
        })
        .await
}

/// Seals every value again that an older key made; how many there were. Can be stopped and run again at
/// any time; the older keys can go when the last remembered
/// answer under them is forgotten, two days later.
pub async fn rotate_keys(app: &Arc<App>, mut progress: impl FnMut(&str, u64)) -> Result<u64, Fault> {
    let mut total = 0;
    for column in rotation::COLUMNS {
        let (mut after, mut changed) = (Some(Uuid::nil()), 0);
        while let Some(id) = after {
            let (next, n) = app
                .db
                .write((Arc::clone(app), id), move |tx, (app, id)| {
                    Box::pin(
                        async move { rotation::batch(tx, &app.keys, column, *id).await.map_err(Fault::from) },
                    )
                })
                .await?;
            after = next;
            changed += n;
        }
        progress(&format!("{}.{}", column.field.table, column.field.column), changed);
        total += changed;
    }
    let by = By::command_line();
    app.db
        .write((Arc::clone(app), by, total), |tx, (app, by, total)| {
            Box::pin(async move {
                let event = by.event("keys.rotate", None, format!("{total} values"));
                audit::append(tx, &app.keys, &event, app.clock.now()).await.map_err(Fault::from)
            })
        })
        .await?;
    Ok(total)
}

/// Forgets remembered answers and ended logins that nobody will ask for again, a batch per transaction; how
/// many there were.
pub async fn forget_what_is_old(app: &App) -> Result<u64, Fault> {
    let mut total = 0;
    loop {
        let batch = app.db.write(app.clock.now(), |tx, now| {
            Box::pin(async move {
                let answers = store::idempotency::forget_before(tx, *now - KEEP_ANSWERS).await?;
                let sessions = store::sessions::forget_before(tx, *now - KEEP_SESSIONS).await?;
                Ok::<_, Fault>(answers + sessions)
            })
        });
        match batch.await? {
            0 => return Ok(total),
            forgotten => total += forgotten,
        }
    }
}
