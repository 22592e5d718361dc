//! The doctor's side of visits.

mod body;
pub(crate) mod cancel;
pub(crate) mod lead;
pub(crate) mod list;
pub(crate) mod read;

pub(crate) use body::{DoctorPatient, patient};
