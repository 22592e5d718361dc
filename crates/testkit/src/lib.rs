//! The harness: an app per test on either database in milliseconds, typed users, a clock that tests move,
//! captured messages, fake providers. `make test` runs the suite under `with-services`, which starts a
//! PostgreSQL and a Redis in temporary folders.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test ends at the first surprise")]
#![expect(clippy::missing_panics_doc, reason = "that is how tests fail")]

pub mod app;
pub mod clock;
pub mod database;
pub mod fakes;
pub mod http;
pub mod money;
pub mod process;
pub mod services;
pub mod shape;
pub mod simulation;
pub mod users;
pub mod visits;

pub use app::TestApp;
pub use clock::MovableClock;
pub use database::Engine;
pub use http::{Answer, Call};
pub use users::User;
