//! A new access token for a live login (D15). The refresh token stays the same.

use domain::{Secret, ids::SessionId};

use crate::{
    App, Fault,
    fault::faults,
    tokens::{Invalid, Login, TokenType},
};

#[derive(Debug)]
pub struct Refreshed {
    pub access: Secret<String>,
    /// Seconds.
    pub access_expires_in: i64,
}

#[derive(Debug, thiserror::Error)]
pub enum RefreshError {
    /// Not a valid refresh token, or its login has ended: log in again.
    #[error("token invalid")]
    TokenInvalid,
    #[error(transparent)]
    Fault(Fault),
}
faults!(RefreshError);

impl From<Invalid> for RefreshError {
    fn from(_: Invalid) -> Self {
        Self::TokenInvalid
    }
}

pub async fn refresh(app: &App, refresh_token: &Secret<String>) -> Result<Refreshed, RefreshError> {
    let now = app.clock.now();
    let claims = app.tokens.check(refresh_token.expose(), TokenType::Refresh, now)?;
    let session = SessionId(claims.sid);
    let live = app
        .db
        .write((session, now), |tx, (session, now)| {
            Box::pin(async move { store::sessions::touch(tx, *session, *now).await.map_err(Fault::from) })
        })
        .await?;
    let (user, role, ends) =
        live.filter(|(user, ..)| user.0 == claims.sub).ok_or(RefreshError::TokenInvalid)?;
    let login = Login { user, role, session, ends };
    let access = app.tokens.sign(TokenType::Access, &login, now, &*app.rng)?;
    let whole = app.tokens.settings().access_life.as_secs();
    Ok(Refreshed { access, access_expires_in: whole.min(ends.as_second() - now.as_second()) })
}
