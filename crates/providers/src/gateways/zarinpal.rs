//! ZarinPal v4 (<https://www.zarinpal.com/docs/paymentGateway/>).
//!
//! `errors` is an array where all is well and an object where it isn't, whatever HTTP's status says. An
//! `inquiry` never proves a payment; it only tells "not yet" from "not any more", where `verify` says "not paid"
//! of both. Authorities of the sandbox begin with `S`.

use std::time::Duration;

use domain::{Rials, Secret, SignedDuration};
use serde_json::{Value, json};

use super::{
    BoxFuture, Callback, Gateway, Inquired, Order, Refunded, Requested, Verified, answer, beginning,
    engine::{Ask, Body, Engine, Reply},
    is_token, only,
};

const NAME: &str = "zarinpal";

/// Characters of a description that it takes.
const DESCRIPTION: usize = 500;

/// It reverses what is no older.
const REVERSES_WITHIN: SignedDuration = SignedDuration::from_mins(30);

/// How to reach the service.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `https://payment.zarinpal.com`, or `https://sandbox.zarinpal.com`.
    pub base_url: String,
    pub merchant_id: Secret<String>,
    /// Whether authorities of the sandbox, behind which there is no money, are taken. Never in production.
    pub accept_sandbox: bool,
    /// An answer that takes longer is lost.
    pub timeout: Duration,
}

/// The gateway.
pub struct Zarinpal {
    settings: Settings,
    engine: Engine,
}

impl Zarinpal {
    /// Fails when no TLS client can be made on this machine.
    pub fn new(settings: Settings) -> Result<Self, String> {
        let engine = Engine::new(NAME, settings.timeout)?;
        Ok(Self { settings, engine })
    }

    async fn verified(&self, authority: &str, amount: Rials, extra: &Value) -> Verified {
        let settings = &self.settings;
        if !is_ours(settings, authority) {
            return Verified::NotPaid("not an authority of this gateway".to_owned());
        }
        match read_verify(&self.engine.ask(&verify(settings, authority, amount)).await) {
            Next::Done(verified) => verified,
            Next::Inquire => {
                let inquiry = self.engine.ask(&about(settings, "inquiry", authority)).await;
                settle(&inquiry, extra)
            }
        }
    }

    async fn reversed(&self, authority: &str) -> Refunded {
        let settings = &self.settings;
        if !is_ours(settings, authority) {
            return Refunded::Impossible("not an authority of this gateway".to_owned());
        }
        let reply = self.engine.ask(&about(settings, "reverse", authority)).await;
        if let Some(refunded) = read_reverse(&reply) {
            return refunded;
        }
        match read_inquiry(&self.engine.ask(&about(settings, "inquiry", authority)).await) {
            Inquired::Reversed => Refunded::Done,
            Inquired::Failed => Refunded::Impossible("-61 FAILED".to_owned()),
            _ => Refunded::Unknown("-61".to_owned()),
        }
    }
}

impl Gateway for Zarinpal {
    fn name(&self) -> &'static str {
        NAME
    }

    fn title(&self) -> &'static str {
        "زرین‌پال"
    }

    fn request<'a>(&'a self, order: &'a Order) -> BoxFuture<'a, Requested> {
        Box::pin(async move {
            let reply = self.engine.ask(&request(&self.settings, order)).await;
            read_request(&self.settings, &reply)
        })
    }

    fn read_callback(&self, params: &[(String, String)]) -> Option<Callback> {
        let authority = only(params, "Authority").filter(|text| is_token(text))?;
        let status = only(params, "Status").unwrap_or_default();
        let claims_ok = status == "OK";
        let extra = json!({ "status": if claims_ok { "OK" } else { "NOK" } });
        Some(Callback { authority: authority.to_owned(), claims_ok, extra })
    }

    fn verify<'a>(&'a self, authority: &'a str, amount: Rials, extra: &'a Value) -> BoxFuture<'a, Verified> {
        Box::pin(self.verified(authority, amount, extra))
    }

    fn reverses_within(&self) -> Option<SignedDuration> {
        Some(REVERSES_WITHIN)
    }

    fn reverse<'a>(&'a self, authority: &'a str, _: Rials, _: &'a Value) -> BoxFuture<'a, Refunded> {
        Box::pin(self.reversed(authority))
    }

    fn inquire<'a>(&'a self, authority: &'a str, _: &'a Value) -> BoxFuture<'a, Inquired> {
        Box::pin(async move {
            if !is_ours(&self.settings, authority) {
                return Inquired::Unknown("not an authority of this gateway".to_owned());
            }
            read_inquiry(&self.engine.ask(&about(&self.settings, "inquiry", authority)).await)
        })
    }

    fn lists_unverified(&self) -> bool {
        true
    }

    fn unverified(&self) -> BoxFuture<'_, Option<Vec<String>>> {
        Box::pin(async move { read_unverified(&self.engine.ask(&unverified(&self.settings)).await) })
    }
}

