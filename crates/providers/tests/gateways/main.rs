//! Payment gateways over a real socket, against stand-ins that keep their orders: what is asked, how each answer is
//! understood, what an answer that never comes means, and that nothing is asked twice that may have been done.

#![expect(clippy::unwrap_used, reason = "a test that can't be set up has failed")]

mod bitpay;
mod idpay;
mod sandbox;
mod zarinpal;

use std::{sync::Arc, time::Duration};

use domain::{Phone, Rials, Timestamp};
use helssa_providers::gateways::{Gateway, Gateways, Order, Refunded, Requested, Verified};
use serde_json::Value;
use testkit::fakes::{
    gateway::Trouble,
    http::{Reply, page},
};
use uuid::Uuid;

/// Long enough for whatever does answer.
const PATIENT: Duration = Duration::from_secs(30);
/// For what never answers.
const IMPATIENT: Duration = Duration::from_secs(2);
const PHONE: &str = "09121234567";

fn rials(amount: i64) -> Rials {
    Rials::new(amount).unwrap()
}

/// What every order here is about.
fn amount() -> Rials {
    rials(1_000_000)
}

fn order(id: u128) -> Order {
    Order {
        id: Uuid::from_u128(id),
        amount: amount(),
        callback_url: "http://127.0.0.1:8000/api/v1/billing/callback/x/".to_owned(),
        description: "شارژ کیف پول".to_owned(),
        phone: Some(Phone::parse(PHONE).unwrap()),
        at: Timestamp::UNIX_EPOCH,
    }
}

/// A new payment: its authority and its page.
async fn go(gateway: &dyn Gateway, id: u128) -> (String, String) {
    match gateway.request(&order(id)).await {
        Requested::Go { authority, pay_url } => (authority, pay_url),
        other => panic!("{other:?}"),
    }
}

async fn verify(gateway: &dyn Gateway, authority: &str, extra: &Value) -> &'static str {
    class(&gateway.verify(authority, amount(), extra).await)
}

fn class(verified: &Verified) -> &'static str {
    match verified {
        Verified::Paid { .. } => "paid",
        Verified::Already { .. } => "already",
        Verified::NotPaid(_) => "not paid",
        Verified::Unknown(_) => "unknown",
    }
}

fn refund_class(refunded: &Refunded) -> &'static str {
    match refunded {
        Refunded::Done => "done",
        Refunded::Impossible(_) => "impossible",
        Refunded::Unknown(_) => "unknown",
    }
}

/// How long an answer that is lost like that is waited for: to its end only where none comes.
fn patience(trouble: &Trouble) -> Duration {
    if matches!(trouble, Trouble::Silence) { IMPATIENT } else { PATIENT }
}

/// What the payer's browser sees.
async fn visit(url: &str) -> u16 {
    reqwest::get(url).await.unwrap().status().as_u16()
}

/// Answers that say nothing about what was asked.
fn unclear() -> Vec<Reply> {
    let html: &[u8] = b"<html><body><h1>nginx</h1></body></html>";
    let deep = "[".repeat(10_000);
    let bodies: [&[u8]; 7] = [b"", html, b"null", b"[]", b"{}", b"\xff\xfe", deep.as_bytes()];
    let mut replies: Vec<_> = bodies.into_iter().map(|body| page(200, body)).collect();
    replies.extend([502, 503, 500, 404, 429].map(|status| page(status, html)));
    replies.extend([
        Reply::Reset,
        Reply::Raw(Vec::new()),
        Reply::Cut(200, b"{\"data\":{\"code\":100".to_vec()),
        Reply::Raw(b"HTTP/1.1 200 O".to_vec()),
        Reply::Raw(b"\x16\x03\x01\x02\x00 SSH-2.0\r\n\r\n".to_vec()),
        Reply::Endless,
    ]);
    replies
}

fn assert_discreet(text: &str, key: &str) {
    for secret in [key, PHONE, &PHONE[1..]] {
        assert!(!text.contains(secret), "{secret} is told in: {text}");
    }
}

#[test]
fn gateways_are_found_by_name() {
    let zarinpal: Arc<dyn Gateway> =
        Arc::new(zarinpal::gateway("http://127.0.0.1:1".to_owned(), PATIENT, true));
    let idpay: Arc<dyn Gateway> = Arc::new(idpay::gateway("http://127.0.0.1:1".to_owned(), PATIENT));
    let gateways = Gateways::new(vec![zarinpal, idpay]);
    assert_eq!(gateways.names(), ["zarinpal", "idpay"]);
    assert_eq!(gateways.get("idpay").map(|gateway| gateway.title()), Some("آیدی پی"));
    assert!(gateways.get("bitpay").is_none() && gateways.get("").is_none());
    assert!(Gateways::default().is_empty());
}
