//! `POST admin/doctors/`: writes a new doctor into the register. For admins. Honours `Idempotency-Key`.

use app::{
    By,
    admin::{self, CreateDoctor, Entry},
};
use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use domain::{Phone, doctor, profile::Gender};
use utoipa::ToSchema;

use super::{Doctor, MAX_EXPERIENCE, MAX_LANGUAGES, body, gender, language, name};
use crate::{
    Api,
    errors::ApiResult,
    extract::{Admin, Body, Caller, Fields, Idempotency, Origin, ValidJson, answer, integer, list, text},
};

/// A new doctor. The owner of the phone number can log in as that doctor from now on.
#[derive(ToSchema)]
pub(crate) struct CreateDoctorBody {
    #[schema(value_type = String, example = "+989121112233")]
    phone_number: Phone,
    #[schema(example = "مریم", min_length = 1, max_length = 100)]
    first_name: String,
    #[schema(example = "رضایی", min_length = 1, max_length = 100)]
    last_name: String,
    /// شماره نظام پزشکی, 1 to 10 digits; no two doctors have the same.
    #[schema(example = "12345")]
    medical_council_number: String,
    /// The specialty's code: small Latin letters, digits, `-`, `_`.
    #[schema(example = "cardiology")]
    specialty: String,
    /// The city, if it is the province's capital of the same name.
    #[schema(value_type = Option<String>, example = "تهران", max_length = 100)]
    province: String,
    #[schema(example = "تهران", min_length = 1, max_length = 100)]
    city: String,
    #[schema(value_type = Option<String>, example = "female", pattern = "^(male|female|)$")]
    gender: Option<Gender>,
    /// `["فارسی"]` unless it says otherwise.
    #[schema(value_type = Option<Vec<String>>, example = json!(["فارسی", "انگلیسی"]), max_items = 20)]
    languages: Vec<String>,
    /// 0 to 80; 0 unless it says otherwise.
    #[schema(value_type = Option<i64>, example = 15, minimum = 0, maximum = 80)]
    experience_years: i64,
}

impl Body for CreateDoctorBody {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let phone_number = fields.required("phone_number", text(Phone::parse));
        let first_name = fields.required("first_name", text(name));
        let last_name = fields.required("last_name", text(name));
        let council_number = fields.required("medical_council_number", text(doctor::council_number));
        let specialty = fields.required("specialty", text(doctor::specialty));
        let province = fields.optional("province", text(name));
        let city = fields.required("city", text(name));
        let gender = fields.optional("gender", text(gender));
        let languages = fields.optional("languages", list(MAX_LANGUAGES, language));
        let experience = fields.optional("experience_years", integer(0, MAX_EXPERIENCE));
        let city = city?;
        Some(Self {
            phone_number: phone_number?,
            first_name: first_name?,
            last_name: last_name?,
            medical_council_number: council_number?,
            specialty: specialty?,
            province: province?.unwrap_or_else(|| city.clone()),
            city,
            gender: gender?.flatten(),
            languages: languages?.unwrap_or_else(|| vec!["فارسی".into()]),
            experience_years: experience?.unwrap_or(0),
        })
    }
}

#[utoipa::path(
    post,
    path = "/api/v1/admin/doctors/",
    tag = "admin",
    operation_id = "create_doctor",
    summary = "Add a doctor",
    description = "A patient with this number becomes the doctor; their logins end.",
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 255 characters; the same key and body are answered as the first time, with Idempotent-Replay: true", max_length = 255)),
    request_body = CreateDoctorBody,
    responses((status = 201, description = "The new doctor", body = Doctor)),
    security(("bearer" = [])),
)]
pub(crate) async fn create_doctor(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Admin>,
    Origin(origin): Origin,
    idempotency: Idempotency,
    ValidJson { value, bytes }: ValidJson<CreateDoctorBody>,
) -> ApiResult<Response> {
    let input = CreateDoctor {
        phone: value.phone_number,
        entry: Entry {
            first_name: value.first_name,
            last_name: value.last_name,
            council_number: value.medical_council_number,
            specialty: value.specialty,
            province: value.province,
            city: value.city,
            gender: value.gender,
            languages: value.languages,
            experience_years: value.experience_years,
        },
        by: By::caller(&caller, &origin),
        once: idempotency.once(&caller, "create_doctor", &bytes),
        render: |doctor| serde_json::json!(body(doctor)),
    };
    let answered = admin::create_doctor(&api.app, input).await?;
    Ok(answer(answered, |doctor| (StatusCode::CREATED, Json(doctor)).into_response()))
}
