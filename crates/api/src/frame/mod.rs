//! What every request passes through, from the outside in: request id, the error envelope, security headers
//! and the log line (`outer.rs`); CORS; header caps, who asks, the rate limit, and limits of panics and time
//! (`inner.rs`); compression; the routes.

mod address;
mod headers;
mod inner;
mod log;
mod outer;
mod paths;
mod request;

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{MatchedPath, Request},
    http::{HeaderName, HeaderValue, Method, header},
    middleware::{self, Next},
    response::Response,
};
use tower::{Layer, Service, ServiceExt, util::BoxCloneSyncService};
use tower_http::{
    compression::{CompressionLayer, predicate::SizeAbove},
    cors::{AllowOrigin, CorsLayer},
};

use crate::Api;

pub(crate) use request::RequestInfo;

/// The whole API as one service; the peer's address is taken from the request's `ConnectInfo`.
pub type Frame = BoxCloneSyncService<Request, Response, Infallible>;

/// The path matched by the router, told to the log line and the metrics.
#[derive(Clone)]
struct Route(MatchedPath);

/// The path asks for another version of the API.
#[derive(Clone, Copy)]
struct OtherVersion;

/// Builds the service.
pub fn service(api: Api) -> Frame {
    let routes: Router = crate::router(api.clone())
        .route_layer(middleware::from_fn(note_route))
        .layer(CompressionLayer::new().gzip(true).compress_when(SizeAbove::new(1024)));
    let api = Arc::new(api);
    let cors = cors(&api.settings.cors_origins);
    let limited = {
        let api = Arc::clone(&api);
        tower::service_fn(move |request: Request| {
            let (api, routes) = (Arc::clone(&api), routes.clone());
            async move { Ok::<_, Infallible>(inner::handle(&api, routes, request).await) }
        })
    };
    let with_cors = cors.layer(limited);
    let framed = tower::service_fn(move |request: Request| {
        let (api, next) = (Arc::clone(&api), with_cors.clone());
        async move { Ok::<_, Infallible>(outer::handle(&api, next, request).await) }
    });
    BoxCloneSyncService::new(framed)
}

async fn note_route(path: MatchedPath, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.extensions_mut().insert(Route(path));
    response
}

/// Runs a service once.
async fn call<S>(service: S, request: Request) -> Response
where
    S: Service<Request, Response = Response<Body>, Error = Infallible>,
{
    match service.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

fn cors(origins: &[String]) -> CorsLayer {
    let origins = origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok());
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::ACCEPT,
            header::ACCEPT_LANGUAGE,
            HeaderName::from_static("x-client-version"),
            HeaderName::from_static("x-request-id"),
            HeaderName::from_static("idempotency-key"),
        ])
        .expose_headers([
            header::RETRY_AFTER,
            HeaderName::from_static("x-request-id"),
            HeaderName::from_static("x-ratelimit-limit"),
            HeaderName::from_static("x-ratelimit-remaining"),
            HeaderName::from_static("x-ratelimit-reset"),
            HeaderName::from_static("idempotent-replay"),
        ])
        .max_age(Duration::from_mins(10))
}
