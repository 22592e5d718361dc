//! IDPay v1.1.

use std::time::Duration;

use domain::Secret;
use helssa_providers::gateways::{Gateway, Idpay, IdpaySettings, Inquired, Requested, Verified};
use serde_json::{Value, json};
use testkit::fakes::{
    gateway::{Stage, Trouble},
    http::{Reply, Scripted, refused_url},
    idpay::{self as fake, KEY, failure, refused},
};

use crate::{
    PATIENT, amount, assert_discreet, go, order, patience, refund_class, rials, unclear, verify, visit,
};

const AUTHORITY: &str = "d2e353189823079e1e4181772cff5292.00000000000000000000000000000007";

pub(crate) fn gateway(base_url: String, timeout: Duration) -> Idpay {
    let api_key = Secret::new(KEY.to_owned());
    Idpay::new(IdpaySettings { base_url, api_key, sandbox: false, timeout }).unwrap()
}

async fn start(timeout: Duration) -> (fake::Idpay, Idpay) {
    let service = fake::Idpay::start().await.unwrap();
    let gateway = gateway(service.base_url(), timeout);
    (service, gateway)
}

/// The service's own part of an authority.
fn id(authority: &str) -> &str {
    authority.split('.').next().unwrap()
}

#[tokio::test]
async fn a_payment_from_its_request_to_its_money() {
    let (service, gateway) = start(PATIENT).await;
    let (authority, pay_url) = go(&gateway, 7).await;
    let asked = service.get(id(&authority)).unwrap();
    assert_eq!((asked.amount, asked.order_id.as_str()), (1_000_000, "00000000000000000000000000000007"));

    assert_eq!(visit(&pay_url).await, 200);
    let callback = gateway.read_callback(&service.pay(id(&authority))).unwrap();
    assert_eq!((callback.authority.as_str(), callback.claims_ok), (authority.as_str(), true));
    let card = Some("610433******1064".to_owned());
    let paid = Verified::Paid { reference: "10012".to_owned(), card: card.clone(), fee: None };
    assert_eq!(gateway.verify(&authority, amount(), &callback.extra).await, paid);
    let already = Verified::Already { reference: Some("10012".to_owned()), card, fee: None };
    // the sweep has no callback
    assert_eq!(gateway.verify(&authority, amount(), &Value::Null).await, already);
    assert!(gateway.callback_is_post());
}

#[tokio::test]
async fn a_payer_who_is_still_at_the_bank_has_not_failed() {
    let (service, gateway) = start(PATIENT).await;
    let (authority, pay_url) = go(&gateway, 7).await;
    assert_eq!(verify(&gateway, &authority, &Value::Null).await, "unknown");
    visit(&pay_url).await;
    assert_eq!(verify(&gateway, &authority, &json!({ "status": 7 })).await, "unknown");
    assert_eq!(gateway.inquire(&authority, &Value::Null).await, Inquired::Pending);
    service.pay(id(&authority));
    assert_eq!(gateway.inquire(&authority, &Value::Null).await, Inquired::Paid);
    assert_eq!(verify(&gateway, &authority, &Value::Null).await, "paid");
}

#[tokio::test]
async fn a_payer_who_gives_up_has_not_paid() {
    let (service, gateway) = start(PATIENT).await;
    let (authority, _) = go(&gateway, 7).await;
    let callback = gateway.read_callback(&service.fail(id(&authority))).unwrap();
    assert!(!callback.claims_ok);
    assert_eq!(verify(&gateway, &authority, &callback.extra).await, "not paid");
}

#[tokio::test]
async fn one_payment_does_not_pay_for_another() {
    let (service, gateway) = start(PATIENT).await;
    let (paid, _) = go(&gateway, 7).await;
    let (unpaid, _) = go(&gateway, 8).await;
    service.pay(id(&paid));
    let order_of_the_unpaid = unpaid.split('.').next_back().unwrap();
    let mixed = format!("{}.{order_of_the_unpaid}", id(&paid));
    assert_eq!(verify(&gateway, &mixed, &Value::Null).await, "unknown");
    assert_eq!(service.stage(id(&paid)), Some(Stage::Paid));
    let verified = gateway.verify(&paid, rials(10_000_000), &Value::Null).await;
    assert!(matches!(verified, Verified::NotPaid(_)), "{verified:?}");
}

#[tokio::test]
async fn forged_authorities_are_not_even_asked_about() {
    let (service, gateway) = start(PATIENT).await;
    for forged in ["", "x", ".", "a.b.c", "../x.y"] {
        assert_eq!(verify(&gateway, forged, &Value::Null).await, "not paid", "{forged}");
        assert!(matches!(gateway.inquire(forged, &Value::Null).await, Inquired::Unknown(_)), "{forged}");
    }
    assert!(service.requests().is_empty());
}

