//! Who somebody is to the platform.

use serde::{Deserialize, Serialize};

/// A user has exactly one role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Made by the first login.
    Patient,
    /// Made by an admin.
    Doctor,
    /// Support: may look people up, may not change them.
    Staff,
    /// May do all that the admin endpoints offer.
    Admin,
}

impl Role {
    /// All of them, in the order of growing power.
    pub const ALL: [Self; 4] = [Self::Patient, Self::Doctor, Self::Staff, Self::Admin];

    /// The name on the wire and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Patient => "patient",
            Self::Doctor => "doctor",
            Self::Staff => "staff",
            Self::Admin => "admin",
        }
    }

    /// The role of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == name)
    }
}
