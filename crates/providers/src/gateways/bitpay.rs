//! BitPay.ir: forms, and answers that are a plain number or a small JSON object. Its own documents were out of
//! reach when this was written: codes and fields are those on which public clients of it agree.
//!
//! A payment is verified with two numbers: `id_get`, its authority, and `trans_id`, which only the payer's
//! browser brings. A payment whose browser never came back can neither be verified nor asked about here: an
//! operator finds it in BitPay's panel.

use std::time::Duration;

use domain::{Rials, Secret};
use serde_json::{Value, json};

use super::{
    BoxFuture, Callback, Gateway, Order, Requested, Verified, answer, beginning,
    engine::{Ask, Body, Engine, Reply},
    only,
};

const NAME: &str = "bitpay";

/// Characters of a description that are surely taken.
const DESCRIPTION: usize = 200;

/// How to reach the service.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `https://bitpay.ir/payment`; `https://bitpay.ir/payment-test` moves no money.
    pub base_url: String,
    pub api_key: Secret<String>,
    /// An answer that takes longer is lost.
    pub timeout: Duration,
}

/// The gateway.
pub struct Bitpay {
    settings: Settings,
    engine: Engine,
}

impl Bitpay {
    /// Fails when no TLS client can be made on this machine.
    pub fn new(settings: Settings) -> Result<Self, String> {
        let engine = Engine::new(NAME, settings.timeout)?;
        Ok(Self { settings, engine })
    }

    async fn verified(&self, authority: &str, amount: Rials, extra: &Value) -> Verified {
        if number(authority).is_none() {
            return Verified::NotPaid("not an authority of this gateway".to_owned());
        }
        let Some(trans_id) = extra["trans_id"].as_str().and_then(number) else {
            return Verified::Unknown("no trans_id: the browser hasn't brought it".to_owned());
        };
        let reply = self.engine.ask(&verify(&self.settings, authority, &trans_id)).await;
        read_verify(&reply, amount, trans_id, extra["order"].as_str())
    }
}

impl Gateway for Bitpay {
    fn name(&self) -> &'static str {
        NAME
    }

    fn title(&self) -> &'static str {
        "بیت‌پی"
    }

    fn request<'a>(&'a self, order: &'a Order) -> BoxFuture<'a, Requested> {
        Box::pin(async move {
            let reply = self.engine.ask(&request(&self.settings, order)).await;
            read_request(&self.settings, &reply)
        })
    }

    fn read_callback(&self, params: &[(String, String)]) -> Option<Callback> {
        let authority = only(params, "id_get").and_then(number)?;
        let trans_id = only(params, "trans_id").and_then(number);
        let extra = trans_id.as_ref().map_or_else(|| json!({}), |trans_id| json!({ "trans_id": trans_id }));
        Some(Callback { authority, claims_ok: trans_id.is_some(), extra })
    }

    fn callback_is_needed(&self) -> bool {
        true
    }

    fn verify<'a>(&'a self, authority: &'a str, amount: Rials, extra: &'a Value) -> BoxFuture<'a, Verified> {
        Box::pin(self.verified(authority, amount, extra))
    }

    fn callback_is_post(&self) -> bool {
        true
    }
}

/// A positive number in its one spelling.
fn number(text: &str) -> Option<String> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    text.parse::<u64>().ok().filter(|number| digits && *number > 0).map(|number| number.to_string())
}

fn call(settings: &Settings, method: &'static str, fields: Vec<(&'static str, String)>) -> Ask {
    let mut form = vec![("api", settings.api_key.expose().clone())];
    form.extend(fields);
    Ask {
        method,
        url: format!("{}/{method}", settings.base_url),
        headers: Vec::new(),
        body: Body::Form(form),
    }
}

fn request(settings: &Settings, order: &Order) -> Ask {
    let fields = vec![
        ("amount", order.amount.to_string()),
        ("redirect", order.callback_url.clone()),
        ("factorId", order.id.simple().to_string()),
        ("description", beginning(&order.description, DESCRIPTION)),
    ];
    call(settings, "gateway-send", fields)
}

fn verify(settings: &Settings, authority: &str, trans_id: &str) -> Ask {
    let fields =
        vec![("id_get", authority.to_owned()), ("trans_id", trans_id.to_owned()), ("json", "1".to_owned())];
    call(settings, "gateway-result-second", fields)
}

/// An answer as JSON, which a plain number is too; or why there is none.
fn read(reply: &Reply) -> Result<Value, String> {
    match reply {
        Reply::Answered(status, body) => {
            let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
            let told = serde_json::from_slice(body).ok().filter(|_| (200..300).contains(status));
            told.ok_or_else(|| format!("HTTP {status} without a clear answer"))
        }
        Reply::NotSent(cause) | Reply::Lost(cause) => Err(cause.clone()),
    }
}

fn read_request(settings: &Settings, reply: &Reply) -> Requested {
    if let Reply::NotSent(cause) = reply {
        return Requested::Refused(cause.clone());
    }
    match read(reply).map(|value| answer::whole(&value)) {
        Ok(Some(id)) if id > 0 => {
            let pay_url = format!("{}/gateway-{id}-get", settings.base_url);
            Requested::Go { authority: id.to_string(), pay_url }
        }
        // -1 the key, -2 the amount, -3 the redirect, -4 the gateway, -5 its bank
        Ok(Some(code @ -99..=-1)) => Requested::Refused(code.to_string()),
        Ok(_) => Requested::Unknown("no clear answer".to_owned()),
        Err(cause) => Requested::Unknown(cause),
    }
}

fn read_verify(reply: &Reply, amount: Rials, trans_id: String, order: Option<&str>) -> Verified {
    let told = match read(reply) {
        Ok(told) => told,
        Err(cause) => return Verified::Unknown(cause),
    };
    let status = if told.is_object() { answer::whole(&told["status"]) } else { answer::whole(&told) };
    match status {
        Some(status @ (1 | 11)) => {
            let paid = answer::whole(&told["amount"]);
            // what a plain number doesn't tell can't be compared; an object tells it
            if told.is_object() && paid.is_none() {
                return Verified::Unknown(format!("{status} without an amount"));
            }
            let other_amount = paid.is_some_and(|paid| paid != amount.get());
            let other_currency = !answer::is_in_rials(&told);
            let other_order = match (answer::short(&told["factorId"]), order) {
                (Some(paid), Some(order)) => paid != order,
                _ => false,
            };
            if other_amount || other_currency || other_order {
                let what = match (other_amount, other_currency) {
                    (true, _) => "another amount",
                    (false, true) => "another currency",
                    (false, false) => "another order",
                };
                tracing::error!(gateway = NAME, status, what, "a payment is not what was ordered");
                return Verified::NotPaid(format!("{status} with {what}"));
            }
            let card = answer::card(&told["cardNum"]);
            if status == 11 {
                return Verified::Already { reference: Some(trans_id), card, fee: None };
            }
            Verified::Paid { reference: trans_id, card, fee: None }
        }
        // "there is no such payment, or it was not successful"
        Some(-4) => Verified::NotPaid("-4".to_owned()),
        // -1 the key, -2 and -3 what was sent is no number: the money may be there
        Some(code) => Verified::Unknown(code.to_string()),
        None => Verified::Unknown("no clear answer".to_owned()),
    }
}

#[cfg(test)]
mod tests;
