//! What admins do with visits.

pub(crate) mod overbook;
