//! A user's own logins: list them, end one.

use std::sync::Arc;

use domain::ids::SessionId;
use store::{audit, sessions::Session};

use crate::{App, By, Caller, Fault, Origin, fault::faults};

/// The caller's live logins, newest first.
pub async fn sessions(app: &App, caller: &Caller) -> Result<Vec<Session>, Fault> {
    let now = app.clock.now();
    app.db
        .read((caller.user, now), |c, (user, now)| {
            Box::pin(async move { store::sessions::live(c, *user, *now).await.map_err(Fault::from) })
        })
        .await
}

#[derive(Debug, thiserror::Error)]
pub enum EndSessionError {
    /// The caller has no such live login.
    #[error("no such session")]
    NotFound,
    #[error(transparent)]
    Fault(Fault),
}
faults!(EndSessionError);

/// Ends one of the caller's live logins.
pub async fn end_session(
    app: &Arc<App>,
    caller: &Caller,
    session: SessionId,
    origin: &Origin,
) -> Result<(), EndSessionError> {
    let now = app.clock.now();
    let input = (Arc::clone(app), *caller, session, By::caller(caller, origin), now);
    app.db
        .write(input, |tx, (app, caller, session, by, now)| {
            Box::pin(async move {
                if !store::sessions::revoke(tx, caller.user, *session, *now).await? {
                    return Err(EndSessionError::NotFound);
                }
                let event = by.event("session.end", Some(caller.user), session.to_string());
                Ok(audit::append(tx, &app.keys, &event, *now).await?)
            })
        })
        .await?;
    app.revocations.note([session], now);
    Ok(())
}
