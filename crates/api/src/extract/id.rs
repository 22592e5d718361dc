//! An id in the path. What is no id names nothing: 404.

use axum::{
    extract::{FromRequestParts, Path},
    http::request::Parts,
};
use uuid::Uuid;

use crate::{
    Api,
    errors::{ApiError, Code},
};

pub(crate) struct Id(pub(crate) Uuid);

impl FromRequestParts<Api> for Id {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        match Path::<Uuid>::from_request_parts(parts, api).await {
            Ok(Path(id)) => Ok(Self(id)),
            Err(_) => Err(Code::NotFound.into()),
        }
    }
}
