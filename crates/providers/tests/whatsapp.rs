//! The WhatsApp Cloud API over a real socket: what is asked, how each answer is understood, and that
//! no message is sent twice.

#![expect(clippy::unwrap_used, reason = "a test that can't be set up has failed")]

use std::time::Duration;

use domain::{Phone, Secret, Timestamp, otp::Channel};
use helssa_providers::{Delivery, NotSent, OtpMessage, OtpSender, Whatsapp, WhatsappSettings};
use serde_json::json;
use testkit::fakes::{
    http::{Reply, Request, Scripted, page, redirect, refused_url},
    whatsapp::{DOCUMENTED, accepted, refused},
};

const TOKEN: &str = "EAAGm0PX4ZCpsBAKlongAccessToken";
const SENDER: &str = "106540352242922";
const CODE: &str = "738264";
const PHONE: &str = "09121234567";
/// The same number as the API writes it.
const TO: &str = "989121234567";
const HTML: &[u8] = b"<html><body><h1>proxy</h1></body></html>";

/// Long enough for whatever does answer.
const PATIENT: Duration = Duration::from_secs(30);
/// For what never answers.
const IMPATIENT: Duration = Duration::from_secs(2);

fn settings(base_url: String, timeout: Duration) -> WhatsappSettings {
    WhatsappSettings {
        base_url,
        phone_number_id: SENDER.to_owned(),
        access_token: Secret::new(TOKEN.to_owned()),
        template: "helssa_login".to_owned(),
        language: "fa".to_owned(),
        timeout,
    }
}

fn message() -> OtpMessage {
    OtpMessage {
        phone: Phone::parse(PHONE).unwrap(),
        channel: Channel::Whatsapp,
        code: Secret::new(CODE.to_owned()),
        at: Timestamp::UNIX_EPOCH,
    }
}

async fn send_to(base_url: String, timeout: Duration) -> Result<Delivery, NotSent> {
    Whatsapp::new(settings(base_url, timeout)).unwrap().send(&message()).await
}

/// The result of one message, and the requests that the service saw.
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
    for secret in [TOKEN, CODE, &TO[2..]] {
        assert!(!text.contains(secret), "{secret} is told in: {text}");
    }
}

fn assert_discreet_error(result: Result<Delivery, NotSent>) {
    let error = result.unwrap_err();
    assert_discreet(&format!("{error:?}"));
    assert_discreet(&error.to_string());
}

#[tokio::test]
async fn a_message_is_one_template_with_the_code_in_its_body_and_button() {
    let (result, requests) = send([accepted(TO)], PATIENT).await;
    assert_eq!(result, Ok(Delivery::Accepted));
    let [request] = requests.as_slice() else { panic!("{requests:?}") };
    assert_eq!(request.method, "POST");
    assert_eq!(request.path, format!("/{SENDER}/messages"));
    assert_eq!(request.header("authorization"), Some(format!("Bearer {TOKEN}").as_str()));
    assert_eq!(request.header("content-type"), Some("application/json"));
    let code = json!([{ "type": "text", "text": CODE }]);
    let expected = json!({
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": TO,
        "type": "template",
        "template": {
            "name": "helssa_login",
            "language": { "code": "fa" },
            "components": [
                { "type": "body", "parameters": code },
                { "type": "button", "sub_type": "url", "index": "0", "parameters": code },
            ],
        },
    });
    assert_eq!(request.json(), expected);
}

#[tokio::test]
async fn every_documented_refusal_has_its_class_and_is_never_sent_again() {
    for &(http_status, code, title) in DOCUMENTED {
        let class = match code {
            130_472 | 131_021 | 131_026 | 131_030 => "recipient",
            1 | 2 | 4 | 80_007 | 130_429 | 131_000 | 131_016 | 131_048 | 131_056 | 131_057 | 133_004 => {
                "temporary"
            }
            _ => "operator",
        };
        let script = [refused(http_status, code, title), accepted(TO)];
        assert_eq!(outcome(script).await, (class, 1), "{code}: {title}");
    }
}

