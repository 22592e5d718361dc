//! `POST admin/users/{id}/block/` and `…/unblock/`. For admins.

use app::{By, admin};
use axum::{extract::State, http::StatusCode};
use domain::ids::UserId;

use crate::{
    Api,
    admin::ReasonBody,
    errors::ApiResult,
    extract::{Admin, Caller, Id, Origin, ValidJson},
};

#[utoipa::path(
    post,
    path = "/api/v1/admin/users/{id}/block/",
    tag = "admin",
    operation_id = "block_user",
    summary = "Block a user's phone number",
    description = "Their logins end, and their number can't log in. 409 when it is blocked already, and for admins, who are blocked at the server's command line.",
    params(("id" = uuid::Uuid, Path, description = "The user's id")),
    request_body = ReasonBody,
    responses((status = 204, description = "Blocked")),
    security(("bearer" = [])),
)]
pub(crate) async fn block_user(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Admin>,
    Origin(origin): Origin,
    Id(id): Id,
    ValidJson { value, .. }: ValidJson<ReasonBody>,
) -> ApiResult<StatusCode> {
    let by = By::caller(&caller, &origin);
    admin::block_user(&api.app, &by, UserId(id), &value.reason).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[utoipa::path(
    post,
    path = "/api/v1/admin/users/{id}/unblock/",
    tag = "admin",
    operation_id = "unblock_user",
    summary = "Let a blocked user log in again",
    description = "409 when the number is not blocked.",
    params(("id" = uuid::Uuid, Path, description = "The user's id")),
    responses((status = 204, description = "Unblocked")),
    security(("bearer" = [])),
)]
pub(crate) async fn unblock_user(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Admin>,
    Origin(origin): Origin,
    Id(id): Id,
) -> ApiResult<StatusCode> {
    let by = By::caller(&caller, &origin);
    admin::unblock_user(&api.app, &by, UserId(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
