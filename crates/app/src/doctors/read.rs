//! One doctor as patients see them.

use domain::ids::UserId;

use super::search::{Listed, listed};
use crate::{App, Fault, fault::faults};

#[derive(Debug, thiserror::Error)]
pub enum PublicDoctorError {
    /// No such doctor, or a suspended one.
    #[error("no such doctor")]
    NotFound,
    #[error(transparent)]
    Fault(Fault),
}
faults!(PublicDoctorError);

/// A doctor who is not suspended.
pub async fn public_doctor(app: &App, id: UserId) -> Result<Listed, PublicDoctorError> {
    listed(app, vec![id]).await?.pop().ok_or(PublicDoctorError::NotFound)
}
