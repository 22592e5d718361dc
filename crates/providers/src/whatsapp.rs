//! WhatsApp Business Cloud API: one authentication template message
//! (<https://developers.facebook.com/docs/whatsapp/cloud-api/reference/messages>).
//!
//! Like an SMS it is never sent again once it may have been taken.

use std::{future::Future, pin::Pin, time::Duration};

use domain::Secret;
use serde::Deserialize;
use serde_json::json;

use crate::{
    Delivery, NotSent, OtpMessage, OtpSender,
    http::{self, Ended},
};

/// How to reach the service.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `https://graph.facebook.com/v23.0` but in tests.
    pub base_url: String,
    /// Of the sending business number.
    pub phone_number_id: String,
    pub access_token: Secret<String>,
    /// An approved template of the category "authentication" with a copy-code button.
    pub template: String,
    /// The template's language, such as `fa`.
    pub language: String,
    /// An answer that takes longer is lost.
    pub timeout: Duration,
}

/// Sends codes by WhatsApp.
pub struct Whatsapp {
    settings: Settings,
    client: reqwest::Client,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Answer {
    Accepted { messages: Vec<Accepted> },
    Refused { error: Refusal },
}

#[derive(Deserialize)]
struct Accepted {
    id: String,
}

#[derive(Deserialize)]
struct Refusal {
    code: i64,
}

impl Whatsapp {
    /// Fails when no TLS client can be made on this machine.
    pub fn new(settings: Settings) -> Result<Self, String> {
        let client = http::client(settings.timeout).map_err(|e| e.to_string())?;
        Ok(Self { settings, client })
    }

    async fn deliver(&self, message: &OtpMessage) -> Result<Delivery, NotSent> {
        let settings = &self.settings;
        let code = message.code.expose();
        let parameters = json!([{ "type": "text", "text": code }]);
        let body = json!({
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            "to": message.phone.e164().trim_start_matches('+'),
            "type": "template",
            "template": {
                "name": settings.template,
                "language": { "code": settings.language },
                "components": [
                    { "type": "body", "parameters": parameters },
                    { "type": "button", "sub_type": "url", "index": "0", "parameters": parameters },
                ],
            },
        });
        let url = format!("{}/{}/messages", settings.base_url, settings.phone_number_id);
        let request = self.client.post(url).bearer_auth(settings.access_token.expose()).json(&body);
        match http::send(request).await {
            Ended::Unusable(cause) => Err(NotSent::Operator(cause)),
            Ended::NeverSent(cause) => Err(NotSent::Temporary(cause)),
            Ended::Lost(cause) => {
                tracing::warn!(provider = "whatsapp", %cause, "no answer: the code may have been sent");
                Ok(Delivery::Unknown)
            }
            Ended::Answered(status, body) => read(status, &body),
        }
    }
}

fn read(status: u16, body: &[u8]) -> Result<Delivery, NotSent> {
    match serde_json::from_slice(body) {
        Ok(Answer::Accepted { messages }) if messages.iter().any(|m| !m.id.is_empty()) => {
            Ok(Delivery::Accepted)
        }
        Ok(Answer::Refused { error }) => Err(refused(&error)),
        _ if matches!(status, 429 | 503) => Err(NotSent::Temporary(format!("HTTP {status}"))),
        _ if (400..500).contains(&status) => {
            Err(NotSent::Operator(format!("HTTP {status} without a reason")))
        }
        _ => Ok(Delivery::Unknown),
    }
}

/// The Cloud API's error codes, sorted by who can do something about them. Its texts are not repeated:
/// they are known to quote access tokens.
fn refused(error: &Refusal) -> NotSent {
    let told = format!("error {}", error.code);
    match error.code {
        // undeliverable, not on the allowed list, recipient equals sender, experiment
        131_026 | 131_030 | 131_021 | 130_472 => NotSent::Recipient(told),
        // API unknown and service, app, account, pair and cloud rate limits, maintenance, down, unknown
        1 | 2 | 4 | 80_007 | 130_429 | 131_048 | 131_056 | 131_057 | 131_016 | 131_000 | 133_004 => {
            NotSent::Temporary(told)
        }
        _ => NotSent::Operator(told),
    }
}

impl OtpSender for Whatsapp {
    fn send<'a>(
        &'a self,
        message: &'a OtpMessage,
    ) -> Pin<Box<dyn Future<Output = Result<Delivery, NotSent>> + Send + 'a>> {
        Box::pin(self.deliver(message))
    }
}
