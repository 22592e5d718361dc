//! `/api/schema/` and `/api/docs/`: the API's document and an interactive reader for it that needs nothing
//! from any network.

use axum::{
    extract::State,
    http::header,
    response::{Html, IntoResponse, Response},
};
use serde_json::json;

use crate::{Api, errors::ApiResult, openapi};

/// What the reader may do: its own script, styles that it makes, calls to this very server.
const POLICY: &str = "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'unsafe-inline'; \
img-src 'self' data:; font-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'";

pub(crate) async fn schema(State(api): State<Api>) -> ApiResult<Response> {
    let base = api.settings.public_api_url.trim_end_matches("/v1").trim_end_matches("/api");
    let text = openapi::document(base).to_pretty_json().map_err(|e| app::Fault::Internal(e.to_string()))?;
    Ok(([(header::CONTENT_TYPE, "application/json")], text).into_response())
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

pub(crate) async fn script() -> Response {
    let script = scalar_api_reference::get_asset("scalar.js").unwrap_or_default();
    let headers = [
        (header::CONTENT_TYPE, "text/javascript; charset=utf-8"),
        (header::CACHE_CONTROL, "public, max-age=86400"),
    ];
    (headers, script).into_response()
}
