//! What every request passes through: the spellings of a path, the envelope, ids, headers, CORS, languages;
//! and what stands around the API.

mod answers;
mod around;
mod cors;
mod requests;

use api::errors::Code;
use axum::{
    body::Bytes,
    http::{HeaderMap, HeaderName},
};
use axum_server::Handle;
use domain::Timestamp;
use helssa_server::listen;
use serde_json::Value;
use testkit::{Answer, TestApp};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

const PROFILE: &str = "/api/v1/patients/profile/";
const LOGIN: &str = "/api/v1/auth/login/otp/";

/// The error has the one envelope, complete, with a code that belongs to the status.
#[track_caller]
pub(crate) fn assert_enveloped(answer: &Answer, what: &str) {
    let error = &answer.json["error"];
    let (status, code) = (answer.status, answer.code());
    let known = Code::ALL.iter().find(|known| known.as_str() == code);
    assert!(known.is_some_and(|known| known.status().as_u16() == status), "{what}: {status} {}", answer.json);
    assert!(error["message"].as_str().is_some_and(|text| !text.is_empty()), "{what}: {error}");
    assert!(error["details"].is_object(), "{what}: {error}");
    assert_eq!(error["request_id"].as_str(), answer.header("x-request-id"), "{what}: {error}");
    let timestamp = error["timestamp"].as_str().unwrap_or_default();
    assert!(timestamp.ends_with('Z') && timestamp.parse::<Timestamp>().is_ok(), "{what}: {error}");
    assert_eq!(answer.header("content-type"), Some("application/json"), "{what}");
}

/// Sends bytes, as they are, to the app behind a real socket. The request must ask for the connection's end.
pub(crate) async fn over_socket(app: &TestApp, request: &[u8]) -> Answer {
    let listener = listen::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = listener.local_addr().unwrap();
    let client = async {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        answer
    };
    tokio::select! {
        ended = listen::serve(listener, app.frame(), None, Handle::new()) => panic!("{ended:?}"),
        answer = client => read(&answer),
    }
}

fn read(raw: &[u8]) -> Answer {
    let text = String::from_utf8_lossy(raw);
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).unwrap();
    let mut headers = HeaderMap::new();
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        headers.append(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
    }
    // whatever the transfer coding, the object is between its braces
    let object = body.find('{').zip(body.rfind('}')).map(|(from, to)| &body[from..=to]);
    Answer {
        status: status.parse().unwrap(),
        headers,
        bytes: Bytes::copy_from_slice(body.as_bytes()),
        json: object.and_then(|object| serde_json::from_str(object).ok()).unwrap_or(Value::Null),
    }
}
