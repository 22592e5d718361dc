//! The envelope itself, and the one documented exception to it.

use axum::{
    Json,
    http::{
        HeaderValue, StatusCode,
        header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER},
    },
    response::{IntoResponse, Response},
};
use domain::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::{ApiError, Code, Details, Language, fields};
use crate::time::rfc3339;

/// Every error of every route.
#[derive(Serialize, ToSchema)]
pub struct EnvelopeBody {
    pub error: ErrorBody,
}

/// What went wrong.
#[derive(Serialize, ToSchema)]
pub struct ErrorBody {
    /// Stable; listed in `docs/ERRORS.md`.
    #[schema(example = "VALIDATION_ERROR")]
    pub code: &'static str,
    /// For people, in the language of `Accept-Language` (`fa` or `en`).
    #[schema(example = "اطلاعات ارسالی معتبر نیست")]
    pub message: &'static str,
    /// `field_errors` for a `VALIDATION_ERROR`; otherwise what the code's description says.
    #[schema(value_type = Object, example = json!({"field_errors": {"phone_number": ["شماره تلفن باید با 09 شروع شود و 11 رقم باشد"]}}))]
    pub details: Value,
    /// The same as the `X-Request-ID` header: tell it to support.
    #[schema(example = "req_3f9a1c0b7e52d846")]
    pub request_id: String,
    /// When it happened, UTC.
    #[schema(example = "2024-01-20T10:30:00Z", format = "date-time")]
    pub timestamp: String,
}

/// The 429 of the OTP request.
#[derive(Serialize, ToSchema)]
pub struct FlatTooMany {
    #[schema(example = "too_many_requests")]
    pub error: &'static str,
    #[schema(example = "تعداد درخواست‌ها بیش از حد مجاز است")]
    pub message: &'static str,
    /// Seconds.
    #[schema(example = 300)]
    pub retry_after: i64,
}

/// What the frame knows about the request.
pub(crate) struct Context<'a> {
    pub(crate) language: Language,
    pub(crate) request_id: &'a str,
    pub(crate) now: Timestamp,
    /// The request is for a one-time code.
    pub(crate) is_otp_request: bool,
}

/// Gives an error response its body; other responses pass.
pub(crate) fn render(mut response: Response, context: &Context<'_>) -> Response {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return response;
    }
    let error = match response.extensions_mut().remove::<ApiError>() {
        Some(error) => error,
        // made by a page or a dependency's state, with a body of its own
        None if response.extensions().get::<HasOwnBody>().is_some() => return response,
        None => ApiError::new(code_of(status)),
    };
    let message = error.code.message(context.language);
    let body = if error.code == Code::RateLimited && context.is_otp_request {
        let retry_after = error.retry_after.unwrap_or(1);
        Json(FlatTooMany { error: "too_many_requests", message, retry_after }).into_response()
    } else {
        let error = ErrorBody {
            code: error.code.as_str(),
            message,
            details: details(&error.details, context.language),
            request_id: context.request_id.into(),
            timestamp: rfc3339(context.now),
        };
        Json(EnvelopeBody { error }).into_response()
    };
    // headers such as Allow stay; the body and what describes it are new
    let (mut parts, _) = response.into_parts();
    let (new, body) = body.into_parts();
    parts.status = error.code.status();
    parts.headers.remove(CONTENT_LENGTH);
    if let Some(kind) = new.headers.get(CONTENT_TYPE) {
        parts.headers.insert(CONTENT_TYPE, kind.clone());
    }
    if let Some(seconds) = error.retry_after {
        parts.headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    Response::from_parts(parts, body)
}

/// Marks an error response whose body is not an envelope.
#[derive(Clone, Copy)]
pub(crate) struct HasOwnBody;

/// What the router and its extractors answer by themselves.
fn code_of(status: StatusCode) -> Code {
    match status {
        StatusCode::NOT_FOUND => Code::NotFound,
        StatusCode::METHOD_NOT_ALLOWED => Code::MethodNotAllowed,
        StatusCode::PAYLOAD_TOO_LARGE => Code::FileTooLarge,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Code::UnsupportedFormat,
        StatusCode::UNPROCESSABLE_ENTITY => Code::ValidationError,
        StatusCode::SERVICE_UNAVAILABLE => Code::ServiceUnavailable,
        status if status.is_client_error() => Code::MalformedRequest,
        _ => Code::InternalError,
    }
}

fn details(details: &Details, language: Language) -> Value {
    match details {
        Details::None => json!({}),
        Details::Json(value) => value.clone(),
        Details::Fields(violations) => {
            let mut by_field = Map::new();
            for (field, violation) in violations {
                let texts = by_field.entry(field.clone()).or_insert_with(|| json!([]));
                if let Value::Array(texts) = texts {
                    texts.push(fields::text(violation, language).into());
                }
            }
            json!({ "field_errors": by_field })
        }
    }
}
