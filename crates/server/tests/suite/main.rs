//! The whole program from outside: over HTTP, the command line, and killed processes.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod arrows;
mod audit;
mod contract;
mod crash;
mod generated;
mod logs;
mod matrix;
mod otp;
mod profile;
mod revocation;
mod shutdown;
mod story;
mod tokens;
