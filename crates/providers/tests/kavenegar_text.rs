//! Texts through Kavenegar over a real socket: what is asked, how each answer is understood, and that
//! nothing is sent a second time once it may have been taken.

#![expect(clippy::unwrap_used, reason = "a test that can't be set up has failed")]

use std::time::Duration;

use domain::{Phone, Secret, Timestamp};
use helssa_providers::{Delivery, Kavenegar, KavenegarSettings, NotSent, TextMessage, TextSender};
use serde_json::json;
use testkit::fakes::{
    http::{Reply, Request, Scripted, page, refused_url},
    kavenegar::{DOCUMENTED, answer, envelope, text_taken},
};
use uuid::Uuid;

const KEY: &str = "4B6A6F68-key-of-the-account";
const TEXT: &str = "ویزیت شما فردا ساعت 10:00 است & more = ?";
const PHONE: &str = "09121234567";
const HTML: &[u8] = b"<html><body><h1>nginx</h1></body></html>";

/// Long enough for whatever does answer.
const PATIENT: Duration = Duration::from_secs(30);
/// For what never answers.
const IMPATIENT: Duration = Duration::from_secs(2);

fn kavenegar(base_url: String, timeout: Duration) -> Kavenegar {
    let settings = KavenegarSettings {
        base_url,
        api_key: Secret::new(KEY.to_owned()),
        template: "helssa-login".to_owned(),
        timeout,
        pause: Duration::from_millis(1),
    };
    Kavenegar::new(settings).unwrap()
}

fn message(id: u128) -> TextMessage {
    TextMessage {
        phone: Phone::parse(PHONE).unwrap(),
        kind: "appointment_reminder",
        text: TEXT.to_owned(),
        at: Timestamp::UNIX_EPOCH,
        id: Uuid::from_u128(id),
    }
}

/// The result of one text, and the requests that the service saw.
async fn send(
    script: impl IntoIterator<Item = Reply>,
    timeout: Duration,
) -> (Result<Delivery, NotSent>, Vec<Request>) {
    let service = Scripted::start(script).await.unwrap();
    let result = kavenegar(service.base_url(), timeout).send_text(&message(42)).await;
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
    for secret in [KEY, TEXT, PHONE, &PHONE[1..]] {
        assert!(!text.contains(secret), "{secret} is told in: {text}");
    }
}

fn assert_discreet_error(result: Result<Delivery, NotSent>) {
    let error = result.unwrap_err();
    assert_discreet(&format!("{error:?}"));
    assert_discreet(&error.to_string());
}

fn fields<const N: usize>(pairs: [(&str, &str); N]) -> Vec<(String, String)> {
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
}

#[tokio::test]
async fn a_text_is_one_form_to_the_send_method() {
    let (result, requests) = send([text_taken(PHONE, TEXT)], PATIENT).await;
    assert_eq!(result, Ok(Delivery::Accepted));
    let [request] = requests.as_slice() else { panic!("{requests:?}") };
    assert_eq!(request.method, "POST");
    assert_eq!(request.path, format!("/v1/{KEY}/sms/send.json"));
    assert_eq!(request.header("content-type"), Some("application/x-www-form-urlencoded"));
    assert_eq!(request.form(), fields([("receptor", PHONE), ("message", TEXT), ("localid", "42")]));
}

#[tokio::test]
async fn it_comes_from_the_line_that_is_set() {
    let service = Scripted::start([answer(200)]).await.unwrap();
    let kavenegar = kavenegar(service.base_url(), PATIENT).with_line(Some("10004346".to_owned()));
    assert_eq!(kavenegar.send_text(&message(42)).await, Ok(Delivery::Accepted));
    let requests = service.requests();
    let [request] = requests.as_slice() else { panic!("{requests:?}") };
    let sender = request.form().into_iter().find(|(name, _)| name == "sender");
    assert_eq!(sender, Some(("sender".to_owned(), "10004346".to_owned())));
}

#[tokio::test]
async fn a_text_has_the_same_number_each_time_it_is_sent() {
    let service = Scripted::start([answer(200)]).await.unwrap();
    let kavenegar = kavenegar(service.base_url(), PATIENT);
    for id in [u128::MAX, u128::MAX, 7] {
        let _ = kavenegar.send_text(&message(id)).await.unwrap();
    }
    let number = |request: &Request| {
        let (_, value) = request.form().into_iter().find(|(name, _)| name == "localid").unwrap();
        value.parse::<i64>().unwrap()
    };
    let numbers: Vec<_> = service.requests().iter().map(number).collect();
    assert_eq!((numbers[0] == numbers[1], numbers[2]), (true, 7));
    assert!(numbers[0] > 0);
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
async fn a_busy_service_is_asked_again_and_may_then_take_it() {
    assert_eq!(outcome([answer(409), answer(200)]).await, ("accepted", 2));
    assert_eq!(outcome([answer(409), answer(451), answer(411)]).await, ("recipient", 3));
    assert_eq!(outcome([page(503, HTML), answer(200)]).await, ("accepted", 2));
    let result = kavenegar(refused_url().unwrap(), PATIENT).send_text(&message(42)).await;
    assert_eq!(class(&result), "temporary", "{result:?}");
}

#[tokio::test]
async fn what_may_have_been_taken_is_never_sent_again() {
    let (result, requests) = send([Reply::Silence], IMPATIENT).await;
    assert_eq!((class(&result), requests.len()), ("unknown", 1));
    let half = envelope(200).to_string().into_bytes();
    for reply in [
        Reply::Reset,
        Reply::Raw(Vec::new()),
        Reply::Cut(200, half[..half.len() / 2].to_vec()),
        Reply::Endless,
        page(200, HTML),
        page(502, HTML),
    ] {
        assert_eq!(outcome([reply]).await, ("unknown", 1));
    }
}

#[tokio::test]
async fn no_error_tells_the_key_the_text_or_the_number() {
    for reply in [answer(403), answer(409), answer(411), answer(418), page(404, HTML)] {
        let (result, _) = send([reply], PATIENT).await;
        assert_discreet_error(result);
    }
    for status in [401, 411, 409] {
        let quote = format!("{KEY} may not send {TEXT} to {PHONE}");
        let body = json!({ "return": { "status": status, "message": quote }, "entries": null });
        let (result, _) = send([Reply::Json(status, body)], PATIENT).await;
        assert_discreet_error(result);
    }
    assert_discreet_error(kavenegar("nowhere".to_owned(), PATIENT).send_text(&message(42)).await);
    assert_discreet(&format!("{:?}", message(42)));
}