#[tokio::test]
async fn an_undocumented_refusal_is_for_the_operator() {
    for http_status in [200, 400, 500] {
        let script = [refused(http_status, 999_999, "something new")];
        assert_eq!(outcome(script).await, ("operator", 1), "HTTP {http_status}");
    }
}

#[tokio::test]
async fn a_refusal_of_the_least_form_is_still_one() {
    assert_eq!(outcome([Reply::Json(400, json!({ "error": { "code": 131_026 } }))]).await, ("recipient", 1));
}

#[tokio::test]
async fn an_answer_without_a_message_is_unknown() {
    for body in [
        json!({ "messaging_product": "whatsapp", "contacts": [], "messages": [] }),
        json!({ "messaging_product": "whatsapp", "messages": [{ "id": "" }] }),
        json!({ "messaging_product": "whatsapp" }),
    ] {
        assert_eq!(outcome([Reply::Json(200, body.clone())]).await, ("unknown", 1), "{body}");
    }
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
    assert_eq!(outcome([Reply::Cut(200, br#"{"messaging_product":"wha"#.to_vec())]).await, ("unknown", 1));
    assert_eq!(outcome([Reply::Cut(429, Vec::new())]).await, ("unknown", 1));
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
        br#""wamid.1""#,
        br#"{"messages":{}}"#,
        br#"{"error":"no"}"#,
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
    assert_eq!(outcome([Reply::Twice(Box::new(accepted(TO)))]).await, ("accepted", 1));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    for status in [301, 302, 307, 308] {
        let elsewhere = Scripted::start([accepted(TO)]).await.unwrap();
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
    assert_eq!(outcome([Reply::Slowly(Box::new(accepted(TO)))]).await, ("accepted", 1));
}

#[tokio::test]
async fn a_proxy_that_has_no_room_is_temporary() {
    assert_eq!(outcome([page(429, HTML)]).await, ("temporary", 1));
    assert_eq!(outcome([page(503, HTML)]).await, ("temporary", 1));
}

#[tokio::test]
async fn a_bad_gateway_may_have_passed_it_on() {
    assert_eq!(outcome([page(502, HTML)]).await, ("unknown", 1));
}

#[tokio::test]
async fn a_page_of_another_server_error_is_unknown() {
    assert_eq!(outcome([page(500, HTML)]).await, ("unknown", 1));
    assert_eq!(outcome([page(504, HTML)]).await, ("unknown", 1));
}

#[tokio::test]
async fn a_page_of_a_client_error_is_for_the_operator() {
    assert_eq!(outcome([page(404, HTML)]).await, ("operator", 1));
    assert_eq!(outcome([page(401, HTML)]).await, ("operator", 1));
}

#[tokio::test]
async fn no_error_tells_the_token_the_code_or_the_number() {
    for reply in [
        refused(401, 190, "Access token has expired"),
        refused(400, 131_026, "Message undeliverable"),
        refused(503, 2, "API Service"),
        page(404, HTML),
        page(503, HTML),
    ] {
        let (result, _) = send([reply], PATIENT).await;
        assert_discreet_error(result);
    }
    // URLs that can't be used
    for base_url in ["nowhere", "ftp://127.0.0.1"] {
        assert_discreet_error(send_to(base_url.to_owned(), PATIENT).await);
    }
}

/// The operator reads the service's own words, and this one is known to quote a token that it can't
/// read: «Malformed access token EAAG…».
#[tokio::test]
async fn a_service_that_quotes_the_token_the_code_or_the_number_is_not_quoted() {
    for (code, title) in [
        (190, format!("Malformed access token {TOKEN}")),
        (131_026, format!("{TO} is not a WhatsApp number")),
        (131_000, format!("{CODE} could not be sent")),
    ] {
        let (result, _) = send([refused(400, code, &title)], PATIENT).await;
        assert_discreet_error(result);
    }
}

#[test]
fn settings_and_messages_are_debugged_without_their_secrets() {
    assert_discreet(&format!("{:?}", settings("https://graph.facebook.com/v23.0".to_owned(), PATIENT)));
    assert_discreet(&format!("{:?}", message()));
}
