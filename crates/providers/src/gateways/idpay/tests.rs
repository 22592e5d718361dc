//! The steps over a corpus of documented and other bodies.

use domain::{Phone, Timestamp};
use uuid::Uuid;

use super::*;
use crate::gateways::engine::{answered, garbage};

const KEY: &str = "6a7f99eb-7c20-4412-a972-6dfb7cd253a4";
const ID: &str = "d2e353189823079e1e4181772cff5292";
const ORDER: &str = "00000000000000000000000000000007";
const PARTS: Parts<'_> = Parts { id: ID, order_id: ORDER };

/// What the documentation lists for failures, with HTTP's status.
const DOCUMENTED: &[(u16, i64)] = &[
    (403, 11),
    (403, 12),
    (403, 13),
    (403, 14),
    (403, 15),
    (403, 21),
    (404, 22),
    (401, 23),
    (403, 24),
    (406, 31),
    (406, 32),
    (406, 33),
    (406, 34),
    (406, 35),
    (406, 36),
    (406, 37),
    (406, 38),
    (406, 39),
    (405, 51),
    (400, 52),
    (405, 53),
    (405, 54),
];

fn settings(sandbox: bool) -> Settings {
    Settings {
        base_url: "https://api.idpay.ir/v1.1".to_owned(),
        api_key: Secret::new(KEY.to_owned()),
        sandbox,
        timeout: Duration::from_secs(8),
    }
}

fn order() -> Order {
    Order {
        id: Uuid::from_u128(7),
        amount: rials(10_000),
        callback_url: "https://api.helssa.ir/v1/billing/callback/idpay/".to_owned(),
        description: "شارژ کیف پول".to_owned(),
        phone: Some(Phone::parse("09121234567").unwrap()),
        at: Timestamp::UNIX_EPOCH,
    }
}

fn rials(amount: i64) -> Rials {
    Rials::new(amount).unwrap()
}

fn json_of(ask: Ask) -> Value {
    match ask.body {
        Body::Json(body) => body,
        Body::Form(_) => panic!("a form"),
    }
}

fn failure(status: u16, code: i64) -> Reply {
    answered(status, json!({ "error_code": code, "error_message": "API Key یافت نشد." }))
}

/// The documented answer, numbers as strings.
fn told(status: &str) -> Value {
    json!({
        "status": status,
        "track_id": "10012",
        "id": ID,
        "order_id": ORDER,
        "amount": "10000",
        "card_no": "610433******1064",
        "date": "1533559373",
        "payment": { "amount": "10000", "date": "1548840562", "track_id": "888001", "card_no": "610433******1064" },
        "verify": { "date": "153356521" },
    })
}

fn verified(reply: &Reply) -> Next {
    read_verify(reply, PARTS, rials(10_000))
}

#[test]
fn a_request_names_the_order_and_its_amount() {
    let ask = request(&settings(false), &order());
    assert_eq!(ask.url, "https://api.idpay.ir/v1.1/payment");
    assert_eq!(ask.headers, [("x-api-key", KEY.to_owned())]);
    let expected = json!({
        "order_id": ORDER,
        "amount": 10_000,
        "desc": "شارژ کیف پول",
        "callback": "https://api.helssa.ir/v1/billing/callback/idpay/",
        "phone": "09121234567",
    });
    assert_eq!(json_of(ask), expected);
    let playing = request(&settings(true), &order());
    assert_eq!(playing.headers, [("x-api-key", KEY.to_owned()), ("x-sandbox", "1".to_owned())]);
}

#[test]
fn the_other_calls_name_both_ids() {
    for method in ["payment/verify", "payment/inquiry"] {
        let ask = about(&settings(false), method, PARTS);
        assert_eq!(ask.url, format!("https://api.idpay.ir/v1.1/{method}"));
        assert_eq!(json_of(ask), json!({ "id": ID, "order_id": ORDER }));
    }
}

#[test]
fn a_call_is_debugged_without_the_key() {
    assert!(!format!("{:?}{:?}", request(&settings(false), &order()), settings(false)).contains(KEY));
}

#[test]
fn an_authority_is_both_ids() {
    let link = "https://idpay.ir/p/ws/d2e353189823079e1e4181772cff5292";
    let reply = answered(201, json!({ "id": ID, "link": link }));
    let go = Requested::Go { authority: format!("{ID}.{ORDER}"), pay_url: link.to_owned() };
    assert_eq!(read_request(&reply, &order()), go);
    let found = parts("a.b").unwrap();
    assert_eq!((found.id, found.order_id), ("a", "b"));
    for bad in ["", "a", ".", "a.", ".b", "a.b.c", "a/b.c"] {
        assert!(parts(bad).is_none(), "{bad}");
    }
}

