//! `GET admin/users/`: finds users by phone number, national id or role. For staff and admins; audited.

use app::{
    By,
    admin::{self, Filter, Page},
};
use axum::{Json, extract::State, http::Uri};
use domain::{NationalId, Phone, Role, Violation};

use super::{User, body};
use crate::{
    Api,
    errors::ApiResult,
    extract::{Body, Caller, Fields, Origin, StaffOrAdmin, ValidQuery, text},
    pagination::{self, PageBody},
};

pub(crate) struct UsersQuery {
    filter: Filter,
    page: Page,
}

const ROLES: &[&str] = &["patient", "doctor", "staff", "admin"];

impl Body for UsersQuery {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let phone = fields.optional("phone_number", text(Phone::parse));
        let national_id = fields.optional("national_id", text(NationalId::parse));
        let known = |name: &str| Role::parse(name).ok_or(Violation::Choice(ROLES));
        let role = fields.optional("role", text(known));
        let page = pagination::read(fields);
        Some(Self { filter: Filter { role: role?, phone: phone?, national_id: national_id? }, page: page? })
    }
}

#[utoipa::path(
    get,
    path = "/api/v1/admin/users/",
    tag = "admin",
    operation_id = "find_users",
    summary = "Find users",
    description = "All filters that are given must match. Every look is written to the audit log.",
    params(
        ("phone_number" = Option<String>, Query, description = "Exactly this number, in any documented spelling"),
        ("national_id" = Option<String>, Query, description = "Exactly this national id"),
        ("role" = Option<crate::admin::RoleName>, Query, description = "Only these"),
        ("page" = Option<i64>, Query, description = "From 1", minimum = 1),
        ("page_size" = Option<i64>, Query, description = "1 to 100", minimum = 1, maximum = 100),
    ),
    responses((status = 200, description = "One page, in the order of their ids", body = PageBody<User>)),
    security(("bearer" = [])),
)]
pub(crate) async fn find_users(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<StaffOrAdmin>,
    Origin(origin): Origin,
    uri: Uri,
    ValidQuery(query): ValidQuery<UsersQuery>,
) -> ApiResult<Json<PageBody<User>>> {
    let found = admin::users(&api.app, &By::caller(&caller, &origin), query.filter, query.page).await?;
    Ok(Json(pagination::body(&api, &uri, query.page, found, body)))
}
