//! `helssa worker`.

use std::time::Duration;

use tokio::{sync::watch, task::JoinHandle};

use super::{say, signals::Signals};
use crate::{
    settings::{Sender, Settings},
    telemetry, wiring,
};

/// Works off jobs until SIGTERM or SIGINT; then finishes those at hand.
pub(super) async fn run(settings: Settings) -> Result<(), String> {
    let _telemetry = telemetry::logs(&settings)?;
    let mut signals = Signals::new();
    let app = wiring::app(&settings, wiring::Parts::default()).await.map_err(|e| e.to_string())?;
    let (stop, stopping) = watch::channel(false);
    let mut worker = wiring::worker(&app, stopping);
    say(&format!("HELSSA {} works off jobs", env!("CARGO_PKG_VERSION")));
    if matches!(settings.sender, Sender::Inbox) {
        say("  texts      go into this process's own inbox, which nobody sees");
    }
    tokio::select! {
        () = signals.asked_to_stop() => {}
        ended = &mut worker => return Err(format!("the worker ended by itself: {ended:?}")),
    }
    tracing::info!("stopping: the jobs at hand may finish");
    stop.send_replace(true);
    finish(worker, settings.shutdown_grace).await;
    tracing::info!("stopped");
    Ok(())
}

/// Waits for a worker that was told to stop. One that takes longer is left: its jobs run again when their
/// lease is over.
pub(super) async fn finish(mut worker: JoinHandle<()>, grace: Duration) {
    if tokio::time::timeout(grace, &mut worker).await.is_err() {
        tracing::warn!("the worker took too long; its jobs will run again");
        worker.abort();
    }
}
