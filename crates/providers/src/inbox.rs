//! The development sender: keeps messages instead of sending them.

use std::{collections::VecDeque, future::Future, pin::Pin};

use domain::{Phone, Timestamp};
use parking_lot::Mutex;

use crate::{Delivery, NotSent, OtpMessage, OtpSender};

const KEPT: usize = 1_000;

/// A message that was not sent.
#[derive(Clone, Debug)]
pub struct Message {
    pub phone: Phone,
    pub channel: &'static str,
    pub kind: &'static str,
    pub text: String,
    pub code: Option<String>,
    pub created_at: Timestamp,
}

/// The newest messages of this process.
#[derive(Default)]
pub struct Inbox {
    messages: Mutex<VecDeque<Message>>,
}

impl Inbox {
    /// Messages, newest first; of one phone number or of all.
    pub fn messages(&self, of: Option<&Phone>) -> Vec<Message> {
        let messages = self.messages.lock();
        messages.iter().rev().filter(|m| of.is_none_or(|phone| m.phone == *phone)).cloned().collect()
    }
}

impl OtpSender for Inbox {
    fn send<'a>(
        &'a self,
        message: &'a OtpMessage,
    ) -> Pin<Box<dyn Future<Output = Result<Delivery, NotSent>> + Send + 'a>> {
        let code = message.code.expose();
        let mut messages = self.messages.lock();
        if messages.len() == KEPT {
            messages.pop_front();
        }
        messages.push_back(Message {
            phone: message.phone,
            channel: message.channel.as_str(),
            kind: "otp",
            text: format!("کد تایید شما در هلسا: {code}"),
            code: Some(code.clone()),
            created_at: message.at,
        });
        Box::pin(std::future::ready(Ok(Delivery::Accepted)))
    }
}
