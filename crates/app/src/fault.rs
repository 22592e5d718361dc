//! What is nobody's mistake but ours or a neighbour's.

/// A failure that no use case can do anything about. Its text is for the log, never for a client.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// A dependency is down or overloaded; the same request may succeed later (503).
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// A defect or damaged data (500).
    #[error("internal: {0}")]
    Internal(String),
}

impl From<db::Error> for Fault {
    fn from(e: db::Error) -> Self {
        if e.is_temporary() { Self::Unavailable(e.to_string()) } else { Self::Internal(e.to_string()) }
    }
}

impl From<store::Error> for Fault {
    fn from(e: store::Error) -> Self {
        match e {
            store::Error::Db(e) => e.into(),
            stored @ store::Error::Stored { .. } => Self::Internal(stored.to_string()),
        }
    }
}

impl From<state::Unavailable> for Fault {
    fn from(e: state::Unavailable) -> Self {
        Self::Unavailable(e.to_string())
    }
}

/// Lets a use case's error be made with `?` from whatever its layers below fail with.
macro_rules! faults {
    ($($error:ty),+ $(,)?) => {$(
        impl From<$crate::Fault> for $error {
            fn from(e: $crate::Fault) -> Self { <$error>::Fault(e) }
        }
        impl From<db::Error> for $error {
            fn from(e: db::Error) -> Self { <$error>::Fault(e.into()) }
        }
        impl From<store::Error> for $error {
            fn from(e: store::Error) -> Self { <$error>::Fault(e.into()) }
        }
        impl From<state::Unavailable> for $error {
            fn from(e: state::Unavailable) -> Self { <$error>::Fault(e.into()) }
        }
    )+};
}
pub(crate) use faults;
