//! `GET billing/transactions/`: the caller's charges, the newest first.

use app::{
    admin::Page,
    billing::charges::{self, ChargeStatus},
};
use axum::{Json, extract::State, http::Uri};
use domain::Violation;

use super::{ChargeState, body};
use crate::{
    Api,
    errors::ApiResult,
    extract::{Anyone, Body, Caller, Fields, ValidQuery, text},
    pagination::{self, PageBody},
};

pub(crate) struct OwnChargesQuery {
    status: Option<ChargeStatus>,
    page: Page,
}

impl Body for OwnChargesQuery {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let known = |name: &str| ChargeStatus::parse(name).ok_or(Violation::Choice(&ChargeStatus::NAMES));
        let status = fields.optional("status", text(known));
        let page = pagination::read(fields);
        Some(Self { status: status?, page: page? })
    }
}

#[utoipa::path(
    get,
    path = "/api/v1/billing/transactions/",
    tag = "billing",
    operation_id = "list_own_charges",
    summary = "List the caller's charges",
    description = "Each as it is known here: no gateway is asked. Read the one that is waited for.",
    params(
        ("status" = Option<String>, Query, description = "Only those that are this now", pattern = "^(pending|completed|failed|expired)$"),
        ("page" = Option<i64>, Query, description = "From 1", minimum = 1),
        ("page_size" = Option<i64>, Query, description = "1 to 100", minimum = 1, maximum = 100),
    ),
    responses((status = 200, description = "One page, the newest first", body = PageBody<ChargeState>)),
    security(("bearer" = [])),
)]
pub(crate) async fn list_own_charges(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Anyone>,
    uri: Uri,
    ValidQuery(query): ValidQuery<OwnChargesQuery>,
) -> ApiResult<Json<PageBody<ChargeState>>> {
    let found = charges::list(&api.app, caller.user, query.status, query.page).await?;
    Ok(Json(pagination::body(&api, &uri, query.page, found, body)))
}
