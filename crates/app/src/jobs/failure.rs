//! Why a job was not done.

use crate::{Fault, fault::faults};

/// A failure, by what may help. What is kept of it (`kept`) is seen by admins and tells nothing about
/// anybody; the whole of it is for the log.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// Time.
    #[error("{0}")]
    Again(String),
    /// Somebody, not time.
    #[error("{0}")]
    Never(String),
    /// Time, or a developer.
    #[error(transparent)]
    Fault(Fault),
}
faults!(Failure);

impl Failure {
    /// For the queue. A fault's own text may quote values.
    pub(super) fn kept(&self) -> String {
        match self {
            Self::Again(text) | Self::Never(text) => text.clone(),
            Self::Fault(Fault::Unavailable(_)) => "a dependency was unavailable".into(),
            Self::Fault(Fault::Internal(_)) => "internal error; see the log".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_fault_quotes_is_not_kept() {
        for fault in [Fault::Internal("09121234567".into()), Fault::Unavailable("09121234567".into())] {
            assert!(!Failure::Fault(fault).kept().contains("0912"));
        }
        assert_eq!(Failure::Again("status 409".into()).kept(), "status 409");
    }
}
