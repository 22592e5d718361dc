//! What admins do with visits.

pub(crate) mod cancel;
pub(crate) mod overbook;
