//! `GET, PUT, PATCH doctors/settings/`: a doctor's own settings. For doctors alone.

use app::doctors::{self, SettingsUpdate};
use axum::{Json, extract::State};
use domain::{
    practice::Practice,
    schedule::{TimeOfDay, Weekday},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::settings_body::SettingsBody;
use crate::{
    Api,
    errors::ApiResult,
    extract::{Caller, Doctor, Origin, ValidJson},
};

/// A doctor's own settings.
#[derive(Serialize, ToSchema)]
pub(crate) struct DoctorSettings {
    consultation_settings: ConsultationSettings,
    availability: Availability,
    notification_preferences: NotificationPreferences,
    /// As the list of insurers spells them.
    #[schema(example = json!(["تامین اجتماعی", "ایران", "آسیا"]))]
    accepted_insurances: Vec<String>,
    /// Where patients come to.
    #[schema(example = "تهران، خیابان ولیعصر، پلاک 123")]
    address: String,
    /// What patients read about the doctor.
    #[schema(example = "فلوشیپ نارسایی قلب")]
    about: String,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct ConsultationSettings {
    #[schema(example = true)]
    online_consultation_enabled: bool,
    /// Rials.
    #[schema(example = 600_000)]
    online_consultation_fee: i64,
    #[schema(example = true)]
    in_person_consultation_enabled: bool,
    /// Rials.
    #[schema(example = 800_000)]
    in_person_consultation_fee: i64,
    /// Minutes.
    #[schema(example = 20)]
    consultation_duration: i64,
    /// Minutes between two visits.
    #[schema(example = 10)]
    buffer_time: i64,
}

/// Times and days of Tehran.
#[derive(Serialize, ToSchema)]
pub(crate) struct Availability {
    #[schema(value_type = Vec<String>, example = json!(["saturday", "sunday", "monday", "tuesday", "wednesday"]))]
    working_days: Vec<&'static str>,
    working_hours: Hours,
    break_times: Vec<Hours>,
    /// Gregorian `YYYY-MM-DD`.
    #[schema(example = json!(["2024-03-20"]))]
    days_off: Vec<String>,
    leaves: Vec<LeaveDays>,
}

/// From one time of day to another, `HH:MM`.
#[derive(Serialize, ToSchema)]
pub(crate) struct Hours {
    #[schema(example = "12:00")]
    start: String,
    #[schema(example = "13:00")]
    end: String,
}

/// Days away, both included. Gregorian `YYYY-MM-DD`.
#[derive(Serialize, ToSchema)]
pub(crate) struct LeaveDays {
    #[schema(example = "2024-03-20")]
    from: String,
    #[schema(example = "2024-04-02")]
    to: String,
}

/// What the doctor wants to be told.
#[derive(Serialize, ToSchema)]
#[expect(clippy::struct_excessive_bools, reason = "the reference's own four switches")]
pub(crate) struct NotificationPreferences {
    #[schema(example = true)]
    appointment_reminders: bool,
    #[schema(example = true)]
    new_appointments: bool,
    #[schema(example = true)]
    cancellations: bool,
    #[schema(example = true)]
    payment_notifications: bool,
}

fn hours(start: TimeOfDay, end: TimeOfDay) -> Hours {
    Hours { start: start.to_string(), end: end.to_string() }
}

fn body(practice: Practice) -> DoctorSettings {
    let (schedule, told) = (practice.schedule, practice.preferences);
    DoctorSettings {
        consultation_settings: ConsultationSettings {
            online_consultation_enabled: practice.online_enabled,
            online_consultation_fee: practice.online_fee.get(),
            in_person_consultation_enabled: practice.in_person_enabled,
            in_person_consultation_fee: practice.in_person_fee.get(),
            consultation_duration: schedule.duration,
            buffer_time: schedule.buffer,
        },
        availability: Availability {
            working_days: schedule.days.into_iter().map(Weekday::as_str).collect(),
            working_hours: hours(schedule.start, schedule.end),
            break_times: schedule.breaks.iter().map(|one| hours(one.start, one.end)).collect(),
            days_off: schedule.days_off.iter().map(ToString::to_string).collect(),
            leaves: schedule
                .leaves
                .iter()
                .map(|leave| LeaveDays { from: leave.from.to_string(), to: leave.to.to_string() })
                .collect(),
        },
        notification_preferences: NotificationPreferences {
            appointment_reminders: told.appointment_reminders,
            new_appointments: told.new_appointments,
            cancellations: told.cancellations,
            payment_notifications: told.payment_notifications,
        },
        accepted_insurances: practice.insurers,
        address: practice.address,
        about: practice.about,
    }
}

#[utoipa::path(
    get,
    path = "/api/v1/doctors/settings/",
    tag = "doctors",
    operation_id = "read_settings",
    summary = "Read the caller's own settings",
    description = "A doctor who has set nothing yet offers nothing: no kind of visit, on no day.",
    responses((status = 200, description = "The settings", body = DoctorSettings)),
    security(("bearer" = [])),
)]
pub(crate) async fn read_settings(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Doctor>,
) -> ApiResult<Json<DoctorSettings>> {
    Ok(Json(body(doctors::read_settings(&api.app, &caller).await?)))
}

#[utoipa::path(
    put,
    path = "/api/v1/doctors/settings/",
    tag = "doctors",
    operation_id = "replace_settings",
    summary = "Replace the caller's own settings",
    description = "Fields that are not sent become what they are before anything is set. Without \
        `in_person_consultation_enabled`, visits in person are taken if their fee is more than 0. \
        What GET answers may be sent back as it is. Visits that are booked already stay.",
    request_body = SettingsBody,
    responses((status = 200, description = "The settings as they are now", body = DoctorSettings)),
    security(("bearer" = [])),
)]
pub(crate) async fn replace_settings(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Doctor>,
    Origin(origin): Origin,
    ValidJson { value, .. }: ValidJson<SettingsBody>,
) -> ApiResult<Json<DoctorSettings>> {
    let update = SettingsUpdate::Replace(value.for_all());
    Ok(Json(body(doctors::update_settings(&api.app, &caller, update, &origin).await?)))
}

#[utoipa::path(
    patch,
    path = "/api/v1/doctors/settings/",
    tag = "doctors",
    operation_id = "change_settings",
    summary = "Change parts of the caller's own settings",
    description = "Fields that are not sent or null stay, inside objects too; lists are replaced whole. \
        Visits that are booked already stay.",
    request_body = SettingsBody,
    responses((status = 200, description = "The settings as they are now", body = DoctorSettings)),
    security(("bearer" = [])),
)]
pub(crate) async fn change_settings(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Doctor>,
    Origin(origin): Origin,
    ValidJson { value, .. }: ValidJson<SettingsBody>,
) -> ApiResult<Json<DoctorSettings>> {
    let update = SettingsUpdate::Merge(value.changes);
    Ok(Json(body(doctors::update_settings(&api.app, &caller, update, &origin).await?)))
}
