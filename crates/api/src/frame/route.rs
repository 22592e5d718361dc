//! Which route answered, told to the log line and the metrics: the path's pattern, never the path.

use std::{
    sync::{Arc, OnceLock},
    task::{Context, Poll},
};

use axum::extract::{MatchedPath, Request};
use tower::{Layer, Service};

/// Filled in by the route, read by the outer frame; also when the route's answer never came.
#[derive(Clone, Default)]
pub(super) struct Route(Arc<OnceLock<MatchedPath>>);

impl Route {
    pub(super) fn pattern(&self) -> &str {
        self.0.get().map_or("unmatched", MatchedPath::as_str)
    }
}

#[derive(Clone, Copy)]
pub(super) struct Note;

impl<S> Layer<S> for Note {
    type Service = Noted<S>;

    fn layer(&self, inner: S) -> Noted<S> {
        Noted(inner)
    }
}

#[derive(Clone)]
pub(super) struct Noted<S>(S);

impl<S: Service<Request>> Service<Request> for Noted<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request) -> S::Future {
        let route = request.extensions_mut().remove::<Route>();
        if let (Some(Route(route)), Some(path)) = (route, request.extensions().get::<MatchedPath>()) {
            let _ = route.set(path.clone());
        }
        self.0.call(request)
    }
}
