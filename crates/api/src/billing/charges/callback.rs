//! `GET` and `POST billing/callback/{gateway}/`: where gateways send browsers back to. Open to everybody: what comes is
//! a hint to ask the gateway, nothing more. Whoever comes back with a payment of ours is never too much; others are.

use app::{Counted, billing::charges};
use axum::{
    Extension,
    body::Body,
    extract::{Path, Query, State},
    http::{StatusCode, Uri, header},
    response::{IntoResponse, Response},
};

use crate::{
    Api,
    errors::{ApiError, ApiResult, Code},
    extract::Origin,
};

/// Bytes of a form: gateways send a few hundred.
const MOST: usize = 16 << 10;

type Params = Vec<(String, String)>;

fn params(uri: &Uri) -> Params {
    Query::<Params>::try_from_uri(uri).map(|Query(params)| params).unwrap_or_default()
}

/// Our address has a query already, and not every gateway joins its own to that as it should.
fn joined(uri: &Uri) -> Params {
    let query = uri.query().unwrap_or_default();
    let uri = format!("/?{}", query.replace('?', "&")).parse::<Uri>();
    uri.map(|uri| params(&uri)).unwrap_or_default()
}

/// A form is written as a query is.
pub(crate) async fn form(body: Body) -> ApiResult<Params> {
    let bytes = axum::body::to_bytes(body, MOST).await.map_err(|_| Code::FileTooLarge)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| Code::MalformedRequest)?.trim();
    let uri = format!("/?{text}").parse::<Uri>();
    Ok(uri.map(|uri| params(&uri)).unwrap_or_default())
}

/// The frame's count of the address; none where nothing is limited.
type Count = Option<Extension<Counted>>;

async fn settle(
    api: &Api,
    gateway: &str,
    params: &Params,
    (origin, count): (&app::Origin, Count),
) -> ApiResult<Response> {
    // whatever names no payment of ours is a line of the audit log
    if let Some(Extension(counted)) = count
        && !counted.allowed
        && !api.app.knows_callback(gateway, params).await?
    {
        return Err(ApiError::new(Code::RateLimited).retry_after(Some(counted.resets_in)));
    }
    let back = charges::callback(&api.app, gateway, params, origin).await?;
    let headers = [(header::LOCATION, back.url), (header::CACHE_CONTROL, "no-store".to_owned())];
    Ok((StatusCode::SEE_OTHER, headers).into_response())
}

#[utoipa::path(
    get,
    path = "/api/v1/billing/callback/{gateway}/",
    tag = "billing",
    operation_id = "gateway_callback",
    summary = "Come back from a gateway",
    description = "For browsers that a gateway sends back. The gateway is asked, the charge is credited if it is paid, and \
the browser goes on to its `return_url` with `transaction_id` and `status`. Our own parameter `charge` is in the address \
that gateways are given. 404 where the gateway's parameters name no \
payment of ours.",
    params(("gateway" = String, Path, description = "zarinpal, bitpay, idpay or sandbox", example = "zarinpal")),
    responses((status = 303, description = "To the charge's return_url")),
)]
pub(crate) async fn gateway_callback(
    State(api): State<Api>,
    Path(gateway): Path<String>,
    Origin(origin): Origin,
    count: Count,
    uri: Uri,
) -> ApiResult<Response> {
    settle(&api, &gateway, &joined(&uri), (&origin, count)).await
}

#[utoipa::path(
    post,
    path = "/api/v1/billing/callback/{gateway}/",
    tag = "billing",
    operation_id = "gateway_callback_form",
    summary = "Come back from a gateway with a form",
    description = "The same for gateways that send browsers back with a form.",
    params(("gateway" = String, Path, description = "zarinpal, bitpay, idpay or sandbox", example = "idpay")),
    request_body(content = String, content_type = "application/x-www-form-urlencoded", description = "The gateway's own fields"),
    responses((status = 303, description = "To the charge's return_url")),
)]
pub(crate) async fn gateway_callback_form(
    State(api): State<Api>,
    Path(gateway): Path<String>,
    Origin(origin): Origin,
    count: Count,
    uri: Uri,
    body: Body,
) -> ApiResult<Response> {
    let mut all = joined(&uri);
    all.append(&mut form(body).await?);
    settle(&api, &gateway, &all, (&origin, count)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_joined_to_ours_in_whatever_way() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let expected = [pair("charge", "1"), pair("Authority", "A"), pair("Status", "OK")];
        for joint in ["&", "?"] {
            let uri = format!("/x/?charge=1{joint}Authority=A&Status=OK").parse::<Uri>().unwrap();
            assert_eq!(joined(&uri), expected, "{joint}");
        }
        assert!(joined(&Uri::from_static("/x/")).is_empty());
    }
}
