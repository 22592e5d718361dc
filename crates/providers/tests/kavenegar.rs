//! Kavenegar over a real socket: what is asked, how each answer is understood, and above all that
//! nothing is sent a second time once it may have been taken.

#![expect(clippy::unwrap_used, reason = "a test that can't be set up has failed")]

use std::time::Duration;

use domain::{Phone, Secret, Timestamp, otp::Channel};
use helssa_providers::{Delivery, Kavenegar, KavenegarSettings, NotSent, OtpMessage, OtpSender};
use serde_json::json;
use testkit::fakes::{
    http::{Reply, Request, Scripted, page, redirect, refused_url},
    kavenegar::{DOCUMENTED, answer, envelope},
};

const KEY: &str = "4B6A6F68-key-of-the-account";
const CODE: &str = "738264";
const PHONE: &str = "09121234567";
const HTML: &[u8] = b"<html><body><h1>nginx</h1></body></html>";

/// Long enough for whatever does answer.
const PATIENT: Duration = Duration::from_secs(30);
/// For what never answers.
const IMPATIENT: Duration = Duration::from_secs(2);

fn settings(base_url: String, timeout: Duration) -> KavenegarSettings {
    KavenegarSettings {
        base_url,
        api_key: Secret::new(KEY.to_owned()),
        template: "helssa-login".to_owned(),
        timeout,
        pause: Duration::from_millis(1),
    }
}

fn message(channel: Channel) -> OtpMessage {
    OtpMessage {
        phone: Phone::parse(PHONE).unwrap(),
        channel,
        code: Secret::new(CODE.to_owned()),
        at: Timestamp::UNIX_EPOCH,
    }
}

async fn send_to(base_url: String, timeout: Duration) -> Result<Delivery, NotSent> {
    Kavenegar::new(settings(base_url, timeout)).unwrap().send(&message(Channel::Sms)).await
}

/// The result of one SMS, and the requests that the service saw.
async fn send(
    script: impl IntoIterator<Item = Reply>,
    timeout: Duration,
) -> (Result<Delivery, NotSent>, Vec<Request>) {
    let service = Scripted::start(script).await.unwrap();
    let result = send_to(service.base_url(), timeout).await;
    (result, service.requests())
}

/// The same in short: the class of the result and the number of requests.
async fn outcome(script: impl IntoIterator<Item = Reply>) -> (&'static str, usize) {
    let (result, requests) = send(script, PATIENT).await;
    (class(&result), requests.len())
}

fn class(result: &Result<Delivery, NotSent>) -> &'static str {
    match result {
        Ok(Delivery::Accepted) => "accepted",
        Ok(Delivery::Unknown) => "unknown",
        Err(NotSent::Operator(_)) => "operator",
        Err(NotSent::Recipient(_)) => "recipient",
        Err(NotSent::Temporary(_)) => "temporary",
    }
}

fn assert_discreet(text: &str) {
    for secret in [KEY, CODE, PHONE, &PHONE[1..]] {
        assert!(!text.contains(secret), "{secret} is told in: {text}");
    }
}

fn assert_discreet_error(result: Result<Delivery, NotSent>) {
    let error = result.unwrap_err();
    assert_discreet(&format!("{error:?}"));
    assert_discreet(&error.to_string());
}

#[tokio::test]
async fn an_sms_is_one_form_to_the_lookup_method() {
    let (result, requests) = send([answer(200)], PATIENT).await;
    assert_eq!(result, Ok(Delivery::Accepted));
    let [request] = requests.as_slice() else { panic!("{requests:?}") };
    assert_eq!(request.method, "POST");
    assert_eq!(request.path, format!("/v1/{KEY}/verify/lookup.json"));
    assert_eq!(request.header("content-type"), Some("application/x-www-form-urlencoded"));
    let fields = [("receptor", PHONE), ("template", "helssa-login"), ("token", CODE), ("type", "sms")];
    assert_eq!(request.form(), fields.map(|(name, value)| (name.to_owned(), value.to_owned())));
}

#[tokio::test]
async fn a_call_is_the_same_form_with_another_type() {
    let service = Scripted::start([answer(200)]).await.unwrap();
    let kavenegar = Kavenegar::new(settings(service.base_url(), PATIENT)).unwrap();
    assert_eq!(kavenegar.send(&message(Channel::Call)).await, Ok(Delivery::Accepted));
    let requests = service.requests();
    let [request] = requests.as_slice() else { panic!("{requests:?}") };
    let fields = [("receptor", PHONE), ("template", "helssa-login"), ("token", CODE), ("type", "call")];
    assert_eq!(request.form(), fields.map(|(name, value)| (name.to_owned(), value.to_owned())));
}

