//! Pure rules and types: no I/O, no async, no HTTP, no SQL.

pub mod clock;
pub mod days;
pub mod doctor;
pub mod fold;
pub mod iban;
pub mod ids;
pub mod invoice;
pub mod ledger;
pub mod money;
pub mod national_id;
pub mod otp;
pub mod payout;
pub mod phone;
pub mod practice;
pub mod prescription;
pub mod profile;
pub mod rng;
pub mod role;
pub mod schedule;
pub mod search;
pub mod secret;
pub mod subscription;
pub mod text;
pub mod violation;
pub mod visit;
pub mod words;

pub use clock::Clock;
pub use jiff::{SignedDuration, Timestamp, civil::Date};
pub use money::Rials;
pub use national_id::NationalId;
pub use phone::Phone;
pub use rng::Rng;
pub use role::Role;
pub use secret::Secret;
pub use violation::Violation;
