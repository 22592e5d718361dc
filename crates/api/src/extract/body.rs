//! JSON bodies: read within their limit, parsed into the handler's own type.

use axum::{
    body,
    extract::{FromRequest, Request},
    http::{HeaderMap, header::CONTENT_TYPE},
};
use domain::Violation;
use http_body_util::BodyExt;
use serde_json::{Value, json};

use super::Fields;
use crate::{
    Api,
    errors::{ApiError, Code},
};

/// What is read of a body that is too large, so that its sender gets to hear the answer.
const MAX_DRAINED: usize = 32 << 20;

/// All that is wrong with a body: fields, and the rules that they break.
pub(super) type Wrong = Vec<(String, Violation)>;

/// A type that a request's fields can make.
pub(crate) trait Body: Sized {
    /// None when something is wrong; what, the fields know.
    fn read(fields: &mut Fields<'_>) -> Option<Self>;
}

/// The body, checked; and its bytes as they came.
pub(crate) struct ValidJson<T> {
    pub(crate) value: T,
    pub(crate) bytes: body::Bytes,
}

impl<T: Body> FromRequest<Api> for ValidJson<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, api: &Api) -> Result<Self, ApiError> {
        read(received(request, api).await?, api)
    }
}

/// The same where sending nothing at all means an object without fields.
pub(crate) struct MaybeJson<T> {
    pub(crate) value: T,
    pub(crate) bytes: body::Bytes,
}

impl<T: Body> FromRequest<Api> for MaybeJson<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, api: &Api) -> Result<Self, ApiError> {
        let is_json = is_json(request.headers());
        let sent = collect(request.into_body(), api.settings.max_body).await?;
        let bytes = if sent.is_empty() { body::Bytes::from_static(b"{}") } else { sent };
        if !is_json && bytes.as_ref() != b"{}" {
            return Err(Code::UnsupportedFormat.into());
        }
        let ValidJson { value, bytes } = read(bytes, api)?;
        Ok(Self { value, bytes })
    }
}

/// A whole body that is said to be JSON.
pub(super) async fn received(request: Request, api: &Api) -> Result<body::Bytes, ApiError> {
    if !is_json(request.headers()) {
        return Err(Code::UnsupportedFormat.into());
    }
    collect(request.into_body(), api.settings.max_body).await
}

fn read<T: Body>(bytes: body::Bytes, api: &Api) -> Result<ValidJson<T>, ApiError> {
    match understood(&bytes, api)? {
        Ok(value) => Ok(ValidJson { value, bytes }),
        Err(wrong) => Err(ApiError::fields(wrong)),
    }
}

/// What the fields of a body make, or all that is wrong with them. The outer error: it is no object at all.
pub(super) fn understood<T: Body>(bytes: &[u8], api: &Api) -> Result<Result<T, Wrong>, ApiError> {
    let json: Value = serde_json::from_slice(bytes).map_err(|e| {
        let place = json!({ "line": e.line(), "column": e.column() });
        ApiError::new(Code::MalformedRequest).with(place)
    })?;
    let Value::Object(values) = &json else {
        return Err(ApiError::fields(vec![("body".into(), Violation::Type)]));
    };
    let mut fields = Fields::of(values, api.app.clock.now());
    let value = T::read(&mut fields);
    fields.refuse_unknown();
    let wrong = fields.wrong();
    match value {
        Some(value) if wrong.is_empty() => Ok(Ok(value)),
        _ => Ok(Err(wrong)),
    }
}

/// A missing type counts as JSON; clients that send nothing mean nothing else.
fn is_json(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_none_or(|kind| {
        let kind = kind.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
        let kind = kind.to_ascii_lowercase();
        kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
    })
}

async fn collect(mut body: body::Body, max: usize) -> Result<body::Bytes, ApiError> {
    let (mut bytes, mut length) = (Vec::new(), 0);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| ApiError::new(Code::MalformedRequest))?;
        let Ok(data) = frame.into_data() else { continue };
        length += data.len();
        if length <= max {
            bytes.extend_from_slice(&data);
        } else {
            bytes = Vec::new();
        }
        if length > max.max(MAX_DRAINED) {
            break;
        }
    }
    if length > max {
        return Err(ApiError::new(Code::FileTooLarge).with(json!({ "max_bytes": max })));
    }
    Ok(bytes.into())
}
