//! `GET admin/users/{id}/`: one user. For staff and admins; audited.

use app::{By, admin};
use axum::{Json, extract::State};
use domain::ids::UserId;

use super::{User, body};
use crate::{
    Api,
    errors::ApiResult,
    extract::{Caller, Id, Origin, StaffOrAdmin},
};

#[utoipa::path(
    get,
    path = "/api/v1/admin/users/{id}/",
    tag = "admin",
    operation_id = "read_user",
    summary = "Read a user",
    description = "Every look is written to the audit log.",
    params(("id" = uuid::Uuid, Path, description = "The user's id")),
    responses((status = 200, description = "The user", body = User)),
    security(("bearer" = [])),
)]
pub(crate) async fn read_user(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<StaffOrAdmin>,
    Origin(origin): Origin,
    Id(id): Id,
) -> ApiResult<Json<User>> {
    let by = By::caller(&caller, &origin);
    Ok(Json(body(admin::user(&api.app, &by, UserId(id)).await?)))
}
