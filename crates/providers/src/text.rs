//! Carrying a text message to a phone.

use std::{future::Future, pin::Pin};

use domain::{Phone, Timestamp};
use uuid::Uuid;

use crate::{Delivery, NotSent};

/// A text on its way. It may say something about somebody's health.
#[derive(Clone)]
pub struct TextMessage {
    pub phone: Phone,
    /// What it is about, such as `appointment_reminder`.
    pub kind: &'static str,
    pub text: String,
    /// When it was written.
    pub at: Timestamp,
    /// The same each time this text is sent: a provider that can tell delivers it once.
    pub id: Uuid,
}

domain::blank_debug!(TextMessage);

/// Sends texts by SMS.
pub trait TextSender: Send + Sync {
    /// Sends one text, once. [`Delivery::Unknown`] counts as sent.
    fn send_text<'a>(
        &'a self,
        message: &'a TextMessage,
    ) -> Pin<Box<dyn Future<Output = Result<Delivery, NotSent>> + Send + 'a>>;
}
