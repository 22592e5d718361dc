//! The time is an argument.

use jiff::Timestamp;

/// Tells the time; a wall clock in production, one that tests move in tests.
pub trait Clock: Send + Sync {
    /// Now, UTC, to the microsecond.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct WallClock;

impl Clock for WallClock {
    fn now(&self) -> Timestamp {
        wall()
    }
}

/// The machine's time, for the few places that record when something happened to this very machine
/// (a migration, a log line) rather than decide anything by it.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one place that asks the machine")]
pub fn wall() -> Timestamp {
    // whole microseconds, which is what the databases keep
    let now = Timestamp::now();
    Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
}
