//! Carrying a one-time code to its owner.

use std::{future::Future, pin::Pin};

use domain::{Phone, Secret, Timestamp, otp::Channel};

/// A code on its way.
#[derive(Clone, Debug)]
pub struct OtpMessage {
    pub phone: Phone,
    pub channel: Channel,
    pub code: Secret<String>,
    /// When it was made.
    pub at: Timestamp,
}

/// The code or text left this system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The provider has taken it.
    Accepted,
    /// The provider didn't say, so it may arrive; sending again could deliver it twice.
    Unknown,
}

/// The code or text surely did not leave; it is safe to send it again, or another.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotSent {
    /// The operator has to act: credit, template, key, account. The text is for the operator's log.
    #[error("operator: {0}")]
    Operator(String),
    /// This number can't be reached on this channel.
    #[error("recipient: {0}")]
    Recipient(String),
    /// The provider can't take it now, after careful retries.
    #[error("temporary: {0}")]
    Temporary(String),
}

/// Sends codes over some channels.
pub trait OtpSender: Send + Sync {
    /// Sends one code, once.
    fn send<'a>(
        &'a self,
        message: &'a OtpMessage,
    ) -> Pin<Box<dyn Future<Output = Result<Delivery, NotSent>> + Send + 'a>>;
}
