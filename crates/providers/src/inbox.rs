//! The development sender: keeps messages instead of sending them.

use std::{collections::VecDeque, future::Future, pin::Pin};

use domain::{Phone, Timestamp};
use parking_lot::Mutex;
use uuid::Uuid;

use crate::{Delivery, NotSent, OtpMessage, OtpSender, TextMessage, TextSender};

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
    /// Of a text; a code has none.
    pub id: Option<Uuid>,
}

/// The newest messages of this process.
#[derive(Default)]
pub struct Inbox {
    messages: Mutex<VecDeque<Message>>,
    answer: Mutex<Option<Result<Delivery, NotSent>>>,
}

impl Inbox {
    /// Messages, newest first; of one phone number or of all.
    pub fn messages(&self, of: Option<&Phone>) -> Vec<Message> {
        let messages = self.messages.lock();
        messages.iter().rev().filter(|m| of.is_none_or(|phone| m.phone == *phone)).cloned().collect()
    }

    /// For tests: texts (not codes) are answered like this and not kept, until it is none again.
    pub fn answer_texts(&self, answer: Option<Result<Delivery, NotSent>>) {
        *self.answer.lock() = answer;
    }

    /// For tests: whether texts fail as when the provider is busy.
    pub fn fail_texts(&self, fail: bool) {
        self.answer_texts(fail.then(|| Err(NotSent::Temporary("failing on purpose".into()))));
    }

    fn keep(&self, message: Message) {
        let mut messages = self.messages.lock();
        // like a provider that knows our ids
        if message.id.is_some() && messages.iter().any(|kept| kept.id == message.id) {
            return;
        }
        if messages.len() == KEPT {
            messages.pop_front();
        }
        messages.push_back(message);
    }
}

impl OtpSender for Inbox {
    fn send<'a>(
        &'a self,
        message: &'a OtpMessage,
    ) -> Pin<Box<dyn Future<Output = Result<Delivery, NotSent>> + Send + 'a>> {
        let code = message.code.expose();
        self.keep(Message {
            phone: message.phone,
            channel: message.channel.as_str(),
            kind: "otp",
            text: format!("کد تایید شما در هلسا: {code}"),
            code: Some(code.clone()),
            created_at: message.at,
            id: None,
        });
        Box::pin(std::future::ready(Ok(Delivery::Accepted)))
    }
}

impl TextSender for Inbox {
    fn send_text<'a>(
        &'a self,
        message: &'a TextMessage,
    ) -> Pin<Box<dyn Future<Output = Result<Delivery, NotSent>> + Send + 'a>> {
        let answer = self.answer.lock().clone();
        let answer = answer.unwrap_or_else(|| {
            self.keep(Message {
                phone: message.phone,
                channel: "sms",
                kind: message.kind,
                text: message.text.clone(),
                code: None,
                created_at: message.at,
                id: Some(message.id),
            });
            Ok(Delivery::Accepted)
        });
        Box::pin(std::future::ready(answer))
    }
}
