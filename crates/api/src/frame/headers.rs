//! Headers that responses carry, and how many a request may.

use axum::http::{HeaderMap, HeaderValue, header};

/// Headers that a request may have.
const MAX_COUNT: usize = 100;
/// Bytes that they may have together.
const MAX_BYTES: usize = 32 * 1024;

pub(super) fn are_too_large(headers: &HeaderMap) -> bool {
    let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    headers.len() > MAX_COUNT || bytes > MAX_BYTES
}

/// How many [`secure`] adds at most.
pub(super) const SECURE: usize = 8;

/// What an API should say to browsers. Pages that need more say so themselves.
pub(super) fn secure(headers: &mut HeaderMap, https: bool) {
    let mut default = |name, value| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    default(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    default(header::X_FRAME_OPTIONS, "DENY");
    default(header::REFERRER_POLICY, "no-referrer");
    default(header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'");
    default(header::CACHE_CONTROL, "no-store");
    default(header::HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    default(
        header::HeaderName::from_static("permissions-policy"),
        "camera=(), microphone=(), geolocation=()",
    );
    if https {
        default(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000; includeSubDomains");
    }
}

/// The caller's request id, if it is sane.
pub(super) fn request_id(headers: &HeaderMap) -> Option<&str> {
    let id = headers.get("x-request-id")?.to_str().ok()?;
    let is_sane = (1..=64).contains(&id.len())
        && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    is_sane.then_some(id)
}
