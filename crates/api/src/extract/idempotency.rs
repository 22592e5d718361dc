//! `Idempotency-Key` (D7): with it, a request that is sent again is answered as the first time.

use app::{
    Caller,
    idempotency::{Answered, Once},
};
use axum::{
    extract::FromRequestParts,
    http::{HeaderName, HeaderValue, request::Parts},
    response::{IntoResponse, Response},
};

use crate::{
    Api,
    errors::{ApiError, Code},
};

/// The client's key, if it sent one.
pub(crate) struct Idempotency(Option<String>);

impl FromRequestParts<Api> for Idempotency {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, ApiError> {
        let Some(value) = parts.headers.get("idempotency-key") else { return Ok(Self(None)) };
        let key = value.to_str().map_err(|_| Code::MalformedRequest)?;
        if key.is_empty() || key.len() > 255 {
            return Err(Code::MalformedRequest.into());
        }
        Ok(Self(Some(key.to_owned())))
    }
}

impl Idempotency {
    /// Ties the key to the caller, the operation and the body.
    pub(crate) fn once(self, caller: &Caller, operation: &'static str, body: &[u8]) -> Option<Once> {
        self.0.map(|key| Once::new(caller.user, operation, key, body))
    }

    /// The same for an operation on one thing: its id is a part of what must be the same.
    pub(crate) fn once_for(
        self,
        caller: &Caller,
        operation: &'static str,
        id: uuid::Uuid,
        body: &[u8],
    ) -> Option<Once> {
        self.once(caller, operation, &[id.as_bytes(), body].concat())
    }
}

/// The response, marked when it was given before.
pub(crate) fn answer<T>(answered: Answered<T>, respond: impl FnOnce(T) -> Response) -> Response {
    let replayed = answered.replayed;
    let mut response = respond(answered.answer).into_response();
    if replayed {
        let name = HeaderName::from_static("idempotent-replay");
        response.headers_mut().insert(name, HeaderValue::from_static("true"));
    }
    response
}
