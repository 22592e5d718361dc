//! Traces, exported over OTLP (HTTP, protobuf) by a thread of their own.

use std::time::Duration;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};
use tracing::{Subscriber, level_filters::LevelFilter};
use tracing_subscriber::{Layer, filter::Targets, registry::LookupSpan};

const PATIENCE: Duration = Duration::from_secs(5);

/// Exports what is queued when dropped, for at most [`PATIENCE`].
pub(super) struct Guard(SdkTracerProvider);

impl Drop for Guard {
    fn drop(&mut self) {
        if let Err(e) = self.0.shutdown_with_timeout(PATIENCE) {
            tracing::warn!(error = %e, "traces were lost at the end");
        }
    }
}

/// `endpoint`: the collector's base URL.
pub(super) fn layer<S>(endpoint: &str, service: &str) -> Result<(impl Layer<S> + use<S>, Guard), String>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let exporter = SpanExporter::builder()
        .with_http()
        .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
        .with_timeout(PATIENCE)
        .build()
        .map_err(|e| format!("otel.endpoint: {e}"))?;
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_resource(Resource::builder().with_service_name(service.to_owned()).build())
        .build();
    let tracer = provider.tracer(env!("CARGO_PKG_NAME"));
    // the request spans alone: not the exporter's own traffic, and no text that a library logs
    let filter = Targets::new().with_target("trace", LevelFilter::INFO);
    let layer = tracing_opentelemetry::layer::<S>().with_tracer(tracer).with_filter(filter);
    Ok((layer, Guard(provider)))
}
