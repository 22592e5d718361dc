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
mod jobs;
mod logs;
mod matrix;
mod notifications;
mod otp;
mod prescriptions;
mod profile;
mod rate_limit;
mod reference;
mod resilience;
mod revocation;
mod settings;
mod settings_of_doctors;
mod shutdown;
mod slots;
mod story;
mod tokens;
mod users;
