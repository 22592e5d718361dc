//! Logs, metrics and, with the feature `otel`, traces.

mod json;
mod lines;
#[cfg(feature = "otel")]
mod otel;

use std::sync::OnceLock;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::{EnvFilter, Layer, layer::SubscriberExt, util::SubscriberInitExt};

use crate::settings::{Log, Settings};

/// Seconds, up to the time limit of a request.
const BUCKETS: [f64; 12] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];

/// Writes and exports what is still waiting when dropped.
pub struct Guard {
    _lines: lines::Lines,
    #[cfg(feature = "otel")]
    _traces: Option<otel::Guard>,
}

/// Starts logging; once per process, a second start changes nothing.
pub fn logs(settings: &Settings) -> Result<Guard, String> {
    let Log { filter, json } = &settings.log;
    // the spans of requests are for traces; their log line has it all
    let filter = EnvFilter::try_new(format!("{filter},trace=off")).map_err(|e| format!("log.filter: {e}"))?;
    // commands answer on stdout; what is logged goes elsewhere
    let written = lines::Lines::start();
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(written.clone())
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()));
    let lines = if *json { lines.event_format(json::Json).boxed() } else { lines.boxed() };
    let lines = lines.with_filter(filter);
    #[cfg(feature = "otel")]
    {
        let (traces, guard) = match &settings.otel_endpoint {
            Some(endpoint) => {
                let (layer, guard) = otel::layer(endpoint, "helssa")?;
                (Some(layer), Some(guard))
            }
            None => (None, None),
        };
        let _ = tracing_subscriber::registry().with(lines).with(traces).try_init();
        Ok(Guard { _lines: written, _traces: guard })
    }
    #[cfg(not(feature = "otel"))]
    {
        if settings.otel_endpoint.is_some() {
            return Err("otel.endpoint: this program was built without the feature `otel`".into());
        }
        let _ = tracing_subscriber::registry().with(lines).try_init();
        Ok(Guard { _lines: written })
    }
}

/// The process's metrics; the same handle however often it is asked for.
pub fn metrics() -> Option<PrometheusHandle> {
    static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    HANDLE
        .get_or_init(|| {
            let builder = PrometheusBuilder::new();
            let builder =
                builder.set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &BUCKETS).ok()?;
            builder.install_recorder().ok()
        })
        .clone()
}
