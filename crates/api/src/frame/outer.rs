//! The outer frame: nothing leaves without a request id, an envelope for its error, and a log line.

use std::{
    fmt::Write as _,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Instant,
};

use app::{Origin, usage};
use axum::{
    extract::{ConnectInfo, Request},
    http::{HeaderName, HeaderValue, Method, header},
    response::Response,
};
use tower::Service;
use tracing::Instrument;

use super::{
    OtherVersion, RequestInfo, Route, address, call, headers,
    log::{self, Line},
    paths::{self, Asked},
};
use crate::{
    Api,
    errors::{ApiError, Context, Language, render},
};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

pub(super) async fn handle<S>(api: &Api, next: S, mut request: Request) -> Response
where
    S: Service<Request, Response = Response, Error = std::convert::Infallible>,
{
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

    if let Asked::OtherVersion = paths::normalize(request.uri_mut()) {
        request.extensions_mut().insert(OtherVersion);
    }
    let is_otp_request =
        request.uri().path() == "/api/v1/auth/login/otp/" && request.method() == Method::POST;
    let method = request.method().clone();
    let used = Arc::new(usage::Usage::default());
    // exported as a trace where that is configured; otherwise nobody listens to this target
    let span = tracing::info_span!(target: "trace", "request", otel.kind = "server", %method, %request_id);
    let response = usage::counted(Arc::clone(&used), call(next, request)).instrument(span).await;
    let code = response.extensions().get::<ApiError>().map(|error| error.code.as_str());
    let route = response.extensions().get::<Route>().cloned();
    let caller = response.extensions().get::<log::Who>().copied();
    let context = Context { language, request_id: &request_id, now: api.app.clock.now(), is_otp_request };
    let mut response = render(response, &context);
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&request_id) {
        headers.insert(REQUEST_ID, value);
    }
    headers.entry(header::CONTENT_LANGUAGE).or_insert(HeaderValue::from_static(language.tag()));
    headers::secure(headers, api.settings.https);
    log::write(&Line {
        request_id: &request_id,
        method: &method,
        route: route.as_ref().map_or("unmatched", |Route(path)| path.as_str()),
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

fn new_request_id(api: &Api) -> String {
    let mut random = [0; 10];
    api.app.rng.fill(&mut random);
    let mut id = String::with_capacity(24);
    id.push_str("req_");
    for byte in random {
        let _ = write!(id, "{byte:02x}");
    }
    id
}