#[test]
fn a_link_that_browsers_should_not_follow_is_none() {
    for link in ["javascript:alert(1)", "", "/p/ws", "https://x y", "https://x\r\nSet-Cookie: a=b"] {
        let reply = answered(201, json!({ "id": ID, "link": link }));
        assert!(matches!(read_request(&reply, &order()), Requested::Unknown(_)), "{link}");
    }
}

#[test]
fn every_documented_failure_refuses_a_request() {
    for &(status, code) in DOCUMENTED {
        let refused = Requested::Refused(code.to_string());
        assert_eq!(read_request(&failure(status, code), &order()), refused);
    }
    let cause = || "connection refused".to_owned();
    assert_eq!(read_request(&Reply::NotSent(cause()), &order()), Requested::Refused(cause()));
}

#[test]
fn garbage_is_neither_a_yes_nor_a_no() {
    for reply in garbage() {
        assert!(matches!(read_request(&reply, &order()), Requested::Unknown(_)));
        assert!(matches!(verified(&reply), Next::Done(Verified::Unknown(_))));
        assert!(matches!(read_inquiry(&reply, PARTS), Inquired::Unknown(_)));
    }
    let no_success = answered(500, told("100"));
    assert!(matches!(verified(&no_success), Next::Done(Verified::Unknown(_))));
}

#[test]
fn a_paid_one_is_verified_with_its_reference() {
    let reference = "10012".to_owned();
    let paid = Verified::Paid { reference, card: Some("610433******1064".to_owned()), fee: None };
    assert_eq!(verified(&answered(200, told("100"))), Next::Done(paid));
}

#[test]
fn one_that_was_verified_before_says_so() {
    for status in ["101", "200"] {
        let (reference, card) = (Some("10012".to_owned()), Some("610433******1064".to_owned()));
        let already = Verified::Already { reference, card, fee: None };
        assert_eq!(verified(&answered(200, told(status))), Next::Done(already), "{status}");
    }
}

#[test]
fn what_another_payment_paid_pays_for_nothing() {
    for (field, value) in [("id", json!("e".repeat(32))), ("order_id", json!("8")), ("id", json!(null))] {
        let mut body = told("100");
        body[field] = value;
        assert!(matches!(verified(&answered(200, body)), Next::Done(Verified::Unknown(_))), "{field}");
    }
    for status in ["100", "101"] {
        let mut body = told(status);
        body["amount"] = "1000".into();
        assert!(matches!(verified(&answered(200, body)), Next::Done(Verified::NotPaid(_))));
        let mut body = told(status);
        body["payment"]["amount"] = 1_000.into();
        assert!(matches!(verified(&answered(200, body)), Next::Done(Verified::NotPaid(_))));
        let mut body = told(status);
        body["currency"] = "IRT".into();
        assert!(matches!(verified(&answered(200, body)), Next::Done(Verified::NotPaid(_))));
        let mut body = told(status);
        body["payment"]["currency"] = "USD".into();
        assert!(matches!(verified(&answered(200, body)), Next::Done(Verified::NotPaid(_))));
    }
    let unsaid = json!({ "status": 100, "track_id": 1, "id": ID, "order_id": ORDER });
    assert!(matches!(verified(&answered(200, unsaid)), Next::Done(Verified::Unknown(_))));
}

#[test]
fn each_documented_status_has_its_meaning() {
    for status in [1, 2, 3, 4, 5, 6, 7, 8, 10, 405] {
        let expected = match status {
            2 | 5 | 6 | 7 => Verified::NotPaid(status.to_string()),
            _ => Verified::Unknown(status.to_string()),
        };
        assert_eq!(verified(&answered(200, told(&status.to_string()))), Next::Done(expected));
    }
}

#[test]
fn each_documented_failure_of_a_verification_has_its_meaning() {
    for &(status, code) in DOCUMENTED {
        let told = code.to_string();
        let expected = match code {
            53 => Next::Inquire,
            54 => Next::Done(Verified::NotPaid(told)),
            _ => Next::Done(Verified::Unknown(told)),
        };
        assert_eq!(verified(&failure(status, code)), expected, "{code}");
    }
}

#[test]
fn what_cannot_be_verified_is_not_paid_only_where_the_inquiry_agrees() {
    for (status, paid) in [
        ("2", false),
        ("5", false),
        ("6", false),
        ("7", false),
        ("1", true),
        ("3", true),
        ("4", true),
        ("8", true),
        ("10", true),
        ("100", true),
    ] {
        let settled = settle(&answered(200, told(status)), PARTS);
        assert_eq!(matches!(settled, Verified::Unknown(_)), paid, "{status}");
        assert_eq!(matches!(settled, Verified::NotPaid(_)), !paid, "{status}");
    }
    assert!(matches!(settle(&failure(400, 52), PARTS), Verified::Unknown(_)));
    assert!(matches!(settle(&Reply::Lost(String::new()), PARTS), Verified::Unknown(_)));
}
