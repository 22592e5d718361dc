//! `POST notifications/{id}/read/`: notes that the caller has read it. For everybody; somebody else's is 404.

use app::notifications;
use axum::{Json, extract::State};
use domain::ids::NotificationId;

use super::{NotificationItem, body};
use crate::{
    Api,
    errors::ApiResult,
    extract::{Anyone, Caller, Id},
};

#[utoipa::path(
    post,
    path = "/api/v1/notifications/{id}/read/",
    tag = "notifications",
    operation_id = "mark_notification_read",
    summary = "Mark a notification as read",
    description = "Marking it again changes nothing and is answered alike.",
    params(("id" = uuid::Uuid, Path, description = "Of one of the caller's notifications")),
    responses((status = 200, description = "The notification as it is now", body = NotificationItem)),
    security(("bearer" = [])),
)]
pub(crate) async fn mark_notification_read(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Anyone>,
    Id(id): Id,
) -> ApiResult<Json<NotificationItem>> {
    Ok(Json(body(notifications::mark_read(&api.app, caller.user, NotificationId(id)).await?)))
}
