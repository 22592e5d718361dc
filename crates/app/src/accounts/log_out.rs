//! Ends the login of a refresh token (D15): both its tokens stop working everywhere within a second.

use std::sync::Arc;

use domain::{Secret, ids::SessionId};

use super::sessions::{EndSessionError, end_session};
use crate::{
    App, Caller, Fault, Origin,
    fault::faults,
    tokens::{Invalid, TokenType},
};

#[derive(Debug, thiserror::Error)]
pub enum LogOutError {
    /// Not a valid refresh token of the caller, or its login has ended already.
    #[error("token invalid")]
    TokenInvalid,
    #[error(transparent)]
    Fault(Fault),
}
faults!(LogOutError);

impl From<Invalid> for LogOutError {
    fn from(_: Invalid) -> Self {
        Self::TokenInvalid
    }
}

impl From<EndSessionError> for LogOutError {
    fn from(e: EndSessionError) -> Self {
        match e {
            EndSessionError::NotFound => Self::TokenInvalid,
            EndSessionError::Fault(fault) => Self::Fault(fault),
        }
    }
}

pub async fn log_out(
    app: &Arc<App>,
    caller: &Caller,
    refresh_token: &Secret<String>,
    origin: &Origin,
) -> Result<(), LogOutError> {
    let claims = app.tokens.check(refresh_token.expose(), TokenType::Refresh, app.clock.now())?;
    if claims.sub != caller.user.0 {
        return Err(LogOutError::TokenInvalid);
    }
    Ok(end_session(app, caller, SessionId(claims.sid), origin).await?)
}
