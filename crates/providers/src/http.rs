//! One HTTP request to a provider, made so that it is sent at most once.

use std::time::Duration;

/// Answers of providers are small; what is longer is not one.
const MAX_ANSWER: usize = 64 * 1024;

/// How a request ended.
pub(crate) enum Ended {
    /// The settings make no request: the operator has to act.
    Unusable(String),
    /// With a status and this body.
    Answered(u16, Vec<u8>),
    /// No connection was made: the request surely wasn't received.
    NeverSent(String),
    /// It was under way: it may have been received.
    Lost(String),
}

/// A client without anything that could repeat a request: no retries, no redirects, no kept connections
/// (one that the peer has just closed looks like a lost answer).
pub(crate) fn client(timeout: Duration) -> reqwest::Result<reqwest::Client> {
    reqwest::Client::builder()
        .timeout(timeout)
        .connect_timeout(timeout.min(Duration::from_secs(3)))
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .pool_max_idle_per_host(0)
        .http1_only()
        .no_proxy()
        .build()
}

/// Sends it. Errors are told without their URL, which may hold a key.
pub(crate) async fn send(request: reqwest::RequestBuilder) -> Ended {
    let mut response = match request.send().await {
        Ok(response) => response,
        Err(e) if e.is_builder() => return Ended::Unusable(cause(e)),
        Err(e) if e.is_connect() => return Ended::NeverSent(cause(e)),
        Err(e) => return Ended::Lost(cause(e)),
    };
    let status = response.status().as_u16();
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() <= MAX_ANSWER => body.extend_from_slice(&chunk),
            Ok(Some(_)) => return Ended::Lost("the answer is too long".into()),
            Ok(None) => return Ended::Answered(status, body),
            Err(e) => return Ended::Lost(cause(e)),
        }
    }
}

fn cause(e: reqwest::Error) -> String {
    let e = e.without_url();
    let mut text = e.to_string();
    let mut source = std::error::Error::source(&e);
    while let Some(inner) = source {
        text = format!("{text}: {inner}");
        source = inner.source();
    }
    text
}
