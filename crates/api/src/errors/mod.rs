//! Errors as clients see them: one envelope (D4), stable codes, texts in two languages.

mod codes;
mod envelope;
mod fields;
mod mapping;
mod money;

pub use codes::{Code, Language};
pub(crate) use envelope::{Context, HasOwnBody, render};
pub use envelope::{EnvelopeBody, ErrorBody, FlatTooMany};

use axum::response::{IntoResponse, Response};
use domain::Violation;
use serde_json::Value;

/// An error on its way out. It is put into words by the frame, which knows the request's language and id.
#[derive(Clone, Debug)]
pub struct ApiError {
    pub code: Code,
    pub details: Details,
    /// Seconds.
    pub retry_after: Option<i64>,
}

/// What the client should know beyond the code.
#[derive(Clone, Debug)]
pub enum Details {
    None,
    /// Each field and the rule that it breaks.
    Fields(Vec<(String, Violation)>),
    Json(Value),
}

impl ApiError {
    pub const fn new(code: Code) -> Self {
        Self { code, details: Details::None, retry_after: None }
    }

    pub const fn fields(fields: Vec<(String, Violation)>) -> Self {
        Self { code: Code::ValidationError, details: Details::Fields(fields), retry_after: None }
    }

    #[must_use]
    pub fn with(mut self, details: Value) -> Self {
        self.details = Details::Json(details);
        self
    }

    #[must_use]
    pub const fn retry_after(mut self, seconds: Option<i64>) -> Self {
        self.retry_after = seconds;
        self
    }
}

impl From<Code> for ApiError {
    fn from(code: Code) -> Self {
        Self::new(code)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.code.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// What a handler answers.
pub type ApiResult<T> = Result<T, ApiError>;
