//! What every request passes through, from the outside in: request id, the error envelope, security headers
//! and the log line (`outer.rs`); CORS for browsers; header caps, who asks, the rate limit, and limits of panics
//! and time (`inner.rs`); compression for those who ask for it; the routes.

mod address;
mod cors;
mod headers;
mod inner;
mod log;
mod outer;
mod paths;
mod request;
mod route;

use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    Router,
    extract::Request,
    http::{Method, header},
    response::Response,
};
use tower::{Layer, Service, ServiceExt};
use tower_http::{
    compression::{CompressionLayer, predicate::SizeAbove},
    cors::CorsLayer,
};

use crate::Api;

pub(crate) use request::RequestInfo;

/// The path asks for another version of the API.
#[derive(Clone, Copy)]
struct OtherVersion;

/// The whole API as one service, cheap to clone; the peer's address is taken from the request's `ConnectInfo`.
#[derive(Clone)]
pub struct Frame(Arc<Parts>);

struct Parts {
    api: Api,
    routes: Router,
    cors: CorsLayer,
    compression: CompressionLayer<SizeAbove>,
}

/// Builds the service.
pub fn service(api: Api) -> Frame {
    let routes = crate::router(api.clone()).route_layer(route::Note);
    let cors = cors::layer(&api.settings.cors_origins);
    let compression = CompressionLayer::new().gzip(true).compress_when(SizeAbove::new(1024));
    Frame(Arc::new(Parts { api, routes, cors, compression }))
}

impl Frame {
    /// Answers one request.
    pub async fn answer(&self, request: Request) -> Response {
        outer::handle(self, request).await
    }

    /// Inside the outer frame. Browsers alone speak of origins: nobody else pays for CORS.
    async fn with_cors(&self, request: Request) -> Response {
        let is_browser =
            request.headers().contains_key(header::ORIGIN) || request.method() == Method::OPTIONS;
        if !is_browser {
            let mut response = inner::handle(self, request).await;
            response.headers_mut().append(header::VARY, cors::VARY);
            return response;
        }
        let frame = self.clone();
        let inner = tower::service_fn(move |request: Request| {
            let frame = frame.clone();
            async move { Ok::<_, Infallible>(inner::handle(&frame, request).await) }
        });
        never(self.0.cors.layer(inner).oneshot(request).await)
    }

    /// Inside the inner frame: the route's answer, compressed where that is asked for.
    async fn route(&self, request: Request) -> Response {
        let routes = self.0.routes.clone();
        if !request.headers().contains_key(header::ACCEPT_ENCODING) {
            return never(routes.oneshot(request).await);
        }
        let compressed = self.0.compression.layer(routes);
        never(compressed.oneshot(request).await).map(axum::body::Body::new)
    }

    fn api(&self) -> &Api {
        &self.0.api
    }
}

impl Service<Request> for Frame {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let frame = self.clone();
        Box::pin(async move { Ok(frame.answer(request).await) })
    }
}

fn never<T>(answer: Result<T, Infallible>) -> T {
    match answer {
        Ok(answer) => answer,
        Err(never) => match never {},
    }
}
