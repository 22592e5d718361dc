//! `GET billing/payouts/`: the payouts of the doctor who asks, newest first. For doctors.

use app::{
    admin::Page,
    billing::payouts::{self, Status},
};
use axum::{Json, extract::State, http::Uri};

use super::{PayoutItem, item};
use crate::{
    Api,
    errors::ApiResult,
    extract::{Body, Caller, Doctor, Fields, ValidQuery, text},
    pagination::{self, PageBody},
};

pub(crate) struct PayoutsQuery {
    status: Option<Status>,
    page: Page,
}

impl Body for PayoutsQuery {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let status = fields.optional("status", text(Status::parse));
        let page = pagination::read(fields);
        Some(Self { status: status?, page: page? })
    }
}

#[utoipa::path(
    get,
    path = "/api/v1/billing/payouts/",
    tag = "billing",
    operation_id = "list_payouts",
    summary = "List the doctor's payouts",
    params(
        ("status" = Option<String>, Query, description = "requested, approved, exported, paid, rejected, cancelled or returned"),
        ("page" = Option<i64>, Query, description = "From 1", minimum = 1),
        ("page_size" = Option<i64>, Query, description = "1 to 100", minimum = 1, maximum = 100),
    ),
    responses((status = 200, description = "One page, newest first", body = PageBody<PayoutItem>)),
    security(("bearer" = [])),
)]
pub(crate) async fn list_payouts(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Doctor>,
    uri: Uri,
    ValidQuery(query): ValidQuery<PayoutsQuery>,
) -> ApiResult<Json<PageBody<PayoutItem>>> {
    let found = payouts::of_doctor(&api.app, caller.user, query.status, query.page).await?;
    Ok(Json(pagination::body(&api, &uri, query.page, found, item)))
}
