//! BitPay.ir.

use std::time::Duration;

use domain::Secret;
use helssa_providers::gateways::{Bitpay, BitpaySettings, Gateway, Inquired, Requested, Verified};
use serde_json::{Value, json};
use testkit::fakes::{
    bitpay::{self as fake, KEY, number, trans_id},
    gateway::{Stage, Trouble},
    http::{Reply, Scripted, refused_url},
};

use crate::{
    PATIENT, amount, assert_discreet, go, order, patience, refund_class, rials, unclear, verify, visit,
};

fn gateway(base_url: String, timeout: Duration) -> Bitpay {
    Bitpay::new(BitpaySettings { base_url, api_key: Secret::new(KEY.to_owned()), timeout }).unwrap()
}

async fn start(timeout: Duration) -> (fake::Bitpay, Bitpay) {
    let service = fake::Bitpay::start().await.unwrap();
    let gateway = gateway(service.base_url(), timeout);
    (service, gateway)
}

#[tokio::test]
async fn a_payment_from_its_request_to_its_money() {
    let (service, gateway) = start(PATIENT).await;
    let (authority, pay_url) = go(&gateway, 7).await;
    assert_eq!(authority, "168874001");
    assert_eq!(pay_url, format!("{}/gateway-168874001-get", service.base_url()));
    let asked = service.get(&authority).unwrap();
    assert_eq!((asked.amount, asked.order_id.as_str()), (1_000_000, "00000000000000000000000000000007"));

    assert_eq!(visit(&pay_url).await, 200);
    let callback = gateway.read_callback(&service.pay(&authority)).unwrap();
    assert_eq!((callback.authority.as_str(), callback.claims_ok), (authority.as_str(), true));
    let reference = trans_id(&authority);
    let paid =
        Verified::Paid { reference: reference.clone(), card: Some("502229******5995".to_owned()), fee: None };
    assert_eq!(gateway.verify(&authority, amount(), &callback.extra).await, paid);
    let card = Some("502229******5995".to_owned());
    let already = Verified::Already { reference: Some(reference), card, fee: None };
    assert_eq!(gateway.verify(&authority, amount(), &callback.extra).await, already);
}

#[tokio::test]
async fn without_the_browser_nothing_can_be_verified() {
    let (service, gateway) = start(PATIENT).await;
    let (authority, _) = go(&gateway, 7).await;
    let callback = gateway.read_callback(&service.pay(&authority)).unwrap();
    for extra in [Value::Null, json!({}), json!({ "trans_id": 77 }), json!({ "trans_id": "x" })] {
        assert_eq!(verify(&gateway, &authority, &extra).await, "unknown", "{extra}");
    }
    assert_eq!(service.requests().len(), 1, "it isn't even asked");
    assert_eq!(verify(&gateway, &authority, &callback.extra).await, "paid");
}

#[tokio::test]
async fn a_forged_callback_does_not_spoil_a_later_one() {
    let (service, gateway) = start(PATIENT).await;
    let (authority, _) = go(&gateway, 7).await;
    assert_eq!(verify(&gateway, &authority, &json!({ "trans_id": "1" })).await, "not paid");
    let callback = gateway.read_callback(&service.pay(&authority)).unwrap();
    assert_eq!(verify(&gateway, &authority, &callback.extra).await, "paid");
}

#[tokio::test]
async fn one_payment_does_not_pay_for_another() {
    let (service, gateway) = start(PATIENT).await;
    let (paid, _) = go(&gateway, 7).await;
    let (unpaid, _) = go(&gateway, 8).await;
    let callback = gateway.read_callback(&service.pay(&paid)).unwrap();
    assert_eq!(verify(&gateway, &unpaid, &callback.extra).await, "not paid");
    // a service that would not look at both numbers: the order that it names is compared
    let order = |id: &str| json!({ "trans_id": trans_id(&paid), "order": format!("{id:0>32}") });
    assert_eq!(verify(&gateway, &paid, &order("8")).await, "not paid");
    assert_eq!(verify(&gateway, &paid, &order("7")).await, "already");
}

#[tokio::test]
async fn a_payer_who_gives_up_has_not_paid() {
    let (service, gateway) = start(PATIENT).await;
    let (authority, _) = go(&gateway, 7).await;
    let callback = gateway.read_callback(&service.fail(&authority)).unwrap();
    assert_eq!(verify(&gateway, &authority, &callback.extra).await, "not paid");
}

#[tokio::test]
async fn another_amount_pays_for_nothing() {
    let (service, gateway) = start(PATIENT).await;
    let (authority, _) = go(&gateway, 7).await;
    let callback = gateway.read_callback(&service.pay(&authority)).unwrap();
    let verified = gateway.verify(&authority, rials(10_000_000), &callback.extra).await;
    assert!(matches!(verified, Verified::NotPaid(_)), "{verified:?}");
}

