//! Requests to an app, without a socket between.

use std::net::SocketAddr;

use axum::{
    body::{Body, Bytes},
    extract::ConnectInfo,
    http::{HeaderMap, HeaderName, HeaderValue, Method, Request},
};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;

/// A request that is being put together.
#[derive(Clone)]
pub struct Call {
    frame: api::Frame,
    method: Method,
    path: String,
    peer: SocketAddr,
    headers: HeaderMap,
    body: Bytes,
}

/// What was answered.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub bytes: Bytes,
    /// `null` where the body is no JSON.
    pub json: Value,
}

impl Call {
    pub(crate) fn new(frame: api::Frame, method: Method, path: &str) -> Self {
        let headers = HeaderMap::new();
        let peer = SocketAddr::from(([127, 0, 0, 1], 40_000));
        Self { frame, method, path: path.to_owned(), peer, headers, body: Bytes::new() }
    }

    /// The same request, to this node.
    #[must_use]
    pub fn at(mut self, node: &crate::TestApp) -> Self {
        self.frame = node.frame();
        self
    }

    #[must_use]
    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers
            .append(name.parse::<HeaderName>().unwrap(), HeaderValue::from_bytes(value.as_bytes()).unwrap());
        self
    }

    /// The address that the connection comes from.
    #[must_use]
    pub fn from(mut self, ip: &str) -> Self {
        self.peer = SocketAddr::new(ip.parse().unwrap(), 40_000);
        self
    }

    #[must_use]
    pub fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string())
    }

    #[must_use]
    pub fn body(mut self, kind: &str, body: impl Into<Bytes>) -> Self {
        self.headers.insert("content-type", kind.parse().unwrap());
        self.body = body.into();
        self
    }

    /// Sends it, and again while the server is too busy, as its clients do.
    pub async fn insist(self) -> Answer {
        for _ in 0..50 {
            let answer = self.clone().send().await;
            if answer.status != 503 {
                return answer;
            }
        }
        panic!("the server stayed too busy");
    }

    pub async fn send(self) -> Answer {
        let mut request = Request::builder().method(self.method).uri(&self.path);
        *request.headers_mut().unwrap() = self.headers;
        let mut request = request.body(Body::from(self.body)).unwrap();
        request.extensions_mut().insert(ConnectInfo(self.peer));
        let response = self.frame.oneshot(request).await.unwrap_or_else(|never| match never {});
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let json = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Answer { status: parts.status.as_u16(), headers: parts.headers, bytes, json }
    }
}

impl Answer {
    /// Fails, telling the body, unless the status is this.
    #[track_caller]
    #[must_use]
    pub fn expect(self, status: u16) -> Self {
        let body = String::from_utf8_lossy(&self.bytes);
        assert_eq!(self.status, status, "{body}");
        self
    }

    /// The envelope's code, or the empty text.
    pub fn code(&self) -> &str {
        self.json["error"]["code"].as_str().unwrap_or_default()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// A text inside the body.
    #[track_caller]
    pub fn text(&self, pointer: &str) -> String {
        let value = self.json.pointer(pointer).and_then(Value::as_str);
        value.unwrap_or_else(|| panic!("no text at {pointer} in {}", self.json)).to_owned()
    }
}
