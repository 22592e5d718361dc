//! `PATCH admin/doctors/{id}/`: changes parts of a doctor's entry. For admins.

use app::{
    By,
    admin::{self, DoctorChange},
};
use axum::{Json, extract::State};
use domain::{doctor, ids::UserId, violation::Parsed};
use serde_json::Value;
use utoipa::ToSchema;

use super::{Doctor, MAX_EXPERIENCE, MAX_LANGUAGES, body, gender, language, name};
use crate::{
    Api,
    errors::ApiResult,
    extract::{Admin, Body, Caller, Fields, Id, Origin, ValidJson, integer, list, text},
};

/// Parts of an entry; what is missing or `null` stays.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the wire; the values are in `changes`")]
pub(crate) struct ChangeDoctorBody {
    #[schema(value_type = Option<String>, example = "مریم", min_length = 1, max_length = 100)]
    first_name: (),
    #[schema(value_type = Option<String>, example = "رضایی", min_length = 1, max_length = 100)]
    last_name: (),
    #[schema(value_type = Option<String>, example = "12345")]
    medical_council_number: (),
    #[schema(value_type = Option<String>, example = "cardiology")]
    specialty: (),
    #[schema(value_type = Option<String>, example = "تهران", min_length = 1, max_length = 100)]
    province: (),
    #[schema(value_type = Option<String>, example = "تهران", min_length = 1, max_length = 100)]
    city: (),
    #[schema(value_type = Option<String>, example = "female", pattern = "^(male|female|)$")]
    gender: (),
    #[schema(value_type = Option<Vec<String>>, example = json!(["فارسی"]), max_items = 20)]
    languages: (),
    #[schema(value_type = Option<i64>, example = 15, minimum = 0, maximum = 80)]
    experience_years: (),
    #[schema(ignore)]
    changes: Vec<DoctorChange>,
}

impl Body for ChangeDoctorBody {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let mut changes = Vec::new();
        let mut put = |change: Option<DoctorChange>| changes.extend(change);
        put(one(fields, "first_name", text(name), DoctorChange::FirstName));
        put(one(fields, "last_name", text(name), DoctorChange::LastName));
        put(one(fields, "medical_council_number", text(doctor::council_number), DoctorChange::CouncilNumber));
        put(one(fields, "specialty", text(doctor::specialty), DoctorChange::Specialty));
        put(one(fields, "province", text(name), DoctorChange::Province));
        put(one(fields, "city", text(name), DoctorChange::City));
        put(one(fields, "gender", text(gender), DoctorChange::Gender));
        put(one(fields, "languages", list(MAX_LANGUAGES, language), DoctorChange::Languages));
        put(one(fields, "experience_years", integer(0, MAX_EXPERIENCE), DoctorChange::ExperienceYears));
        Some(Self {
            first_name: (),
            last_name: (),
            medical_council_number: (),
            specialty: (),
            province: (),
            city: (),
            gender: (),
            languages: (),
            experience_years: (),
            changes,
        })
    }
}

fn one<T>(
    fields: &mut Fields<'_>,
    field: &'static str,
    read: impl FnOnce(&Value) -> Parsed<T>,
    change: fn(T) -> DoctorChange,
) -> Option<DoctorChange> {
    fields.optional(field, read).flatten().map(change)
}

#[utoipa::path(
    patch,
    path = "/api/v1/admin/doctors/{id}/",
    tag = "admin",
    operation_id = "change_doctor",
    summary = "Change a doctor's entry",
    params(("id" = uuid::Uuid, Path, description = "The doctor's id")),
    request_body = ChangeDoctorBody,
    responses((status = 200, description = "The doctor as they are now", body = Doctor)),
    security(("bearer" = [])),
)]
pub(crate) async fn change_doctor(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Admin>,
    Origin(origin): Origin,
    Id(id): Id,
    ValidJson { value, .. }: ValidJson<ChangeDoctorBody>,
) -> ApiResult<Json<Doctor>> {
    let by = By::caller(&caller, &origin);
    Ok(Json(body(admin::update_doctor(&api.app, &by, UserId(id), value.changes).await?)))
}