#[tokio::test]
async fn the_key_travels_in_the_path_only() {
    let (_, requests) = send([answer(200)], PATIENT).await;
    let [request] = requests.as_slice() else { panic!("{requests:?}") };
    assert!(request.headers.iter().all(|(_, value)| !value.contains(KEY)), "{:?}", request.headers);
    assert!(!String::from_utf8_lossy(&request.body).contains(KEY));
}

#[tokio::test]
async fn every_documented_status_has_its_class() {
    for &(status, meaning) in DOCUMENTED {
        let expected = match status {
            200 => ("accepted", 1),
            409 | 451 => ("temporary", 3),
            411 => ("recipient", 1),
            400..=499 | 501 | 607 => ("operator", 1),
            _ => ("unknown", 1),
        };
        assert_eq!(outcome([answer(status)]).await, expected, "{status}: {meaning}");
    }
}

#[tokio::test]
async fn the_status_in_the_envelope_counts_whatever_http_says() {
    for (http_status, status, expected) in [
        (200, 418, ("operator", 1)),
        (200, 411, ("recipient", 1)),
        (200, 409, ("temporary", 3)),
        (200, 451, ("temporary", 3)),
        (400, 411, ("recipient", 1)),
        (500, 418, ("operator", 1)),
    ] {
        let script = [Reply::Json(http_status, envelope(status))];
        assert_eq!(outcome(script).await, expected, "HTTP {http_status} with {status}");
    }
}

#[tokio::test]
async fn an_undocumented_status_below_500_is_for_the_operator_and_above_unknown() {
    for (status, expected) in [
        (430, ("operator", 1)),
        (499, ("operator", 1)),
        (500, ("unknown", 1)),
        (503, ("unknown", 1)),
        (599, ("unknown", 1)),
        (600, ("unknown", 1)),
    ] {
        assert_eq!(outcome([answer(status)]).await, expected, "{status}");
    }
}

#[tokio::test]
async fn a_busy_service_is_asked_again_and_may_then_take_it() {
    assert_eq!(outcome([answer(409), answer(200)]).await, ("accepted", 2));
    assert_eq!(outcome([answer(451), answer(200)]).await, ("accepted", 2));
    assert_eq!(outcome([answer(409), answer(451), answer(200)]).await, ("accepted", 3));
}

#[tokio::test]
async fn a_busy_service_is_asked_three_times_at_most() {
    assert_eq!(outcome([answer(409), answer(409), answer(409), answer(200)]).await, ("temporary", 3));
}

#[tokio::test]
async fn a_refusal_after_a_busy_service_ends_it() {
    assert_eq!(outcome([answer(409), answer(411), answer(200)]).await, ("recipient", 2));
}

#[tokio::test]
async fn an_answer_lost_after_a_busy_service_ends_it() {
    assert_eq!(outcome([answer(409), Reply::Reset, answer(200)]).await, ("unknown", 2));
}

#[tokio::test]
async fn a_repetition_carries_the_same_code() {
    let (_, requests) = send([answer(409), answer(200)], PATIENT).await;
    let [first, second] = requests.as_slice() else { panic!("{requests:?}") };
    assert_eq!(first.path, second.path);
    assert_eq!(first.form(), second.form());
}

#[tokio::test]
async fn a_timeout_is_never_sent_again() {
    let (result, requests) = send([Reply::Silence], IMPATIENT).await;
    assert_eq!((class(&result), requests.len()), ("unknown", 1));
}

#[tokio::test]
async fn a_reset_is_never_sent_again() {
    assert_eq!(outcome([Reply::Reset]).await, ("unknown", 1));
}

