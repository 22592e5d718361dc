//! `GET admin/doctors/`: the register, page by page. For staff and admins.

use app::admin::{self, Page};
use axum::{Json, extract::State, http::Uri};
use domain::{Violation, doctor::Status};

use super::{Doctor, body};
use crate::{
    Api,
    errors::ApiResult,
    extract::{Body, Caller, Fields, StaffOrAdmin, ValidQuery, text},
    pagination::{self, PageBody},
};

pub(crate) struct DoctorsQuery {
    status: Option<Status>,
    page: Page,
}

const STATUSES: &[&str] = &["active", "suspended"];

impl Body for DoctorsQuery {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let rule = |name: &str| Status::parse(name).ok_or(Violation::Choice(STATUSES));
        let status = fields.optional("status", text(rule));
        let page = pagination::read(fields);
        Some(Self { status: status?, page: page? })
    }
}

#[utoipa::path(
    get,
    path = "/api/v1/admin/doctors/",
    tag = "admin",
    operation_id = "list_doctors",
    summary = "List doctors",
    params(
        ("status" = Option<super::StatusName>, Query, description = "Only these"),
        ("page" = Option<i64>, Query, description = "From 1", minimum = 1),
        ("page_size" = Option<i64>, Query, description = "1 to 100", minimum = 1, maximum = 100),
    ),
    responses((status = 200, description = "One page, in the order of their ids", body = PageBody<Doctor>)),
    security(("bearer" = [])),
)]
pub(crate) async fn list_doctors(
    State(api): State<Api>,
    Caller { .. }: Caller<StaffOrAdmin>,
    uri: Uri,
    ValidQuery(query): ValidQuery<DoctorsQuery>,
) -> ApiResult<Json<PageBody<Doctor>>> {
    let found = admin::doctors(&api.app, query.status, query.page).await?;
    Ok(Json(pagination::body(&api, &uri, query.page, found, body)))
}
