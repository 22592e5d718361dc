//! Who asks.

use domain::{
    Role,
    ids::{SessionId, UserId},
};

use crate::{
    App, Fault,
    fault::faults,
    tokens::{self, Invalid},
};

/// An authenticated user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    pub user: UserId,
    pub role: Role,
    pub session: SessionId,
}

#[derive(Debug, thiserror::Error)]
pub enum AuthenticationError {
    /// Not a valid access token, or its login has ended: log in again.
    #[error("token invalid")]
    TokenInvalid,
    #[error(transparent)]
    Fault(Fault),
}
faults!(AuthenticationError);

impl From<Invalid> for AuthenticationError {
    fn from(_: Invalid) -> Self {
        Self::TokenInvalid
    }
}

impl App {
    /// The caller that an access token stands for.
    pub async fn authenticate(&self, access_token: &str) -> Result<Caller, AuthenticationError> {
        let now = self.clock.now();
        let tokens::Access { user, session, role, .. } = self.tokens.access(access_token, now)?;
        if self.revocations.contains(&self.db, session, now).await? {
            return Err(AuthenticationError::TokenInvalid);
        }
        Ok(Caller { user, role, session })
    }
}
