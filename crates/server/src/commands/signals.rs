//! What an operator says to a running program.

use tokio::signal::unix::{SignalKind, signal};

/// Returns at SIGTERM or SIGINT; never, where they can't be heard.
pub(super) async fn asked_to_stop() {
    let (Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}
