//! IDPay v1.1 (<https://idpay.ir/web-service/v1.1/>).
//!
//! Verifying needs IDPay's `id` and our `order_id`, and a sweep has nothing but the authority: so the authority
//! is both, `id.order_id`. Numbers come as strings. A payment that isn't verified within 10 minutes goes back to
//! the payer.

use std::time::Duration;

use domain::{Rials, Secret};
use serde_json::{Value, json};

use super::{
    BoxFuture, Callback, Gateway, Inquired, Order, Requested, Verified, answer, beginning,
    engine::{Ask, Body, Engine, Reply},
    is_token, only,
};

const NAME: &str = "idpay";

/// Characters of a description that it takes.
const DESCRIPTION: usize = 255;

/// How to reach the service.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `https://api.idpay.ir/v1.1` but in tests.
    pub base_url: String,
    pub api_key: Secret<String>,
    /// Whether it only plays, without money (`X-SANDBOX`). Never in production.
    pub sandbox: bool,
    /// An answer that takes longer is lost.
    pub timeout: Duration,
}

/// The gateway.
pub struct Idpay {
    settings: Settings,
    engine: Engine,
}

impl Idpay {
    /// Fails when no TLS client can be made on this machine.
    pub fn new(settings: Settings) -> Result<Self, String> {
        let engine = Engine::new(NAME, settings.timeout)?;
        Ok(Self { settings, engine })
    }

    async fn verified(&self, authority: &str, amount: Rials) -> Verified {
        let settings = &self.settings;
        let Some(parts) = parts(authority) else {
            return Verified::NotPaid("not an authority of this gateway".to_owned());
        };
        match read_verify(&self.engine.ask(&about(settings, "payment/verify", parts)).await, parts, amount) {
            Next::Done(verified) => verified,
            Next::Inquire => {
                let inquiry = self.engine.ask(&about(settings, "payment/inquiry", parts)).await;
                settle(&inquiry, parts)
            }
        }
    }
}

impl Gateway for Idpay {
    fn name(&self) -> &'static str {
        NAME
    }

    fn title(&self) -> &'static str {
        "آیدی پی"
    }

    fn request<'a>(&'a self, order: &'a Order) -> BoxFuture<'a, Requested> {
        Box::pin(async move { read_request(&self.engine.ask(&request(&self.settings, order)).await, order) })
    }

    fn read_callback(&self, params: &[(String, String)]) -> Option<Callback> {
        let id = only(params, "id").filter(|text| is_token(text))?;
        let order_id = only(params, "order_id").filter(|text| is_token(text))?;
        let status: Option<i64> = only(params, "status").and_then(|text| text.parse().ok());
        let claims_ok = matches!(status, Some(10 | 100 | 101 | 200));
        Some(Callback {
            authority: format!("{id}.{order_id}"),
            claims_ok,
            extra: json!({ "status": status }),
        })
    }

    fn verify<'a>(&'a self, authority: &'a str, amount: Rials, _: &'a Value) -> BoxFuture<'a, Verified> {
        Box::pin(self.verified(authority, amount))
    }

    fn inquire<'a>(&'a self, authority: &'a str, _: &'a Value) -> BoxFuture<'a, Inquired> {
        Box::pin(async move {
            let Some(parts) = parts(authority) else {
                return Inquired::Unknown("not an authority of this gateway".to_owned());
            };
            let reply = self.engine.ask(&about(&self.settings, "payment/inquiry", parts)).await;
            read_inquiry(&reply, parts)
        })
    }

    fn callback_is_post(&self) -> bool {
        true
    }
}

/// IDPay's id, and our order's.
#[derive(Clone, Copy)]
struct Parts<'a> {
    id: &'a str,
    order_id: &'a str,
}

fn parts(authority: &str) -> Option<Parts<'_>> {
    let (id, order_id) = authority.split_once('.')?;
    (is_token(id) && is_token(order_id)).then_some(Parts { id, order_id })
}

fn call(settings: &Settings, method: &'static str, body: Value) -> Ask {
    let mut headers = vec![("x-api-key", settings.api_key.expose().clone())];
    if settings.sandbox {
        headers.push(("x-sandbox", "1".to_owned()));
    }
    Ask { method, url: format!("{}/{method}", settings.base_url), headers, body: Body::Json(body) }
}

fn request(settings: &Settings, order: &Order) -> Ask {
    let mut body = json!({
        "order_id": order.id.simple().to_string(),
        "amount": order.amount.get(),
        "desc": beginning(&order.description, DESCRIPTION),
        "callback": order.callback_url,
    });
    if let Some(phone) = &order.phone {
        body["phone"] = phone.local().into();
    }
    call(settings, "payment", body)
}

/// A verification or an inquiry.
fn about(settings: &Settings, method: &'static str, parts: Parts<'_>) -> Ask {
    call(settings, method, json!({ "id": parts.id, "order_id": parts.order_id }))
}

/// What an answer is.
enum Answer {
    Told(Value),
    Error(i64),
    Unclear(String),
}

fn read(reply: &Reply) -> Answer {
    let (status, body) = match reply {
        Reply::Answered(status, body) => (status, body),
        Reply::NotSent(cause) | Reply::Lost(cause) => return Answer::Unclear(cause.clone()),
    };
    match serde_json::from_slice::<Value>(body) {
        Ok(told) if told.get("error_code").is_some() => match answer::whole(&told["error_code"]) {
            Some(code) => Answer::Error(code),
            None => Answer::Unclear("an error without a code".to_owned()),
        },
        Ok(told) if told.is_object() && (200..300).contains(status) => Answer::Told(told),
        _ => Answer::Unclear(format!("HTTP {status} without a clear answer")),
    }
}

