//! Ids are UUIDs: v7, so that new rows lie beside each other in the index (D10).

use jiff::Timestamp;
use uuid::Uuid;

use crate::Rng;

/// A new v7 id of this moment.
#[must_use]
pub fn new_v7(now: Timestamp, rng: &dyn Rng) -> Uuid {
    let mut random = [0; 10];
    rng.fill(&mut random);
    let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

macro_rules! id {
    ($(#[$doc:meta] $name:ident),+ $(,)?) => {$(
        #[$doc]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new id of this moment.
            #[must_use]
            pub fn new(now: Timestamp, rng: &dyn Rng) -> Self {
                Self(new_v7(now, rng))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }
    )+};
}

id! {
    /// A person with a phone number: patient, doctor, staff or admin.
    UserId,
    /// One login of a user on one device.
    SessionId,
    /// One visit (the reference's encounter).
    VisitId,
    /// What a doctor prescribed in a visit.
    PrescriptionId,
    /// Something that a user was told.
    NotificationId,
    /// Work that will be done later.
    JobId,
}
