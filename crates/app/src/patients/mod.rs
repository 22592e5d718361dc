//! What patients do with their own data.

mod profile;

pub use profile::{Change, ProfileError, Update, read_profile, update_profile};
pub use store::patients::Patient;
