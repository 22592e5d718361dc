//! `GET admin/jobs/`: the queue, page by page. For staff and admins.

use app::{
    admin::Page,
    jobs::{self, Status},
};
use axum::{Json, extract::State, http::Uri};
use domain::Violation;

use super::{JobItem, body};
use crate::{
    Api,
    errors::ApiResult,
    extract::{Body, Caller, Fields, StaffOrAdmin, ValidQuery, text},
    pagination::{self, PageBody},
};

pub(crate) struct JobsQuery {
    status: Option<Status>,
    page: Page,
}

impl Body for JobsQuery {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let rule = |name: &str| Status::parse(name).ok_or(Violation::Choice(&Status::NAMES));
        let status = fields.optional("status", text(rule));
        let page = pagination::read(fields);
        Some(Self { status: status?, page: page? })
    }
}

#[utoipa::path(
    get,
    path = "/api/v1/admin/jobs/",
    tag = "admin",
    operation_id = "list_jobs",
    summary = "List jobs that are queued or dead",
    description = "Dead jobs failed for good: see why, mend it, and retry them. Jobs that are done are gone.",
    params(
        ("status" = Option<super::JobStatus>, Query, description = "Only these"),
        ("page" = Option<i64>, Query, description = "From 1", minimum = 1),
        ("page_size" = Option<i64>, Query, description = "1 to 100", minimum = 1, maximum = 100),
    ),
    responses((status = 200, description = "One page, dead ones first, then by their times", body = PageBody<JobItem>)),
    security(("bearer" = [])),
)]
pub(crate) async fn list_jobs(
    State(api): State<Api>,
    Caller { .. }: Caller<StaffOrAdmin>,
    uri: Uri,
    ValidQuery(query): ValidQuery<JobsQuery>,
) -> ApiResult<Json<PageBody<JobItem>>> {
    let found = jobs::list(&api.app, query.status, query.page).await?;
    Ok(Json(pagination::body(&api, &uri, query.page, found, body)))
}
