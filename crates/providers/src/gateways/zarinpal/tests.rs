//! The steps over a corpus of documented and other bodies.

use domain::{Phone, Timestamp};
use uuid::Uuid;

use super::*;
use crate::gateways::engine::{answered, garbage};

const MERCHANT: &str = "1344b5d4-0048-11e8-94db-005056a205be";
const AUTHORITY: &str = "A00000000000000000000000000217885159";
const SANDBOX: &str = "S00000000000000000000000000217885159";

/// What the documentation lists for failures.
const DOCUMENTED: &[i64] = &[
    -9, -10, -11, -12, -13, -14, -15, -16, -17, -18, -19, -30, -31, -32, -33, -34, -35, -36, -37, -38, -39,
    -40, -41, -50, -51, -52, -53, -54, -55, -60, -61, -62, -63,
];

fn settings() -> Settings {
    Settings {
        base_url: "https://payment.zarinpal.com".to_owned(),
        merchant_id: Secret::new(MERCHANT.to_owned()),
        accept_sandbox: false,
        timeout: Duration::from_secs(8),
    }
}

fn order() -> Order {
    Order {
        id: Uuid::from_u128(7),
        amount: rials(1_000_000),
        callback_url: "https://api.helssa.ir/v1/billing/callback/zarinpal/".to_owned(),
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

fn success(data: &Value) -> Reply {
    answered(200, json!({ "data": data, "errors": [] }))
}

fn failure(status: u16, code: i64) -> Reply {
    let errors = json!({ "code": code, "message": "The input params invalid", "validations": [] });
    answered(status, json!({ "data": [], "errors": errors }))
}

#[test]
fn a_request_says_what_is_to_be_paid_in_rials() {
    let ask = request(&settings(), &order());
    assert_eq!(ask.url, "https://payment.zarinpal.com/pg/v4/payment/request.json");
    let expected = json!({
        "merchant_id": MERCHANT,
        "amount": 1_000_000,
        "currency": "IRR",
        "callback_url": "https://api.helssa.ir/v1/billing/callback/zarinpal/",
        "description": "شارژ کیف پول",
        "metadata": { "order_id": "00000000000000000000000000000007", "mobile": "09121234567" },
    });
    assert_eq!(json_of(ask), expected);
}

#[test]
fn a_long_description_is_cut_and_a_phone_is_not_needed() {
    let order = Order { description: "ش".repeat(900), phone: None, ..order() };
    let body = json_of(request(&settings(), &order));
    assert_eq!(body["description"].as_str().unwrap().chars().count(), 500);
    assert!(body["metadata"].get("mobile").is_none());
}

#[test]
fn a_verification_carries_the_stored_amount() {
    let ask = verify(&settings(), AUTHORITY, rials(1_000_000));
    assert_eq!(ask.url, "https://payment.zarinpal.com/pg/v4/payment/verify.json");
    let expected = json!({ "merchant_id": MERCHANT, "amount": 1_000_000, "authority": AUTHORITY });
    assert_eq!(json_of(ask), expected);
}

#[test]
fn the_other_calls_name_the_merchant_and_the_payment() {
    for method in ["inquiry", "reverse"] {
        let ask = about(&settings(), method, AUTHORITY);
        assert_eq!(ask.url, format!("https://payment.zarinpal.com/pg/v4/payment/{method}.json"));
        assert_eq!(json_of(ask), json!({ "merchant_id": MERCHANT, "authority": AUTHORITY }));
    }
    let ask = unverified(&settings());
    assert_eq!(ask.url, "https://payment.zarinpal.com/pg/v4/payment/unVerified.json");
    assert_eq!(json_of(ask), json!({ "merchant_id": MERCHANT }));
}

#[test]
fn a_call_is_debugged_without_the_merchant() {
    assert!(!format!("{:?}{:?}", request(&settings(), &order()), settings()).contains(MERCHANT));
}

#[test]
fn an_authority_is_where_the_user_goes() {
    let data = json!({
        "code": 100, "message": "Success", "authority": AUTHORITY, "fee_type": "Merchant", "fee": 100,
    });
    let pay_url = format!("https://payment.zarinpal.com/pg/StartPay/{AUTHORITY}");
    let go = Requested::Go { authority: AUTHORITY.to_owned(), pay_url };
    assert_eq!(read_request(&settings(), &success(&data)), go);
    // some versions leave the errors out
    assert_eq!(read_request(&settings(), &answered(200, json!({ "data": data }))), go);
}

#[test]
fn an_authority_that_would_lead_elsewhere_is_none() {
    for authority in [json!("../../evil"), json!("A1?x=y"), json!(""), json!(null), json!("A".repeat(65))] {
        let reply = success(&json!({ "code": 100, "authority": authority }));
        assert!(matches!(read_request(&settings(), &reply), Requested::Unknown(_)), "{authority}");
    }
}

#[test]
fn an_authority_of_the_sandbox_is_taken_only_where_that_is_allowed() {
    let reply = success(&json!({ "code": 100, "authority": SANDBOX }));
    assert!(matches!(read_request(&settings(), &reply), Requested::Refused(_)));
    let lenient = Settings { accept_sandbox: true, ..settings() };
    assert!(matches!(read_request(&lenient, &reply), Requested::Go { .. }));
}

#[test]
fn every_documented_failure_refuses_a_request_whatever_http_says() {
    for &code in DOCUMENTED {
        for status in [200, 400, 401, 403, 422, 500] {
            let refused = Requested::Refused(code.to_string());
            assert_eq!(read_request(&settings(), &failure(status, code)), refused, "{status} {code}");
        }
    }
}

#[test]
fn a_request_that_was_never_sent_is_refused_and_one_that_was_lost_is_unknown() {
    let cause = || "connection refused".to_owned();
    assert_eq!(read_request(&settings(), &Reply::NotSent(cause())), Requested::Refused(cause()));
    assert_eq!(read_request(&settings(), &Reply::Lost(cause())), Requested::Unknown(cause()));
}

#[test]
fn garbage_is_neither_a_yes_nor_a_no() {
    for reply in garbage() {
        let what = match &reply {
            Reply::Answered(status, body) => format!("{status} {}", String::from_utf8_lossy(body)),
            Reply::NotSent(cause) | Reply::Lost(cause) => cause.clone(),
        };
        assert!(matches!(read_request(&settings(), &reply), Requested::Unknown(_)), "{what}");
        assert!(matches!(read_verify(&reply), Next::Done(Verified::Unknown(_))), "{what}");
        assert!(matches!(read_inquiry(&reply), Inquired::Unknown(_)), "{what}");
        assert!(matches!(read_reverse(&reply), Some(Refunded::Unknown(_))), "{what}");
        assert_eq!(read_unverified(&reply), None, "{what}");
    }
}

#[test]
fn an_answer_that_contradicts_itself_is_none() {
    for body in [
        json!({ "data": { "code": 100, "ref_id": 1 }, "errors": { "code": -51 } }),
        json!({ "data": { "code": 100, "ref_id": 1 }, "errors": [{ "code": -51 }] }),
        json!({ "data": { "code": 101 }, "errors": "failed" }),
        json!({ "data": [], "errors": { "code": 100 } }),
        json!({ "data": [], "errors": { "code": 101 } }),
        json!({ "data": [], "errors": [] }),
    ] {
        let next = read_verify(&answered(200, &body));
        assert!(matches!(next, Next::Done(Verified::Unknown(_))), "{body}: {next:?}");
    }
}

#[test]
fn a_paid_one_is_verified_with_its_reference() {
    let data = json!({
        "code": 100, "message": "Verified", "card_hash": "1EBE3EBEBE35C7EC0F8D6EE4F2F85910",
        "card_pan": "502229******5995", "ref_id": 201, "fee_type": "Merchant", "fee": 5_000,
    });
    let paid =
        |fee| Verified::Paid { reference: "201".to_owned(), card: Some("502229******5995".to_owned()), fee };
    assert_eq!(read_verify(&success(&data)), Next::Done(paid(Some(rials(5_000)))));
    // the payer's fee is not ours
    let mut data = data;
    data["fee_type"] = "Payer".into();
    assert_eq!(read_verify(&success(&data)), Next::Done(paid(None)));
}

#[test]
fn one_that_was_verified_before_says_so() {
    let data = json!({
        "code": 101, "message": "Verified", "card_pan": "502229******5995", "ref_id": 201, "fee_type": "Merchant",
        "fee": 5_000,
    });
    let already = Verified::Already {
        reference: Some("201".to_owned()),
        card: Some("502229******5995".to_owned()),
        fee: Some(rials(5_000)),
    };
    assert_eq!(read_verify(&success(&data)), Next::Done(already));
    let bare = Verified::Already { reference: None, card: None, fee: None };
    assert_eq!(read_verify(&success(&json!({ "code": 101 }))), Next::Done(bare));
}

#[test]
fn another_currency_pays_for_nothing() {
    for code in [100, 101] {
        let of = |currency: &str| success(&json!({ "code": code, "ref_id": 201, "currency": currency }));
        let refused = Verified::NotPaid(format!("{code} with another currency"));
        assert_eq!(read_verify(&of("IRT")), Next::Done(refused));
        assert!(!matches!(read_verify(&of("IRR")), Next::Done(Verified::NotPaid(_))));
    }
}

#[test]
fn a_hundred_without_a_reference_is_asked_again() {
    let reply = success(&json!({ "code": 100, "authority": AUTHORITY }));
    assert!(matches!(read_verify(&reply), Next::Done(Verified::Unknown(_))));
}

#[test]
fn each_documented_failure_of_a_verification_has_its_meaning() {
    for &code in DOCUMENTED {
        for status in [200, 401, 422, 500] {
            let told = code.to_string();
            let expected = match code {
                -51 => Next::Inquire,
                -50 | -53 | -54 | -55 => Next::Done(Verified::NotPaid(told)),
                _ => Next::Done(Verified::Unknown(told)),
            };
            assert_eq!(read_verify(&failure(status, code)), expected, "{status} {code}");
        }
    }
    // the same where the code is among the data
    assert_eq!(read_verify(&success(&json!({ "code": -51 }))), Next::Inquire);
}

#[test]
fn not_paid_is_the_last_word_only_where_the_inquiry_agrees() {
    let inquiry = |status: &str| success(&json!({ "code": 100, "message": "Success", "status": status }));
    let nothing = Value::Null;
    for (status, paid) in [
        ("FAILED", false),
        ("REVERSED", false),
        ("IN_BANK", true),
        ("PAID", true),
        ("VERIFIED", true),
        ("x", true),
    ] {
        let settled = settle(&inquiry(status), &nothing);
        assert_eq!(matches!(settled, Verified::Unknown(_)), paid, "{status}");
        assert_eq!(matches!(settled, Verified::NotPaid(_)), !paid, "{status}");
    }
    // a browser that says NOK decides only where the inquiry has answered and knows nothing
    let nok = json!({ "status": "NOK" });
    assert!(matches!(settle(&inquiry("IN_BANK"), &nok), Verified::Unknown(_)));
    assert!(matches!(settle(&Reply::Lost(String::new()), &nok), Verified::Unknown(_)));
    assert!(matches!(settle(&answered(404, "<html>"), &nok), Verified::NotPaid(_)));
    assert!(matches!(settle(&answered(404, "<html>"), &nothing), Verified::Unknown(_)));
}

#[test]
fn a_reversal_is_done_impossible_or_asked_about() {
    assert_eq!(read_reverse(&success(&json!({ "code": 100 }))), Some(Refunded::Done));
    for &code in DOCUMENTED {
        let told = code.to_string();
        let expected = match code {
            -61 => None,
            -60 | -62 | -63 | -53 | -54 | -55 => Some(Refunded::Impossible(told)),
            _ => Some(Refunded::Unknown(told)),
        };
        assert_eq!(read_reverse(&failure(422, code)), expected, "{code}");
    }
}

#[test]
fn unverified_payments_are_listed() {
    let data = json!({ "code": 100, "message": "Success", "authorities": [
        { "authority": AUTHORITY, "amount": 50_500, "callback_url": "https://x", "date": "2020-07-01 17:33:25" },
        { "authority": "no/authority" },
        {},
    ]});
    assert_eq!(read_unverified(&success(&data)), Some(vec![AUTHORITY.to_owned()]));
    assert_eq!(read_unverified(&success(&json!({ "code": 100, "authorities": [] }))), Some(Vec::new()));
    assert_eq!(read_unverified(&success(&json!({ "code": 100 }))), None);
}