fn call(settings: &Settings, method: &'static str, body: Value) -> Ask {
    let url = format!("{}/pg/v4/payment/{method}.json", settings.base_url);
    Ask { method, url, headers: Vec::new(), body: Body::Json(body) }
}

fn request(settings: &Settings, order: &Order) -> Ask {
    let mut metadata = json!({ "order_id": order.id.simple().to_string() });
    if let Some(phone) = &order.phone {
        metadata["mobile"] = phone.local().into();
    }
    let body = json!({
        "merchant_id": settings.merchant_id.expose(),
        "amount": order.amount.get(),
        "currency": "IRR",
        "callback_url": order.callback_url,
        "description": beginning(&order.description, DESCRIPTION),
        "metadata": metadata,
    });
    call(settings, "request", body)
}

fn verify(settings: &Settings, authority: &str, amount: Rials) -> Ask {
    let body = json!({
        "merchant_id": settings.merchant_id.expose(),
        "amount": amount.get(),
        "authority": authority,
    });
    call(settings, "verify", body)
}

/// An inquiry or a reversal.
fn about(settings: &Settings, method: &'static str, authority: &str) -> Ask {
    call(settings, method, json!({ "merchant_id": settings.merchant_id.expose(), "authority": authority }))
}

fn unverified(settings: &Settings) -> Ask {
    call(settings, "unVerified", json!({ "merchant_id": settings.merchant_id.expose() }))
}

fn is_ours(settings: &Settings, authority: &str) -> bool {
    is_token(authority) && (settings.accept_sandbox || !authority.starts_with('S'))
}

/// An answer's code, and its data; or why there is none.
fn read(reply: &Reply) -> Result<(i64, Value), String> {
    let (status, body) = match reply {
        Reply::Answered(status, body) => (status, body),
        Reply::NotSent(cause) | Reply::Lost(cause) => return Err(cause.clone()),
    };
    let unclear = || format!("HTTP {status} without a clear answer");
    let mut whole: Value = serde_json::from_slice(body).map_err(|_| unclear())?;
    let error = match &whole["errors"] {
        Value::Null => None,
        Value::Array(errors) if errors.is_empty() => None,
        Value::Object(errors) if errors.is_empty() => None,
        // success is never told among the errors
        errors => Some(answer::whole(&errors["code"]).filter(|code| *code < 0).ok_or_else(unclear)?),
    };
    let data = whole.get_mut("data").map(Value::take).unwrap_or_default();
    let code = answer::whole(&data["code"]);
    match (error, code) {
        (Some(error), None) => Ok((error, Value::Null)),
        (Some(error), Some(code)) if error == code => Ok((error, Value::Null)),
        (None, Some(code)) => Ok((code, data)),
        (Some(_), Some(_)) | (None, None) => Err(unclear()),
    }
}

fn read_request(settings: &Settings, reply: &Reply) -> Requested {
    if let Reply::NotSent(cause) = reply {
        return Requested::Refused(cause.clone());
    }
    match read(reply) {
        Ok((100, data)) => match answer::short(&data["authority"]).filter(|text| is_token(text)) {
            Some(authority) if is_ours(settings, &authority) => {
                let pay_url = format!("{}/pg/StartPay/{authority}", settings.base_url);
                Requested::Go { authority, pay_url }
            }
            Some(_) => Requested::Refused("an authority of the sandbox".to_owned()),
            None => Requested::Unknown("100 without an authority".to_owned()),
        },
        Ok((code, _)) if code < 0 => Requested::Refused(code.to_string()),
        Ok((code, _)) => Requested::Unknown(code.to_string()),
        Err(cause) => Requested::Unknown(cause),
    }
}

