//! Query strings, read with the same rules as bodies; what is not known is ignored, because links
//! collect parameters that are not ours.

use axum::{
    extract::{FromRequestParts, Query},
    http::request::Parts,
};
use serde_json::{Map, Value};

use super::{Body, Fields};
use crate::{
    Api,
    errors::{ApiError, Code},
};

pub(crate) struct ValidQuery<T>(pub(crate) T);

impl<T: Body> FromRequestParts<Api> for ValidQuery<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        let Query(pairs) =
            Query::<Vec<(String, String)>>::try_from_uri(&parts.uri).map_err(|_| Code::MalformedRequest)?;
        // an empty parameter is one that a form left empty
        let values: Map<String, Value> = pairs
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| (name, Value::String(value)))
            .collect();
        let mut fields = Fields::of(&values, api.app.clock.now());
        let value = T::read(&mut fields);
        let wrong = fields.wrong();
        match value {
            Some(value) if wrong.is_empty() => Ok(Self(value)),
            _ => Err(ApiError::fields(wrong)),
        }
    }
}
