//! ZarinPal v4.

use std::{sync::Arc, time::Duration};

use domain::Secret;
use helssa_providers::gateways::{
    Gateway, Inquired, Refunded, Requested, Verified, Zarinpal, ZarinpalSettings,
};
use serde_json::{Value, json};
use testkit::fakes::{
    gateway::{Stage, Trouble},
    http::{Reply, Scripted, redirect, refused_url},
    zarinpal::{self as fake, DOCUMENTED, MERCHANT},
};

use crate::{
    IMPATIENT, PATIENT, amount, assert_discreet, class, go, order, patience, refund_class, rials, unclear,
    verify, visit,
};

const AUTHORITY: &str = "A00000000000000000000000000217885159";

pub(crate) fn gateway(base_url: String, timeout: Duration, accept_sandbox: bool) -> Zarinpal {
    let merchant_id = Secret::new(MERCHANT.to_owned());
    Zarinpal::new(ZarinpalSettings { base_url, merchant_id, accept_sandbox, timeout }).unwrap()
}

async fn start(timeout: Duration) -> (fake::Zarinpal, Zarinpal) {
    let service = fake::Zarinpal::start().await.unwrap();
    let gateway = gateway(service.base_url(), timeout, false);
    (service, gateway)
}

/// How often each method was called, in the order of calls.
fn calls(service: &fake::Zarinpal) -> Vec<String> {
    let paths = service.requests().into_iter().map(|request| request.path);
    paths.map(|path| path.trim_start_matches("/pg/v4/payment/").replace(".json", "")).collect()
}

#[tokio::test]
async fn a_payment_from_its_request_to_its_money() {
    let (service, gateway) = start(PATIENT).await;
    let (authority, pay_url) = go(&gateway, 7).await;
    assert!(authority.starts_with('A') && authority.len() == 36, "{authority}");
    assert_eq!(pay_url, format!("{}/pg/StartPay/{authority}", service.base_url()));
    let asked = service.get(&authority).unwrap();
    assert_eq!((asked.amount, asked.order_id.as_str()), (1_000_000, "00000000000000000000000000000007"));

    assert_eq!(visit(&pay_url).await, 200);
    let callback = gateway.read_callback(&service.pay(&authority)).unwrap();
    assert_eq!((callback.authority.as_str(), callback.claims_ok), (authority.as_str(), true));
    let first = gateway.verify(&authority, amount(), &callback.extra).await;
    let Verified::Paid { reference, card, fee } = first else { panic!("{first:?}") };
    assert_eq!((reference.as_str(), card.as_deref()), ("201", Some("502229******5995")));
    assert_eq!(fee, Some(rials(5_000)));
    let second = gateway.verify(&authority, amount(), &callback.extra).await;
    assert_eq!(second, Verified::Already { reference: Some(reference), card, fee });
}

#[tokio::test]
async fn of_many_verifications_at_once_one_takes_the_money() {
    let (service, gateway) = start(PATIENT).await;
    let (authority, _) = go(&gateway, 7).await;
    service.pay(&authority);
    let gateway = Arc::new(gateway);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let (gateway, authority) = (Arc::clone(&gateway), authority.clone());
        tasks.spawn(async move { verify(&*gateway, &authority, &Value::Null).await });
    }
    let classes = tasks.join_all().await;
    assert_eq!(classes.iter().filter(|class| **class == "paid").count(), 1);
    assert_eq!(classes.iter().filter(|class| **class == "already").count(), 49);
}

#[tokio::test]
async fn a_payer_who_is_still_at_the_bank_has_not_failed() {
    let (service, gateway) = start(PATIENT).await;
    let (authority, pay_url) = go(&gateway, 7).await;
    assert_eq!(verify(&gateway, &authority, &Value::Null).await, "unknown");
    visit(&pay_url).await;
    // whatever a forged callback says
    assert_eq!(verify(&gateway, &authority, &json!({ "status": "NOK" })).await, "unknown");
    assert_eq!(gateway.inquire(&authority, &Value::Null).await, Inquired::Pending);
    service.pay(&authority);
    assert_eq!(gateway.inquire(&authority, &Value::Null).await, Inquired::Paid);
    assert_eq!(verify(&gateway, &authority, &Value::Null).await, "paid");
}

