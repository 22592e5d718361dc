//! What the frame finds out about a request; handlers read it from the request's extensions.

use std::sync::Arc;

use app::{AuthenticationError, Caller, Origin};

/// Who asks, from where, in which request.
#[derive(Clone)]
pub(crate) struct RequestInfo {
    pub(crate) origin: Origin,
    /// None: no token was sent. Filled in by the inner frame.
    pub(crate) caller: Option<Result<Caller, Arc<AuthenticationError>>>,
}