#[tokio::test]
async fn a_connection_closed_without_a_byte_is_never_sent_again() {
    assert_eq!(outcome([Reply::Raw(Vec::new())]).await, ("unknown", 1));
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_never_sent_again() {
    let body = envelope(200).to_string().into_bytes();
    assert_eq!(outcome([Reply::Cut(200, body[..body.len() / 2].to_vec())]).await, ("unknown", 1));
    assert_eq!(outcome([Reply::Cut(200, Vec::new())]).await, ("unknown", 1));
    // half an answer proves nothing, not even that the service was busy
    assert_eq!(outcome([Reply::Cut(409, Vec::new())]).await, ("unknown", 1));
    assert_eq!(outcome([Reply::Raw(b"HTTP/1.1 200 O".to_vec())]).await, ("unknown", 1));
}

#[tokio::test]
async fn an_endless_answer_is_never_sent_again() {
    assert_eq!(outcome([Reply::Endless]).await, ("unknown", 1));
}

#[tokio::test]
async fn garbage_is_never_sent_again() {
    let deep = "[".repeat(10_000);
    let bodies: [&[u8]; 9] = [
        b"",
        HTML,
        b"null",
        b"[]",
        b"200",
        br#"{"return":{}}"#,
        br#"{"return":{"status":"OK"}}"#,
        b"\xff\xfe\x00\x80",
        deep.as_bytes(),
    ];
    for body in bodies {
        let what = String::from_utf8_lossy(&body[..body.len().min(40)]);
        assert_eq!(outcome([page(200, body)]).await, ("unknown", 1), "{what}");
    }
}

#[tokio::test]
async fn what_is_not_http_is_never_sent_again() {
    assert_eq!(outcome([Reply::Raw(b"\x16\x03\x01\x02\x00 SSH-2.0\r\n\r\n".to_vec())]).await, ("unknown", 1));
}

#[tokio::test]
async fn an_answer_that_comes_twice_is_one_delivery() {
    assert_eq!(outcome([Reply::Twice(Box::new(answer(200)))]).await, ("accepted", 1));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    for status in [301, 302, 307, 308] {
        let elsewhere = Scripted::start([answer(200)]).await.unwrap();
        assert_eq!(outcome([redirect(status, &elsewhere.base_url())]).await, ("unknown", 1), "{status}");
        assert!(elsewhere.requests().is_empty(), "{status}");
    }
}

#[tokio::test]
async fn a_refused_connection_is_temporary() {
    let result = send_to(refused_url().unwrap(), PATIENT).await;
    assert_eq!(class(&result), "temporary", "{result:?}");
    assert_discreet_error(result);
}

#[tokio::test]
async fn a_slow_answer_within_the_timeout_is_waited_for() {
    assert_eq!(outcome([Reply::Slowly(Box::new(answer(200)))]).await, ("accepted", 1));
}

#[tokio::test]
async fn a_proxy_that_has_no_room_is_asked_again() {
    assert_eq!(outcome([page(429, HTML)]).await, ("temporary", 3));
    assert_eq!(outcome([page(503, HTML)]).await, ("temporary", 3));
    assert_eq!(outcome([page(503, HTML), answer(200)]).await, ("accepted", 2));
}

#[tokio::test]
async fn a_bad_gateway_may_have_passed_it_on_and_is_never_asked_again() {
    assert_eq!(outcome([page(502, HTML), answer(200)]).await, ("unknown", 1));
}

#[tokio::test]
async fn a_page_of_another_server_error_is_never_sent_again() {
    assert_eq!(outcome([page(500, HTML)]).await, ("unknown", 1));
    assert_eq!(outcome([page(504, HTML)]).await, ("unknown", 1));
}

#[tokio::test]
async fn a_page_of_a_client_error_is_for_the_operator() {
    assert_eq!(outcome([page(404, HTML)]).await, ("operator", 1));
    assert_eq!(outcome([page(403, HTML)]).await, ("operator", 1));
}

#[tokio::test]
async fn no_error_tells_the_key_the_code_or_the_number() {
    for reply in [answer(403), answer(409), answer(411), answer(418), page(404, HTML), page(503, HTML)] {
        let (result, _) = send([reply], PATIENT).await;
        assert_discreet_error(result);
    }
    // URLs that can't be used: the error knows the whole of them
    for base_url in ["nowhere", "ftp://127.0.0.1"] {
        assert_discreet_error(send_to(base_url.to_owned(), PATIENT).await);
    }
}

/// The operator reads the service's own words, and a service may quote what it was sent.
#[tokio::test]
async fn a_service_that_quotes_the_key_the_code_or_the_number_is_not_quoted() {
    for status in [401, 411, 409] {
        let quote = format!("{KEY} may not send {CODE} to {PHONE}");
        let body = json!({ "return": { "status": status, "message": quote }, "entries": null });
        let (result, _) = send([Reply::Json(status, body)], PATIENT).await;
        assert_discreet_error(result);
    }
}

#[test]
fn settings_and_messages_are_debugged_without_their_secrets() {
    assert_discreet(&format!("{:?}", settings("https://api.kavenegar.com".to_owned(), PATIENT)));
    assert_discreet(&format!("{:?}", message(Channel::Sms)));
}
