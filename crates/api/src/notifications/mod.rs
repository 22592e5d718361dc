//! What the caller was told (D26). For everybody who is logged in.

mod list;
mod read;
mod read_all;

use app::notifications::Notification;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{Api, time::rfc3339};

pub(crate) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list::list_notifications))
        .routes(routes!(read::mark_notification_read))
        .routes(routes!(read_all::mark_all_notifications_read))
}

/// Something that the caller was told.
#[derive(Serialize, ToSchema)]
pub(crate) struct NotificationItem {
    #[schema(example = "018d2f6a-3c5e-7b1a-9f00-1c2d3e4f5a6b")]
    id: Uuid,
    #[serde(rename = "type")]
    #[schema(value_type = NotificationType, example = "appointment_reminder")]
    kind: String,
    #[schema(example = "ویزیت بعدی شما 30 دقیقه دیگر شروع می‌شود")]
    message: String,
    #[schema(example = "2024-01-20T15:30:00Z", format = "date-time")]
    created_at: String,
    is_read: bool,
    /// The visit that it is about.
    #[schema(example = "018d2f6a-3c5e-7b1a-9f00-1c2d3e4f5a6c")]
    encounter_id: Option<Uuid>,
}

/// What it is about. More may come.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "describes the wire; the value itself is the use case's")]
pub(crate) enum NotificationType {
    AppointmentReminder,
    NewAppointment,
    AppointmentConfirmed,
    AppointmentCancelled,
    AppointmentRescheduled,
    PaymentReceived,
    PrescriptionSigned,
    RatingReceived,
}

fn body(notification: Notification) -> NotificationItem {
    NotificationItem {
        id: notification.id.0,
        kind: notification.kind,
        message: notification.message,
        created_at: rfc3339(notification.created_at),
        is_read: notification.read_at.is_some(),
        encounter_id: notification.visit.map(|visit| visit.0),
    }
}
