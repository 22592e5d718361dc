//! `/api/schema/` and `/api/docs/`: the API's document and an interactive reader for it that needs nothing
//! from any network. Both are made once and shared: they are large, and anybody may ask.

use std::{
    io::Write as _,
    sync::{LazyLock, OnceLock},
};

use axum::{
    body::Bytes,
    extract::State,
    http::{HeaderMap, HeaderValue, header},
    response::{Html, IntoResponse, Response},
};
use flate2::{Compression, write::GzEncoder};
use serde_json::json;

use crate::{Api, errors::ApiResult, openapi};

/// What the reader may do: its own script, styles that it makes, calls to this very server.
const POLICY: &str = "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'unsafe-inline'; \
img-src 'self' data:; font-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'";

/// A text, plain and compressed.
#[derive(Clone)]
pub(crate) struct Asset {
    plain: Bytes,
    gzip: Bytes,
}

impl Asset {
    fn new(plain: Vec<u8>) -> Self {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        // into memory: it can't fail
        let gzip = encoder.write_all(&plain).and_then(|()| encoder.finish()).unwrap_or_default();
        Self { plain: plain.into(), gzip: gzip.into() }
    }

    fn respond(&self, asked: &HeaderMap, kind: &'static str, cache: &'static str) -> Response {
        let accepted = asked.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
        let takes_gzip = accepted.is_some_and(|value| {
            value
                .split(',')
                .any(|coding| coding.trim().starts_with("gzip") && !coding.trim_end().ends_with("q=0"))
        });
        let is_gzip = takes_gzip && !self.gzip.is_empty();
        let mut response = if is_gzip { self.gzip.clone() } else { self.plain.clone() }.into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        if is_gzip {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        response
    }
}

pub(crate) async fn schema(State(api): State<Api>, headers: HeaderMap) -> ApiResult<Response> {
    static TEXTS: OnceLock<(String, Asset)> = OnceLock::new();
    let base = api.settings.public_api_url.trim_end_matches("/v1").trim_end_matches("/api");
    let make = || -> ApiResult<Asset> {
        let text =
            openapi::document(base).to_pretty_json().map_err(|e| app::Fault::Internal(e.to_string()))?;
        Ok(Asset::new(text.into_bytes()))
    };
    let asset = match TEXTS.get() {
        // a process has one public URL, but in tests
        Some((of, asset)) if of == base => asset.clone(),
        _ => {
            let asset = make()?;
            TEXTS.get_or_init(|| (base.to_owned(), asset.clone()));
            asset
        }
    };
    Ok(asset.respond(&headers, "application/json", "no-store"))
}

pub(crate) async fn page() -> Response {
    let settings = json!({
        "url": "/api/schema/",
        "withDefaultFonts": false,
        "hideClientButton": true,
        "telemetry": false,
        "showDeveloperTools": "never",
        "agent": { "disabled": true },
    });
    let page = scalar_api_reference::scalar_html(&settings, Some("/api/docs/scalar.js"));
    ([(header::CONTENT_SECURITY_POLICY, POLICY)], Html(page)).into_response()
}

pub(crate) async fn script(headers: HeaderMap) -> Response {
    static SCRIPT: LazyLock<Asset> =
        LazyLock::new(|| Asset::new(scalar_api_reference::get_asset("scalar.js").unwrap_or_default()));
    SCRIPT.respond(&headers, "text/javascript; charset=utf-8", "public, max-age=86400")
}
