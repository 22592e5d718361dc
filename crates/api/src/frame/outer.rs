//! The outer frame: nothing leaves without a request id, an envelope for its error, and a log line.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    time::Instant,
};

use app::{Origin, usage};
use axum::{
    extract::{ConnectInfo, Request},
    http::{HeaderName, HeaderValue, Method, header},
    response::Response,
};
use tracing::Instrument;

use super::{
    Frame, OtherVersion, RequestInfo, address, headers,
    log::{self, Line},
    paths::{self, Asked},
    route::Route,
};
use crate::{
    Api,
    errors::{ApiError, Context, Language, render},
};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

pub(super) async fn handle(frame: &Frame, mut request: Request) -> Response {
    let api = frame.api();
    let started = Instant::now();
    let request_id: Arc<str> = match headers::request_id(request.headers()) {
        Some(given) => given.into(),
        None => new_request_id(api).into(),
    };
    let peer = request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(peer)| peer.ip());
    let address = address::client(peer, request.headers(), &api.settings.trusted_proxies);
    let language = Language::of(header_text(&request, header::ACCEPT_LANGUAGE));
    let user_agent = user_agent(&request);
    request.extensions_mut().insert(RequestInfo {
        origin: Origin { request_id: Arc::clone(&request_id), address, user_agent },
        caller: None,
    });
    let route = Route::default();
    request.extensions_mut().insert(route.clone());

    if let Asked::OtherVersion = paths::normalize(request.uri_mut()) {
        request.extensions_mut().insert(OtherVersion);
    }
    let is_otp_request =
        request.uri().path() == "/api/v1/auth/login/otp/" && request.method() == Method::POST;
    let method = request.method().clone();
    let used = Arc::new(usage::Usage::default());
    // exported as a trace where that is configured; otherwise nobody listens to this target
    let span = tracing::info_span!(target: "trace", "request", otel.kind = "server", %method, %request_id);
    let work = usage::counted(Arc::clone(&used), frame.with_cors(request));
    let response = if span.is_disabled() { work.await } else { work.instrument(span).await };
    let code = response.extensions().get::<ApiError>().map(|error| error.code.as_str());
    let caller = response.extensions().get::<log::Who>().copied();
    let context = Context { language, request_id: &request_id, now: api.app.clock.now(), is_otp_request };
    let mut response = render(response, &context);
    let headers = response.headers_mut();
    headers.reserve(headers::SECURE + 2);
    if let Ok(value) = HeaderValue::from_str(&request_id) {
        headers.insert(REQUEST_ID, value);
    }
    headers.entry(header::CONTENT_LANGUAGE).or_insert(HeaderValue::from_static(language.tag()));
    headers::secure(headers, api.settings.https);
    log::write(&Line {
        request_id: &request_id,
        method: &method,
        route: route.pattern(),
        status: response.status().as_u16(),
        code,
        caller,
        time: started.elapsed(),
        used: &used,
    });
    response
}

fn header_text(request: &Request, name: HeaderName) -> Option<&str> {
    request.headers().get(name)?.to_str().ok()
}

/// What the list of logins shows: printable, and not longer than a line.
fn user_agent(request: &Request) -> String {
    let text = header_text(request, header::USER_AGENT).unwrap_or_default();
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}

/// Unique, and no secret: a random name of this process, and how many requests it has had.
fn new_request_id(api: &Api) -> String {
    static BEGAN: OnceLock<[u8; 6]> = OnceLock::new();
    static REQUESTS: AtomicU32 = AtomicU32::new(0);
    let began = BEGAN.get_or_init(|| {
        let mut random = [0; 6];
        api.app.rng.fill(&mut random);
        random
    });
    let mut id = String::with_capacity(24);
    id.push_str("req_");
    for byte in began.iter().copied().chain(REQUESTS.fetch_add(1, Relaxed).to_be_bytes()) {
        for digit in [byte >> 4, byte & 15] {
            id.push(char::from_digit(digit.into(), 16).unwrap_or('0'));
        }
    }
    id
}