/// What a `verify` leads to.
#[derive(Debug, PartialEq)]
enum Next {
    Done(Verified),
    /// It says that nothing is paid, which may also mean: not yet.
    Inquire,
}

fn read_verify(reply: &Reply) -> Next {
    let (code, data) = match read(reply) {
        Ok(answer) => answer,
        Err(cause) => return Next::Done(Verified::Unknown(cause)),
    };
    let reference = answer::short(&data["ref_id"]);
    let card = answer::card(&data["card_pan"]);
    let is_ours_to_pay = data["fee_type"] == "Merchant";
    let fee = answer::whole(&data["fee"]).and_then(Rials::new).filter(|_| is_ours_to_pay);
    Next::Done(match (code, reference) {
        (100 | 101, _) if !answer::is_in_rials(&data) => {
            tracing::error!(
                gateway = NAME,
                code,
                what = "another currency",
                "a payment is not what was ordered"
            );
            Verified::NotPaid(format!("{code} with another currency"))
        }
        (100, Some(reference)) => Verified::Paid { reference, card, fee },
        // a `request` is answered with 100 too; the next verify says 101
        (100, None) => Verified::Unknown("100 without a reference".to_owned()),
        (101, reference) => Verified::Already { reference, card, fee },
        (-51, _) => return Next::Inquire,
        // another amount, another merchant's, no such authority, no such payment
        (-50 | -53 | -54 | -55, _) => Verified::NotPaid(code.to_string()),
        // the account, the terminal, too many calls, "call our support": the money may be there
        _ => Verified::Unknown(code.to_string()),
    })
}

/// After `verify` has said -51: whether that is the last word.
fn settle(inquiry: &Reply, extra: &Value) -> Verified {
    match read_inquiry(inquiry) {
        Inquired::Failed => Verified::NotPaid("-51 FAILED".to_owned()),
        Inquired::Reversed => Verified::NotPaid("-51 REVERSED".to_owned()),
        Inquired::Pending => Verified::Unknown("-51 IN_BANK".to_owned()),
        // paid a moment after it was verified
        Inquired::Paid | Inquired::Verified => Verified::Unknown("-51 and paid since".to_owned()),
        // the browser came back without a payment, `verify` knows of none, and the inquiry of nothing else
        Inquired::Unknown(_) if extra["status"] == "NOK" && matches!(inquiry, Reply::Answered(..)) => {
            Verified::NotPaid("-51 NOK".to_owned())
        }
        Inquired::Unknown(cause) => Verified::Unknown(format!("-51, and the inquiry: {cause}")),
    }
}

fn read_inquiry(reply: &Reply) -> Inquired {
    match read(reply) {
        Ok((100, data)) => match data["status"].as_str() {
            Some("VERIFIED") => Inquired::Verified,
            Some("PAID") => Inquired::Paid,
            Some("IN_BANK") => Inquired::Pending,
            Some("FAILED") => Inquired::Failed,
            Some("REVERSED") => Inquired::Reversed,
            _ => Inquired::Unknown("an unknown status".to_owned()),
        },
        Ok((code, _)) => Inquired::Unknown(code.to_string()),
        Err(cause) => Inquired::Unknown(cause),
    }
}

/// None where an inquiry has to tell: -61 is "not in a state to be reversed", which one that is reversed is too.
fn read_reverse(reply: &Reply) -> Option<Refunded> {
    Some(match read(reply) {
        Ok((100, _)) => Refunded::Done,
        Ok((-61, _)) => return None,
        // the bank can't, the address isn't registered, 30 minutes are over; and as in verify
        Ok((code @ (-60 | -62 | -63 | -53 | -54 | -55), _)) => Refunded::Impossible(code.to_string()),
        Ok((code, _)) => Refunded::Unknown(code.to_string()),
        Err(cause) => Refunded::Unknown(cause),
    })
}

fn read_unverified(reply: &Reply) -> Option<Vec<String>> {
    let (code, data) = read(reply).ok()?;
    let listed = data["authorities"].as_array().filter(|_| code == 100)?;
    let authorities = listed.iter().filter_map(|item| answer::short(&item["authority"]));
    Some(authorities.filter(|text| is_token(text)).collect())
}

#[cfg(test)]
mod tests;
