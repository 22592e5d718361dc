//! Kavenegar's `sms/send` (<https://kavenegar.com/rest.html>): a text as it is, over one of the account's
//! lines.
//!
//! `localid` is the number under which the service knows a message of ours; it takes each once. It is made
//! from the message's id, so that a job that runs again after its worker died sends nothing twice.

use std::{future::Future, pin::Pin};

use uuid::Uuid;

use crate::{Delivery, Kavenegar, NotSent, TextMessage, TextSender};

/// The random end of an id, as a number that fits into theirs (64 bits with a sign).
const LOCAL_ID: u128 = (1 << 62) - 1;

impl Kavenegar {
    async fn deliver_text(&self, message: &TextMessage) -> Result<Delivery, NotSent> {
        let (receptor, local_id) = (message.phone.local(), local_id(message.id));
        let mut form = vec![
            ("receptor", receptor.as_str()),
            ("message", message.text.as_str()),
            ("localid", local_id.as_str()),
        ];
        form.extend(self.line.as_deref().map(|line| ("sender", line)));
        self.post("sms/send", &form).await
    }
}

fn local_id(id: Uuid) -> String {
    (id.as_u128() & LOCAL_ID).to_string()
}

impl TextSender for Kavenegar {
    fn send_text<'a>(
        &'a self,
        message: &'a TextMessage,
    ) -> Pin<Box<dyn Future<Output = Result<Delivery, NotSent>> + Send + 'a>> {
        Box::pin(self.deliver_text(message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_one_number_which_theirs_can_hold() {
        let id = Uuid::from_u128(u128::MAX);
        assert_eq!(local_id(id), local_id(id));
        assert!(local_id(id).parse::<i64>().unwrap() > 0);
        assert_ne!(local_id(Uuid::from_u128(1)), local_id(Uuid::from_u128(2)));
    }
}
