//! The inner frame: header caps, who asks, the rate limit (D6), and limits of panics and time.

use std::{panic::AssertUnwindSafe, sync::Arc};

use app::{Caller, Counted};
use axum::{
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, Method, header::AUTHORIZATION},
    response::{IntoResponse, Response},
};
use futures_util::FutureExt;
use serde_json::json;

use super::{Frame, OtherVersion, RequestInfo, headers, log::Who};
use crate::{
    Api,
    errors::{ApiError, Code},
};

/// Seconds after which a request that took too long may be tried again.
const BACK_AFTER_TIMEOUT: i64 = 5;

pub(super) async fn handle(frame: &Frame, mut request: Request) -> Response {
    let api = frame.api();
    if headers::are_too_large(request.headers()) {
        return ApiError::new(Code::HeadersTooLarge).into_response();
    }
    if request.extensions().get::<OtherVersion>().is_some() {
        let supported = json!({ "supported_versions": ["v1"] });
        return ApiError::new(Code::UnsupportedVersion).with(supported).into_response();
    }
    // health, metrics, documents and pages are for everybody, and not counted, but for what a page starts
    let path = request.uri().path();
    let is_press = request.method() == Method::POST && path.starts_with("/pay/");
    if !path.starts_with("/api/v1/") && !is_press {
        return answer(frame, request).await;
    }
    let comes_back = comes_back(api, &request);
    let asked = tokio::time::timeout(api.settings.timeout, who_asks(api, &mut request)).await;
    let Ok((who, counted)) = asked else {
        return too_late().into_response();
    };
    // its handler looks whether it is about a payment of ours
    if let Some(counted) = counted.filter(|_| comes_back) {
        request.extensions_mut().insert(counted);
    }
    let mut response = match &counted {
        Some(counted) if !counted.allowed && !comes_back => {
            ApiError::new(Code::RateLimited).retry_after(Some(counted.resets_in)).into_response()
        }
        _ => answer(frame, request).await,
    };
    if let Some(counted) = counted {
        describe(response.headers_mut(), &counted);
    }
    if let Some(caller) = who {
        response.extensions_mut().insert(Who(caller));
    }
    response
}

/// Whether a gateway seems to have sent this browser back. Thousands share an address behind their carrier's, and have paid:
/// they are counted, and never refused here. The handler refuses those who ask too much and have not paid with us.
fn comes_back(api: &Api, request: &Request) -> bool {
    let rest = request.uri().path().strip_prefix("/api/v1/billing/callback/");
    let gateway = rest.map(|rest| rest.strip_suffix('/').unwrap_or(rest));
    [Method::GET, Method::POST].contains(request.method())
        && gateway.is_some_and(|name| api.app.gateways.get(name).is_some())
}

/// The caller, if there is one, and the count of their requests.
async fn who_asks(api: &Api, request: &mut Request) -> (Option<Caller>, Option<Counted>) {
    let caller = match bearer(request.headers()) {
        Some(token) => Some(api.app.authenticate(token).await.map_err(Arc::new)),
        None => None,
    };
    let who = caller.as_ref().and_then(|found| found.as_ref().ok()).copied();
    let address = request.extensions_mut().get_mut::<RequestInfo>().map(|info| {
        info.caller = caller;
        info.origin.address
    });
    // a preflight is the browser's own doing
    let counted = match (&api.settings.rate_limit, address) {
        (Some(limits), Some(address)) if request.method() != Method::OPTIONS => {
            Some(api.app.count_request(limits, who.as_ref(), address).await)
        }
        _ => None,
    };
    (who, counted)
}

fn too_late() -> ApiError {
    ApiError::new(Code::ServiceUnavailable).retry_after(Some(BACK_AFTER_TIMEOUT))
}

/// The route's answer; also when its handler panics, or takes too long.
async fn answer(frame: &Frame, request: Request) -> Response {
    let work = AssertUnwindSafe(frame.route(request)).catch_unwind();
    match tokio::time::timeout(frame.api().settings.timeout, work).await {
        Ok(Ok(response)) => response,
        Ok(Err(panic)) => {
            tracing::error!(panic = panic_text(&panic), "a handler panicked");
            ApiError::new(Code::InternalError).into_response()
        }
        Err(_) => too_late().into_response(),
    }
}

fn panic_text(panic: &Box<dyn std::any::Any + Send>) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("unknown")
}

/// The token of `Authorization: Bearer …`; another scheme counts as a broken token.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().unwrap_or_default();
    match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Some(token.trim()),
        _ => Some(""),
    }
}

fn describe(headers: &mut HeaderMap, counted: &Counted) {
    let mut put = |name, value: i64| {
        headers.insert(HeaderName::from_static(name), HeaderValue::from(value));
    };
    put("x-ratelimit-limit", counted.limit);
    put("x-ratelimit-remaining", counted.remaining);
    put("x-ratelimit-reset", counted.resets_at.as_second());
}
