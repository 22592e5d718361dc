//! The one place that talks to gateways: a call is data, and so is its reply.
//!
//! A call is repeated only where no connection was made, so that nothing can have been done. URLs, bodies and
//! headers, which hold keys, reach no log and no error.

use std::time::Duration;

use serde_json::Value;

use crate::http::{self, Ended};

/// Attempts in all, where the gateway was surely not reached.
const ATTEMPTS: u32 = 2;
const PAUSE: Duration = Duration::from_millis(300);

/// One call to a gateway.
pub(super) struct Ask {
    /// For the log.
    pub(super) method: &'static str,
    pub(super) url: String,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Body,
}

domain::blank_debug!(Ask);

/// What a call carries.
pub(super) enum Body {
    Json(Value),
    Form(Vec<(&'static str, String)>),
}

/// How a call ended.
pub(super) enum Reply {
    /// Surely nothing was received.
    NotSent(String),
    /// It may have been received and done.
    Lost(String),
    /// A status, and a whole body.
    Answered(u16, Vec<u8>),
}

/// Carries the calls of one gateway.
pub(super) struct Engine {
    gateway: &'static str,
    client: reqwest::Client,
}

impl Engine {
    /// Fails when no TLS client can be made on this machine. An answer that takes longer is lost.
    pub(super) fn new(gateway: &'static str, timeout: Duration) -> Result<Self, String> {
        let client = http::client(timeout).map_err(|e| e.to_string())?;
        Ok(Self { gateway, client })
    }

    pub(super) async fn ask(&self, ask: &Ask) -> Reply {
        let (gateway, method) = (self.gateway, ask.method);
        let mut attempt = 1;
        loop {
            match http::send(self.request(ask)).await {
                Ended::Answered(status, body) => return Reply::Answered(status, body),
                Ended::NeverSent(_) if attempt < ATTEMPTS => {
                    tokio::time::sleep(PAUSE).await;
                    attempt += 1;
                }
                Ended::NeverSent(cause) | Ended::Unusable(cause) => {
                    tracing::warn!(gateway, method, %cause, "the gateway can't be reached");
                    return Reply::NotSent(cause);
                }
                Ended::Lost(cause) => {
                    tracing::warn!(gateway, method, %cause, "no answer of the gateway: it may have been done");
                    return Reply::Lost(cause);
                }
            }
        }
    }

    fn request(&self, ask: &Ask) -> reqwest::RequestBuilder {
        let request = self.client.post(&ask.url).header("accept", "application/json");
        let request = ask.headers.iter().fold(request, |request, (name, value)| request.header(*name, value));
        match &ask.body {
            Body::Json(body) => request.json(body),
            Body::Form(fields) => request.form(fields),
        }
    }
}

#[cfg(test)]
pub(super) fn answered(status: u16, body: impl std::fmt::Display) -> Reply {
    Reply::Answered(status, body.to_string().into_bytes())
}

/// Bodies that are no answer at all, whatever was asked.
#[cfg(test)]
pub(super) fn garbage() -> Vec<Reply> {
    let deep = "[".repeat(10_000);
    let bodies: [&[u8]; 13] = [
        b"",
        b" ",
        b"<html><body><h1>nginx</h1></body></html>",
        b"null",
        b"true",
        b"[]",
        b"{}",
        b"{\"data\":null}",
        b"{\"data\":{\"code\":\"OK\"},\"errors\":[]}",
        b"{\"status\":{}}",
        b"\xff\xfe\x00\x80",
        b"{\"data\":{\"code\":100",
        deep.as_bytes(),
    ];
    let mut replies: Vec<_> = [200, 201, 301, 400, 401, 403, 404, 422, 429, 500, 502, 503]
        .into_iter()
        .flat_map(|status| bodies.map(|body| Reply::Answered(status, body.to_vec())))
        .collect();
    replies.push(Reply::Lost("connection reset".to_owned()));
    replies
}
