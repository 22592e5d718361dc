//! What admins do about jobs: see them (staff may too), and revive those that are dead.

use std::sync::Arc;

use domain::ids::JobId;
use store::{
    audit,
    jobs::{Listed, Status},
};

use crate::{
    App, By, Fault,
    admin::{Page, Paged},
    fault::faults,
};

#[derive(Debug, thiserror::Error)]
pub enum RetryJobError {
    /// No such job; those that are done are gone.
    #[error("no such job")]
    NotFound,
    /// It isn't dead: it runs by itself.
    #[error("not dead")]
    Conflict,
    #[error(transparent)]
    Fault(Fault),
}
faults!(RetryJobError);

/// One page of jobs, the dead ones first.
pub async fn list(app: &App, status: Option<Status>, page: Page) -> Result<Paged<Listed>, Fault> {
    let (count, items) = app
        .db
        .read((status, page), |c, (status, page)| {
            Box::pin(async move {
                store::jobs::page(c, *status, page.size, page.offset()).await.map_err(Fault::from)
            })
        })
        .await?;
    Ok(Paged { count, items })
}

/// Queues a dead job again, for now and with all its attempts.
pub async fn retry(app: &Arc<App>, by: &By, id: JobId) -> Result<Listed, RetryJobError> {
    let input = (Arc::clone(app), by.clone(), id, app.clock.now());
    app.db
        .write(input, |tx, (app, by, id, now)| {
            Box::pin(async move {
                let revived = store::jobs::revive(tx, *id, *now).await?;
                let job = store::jobs::by_id(tx, *id).await?.ok_or(RetryJobError::NotFound)?;
                if !revived {
                    return Err(RetryJobError::Conflict);
                }
                let detail = format!("{} {id}", job.kind);
                audit::append(tx, &app.keys, &by.event("job.retry", None, detail), *now).await?;
                Ok(job)
            })
        })
        .await
}
