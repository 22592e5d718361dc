//! HTTP: one file per endpoint, and around them the frame that every request passes through.

mod admin;
mod auth;
mod billing;
mod csv;
mod doctors;
pub mod errors;
mod extract;
mod frame;
mod notifications;
mod openapi;
mod pagination;
mod patients;
mod reference;
mod site;
mod time;

use std::{sync::Arc, thread};

use app::{App, RateLimits};
use axum::Router;
use ipnet::IpNet;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::sync::watch;

pub use frame::{Frame, service};
pub use openapi::document;

/// What the endpoints work with; cheap to clone.
#[derive(Clone)]
pub struct Api {
    pub app: Arc<App>,
    pub settings: Arc<Settings>,
    pub metrics: Option<PrometheusHandle>,
    /// Turns true when the server stops taking requests.
    pub draining: watch::Receiver<bool>,
}

impl Api {
    pub fn new(
        app: Arc<App>,
        settings: Settings,
        metrics: Option<PrometheusHandle>,
        draining: watch::Receiver<bool>,
    ) -> Self {
        Self { app, settings: Arc::new(settings), metrics, draining }
    }
}

/// What operators set about the API.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Prefix of links inside bodies, without a slash at its end, such as `https://api.helssa.ir/v1` (D1).
    pub public_api_url: String,
    /// Prefix of links to pages, without a slash at its end, such as `https://helssa.ir` (D1).
    pub public_site_url: String,
    /// Peers whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Origins that browsers may call from.
    pub cors_origins: Vec<String>,
    /// Lifted only in tests and load tests.
    pub rate_limit: Option<RateLimits>,
    /// Bodies that are larger are refused with 413. Bytes.
    pub max_body: usize,
    /// Requests that take longer are answered with 503.
    pub timeout: std::time::Duration,
    /// Asked for as a bearer token by `/metrics`; none: only this machine may ask.
    pub metrics_token: Option<domain::Secret<String>>,
    /// Whether the public URL is HTTPS: then browsers are told to stay with it.
    pub https: bool,
}

/// Every route, without the frame.
fn router(api: Api) -> Router {
    // the document that comes with the routes is megabytes of small pieces: made in a thread of its own, they leave no holes
    // between what stays
    let made = thread::scope(|scope| scope.spawn(|| openapi::routes().split_for_parts().0).join());
    let router = made.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    router.merge(site::routes(&api)).with_state(api)
}
