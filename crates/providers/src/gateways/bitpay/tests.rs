//! The steps over a corpus of documented and other bodies.

use domain::Timestamp;
use uuid::Uuid;

use super::*;
use crate::gateways::engine::{answered, garbage};

const KEY: &str = "adxcv-zzadq-polkjsad-opp13opoz-key";
const TRANS: &str = "63251";
const ORDER: &str = "00000000000000000000000000000007";

fn settings() -> Settings {
    Settings {
        base_url: "https://bitpay.ir/payment".to_owned(),
        api_key: Secret::new(KEY.to_owned()),
        timeout: Duration::from_secs(8),
    }
}

fn rials(amount: i64) -> Rials {
    Rials::new(amount).unwrap()
}

fn form_of(ask: Ask) -> Vec<(&'static str, String)> {
    match ask.body {
        Body::Form(fields) => fields,
        Body::Json(_) => panic!("not a form"),
    }
}

fn form<const N: usize>(pairs: [(&'static str, &str); N]) -> Vec<(&'static str, String)> {
    pairs.map(|(name, value)| (name, value.to_owned())).to_vec()
}

fn verified(reply: &Reply, order: Option<&str>) -> Verified {
    read_verify(reply, rials(1_000_000), TRANS.to_owned(), order)
}

fn told(status: i64, amount: i64, order: &str) -> Reply {
    let body =
        json!({ "status": status, "amount": amount, "factorId": order, "cardNum": "502229******5995" });
    answered(200, body)
}

#[test]
fn a_request_is_a_form() {
    let order = Order {
        id: Uuid::from_u128(7),
        amount: rials(1_000_000),
        callback_url: "https://api.helssa.ir/v1/billing/callback/bitpay/".to_owned(),
        description: "شارژ کیف پول".to_owned(),
        phone: None,
        at: Timestamp::UNIX_EPOCH,
    };
    let ask = request(&settings(), &order);
    assert_eq!(ask.url, "https://bitpay.ir/payment/gateway-send");
    let expected = form([
        ("api", KEY),
        ("amount", "1000000"),
        ("redirect", "https://api.helssa.ir/v1/billing/callback/bitpay/"),
        ("factorId", ORDER),
        ("description", "شارژ کیف پول"),
    ]);
    assert_eq!(form_of(ask), expected);
}

#[test]
fn a_verification_is_a_form_of_both_numbers() {
    let ask = verify(&settings(), "1234", TRANS);
    assert_eq!(ask.url, "https://bitpay.ir/payment/gateway-result-second");
    let expected = form([("api", KEY), ("id_get", "1234"), ("trans_id", TRANS), ("json", "1")]);
    assert_eq!(form_of(ask), expected);
}

#[test]
fn a_call_is_debugged_without_the_key() {
    assert!(!format!("{:?}{:?}", verify(&settings(), "1", TRANS), settings()).contains(KEY));
}

#[test]
fn a_positive_number_is_an_authority() {
    for body in ["1234", " 1234\r\n", "\"1234\"", "\u{feff}1234"] {
        let pay_url = "https://bitpay.ir/payment/gateway-1234-get".to_owned();
        let go = Requested::Go { authority: "1234".to_owned(), pay_url };
        assert_eq!(read_request(&settings(), &answered(200, body)), go, "{body:?}");
    }
}

#[test]
fn every_documented_failure_refuses_a_request() {
    for code in -5..=-1 {
        let refused = Requested::Refused(code.to_string());
        assert_eq!(read_request(&settings(), &answered(200, code)), refused);
    }
    let cause = || "connection refused".to_owned();
    assert_eq!(read_request(&settings(), &Reply::NotSent(cause())), Requested::Refused(cause()));
}

#[test]
fn what_is_no_number_is_no_authority() {
    for body in ["0", "1.5", "1,168874073", "12 34", "gateway", "99999999999999999999", "{\"id\":1}"] {
        assert!(matches!(read_request(&settings(), &answered(200, body)), Requested::Unknown(_)), "{body}");
    }
    assert!(matches!(read_request(&settings(), &answered(500, "1234")), Requested::Unknown(_)));
}

#[test]
fn garbage_is_neither_a_yes_nor_a_no() {
    for reply in garbage() {
        assert!(matches!(read_request(&settings(), &reply), Requested::Unknown(_)));
        assert!(matches!(verified(&reply, None), Verified::Unknown(_)));
    }
    for body in ["1", "11", "-4"] {
        assert!(matches!(verified(&answered(502, body), None), Verified::Unknown(_)), "{body}");
    }
}

#[test]
fn a_paid_one_is_verified_as_json_and_as_a_number() {
    let card = Some("502229******5995".to_owned());
    let paid = |card| Verified::Paid { reference: TRANS.to_owned(), card, fee: None };
    assert_eq!(verified(&told(1, 1_000_000, ORDER), Some(ORDER)), paid(card.clone()));
    let strings =
        json!({ "status": "1", "amount": "1000000", "factorId": ORDER, "cardNum": "5022291234565995" });
    assert_eq!(verified(&answered(200, strings), Some(ORDER)), paid(card));
    assert_eq!(verified(&answered(200, "1"), Some(ORDER)), paid(None));
}

#[test]
fn one_that_was_verified_before_says_so() {
    let card = Some("502229******5995".to_owned());
    let already = |card| Verified::Already { reference: Some(TRANS.to_owned()), card, fee: None };
    assert_eq!(verified(&told(11, 1_000_000, ORDER), Some(ORDER)), already(card));
    assert_eq!(verified(&answered(200, "11"), None), already(None));
}

#[test]
fn another_amount_or_another_order_pays_for_nothing() {
    for status in [1, 11] {
        assert!(matches!(verified(&told(status, 10_000, ORDER), Some(ORDER)), Verified::NotPaid(_)));
        let other = Some("00000000000000000000000000000008");
        assert!(matches!(verified(&told(status, 1_000_000, ORDER), other), Verified::NotPaid(_)));
    }
}

#[test]
fn another_currency_pays_for_nothing() {
    for status in [1, 11] {
        let of = |currency: &str| {
            let body =
                json!({ "status": status, "amount": 1_000_000, "factorId": ORDER, "currency": currency });
            verified(&answered(200, body), Some(ORDER))
        };
        assert_eq!(of("IRT"), Verified::NotPaid(format!("{status} with another currency")));
        assert!(!matches!(of("IRR"), Verified::NotPaid(_)));
    }
}

#[test]
fn an_object_without_an_amount_pays_for_nothing() {
    for status in [1, 11] {
        for amount in [json!(null), json!(""), json!("1,000,000"), json!(1.5), json!([1_000_000])] {
            let body = json!({ "status": status, "amount": amount, "factorId": ORDER });
            let unclear = Verified::Unknown(format!("{status} without an amount"));
            assert_eq!(verified(&answered(200, body), Some(ORDER)), unclear, "{amount}");
        }
    }
}

#[test]
fn each_documented_failure_of_a_verification_has_its_meaning() {
    for as_json in [true, false] {
        let reply = |code: i64| if as_json { told(code, 0, "") } else { answered(200, code) };
        assert_eq!(verified(&reply(-4), None), Verified::NotPaid("-4".to_owned()));
        for code in [-1, -2, -3, -5, 0, 2, 7, 10] {
            assert_eq!(verified(&reply(code), None), Verified::Unknown(code.to_string()));
        }
    }
}

#[test]
fn numbers_have_one_spelling() {
    assert_eq!(number("0123"), Some("123".to_owned()));
    for bad in ["", "0", "-1", "+1", "1a", "۱۲", "1.0", " 1", "99999999999999999999"] {
        assert_eq!(number(bad), None, "{bad}");
    }
}
