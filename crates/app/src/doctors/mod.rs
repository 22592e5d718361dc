//! Doctors: found and shown, and what they set themselves.

mod index;
mod read;
mod search;
mod settings;

pub use index::DoctorIndex;
pub use read::{PublicDoctorError, public_doctor};
pub use search::{Listed, search, warm};
pub use settings::*;
pub use store::listing::Card;
