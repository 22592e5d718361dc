//! Permission in the signature: `Caller<Admin>` in a handler's arguments is the check.

use std::{marker::PhantomData, sync::Arc};

use app::AuthenticationError;
use axum::{extract::FromRequestParts, http::request::Parts};
use domain::Role;

use crate::{
    Api,
    errors::{ApiError, Code},
    frame::RequestInfo,
};

/// An authenticated user whose role is one of `R`'s.
pub(crate) struct Caller<R> {
    pub(crate) caller: app::Caller,
    roles: PhantomData<R>,
}

/// Which roles may call.
pub(crate) trait Roles: Send {
    const ALLOWED: &'static [Role];
}

macro_rules! roles {
    ($($(#[$doc:meta])+ $name:ident $roles:expr;)+) => {$(
        $(#[$doc])+
        pub(crate) struct $name;
        impl Roles for $name {
            const ALLOWED: &'static [Role] = $roles;
        }
    )+};
}

roles! {
    /// Whoever is logged in.
    Anyone &Role::ALL;
    /// Patients alone.
    Patient &[Role::Patient];
    /// Doctors alone.
    Doctor &[Role::Doctor];
    /// Staff and admins.
    StaffOrAdmin &[Role::Staff, Role::Admin];
    /// Admins alone.
    Admin &[Role::Admin];
}

impl<R: Roles> FromRequestParts<Api> for Caller<R> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, ApiError> {
        let info = parts.extensions.get::<RequestInfo>().ok_or(Code::InternalError)?;
        let caller = match &info.caller {
            None => return Err(Code::NotAuthenticated.into()),
            Some(Err(e)) => return Err(refused(e)),
            Some(Ok(caller)) => *caller,
        };
        if R::ALLOWED.contains(&caller.role) {
            Ok(Self { caller, roles: PhantomData })
        } else {
            Err(Code::Forbidden.into())
        }
    }
}

fn refused(e: &Arc<AuthenticationError>) -> ApiError {
    match &**e {
        AuthenticationError::TokenInvalid => Code::TokenInvalid.into(),
        // told to the log where it happened
        AuthenticationError::Fault(fault) => {
            tracing::warn!(error = %fault, "a token could not be checked");
            ApiError::new(Code::ServiceUnavailable).retry_after(Some(1))
        }
    }
}
