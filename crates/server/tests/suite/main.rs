//! The whole program from outside: over HTTP, the command line, and killed processes.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod arrows;
mod audit;
mod bad_input;
mod cli;
mod contract;
mod crash;
mod doctors;
mod frame;
mod generated;
mod idempotency;
mod logs;
mod matrix;
mod otp;
mod profile;
mod rate_limit;
mod resilience;
mod revocation;
mod settings;
mod shutdown;
mod story;
mod tokens;
mod users;
