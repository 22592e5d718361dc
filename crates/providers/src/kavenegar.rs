//! Kavenegar's `verify/lookup` (<https://kavenegar.com/rest.html>): SMS and voice calls from a template;
//! and what all calls of its API have in common.
//!
//! The API key is in the path, so URLs never reach a log. `verify/lookup` has no de-duplication: a call is
//! repeated only where the provider surely took nothing (no connection, 409, 451).

use std::{future::Future, pin::Pin, time::Duration};

use domain::{Secret, otp::Channel};
use serde::Deserialize;

use crate::{
    Delivery, NotSent, OtpMessage, OtpSender,
    http::{self, Ended},
};

/// Attempts in all, where repeating is safe.
const ATTEMPTS: u32 = 3;

/// How to reach the service.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `https://api.kavenegar.com` but in tests.
    pub base_url: String,
    pub api_key: Secret<String>,
    /// The template's name in the panel; its first token is the code.
    pub template: String,
    /// An answer that takes longer is lost.
    pub timeout: Duration,
    /// Before the first repetition; three times as long before the second.
    pub pause: Duration,
}

/// Sends codes by SMS and call, and texts by SMS.
pub struct Kavenegar {
    settings: Settings,
    /// The number that texts come from; none: the account's default.
    pub(crate) line: Option<String>,
    client: reqwest::Client,
}

#[derive(Deserialize)]
struct Envelope {
    #[serde(rename = "return")]
    outcome: Outcome,
}

#[derive(Deserialize)]
struct Outcome {
    status: u16,
}

enum Attempt {
    Done(Result<Delivery, NotSent>),
    /// Surely nothing was taken.
    Again(String),
}

impl Kavenegar {
    /// Fails when no TLS client can be made on this machine.
    pub fn new(settings: Settings) -> Result<Self, String> {
        let client = http::client(settings.timeout).map_err(|e| e.to_string())?;
        Ok(Self { settings, line: None, client })
    }

    /// Texts come from this number of the account's.
    #[must_use]
    pub fn with_line(mut self, line: Option<String>) -> Self {
        self.line = line;
        self
    }

    async fn deliver(&self, message: &OtpMessage) -> Result<Delivery, NotSent> {
        let receptor = message.phone.local();
        let kind = if message.channel == Channel::Call { "call" } else { "sms" };
        let form = [
            ("receptor", receptor.as_str()),
            ("template", self.settings.template.as_str()),
            ("token", message.code.expose()),
            ("type", kind),
        ];
        self.post("verify/lookup", &form).await
    }

    /// Calls a method of the API, again where surely nothing was taken.
    pub(crate) async fn post(&self, method: &str, form: &[(&str, &str)]) -> Result<Delivery, NotSent> {
        let mut pause = self.settings.pause;
        let mut attempt = 1;
        loop {
            match self.attempt(method, form).await {
                Attempt::Done(result) => return result,
                Attempt::Again(cause) if attempt == ATTEMPTS => return Err(NotSent::Temporary(cause)),
                Attempt::Again(_) => {
                    tokio::time::sleep(pause).await;
                    pause *= 3;
                    attempt += 1;
                }
            }
        }
    }

    async fn attempt(&self, method: &str, form: &[(&str, &str)]) -> Attempt {
        let Settings { base_url, api_key, .. } = &self.settings;
        let url = format!("{base_url}/v1/{}/{method}.json", api_key.expose());
        match http::send(self.client.post(url).form(form)).await {
            Ended::Unusable(cause) => Attempt::Done(Err(NotSent::Operator(cause))),
            Ended::NeverSent(cause) => Attempt::Again(cause),
            Ended::Lost(cause) => {
                tracing::warn!(provider = "kavenegar", method, %cause, "no answer: it may have been sent");
                Attempt::Done(Ok(Delivery::Unknown))
            }
            Ended::Answered(http_status, body) => read(http_status, &body),
        }
    }
}

/// The service answers its own status inside the envelope; HTTP's is usually, not always, the same. Its
/// texts are not repeated: they may quote the key, the code or the number.
fn read(http_status: u16, body: &[u8]) -> Attempt {
    let status = serde_json::from_slice(body).map(|Envelope { outcome }| outcome.status);
    let told = |status: u16| format!("status {status}");
    match (status, http_status) {
        (Ok(200), _) => Attempt::Done(Ok(Delivery::Accepted)),
        // "the server can't answer now", "too many requests at once"; with or without an envelope
        (Ok(status @ (409 | 451)), _) | (Err(_), status @ (409 | 429 | 451 | 503)) => {
            Attempt::Again(told(status))
        }
        // "the receptor is not valid"
        (Ok(411), _) => Attempt::Done(Err(NotSent::Recipient(told(411)))),
        // 418 credit, 424 template, 426 plan, 431 and 432 the template's tokens, 401-407 account and key,
        // 501 test account, 607 tag
        (Ok(status @ (400..=499 | 501 | 607)), _) | (Err(_), status @ 400..=499) => {
            Attempt::Done(Err(NotSent::Operator(told(status))))
        }
        // a gateway may have lost its upstream after that had taken the request
        _ => {
            tracing::warn!(provider = "kavenegar", http_status, "no clear answer: it may have been sent");
            Attempt::Done(Ok(Delivery::Unknown))
        }
    }
}

impl OtpSender for Kavenegar {
    fn send<'a>(
        &'a self,
        message: &'a OtpMessage,
    ) -> Pin<Box<dyn Future<Output = Result<Delivery, NotSent>> + Send + 'a>> {
        Box::pin(self.deliver(message))
    }
}
