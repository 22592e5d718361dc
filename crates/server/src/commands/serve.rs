//! `helssa serve`.

use std::{net::SocketAddr, time::Duration};

use axum_server::Handle;
use tokio::sync::watch;

use super::{say, signals::Signals, worker};
use crate::{
    listen,
    settings::{Mode, Settings},
    telemetry, wiring,
};

/// Serves until SIGTERM or SIGINT; then lets requests in flight finish.
pub(super) async fn run(settings: Settings) -> Result<(), String> {
    let _telemetry = telemetry::logs(&settings)?;
    let metrics = telemetry::metrics();
    // before anybody can know that this process is there
    let signals = Signals::new();
    let listener = listen::bind(settings.listen).map_err(|e| e.to_string())?;
    let address = listener.local_addr().map_err(|e| e.to_string())?;
    let app = wiring::app(&settings, wiring::Parts::default()).await.map_err(|e| e.to_string())?;
    let (drain, draining) = watch::channel(false);
    let worker = settings.worker.then(|| wiring::worker(&app, draining.clone()));
    let frame = api::service(wiring::api(&settings, app.clone(), metrics.clone(), draining));
    let background = wiring::background(&app, metrics);
    let handle = Handle::new();
    let asked = (signals, settings.drain, settings.shutdown_grace);
    let stop = tokio::spawn(stop(handle.clone(), drain, asked));
    greet(&settings, address);
    listen::serve(listener, frame, settings.tls.as_ref(), handle).await.map_err(|e| e.to_string())?;
    stop.abort();
    if let Some(worker) = worker {
        worker::finish(worker, settings.shutdown_grace).await;
    }
    for task in background {
        task.abort();
    }
    tracing::info!("stopped");
    Ok(())
}

async fn stop(
    handle: Handle<SocketAddr>,
    drain: watch::Sender<bool>,
    (mut signals, wait, grace): (Signals, Duration, Duration),
) {
    signals.asked_to_stop().await;
    tracing::info!(connections = handle.connection_count(), "stopping: requests in flight may finish");
    // sockets and the worker hear of it, and /health/ tells the load balancer
    drain.send_replace(true);
    tokio::time::sleep(wait).await;
    handle.graceful_shutdown(Some(grace));
}

fn greet(settings: &Settings, address: SocketAddr) {
    let scheme = if settings.tls.is_some() { "https" } else { "http" };
    let base = format!("{scheme}://{address}");
    say(&format!("HELSSA {} listens on {base}", env!("CARGO_PKG_VERSION")));
    say(&format!("  API        {}", settings.public_api_url));
    say(&format!("  documents  {base}/api/docs/"));
    say(&format!("  health     {base}/health/"));
    if settings.mode == Mode::Development {
        say(&format!("  inbox      {base}/dev/inbox/   (codes are not sent, they are here)"));
    }
}
