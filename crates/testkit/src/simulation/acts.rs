//! What users, browsers, doctors, workers and the clock do besides: without a key of their own.

pub(super) mod holds;
pub(super) mod payers;
pub(super) mod people;
pub(super) mod plans;
pub(super) mod visits;
pub(super) mod workers;
