//! `GET admin/users/{id}/audit/`: what the audit log has about one user. For admins; audited.

use app::{
    By,
    admin::{self, Page, Recorded},
};
use axum::{Json, extract::State, http::Uri};
use domain::ids::UserId;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    Api,
    errors::ApiResult,
    extract::{Admin, Body, Caller, Fields, Id, Origin, ValidQuery},
    pagination::{self, PageBody},
    time::rfc3339,
};

pub(crate) struct AuditQuery {
    page: Page,
}

impl Body for AuditQuery {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { page: pagination::read(fields)? })
    }
}

/// Something that happened to a user.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditEntry {
    #[schema(example = "2024-01-15T10:30:00Z", format = "date-time")]
    at: String,
    /// The user who acted; empty where it was none.
    #[schema(example = "550e8400-e29b-41d4-a716-446655440000")]
    actor_id: String,
    /// `user`; `command line`: somebody at the server's; `worker`: the program by itself; `stranger`: somebody who was not
    /// asked to log in.
    #[schema(example = "user")]
    actor_kind: String,
    #[schema(example = "user.block")]
    action: String,
    /// Names fields and reasons, not their values.
    #[schema(example = "گزارش سوءاستفاده")]
    detail: String,
    #[schema(example = "req_3f9a1c0b7e52d8460a1b")]
    request_id: String,
}

fn body(entry: Recorded) -> AuditEntry {
    AuditEntry {
        at: rfc3339(entry.at),
        actor_id: entry.actor_id.map_or_else(String::new, |id| id.to_string()),
        actor_kind: entry.actor_kind,
        action: entry.action,
        detail: entry.detail,
        request_id: entry.request_id,
    }
}

#[utoipa::path(
    get,
    path = "/api/v1/admin/users/{id}/audit/",
    tag = "admin",
    operation_id = "read_user_audit",
    summary = "Read the audit log about a user",
    description = "Every look is written to the audit log.",
    params(
        ("id" = uuid::Uuid, Path, description = "The user's id"),
        ("page" = Option<i64>, Query, description = "From 1", minimum = 1),
        ("page_size" = Option<i64>, Query, description = "1 to 100", minimum = 1, maximum = 100),
    ),
    responses((status = 200, description = "One page, newest first", body = PageBody<AuditEntry>)),
    security(("bearer" = [])),
)]
pub(crate) async fn read_user_audit(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Admin>,
    Origin(origin): Origin,
    Id(id): Id,
    uri: Uri,
    ValidQuery(query): ValidQuery<AuditQuery>,
) -> ApiResult<Json<PageBody<AuditEntry>>> {
    let by = By::caller(&caller, &origin);
    let found = admin::audit_of_user(&api.app, &by, UserId(id), query.page).await?;
    Ok(Json(pagination::body(&api, &uri, query.page, found, body)))
}