#[tokio::test]
async fn a_payer_who_gives_up_has_not_paid_and_may_try_again() {
    let (service, gateway) = start(PATIENT).await;
    let (authority, _) = go(&gateway, 7).await;
    let callback = gateway.read_callback(&service.fail(&authority)).unwrap();
    assert!(!callback.claims_ok);
    assert_eq!(verify(&gateway, &authority, &callback.extra).await, "not paid");
    service.pay(&authority);
    assert_eq!(verify(&gateway, &authority, &Value::Null).await, "paid");
}

#[tokio::test]
async fn another_amount_takes_nothing() {
    let (service, gateway) = start(PATIENT).await;
    let (authority, _) = go(&gateway, 7).await;
    service.pay(&authority);
    for other in [999_999, 1_000_001, 100_000, 0] {
        let verified = gateway.verify(&authority, rials(other), &Value::Null).await;
        assert_eq!(verified, Verified::NotPaid("-50".to_owned()), "{other}");
    }
    assert_eq!(service.stage(&authority), Some(Stage::Paid));
    assert_eq!(verify(&gateway, &authority, &Value::Null).await, "paid");
}

#[tokio::test]
async fn a_verification_whose_answer_is_lost_has_taken_the_money() {
    for trouble in [
        Trouble::Silence,
        Trouble::Reset,
        Trouble::Cut,
        Trouble::Garbled(Reply::Json(200, json!({ "data": {}, "errors": [] }))),
        Trouble::Garbled(Reply::Json(500, json!({ "message": "Server Error" }))),
    ] {
        let (service, gateway) = start(PATIENT).await;
        let (authority, _) = go(&gateway, 7).await;
        service.pay(&authority);
        service.trouble("verify", trouble.clone());
        let unlucky = self::gateway(service.base_url(), patience(&trouble), false);
        assert_eq!(verify(&unlucky, &authority, &Value::Null).await, "unknown", "{trouble:?}");
        assert_eq!(calls(&service), ["request", "verify"], "{trouble:?}");
        assert_eq!(service.stage(&authority), Some(Stage::Verified), "{trouble:?}");
        assert_eq!(verify(&gateway, &authority, &Value::Null).await, "already", "{trouble:?}");
    }
}

#[tokio::test]
async fn a_slow_answer_within_the_timeout_is_waited_for() {
    let (service, gateway) = start(PATIENT).await;
    service.trouble("request", Trouble::Slowly);
    service.trouble("verify", Trouble::Slowly);
    let (authority, _) = go(&gateway, 7).await;
    service.pay(&authority);
    assert_eq!(verify(&gateway, &authority, &Value::Null).await, "paid");
}

#[tokio::test]
async fn a_request_whose_answer_is_lost_is_not_repeated() {
    for trouble in [Trouble::Silence, Trouble::Reset, Trouble::Cut] {
        let (service, gateway) = start(PATIENT).await;
        service.trouble("request", trouble.clone());
        let unlucky = self::gateway(service.base_url(), patience(&trouble), false);
        let requested = unlucky.request(&order(7)).await;
        assert!(matches!(requested, Requested::Unknown(_)), "{trouble:?}: {requested:?}");
        assert_eq!(service.orders().len(), 1, "{trouble:?}");
        // whoever asks again has another authority
        go(&gateway, 7).await;
        assert_eq!(service.orders().len(), 2, "{trouble:?}");
    }
}