#[tokio::test]
async fn a_verification_whose_answer_is_lost_has_taken_the_money() {
    for trouble in [Trouble::Silence, Trouble::Reset, Trouble::Cut] {
        let (service, gateway) = start(PATIENT).await;
        let (authority, _) = go(&gateway, 7).await;
        service.pay(id(&authority));
        service.trouble("payment/verify", trouble.clone());
        let unlucky = self::gateway(service.base_url(), patience(&trouble));
        assert_eq!(verify(&unlucky, &authority, &Value::Null).await, "unknown", "{trouble:?}");
        assert_eq!(service.requests().len(), 2, "{trouble:?}");
        assert_eq!(service.stage(id(&authority)), Some(Stage::Verified), "{trouble:?}");
        assert_eq!(verify(&gateway, &authority, &Value::Null).await, "already", "{trouble:?}");
    }
}

#[tokio::test]
async fn a_slow_answer_within_the_timeout_is_waited_for() {
    let (service, gateway) = start(PATIENT).await;
    service.trouble("payment", Trouble::Slowly);
    service.trouble("payment/verify", Trouble::Slowly);
    let (authority, _) = go(&gateway, 7).await;
    service.pay(id(&authority));
    assert_eq!(verify(&gateway, &authority, &Value::Null).await, "paid");
}

#[tokio::test]
async fn a_verification_that_comes_too_late_finds_nothing() {
    let (service, gateway) = start(PATIENT).await;
    let (authority, _) = go(&gateway, 7).await;
    service.pay(id(&authority));
    service.trouble("payment/verify", Trouble::Instead(refused(54)));
    assert_eq!(verify(&gateway, &authority, &Value::Null).await, "not paid");
}

#[tokio::test]
async fn a_request_whose_answer_is_lost_is_not_repeated() {
    for trouble in [Trouble::Silence, Trouble::Reset, Trouble::Cut] {
        let (service, gateway) = start(patience(&trouble)).await;
        service.trouble("payment", trouble.clone());
        let requested = gateway.request(&order(7)).await;
        assert!(matches!(requested, Requested::Unknown(_)), "{trouble:?}: {requested:?}");
        assert_eq!(service.orders().len(), 1, "{trouble:?}");
    }
}

#[tokio::test]
async fn what_is_no_answer_is_unknown_and_asked_once() {
    for reply in unclear() {
        let service = Scripted::start([reply.clone()]).await.unwrap();
        let gateway = gateway(service.base_url(), PATIENT);
        let requested = gateway.request(&order(7)).await;
        assert!(matches!(requested, Requested::Unknown(_)), "{reply:?}: {requested:?}");
        assert_eq!(verify(&gateway, AUTHORITY, &Value::Null).await, "unknown", "{reply:?}");
        assert_eq!(service.requests().len(), 2, "{reply:?}");
    }
}

#[tokio::test]
async fn a_gateway_that_was_not_reached_has_made_nothing() {
    let gateway = gateway(refused_url().unwrap(), PATIENT);
    assert!(matches!(gateway.request(&order(7)).await, Requested::Refused(_)));
    assert_eq!(verify(&gateway, AUTHORITY, &Value::Null).await, "unknown");
}

#[tokio::test]
async fn every_documented_failure_refuses_a_request() {
    for code in [11, 12, 13, 14, 21, 22, 23, 24, 31, 32, 33, 34, 35, 36, 37, 38, 51, 52, 53, 54] {
        let (service, gateway) = start(PATIENT).await;
        service.trouble("payment", Trouble::Instead(refused(code)));
        assert_eq!(gateway.request(&order(7)).await, Requested::Refused(code.to_string()));
        assert_eq!(service.requests().len(), 1);
    }
}

#[tokio::test]
async fn it_gives_nothing_back() {
    let (_, gateway) = start(PATIENT).await;
    let refunded = gateway.reverse(AUTHORITY, amount(), &Value::Null).await;
    assert_eq!(refund_class(&refunded), "impossible");
}

#[test]
fn a_callback_is_both_ids_and_a_status() {
    let gateway = gateway("http://127.0.0.1:1".to_owned(), PATIENT);
    let read = |pairs: &[(&str, &str)]| {
        let params: Vec<_> = pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        gateway.read_callback(&params)
    };
    for (status, claims_ok) in [("10", true), ("100", true), ("101", true), ("7", false), ("x", false)] {
        let callback = read(&[("id", "a"), ("order_id", "b"), ("status", status)]).unwrap();
        assert_eq!((callback.authority.as_str(), callback.claims_ok), ("a.b", claims_ok), "{status}");
    }
    let nothing: [&[(&str, &str)]; 4] =
        [&[], &[("id", "a")], &[("order_id", "b")], &[("id", "a/b"), ("order_id", "b")]];
    for bad in nothing {
        assert!(read(bad).is_none(), "{bad:?}");
    }
}

#[tokio::test]
async fn nothing_tells_the_key_or_the_phone() {
    let mut quote = failure(12);
    quote["error_message"] = format!("{KEY} is not yours").into();
    for reply in [Reply::Json(403, quote), Reply::Reset, Reply::Json(200, json!({ "x": KEY }))] {
        let service = Scripted::start([reply]).await.unwrap();
        let gateway = gateway(service.base_url(), PATIENT);
        assert_discreet(&format!("{:?}", gateway.request(&order(7)).await), KEY);
        let verified = gateway.verify(AUTHORITY, amount(), &Value::Null).await;
        assert_discreet(&format!("{verified:?}"), KEY);
    }
}
