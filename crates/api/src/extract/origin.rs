//! Where the request comes from.

use axum::{extract::FromRequestParts, http::request::Parts};

use crate::{
    Api,
    errors::{ApiError, Code},
    frame::RequestInfo,
};

pub(crate) struct Origin(pub(crate) app::Origin);

impl FromRequestParts<Api> for Origin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, ApiError> {
        let info = parts.extensions.get::<RequestInfo>().ok_or(Code::InternalError)?;
        Ok(Self(info.origin.clone()))
    }
}
