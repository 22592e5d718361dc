//! The binary's parts: settings, wiring, commands, telemetry. A library too, so that the testkit can start
//! the very same server inside a test.

pub mod commands;
pub mod listen;
pub mod settings;
pub mod telemetry;
pub mod wiring;
