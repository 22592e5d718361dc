//! What can be chosen from: specialties, cities and insurers. Everybody reads it, admins change it.

mod alphabet;
mod change;
mod lists;

pub use change::{save_city, save_insurer, save_specialty};
pub use lists::{cities, insurers, specialties};
pub use store::reference::{City, Insurer, Specialty};
