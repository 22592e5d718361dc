//! Sends a one-time code to a phone (D12, D13). Known and unknown numbers get the same answer.

use domain::{
    Phone,
    ids::new_v7,
    otp::{self, Channel, Policy},
};
use providers::{NotSent, OtpMessage};
use state::{Begun, Challenge, Key, Pair};

use super::seconds_until;
use crate::{App, Fault, Origin, fault::faults};

pub struct RequestOtp {
    pub phone: Phone,
    pub channel: Channel,
    pub origin: Origin,
}

/// The code is on its way.
#[derive(Debug)]
pub struct OtpSent {
    /// Seconds that the code lives.
    pub expires_in: i64,
    /// Seconds until another can be had.
    pub resend_available_in: i64,
    pub masked_phone: String,
}

#[derive(Debug, thiserror::Error)]
pub enum RequestOtpError {
    /// Too soon after the last code, or too many codes: wait.
    #[error("too many requests")]
    TooMany { retry_after: i64 },
    /// Blocked by an admin, or locked after too many wrong guesses (then for that many seconds).
    #[error("phone blocked")]
    PhoneBlocked { retry_after: Option<i64> },
    /// No code was sent, and none of the user's budget was spent: try again or use another channel.
    #[error("not delivered")]
    NotDelivered,
    #[error(transparent)]
    Fault(Fault),
}
faults!(RequestOtpError);

pub async fn request_otp(app: &App, request: RequestOtp) -> Result<OtpSent, RequestOtpError> {
    let now = app.clock.now();
    let RequestOtp { phone, channel, origin } = request;
    let address = origin.budget_key(&app.keys);
    if let Some(limit) = app.otp.sends_per_address {
        let taken =
            app.state.take(&Key::new("otp-address", &address), limit, Policy::SEND_WINDOW, now).await?;
        if !taken.allowed {
            return Err(RequestOtpError::TooMany { retry_after: seconds_until(taken.resets_at, now) });
        }
    }
    let blocked = app
        .db
        .read((app, phone), |c, (app, phone)| {
            Box::pin(async move { store::blocks::is_blocked(c, &app.keys, phone).await.map_err(Fault::from) })
        })
        .await?;
    if blocked {
        return Err(RequestOtpError::PhoneBlocked { retry_after: None });
    }
    let Some(sender) = app.senders.of(channel) else {
        return Err(RequestOtpError::NotDelivered);
    };
    let code = otp::draw(&*app.rng);
    let id = new_v7(now, &*app.rng);
    let challenge = Challenge { id, hash: app.keys.otp_hash(id, code.expose()) };
    let pair = Pair { phone: app.keys.phone_index(&phone), address };
    match app.state.begin(&pair, &challenge, &app.otp, now).await? {
        Begun::Started => {}
        Begun::TooMany { until } => {
            return Err(RequestOtpError::TooMany { retry_after: seconds_until(until, now) });
        }
        Begun::Locked { until } => {
            return Err(RequestOtpError::PhoneBlocked { retry_after: Some(seconds_until(until, now)) });
        }
    }
    let message = OtpMessage { phone, channel, code, at: now };
    if let Err(not_sent) = sender.send(&message).await {
        let channel = channel.as_str();
        if matches!(not_sent, NotSent::Operator(_)) {
            tracing::error!(error = %not_sent, channel, "no code sent");
        } else {
            tracing::warn!(error = %not_sent, channel, "no code sent");
        }
        app.state.withdraw(&pair, id).await?;
        return Err(RequestOtpError::NotDelivered);
    }
    Ok(OtpSent {
        expires_in: app.otp.life.as_secs(),
        resend_available_in: app.otp.resend_after.as_secs(),
        masked_phone: phone.masked(),
    })
}