#[tokio::test]
async fn what_is_no_answer_is_unknown_and_asked_once() {
    for reply in unclear() {
        let service = Scripted::start([reply.clone()]).await.unwrap();
        let gateway = gateway(service.base_url(), PATIENT, false);
        let requested = gateway.request(&order(7)).await;
        assert!(matches!(requested, Requested::Unknown(_)), "{reply:?}: {requested:?}");
        assert_eq!(service.requests().len(), 1, "{reply:?}");
        assert_eq!(verify(&gateway, AUTHORITY, &Value::Null).await, "unknown", "{reply:?}");
        assert_eq!(service.requests().len(), 2, "{reply:?}");
        let refunded = gateway.reverse(AUTHORITY, amount(), &Value::Null).await;
        assert_eq!(refund_class(&refunded), "unknown", "{reply:?}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = fake::Zarinpal::start().await.unwrap();
    for status in [301, 302, 307, 308] {
        let service = Scripted::start([redirect(status, &elsewhere.base_url())]).await.unwrap();
        let gateway = gateway(service.base_url(), PATIENT, false);
        assert!(matches!(gateway.request(&order(7)).await, Requested::Unknown(_)), "{status}");
    }
    assert!(elsewhere.requests().is_empty());
}

#[tokio::test]
async fn a_gateway_that_was_not_reached_has_made_nothing() {
    let gateway = gateway(refused_url().unwrap(), PATIENT, false);
    assert!(matches!(gateway.request(&order(7)).await, Requested::Refused(_)));
    assert_eq!(verify(&gateway, AUTHORITY, &Value::Null).await, "unknown");
    let refunded = gateway.reverse(AUTHORITY, amount(), &Value::Null).await;
    assert_eq!(refund_class(&refunded), "unknown");
}

#[tokio::test]
async fn every_documented_failure_refuses_a_request() {
    for &(code, meaning) in DOCUMENTED {
        let (service, gateway) = start(PATIENT).await;
        service.trouble("request", Trouble::Instead(Reply::Json(200, fake::failure(code))));
        let requested = gateway.request(&order(7)).await;
        assert_eq!(requested, Requested::Refused(code.to_string()), "{meaning}");
        assert_eq!(calls(&service), ["request"], "{meaning}");
    }
}

#[tokio::test]
async fn another_merchants_key_takes_nothing_and_loses_nothing() {
    let service = fake::Zarinpal::start().await.unwrap();
    let settings = ZarinpalSettings {
        base_url: service.base_url(),
        merchant_id: Secret::new("another".to_owned()),
        accept_sandbox: false,
        timeout: PATIENT,
    };
    let gateway = Zarinpal::new(settings).unwrap();
    assert_eq!(gateway.request(&order(7)).await, Requested::Refused("-10".to_owned()));
    // the key may be mended before the payment has ended
    assert_eq!(verify(&gateway, AUTHORITY, &Value::Null).await, "unknown");
}

#[tokio::test]
async fn the_sandbox_pays_for_nothing_in_production() {
    let service = fake::Zarinpal::sandbox().await.unwrap();
    let development = gateway(service.base_url(), PATIENT, true);
    let (authority, _) = go(&development, 7).await;
    assert!(authority.starts_with('S'));
    service.pay(&authority);

    let production = gateway(service.base_url(), PATIENT, false);
    assert!(matches!(production.request(&order(8)).await, Requested::Refused(_)));
    let before = service.requests().len();
    assert_eq!(verify(&production, &authority, &Value::Null).await, "not paid");
    assert_eq!(service.requests().len(), before, "it isn't even asked");
    assert_eq!(verify(&development, &authority, &Value::Null).await, "paid");
}

#[tokio::test]
async fn foreign_authorities_are_not_paid() {
    let (service, gateway) = start(PATIENT).await;
    assert_eq!(verify(&gateway, AUTHORITY, &Value::Null).await, "not paid");
    assert_eq!(calls(&service), ["verify"]);
    for forged in ["", "../../verify", "A B", "A\"", "ا"] {
        assert_eq!(verify(&gateway, forged, &Value::Null).await, "not paid", "{forged}");
    }
    assert_eq!(calls(&service), ["verify"]);
}

#[tokio::test]
async fn a_payment_is_reversed_once_however_often_it_is_asked() {
    let (service, gateway) = start(PATIENT).await;
    let (authority, _) = go(&gateway, 7).await;
    service.pay(&authority);
    assert_eq!(verify(&gateway, &authority, &Value::Null).await, "paid");
    service.trouble("reverse", Trouble::Silence);
    let unlucky = self::gateway(service.base_url(), IMPATIENT, false);
    let lost = unlucky.reverse(&authority, amount(), &Value::Null).await;
    assert_eq!(refund_class(&lost), "unknown");
    for _ in 0..2 {
        assert_eq!(gateway.reverse(&authority, amount(), &Value::Null).await, Refunded::Done);
    }
    assert_eq!(verify(&gateway, &authority, &Value::Null).await, "not paid");
}

#[tokio::test]
async fn what_cannot_be_reversed_says_so() {
    for code in [-60, -62, -63] {
        let (service, gateway) = start(PATIENT).await;
        service.trouble("reverse", Trouble::Instead(Reply::Json(422, fake::failure(code))));
        let refunded = gateway.reverse(AUTHORITY, amount(), &Value::Null).await;
        assert_eq!(refunded, Refunded::Impossible(code.to_string()));
    }
    // nothing was paid
    let (service, gateway) = start(PATIENT).await;
    let (authority, _) = go(&gateway, 7).await;
    service.fail(&authority);
    let refunded = gateway.reverse(&authority, amount(), &Value::Null).await;
    assert_eq!(refund_class(&refunded), "impossible");
}

#[tokio::test]
async fn payments_that_nobody_verified_are_listed() {
    let (service, gateway) = start(PATIENT).await;
    let (paid, _) = go(&gateway, 7).await;
    let (taken, _) = go(&gateway, 8).await;
    go(&gateway, 9).await;
    service.pay(&paid);
    service.pay(&taken);
    verify(&gateway, &taken, &Value::Null).await;
    assert_eq!(gateway.unverified().await, Some(vec![paid]));
    assert!(gateway.lists_unverified() && !gateway.callback_is_needed());
}

#[test]
fn a_callback_is_an_authority_and_a_claim() {
    let gateway = gateway("http://127.0.0.1:1".to_owned(), PATIENT, true);
    let read = |pairs: &[(&str, &str)]| {
        let params: Vec<_> = pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        gateway.read_callback(&params)
    };
    for (status, claims_ok) in [("OK", true), ("NOK", false), ("ok", false), ("", false)] {
        let callback = read(&[("Authority", AUTHORITY), ("Status", status)]).unwrap();
        assert_eq!((callback.authority.as_str(), callback.claims_ok), (AUTHORITY, claims_ok), "{status}");
    }
    assert!(read(&[("Authority", AUTHORITY)]).is_some_and(|callback| !callback.claims_ok));
    let nothing: [&[(&str, &str)]; 4] =
        [&[], &[("Status", "OK")], &[("Authority", "../x")], &[("Authority", "a"), ("Authority", "b")]];
    for bad in nothing {
        assert!(read(bad).is_none(), "{bad:?}");
    }
}

#[tokio::test]
async fn nothing_tells_the_merchant_or_the_phone() {
    let quote =
        json!({ "data": [], "errors": { "code": -10, "message": format!("{MERCHANT} is not yours") } });
    for reply in [Reply::Json(401, quote), Reply::Reset, Reply::Json(500, json!({ "x": MERCHANT }))] {
        let service = Scripted::start([reply]).await.unwrap();
        let gateway = gateway(service.base_url(), PATIENT, false);
        assert_discreet(&format!("{:?}", gateway.request(&order(7)).await), MERCHANT);
        let verified = gateway.verify(AUTHORITY, amount(), &Value::Null).await;
        assert_eq!(class(&verified), "unknown");
        assert_discreet(&format!("{verified:?}"), MERCHANT);
    }
    for base_url in ["nowhere", "ftp://127.0.0.1"] {
        let requested = gateway(base_url.to_owned(), PATIENT, false).request(&order(7)).await;
        assert!(matches!(requested, Requested::Refused(_)), "{requested:?}");
        assert_discreet(&format!("{requested:?}"), MERCHANT);
    }
    assert_discreet(&format!("{:?}", order(7)), MERCHANT);
}
