//! Which sender carries which channel.

use std::sync::Arc;

use domain::otp::Channel;
use providers::{Inbox, OtpSender, TextSender};

/// The configured senders. SMS and calls go one way, WhatsApp may go another or none.
#[derive(Clone)]
pub struct Senders {
    pub phone: Arc<dyn OtpSender>,
    pub whatsapp: Option<Arc<dyn OtpSender>>,
    /// Reminders and other news, by SMS.
    pub text: Arc<dyn TextSender>,
    /// The development inbox, where it is one of them.
    pub inbox: Option<Arc<Inbox>>,
}

impl Senders {
    /// Everything into the development inbox.
    pub fn development() -> Self {
        let inbox = Arc::new(Inbox::default());
        Self { phone: inbox.clone(), whatsapp: Some(inbox.clone()), text: inbox.clone(), inbox: Some(inbox) }
    }

    pub(crate) fn of(&self, channel: Channel) -> Option<&Arc<dyn OtpSender>> {
        match channel {
            Channel::Sms | Channel::Call => Some(&self.phone),
            Channel::Whatsapp => self.whatsapp.as_ref(),
        }
    }
}