fn read_request(reply: &Reply, order: &Order) -> Requested {
    if let Reply::NotSent(cause) = reply {
        return Requested::Refused(cause.clone());
    }
    match read(reply) {
        Answer::Told(told) => {
            let id = answer::short(&told["id"]).filter(|text| is_token(text));
            let link = told["link"].as_str().filter(|link| is_link(link));
            match (id, link) {
                (Some(id), Some(link)) => {
                    let authority = format!("{id}.{}", order.id.simple());
                    Requested::Go { authority, pay_url: link.to_owned() }
                }
                _ => Requested::Unknown("no id, or no link".to_owned()),
            }
        }
        Answer::Error(code) => Requested::Refused(code.to_string()),
        Answer::Unclear(cause) => Requested::Unknown(cause),
    }
}

/// Browsers are sent there.
fn is_link(link: &str) -> bool {
    (link.starts_with("https://") || link.starts_with("http://"))
        && link.len() <= 2_048
        && link.bytes().all(|b| b.is_ascii_graphic())
}

/// What a verification leads to.
#[derive(Debug, PartialEq)]
enum Next {
    Done(Verified),
    /// It can't be verified, which may also mean: not yet.
    Inquire,
}

fn read_verify(reply: &Reply, parts: Parts<'_>, amount: Rials) -> Next {
    let told = match read(reply) {
        Answer::Told(told) => told,
        Answer::Error(53) => return Next::Inquire,
        // 10 minutes are over: it goes back to the payer
        Answer::Error(54) => return Next::Done(Verified::NotPaid("54".to_owned())),
        // the account, the key, the address, what was sent: the money may be there
        Answer::Error(code) => return Next::Done(Verified::Unknown(code.to_string())),
        Answer::Unclear(cause) => return Next::Done(Verified::Unknown(cause)),
    };
    let Some(status) = answer::whole(&told["status"]) else {
        return Next::Done(Verified::Unknown("no status".to_owned()));
    };
    if !matches!(status, 100 | 101 | 200) {
        return Next::Done(undecided(status));
    }
    if !is_about(&told, parts) {
        tracing::error!(gateway = NAME, status, "the answer is about another payment");
        return Next::Done(Verified::Unknown(format!("{status} of another payment")));
    }
    let registered = answer::whole(&told["amount"]);
    let paid = answer::whole(&told["payment"]["amount"]);
    let other_amount = [registered, paid].into_iter().flatten().any(|told| told != amount.get());
    let other_currency = !(answer::is_in_rials(&told) && answer::is_in_rials(&told["payment"]));
    if other_amount || other_currency {
        let what = if other_amount { "another amount" } else { "another currency" };
        tracing::error!(gateway = NAME, status, what, "a payment is not what was ordered");
        return Next::Done(Verified::NotPaid(format!("{status} with {what}")));
    }
    if registered.or(paid).is_none() {
        return Next::Done(Verified::Unknown(format!("{status} without an amount")));
    }
    let payment = &told["payment"];
    let reference = answer::short(&told["track_id"]).or_else(|| answer::short(&payment["track_id"]));
    let card = answer::card(&payment["card_no"]).or_else(|| answer::card(&told["card_no"]));
    if status != 100 {
        return Next::Done(Verified::Already { reference, card, fee: None });
    }
    Next::Done(match reference {
        Some(reference) => Verified::Paid { reference, card, fee: None },
        // the next verification says 101
        None => Verified::Unknown("100 without a reference".to_owned()),
    })
}

/// IDPay asks for it: a receipt of one payment must not pay for another.
fn is_about(told: &Value, parts: Parts<'_>) -> bool {
    let is = |name: &str, ours: &str| answer::short(&told[name]).as_deref() == Some(ours);
    is("id", parts.id) && is("order_id", parts.order_id)
}

/// A status that is no money.
fn undecided(status: i64) -> Verified {
    match status {
        // failed, given back, given back by the system, cancelled
        2 | 5 | 6 | 7 => Verified::NotPaid(status.to_string()),
        // 1 not paid (yet), 3 an error, 4 blocked, 8 at the bank, 10 paid and to be verified
        _ => Verified::Unknown(status.to_string()),
    }
}

/// After a verification was impossible: whether that is the last word.
fn settle(inquiry: &Reply, parts: Parts<'_>) -> Verified {
    match read_inquiry(inquiry, parts) {
        Inquired::Failed => Verified::NotPaid("53, failed".to_owned()),
        Inquired::Reversed => Verified::NotPaid("53, given back".to_owned()),
        Inquired::Pending => Verified::Unknown("53, not decided".to_owned()),
        Inquired::Paid | Inquired::Verified => Verified::Unknown("53, and paid since".to_owned()),
        Inquired::Unknown(cause) => Verified::Unknown(format!("53, and the inquiry: {cause}")),
    }
}

fn read_inquiry(reply: &Reply, parts: Parts<'_>) -> Inquired {
    match read(reply) {
        Answer::Told(told) if !is_about(&told, parts) => Inquired::Unknown("another payment".to_owned()),
        Answer::Told(told) => match answer::whole(&told["status"]) {
            Some(100 | 101 | 200) => Inquired::Verified,
            Some(10) => Inquired::Paid,
            Some(1 | 3 | 4 | 8) => Inquired::Pending,
            Some(2 | 7) => Inquired::Failed,
            Some(5 | 6) => Inquired::Reversed,
            _ => Inquired::Unknown("an unknown status".to_owned()),
        },
        Answer::Error(code) => Inquired::Unknown(code.to_string()),
        Answer::Unclear(cause) => Inquired::Unknown(cause),
    }
}

#[cfg(test)]
mod tests;
