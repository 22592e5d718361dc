//! `/metrics`: Prometheus. For whoever has the token; without one, for this machine alone.

use std::net::SocketAddr;

use axum::{
    extract::{ConnectInfo, State},
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};

use crate::{
    Api,
    errors::{ApiResult, Code},
};

pub(crate) async fn metrics(
    State(api): State<Api>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let sent = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let may_read = if let Some(token) = &api.settings.metrics_token {
        sent.is_some_and(|sent| app::equal(sent, &format!("Bearer {}", token.expose())))
    } else {
        // a proxy on this machine is not this machine
        let mut forwarded = ["x-forwarded-for", "forwarded", "x-real-ip", "via"].iter();
        peer.ip().to_canonical().is_loopback() && !forwarded.any(|name| headers.contains_key(*name))
    };
    if !may_read {
        return Err(Code::Forbidden.into());
    }
    let text = api.metrics.as_ref().ok_or(Code::NotFound)?.render();
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response())
}
