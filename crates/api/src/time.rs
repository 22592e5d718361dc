//! Moments as they are written on the wire.

use domain::Timestamp;

/// RFC 3339, UTC, whole seconds, `Z` (D9).
pub fn rfc3339(at: Timestamp) -> String {
    Timestamp::from_second(at.as_second()).unwrap_or(at).to_string()
}
