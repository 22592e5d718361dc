//! What an operator says to a running program.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// From its making on, SIGTERM and SIGINT no longer end the process by themselves.
pub(super) struct Signals(Option<(Signal, Signal)>);

impl Signals {
    pub(super) fn new() -> Self {
        Self(signal(SignalKind::terminate()).ok().zip(signal(SignalKind::interrupt()).ok()))
    }

    /// Returns at SIGTERM or SIGINT; never, where they can't be heard.
    pub(super) async fn asked_to_stop(&mut self) {
        let Some((terminate, interrupt)) = &mut self.0 else { return std::future::pending().await };
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    }
}