#[tokio::test]
async fn a_verification_whose_answer_is_lost_has_taken_the_money() {
    for trouble in [Trouble::Silence, Trouble::Reset, Trouble::Cut] {
        let (service, gateway) = start(PATIENT).await;
        let (authority, _) = go(&gateway, 7).await;
        let callback = gateway.read_callback(&service.pay(&authority)).unwrap();
        service.trouble("gateway-result-second", trouble.clone());
        let unlucky = self::gateway(service.base_url(), patience(&trouble));
        assert_eq!(verify(&unlucky, &authority, &callback.extra).await, "unknown", "{trouble:?}");
        assert_eq!(service.requests().len(), 2, "{trouble:?}");
        assert_eq!(service.stage(&authority), Some(Stage::Verified), "{trouble:?}");
        assert_eq!(verify(&gateway, &authority, &callback.extra).await, "already", "{trouble:?}");
    }
}

#[tokio::test]
async fn a_slow_answer_within_the_timeout_is_waited_for() {
    let (service, gateway) = start(PATIENT).await;
    service.trouble("gateway-send", Trouble::Slowly);
    service.trouble("gateway-result-second", Trouble::Slowly);
    let (authority, _) = go(&gateway, 7).await;
    let callback = gateway.read_callback(&service.pay(&authority)).unwrap();
    assert_eq!(verify(&gateway, &authority, &callback.extra).await, "paid");
}

#[tokio::test]
async fn a_request_whose_answer_is_lost_is_not_repeated() {
    for trouble in [Trouble::Silence, Trouble::Reset, Trouble::Cut] {
        let (service, gateway) = start(patience(&trouble)).await;
        service.trouble("gateway-send", trouble.clone());
        let requested = gateway.request(&order(7)).await;
        assert!(matches!(requested, Requested::Unknown(_)), "{trouble:?}: {requested:?}");
        assert_eq!(service.orders().len(), 1, "{trouble:?}");
    }
}

#[tokio::test]
async fn what_is_no_answer_is_unknown_and_asked_once() {
    let extra = json!({ "trans_id": "5" });
    for reply in unclear() {
        let service = Scripted::start([reply.clone()]).await.unwrap();
        let gateway = gateway(service.base_url(), PATIENT);
        let requested = gateway.request(&order(7)).await;
        assert!(matches!(requested, Requested::Unknown(_)), "{reply:?}: {requested:?}");
        assert_eq!(verify(&gateway, "5", &extra).await, "unknown", "{reply:?}");
        assert_eq!(service.requests().len(), 2, "{reply:?}");
    }
}

#[tokio::test]
async fn a_gateway_that_was_not_reached_has_made_nothing() {
    let gateway = gateway(refused_url().unwrap(), PATIENT);
    assert!(matches!(gateway.request(&order(7)).await, Requested::Refused(_)));
    assert_eq!(verify(&gateway, "5", &json!({ "trans_id": "5" })).await, "unknown");
}

#[tokio::test]
async fn every_documented_failure_refuses_a_request() {
    for code in -5..=-1 {
        let (service, gateway) = start(PATIENT).await;
        service.trouble("gateway-send", Trouble::Instead(number(code)));
        assert_eq!(gateway.request(&order(7)).await, Requested::Refused(code.to_string()));
        assert_eq!(service.requests().len(), 1);
    }
}

#[tokio::test]
async fn it_can_neither_be_asked_nor_give_back() {
    let (_, gateway) = start(PATIENT).await;
    let refunded = gateway.reverse("5", amount(), &Value::Null).await;
    assert_eq!(refund_class(&refunded), "impossible");
    assert!(matches!(gateway.inquire("5", &Value::Null).await, Inquired::Unknown(_)));
    assert_eq!(gateway.unverified().await, None);
    assert!(gateway.callback_is_post() && gateway.callback_is_needed() && !gateway.lists_unverified());
}

#[test]
fn a_callback_is_two_numbers() {
    let gateway = gateway("http://127.0.0.1:1".to_owned(), PATIENT);
    let read = |pairs: &[(&str, &str)]| {
        let params: Vec<_> = pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        gateway.read_callback(&params)
    };
    let callback = read(&[("trans_id", "77"), ("id_get", "0012")]).unwrap();
    assert_eq!((callback.authority.as_str(), callback.claims_ok), ("12", true));
    assert_eq!(callback.extra, json!({ "trans_id": "77" }));
    let with_ours = read(&[("charge", "5"), ("trans_id", "77"), ("id_get", "12")]);
    assert_eq!(with_ours, Some(callback), "what is ours is no part of it");
    assert!(read(&[("id_get", "12")]).is_some_and(|callback| !callback.claims_ok));
    let nothing: [&[(&str, &str)]; 4] =
        [&[], &[("trans_id", "7")], &[("id_get", "-1")], &[("id_get", "1"), ("id_get", "2")]];
    for bad in nothing {
        assert!(read(bad).is_none(), "{bad:?}");
    }
}

#[tokio::test]
async fn nothing_tells_the_key_or_the_phone() {
    for reply in [number(-1), Reply::Reset, Reply::Json(200, json!({ "x": KEY }))] {
        let service = Scripted::start([reply]).await.unwrap();
        let gateway = gateway(service.base_url(), PATIENT);
        assert_discreet(&format!("{:?}", gateway.request(&order(7)).await), KEY);
        let verified = gateway.verify("5", amount(), &json!({ "trans_id": "5" })).await;
        assert_discreet(&format!("{verified:?}"), KEY);
        assert!(service.requests().iter().all(|request| !request.path.contains(KEY)));
    }
}
