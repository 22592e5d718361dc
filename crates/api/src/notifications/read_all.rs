//! `POST notifications/read-all/`: notes that the caller has read all there is. For everybody.

use app::notifications;
use axum::{extract::State, http::StatusCode};

use crate::{
    Api,
    errors::ApiResult,
    extract::{Anyone, Caller},
};

#[utoipa::path(
    post,
    path = "/api/v1/notifications/read-all/",
    tag = "notifications",
    operation_id = "mark_all_notifications_read",
    summary = "Mark all of the caller's notifications as read",
    responses((status = 204, description = "None is unread")),
    security(("bearer" = [])),
)]
pub(crate) async fn mark_all_notifications_read(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Anyone>,
) -> ApiResult<StatusCode> {
    notifications::mark_all_read(&api.app, caller.user).await?;
    Ok(StatusCode::NO_CONTENT)
}
