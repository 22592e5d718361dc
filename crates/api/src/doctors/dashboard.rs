//! `GET doctors/dashboard/`: the doctor's day at a glance (D25). For doctors alone.

use app::visits::{self, ForDoctor, Stats};
use axum::{Json, extract::State};
use domain::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::encounters::{DoctorPatient, patient};
use crate::{
    Api,
    errors::ApiResult,
    extract::{Caller, Doctor},
    patients::doctors::average,
    time::rfc3339,
};

#[derive(Serialize, ToSchema)]
pub(crate) struct DashboardBody {
    today_stats: TodayStats,
    /// From Saturday on.
    week_stats: WeekStats,
    /// The next five that are paid for, one that is going on included.
    upcoming_appointments: Vec<Appointment>,
    /// The five newest.
    notifications: Vec<DashboardNotification>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct TodayStats {
    #[schema(example = 12)]
    total_appointments: i64,
    #[schema(example = 8)]
    completed: i64,
    /// Still to come or going on.
    #[schema(example = 3)]
    pending: i64,
    #[schema(example = 1)]
    cancelled: i64,
    #[schema(example = 0)]
    no_show: i64,
    /// Fees of the completed visits. Rials.
    #[schema(example = 6_400_000)]
    revenue: i64,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct WeekStats {
    #[schema(example = 45)]
    total_appointments: i64,
    /// Of this week's visits that were rated; 0 when none was.
    #[schema(example = 4.7)]
    average_rating: f64,
    /// Fees of the completed visits. Rials.
    #[schema(example = 27_000_000)]
    total_revenue: i64,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Appointment {
    id: Uuid,
    patient: DoctorPatient,
    #[schema(example = "2024-01-20T16:00:00Z", format = "date-time")]
    scheduled_at: String,
    #[schema(example = "سرفه مداوم")]
    chief_complaint: String,
    #[schema(example = "online")]
    visit_type: &'static str,
    #[schema(example = "confirmed")]
    status: &'static str,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct DashboardNotification {
    id: Uuid,
    #[serde(rename = "type")]
    #[schema(example = "appointment_reminder")]
    kind: String,
    #[schema(example = "ویزیت بعدی شما 30 دقیقه دیگر شروع می‌شود")]
    message: String,
    #[schema(example = "2024-01-20T15:30:00Z", format = "date-time")]
    created_at: String,
    #[schema(example = false)]
    is_read: bool,
}

fn today(stats: Stats) -> TodayStats {
    TodayStats {
        total_appointments: stats.total,
        completed: stats.completed,
        pending: stats.pending,
        cancelled: stats.cancelled,
        no_show: stats.no_show,
        revenue: stats.revenue.get(),
    }
}

fn appointment(found: ForDoctor, now: Timestamp) -> Appointment {
    Appointment {
        patient: patient(&found, now),
        id: found.visit.id.0,
        scheduled_at: rfc3339(found.visit.starts_at),
        visit_type: found.visit.kind.as_str(),
        status: found.visit.status_at(now).as_str(),
        chief_complaint: found.visit.chief_complaint,
    }
}

#[utoipa::path(
    get,
    path = "/api/v1/doctors/dashboard/",
    tag = "doctors",
    operation_id = "read_dashboard",
    summary = "The doctor's day at a glance",
    description = "Days are those of Tehran, weeks begin on Saturday.",
    responses((status = 200, description = "The numbers now", body = DashboardBody)),
    security(("bearer" = [])),
)]
pub(crate) async fn read_dashboard(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Doctor>,
) -> ApiResult<Json<DashboardBody>> {
    let found = visits::dashboard(&api.app, &caller).await?;
    let notification = |n: app::notifications::Notification| DashboardNotification {
        id: n.id.0,
        kind: n.kind,
        message: n.message,
        created_at: rfc3339(n.created_at),
        is_read: n.read_at.is_some(),
    };
    Ok(Json(DashboardBody {
        today_stats: today(found.today),
        week_stats: WeekStats {
            total_appointments: found.week.total,
            average_rating: average(found.week.rating_sum, found.week.rating_count),
            total_revenue: found.week.revenue.get(),
        },
        upcoming_appointments: found.upcoming.into_iter().map(|v| appointment(v, found.at)).collect(),
        notifications: found.notifications.into_iter().map(notification).collect(),
    }))
}
