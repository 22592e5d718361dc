//! Logging in, staying logged in, logging out.

mod log_out;
mod refresh;
mod request_otp;
mod sessions;
mod verify_otp;

pub use log_out::{LogOutError, log_out};
pub use refresh::{RefreshError, Refreshed, refresh};
pub use request_otp::{OtpSent, RequestOtp, RequestOtpError, request_otp};
pub use sessions::{EndSessionError, end_session, sessions};
pub use store::{accounts::Account, sessions::Session};
pub use verify_otp::{LoggedIn, VerifyOtp, VerifyOtpError, verify_otp};

use domain::Timestamp;

/// Whole seconds until then, at least one.
pub(crate) fn seconds_until(until: Timestamp, now: Timestamp) -> i64 {
    let left = until.duration_since(now);
    (left.as_secs() + i64::from(left.subsec_nanos() > 0)).max(1)
}
