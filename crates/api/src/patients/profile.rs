//! `GET, PUT, PATCH patients/profile/`: a patient's own profile (D16). For patients alone.

use app::patients::{self, Patient as Stored, Update};
use axum::{Json, extract::State};
use domain::{Phone, Violation, days, profile::Gender};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::profile_body::ProfileBody;
use crate::{
    Api,
    errors::{ApiError, ApiResult},
    extract::{Caller, Origin, Patient, ValidJson},
};

/// A patient's profile. Unset texts are empty, unset numbers are 0, unset lists are empty: a documented
/// field is never missing and never of another type.
#[derive(Serialize, ToSchema)]
pub(crate) struct Profile {
    #[schema(example = "550e8400-e29b-41d4-a716-446655440000")]
    id: Uuid,
    #[schema(example = "+989121234567")]
    phone_number: String,
    #[schema(example = "علی")]
    first_name: String,
    #[schema(example = "محمدی")]
    last_name: String,
    /// Ten digits.
    #[schema(example = "0012345679")]
    national_id: String,
    /// Jalali `YYYY-MM-DD`.
    #[schema(example = "1370-01-01")]
    date_of_birth: String,
    /// `male`, `female` or empty.
    #[schema(example = "male")]
    gender: &'static str,
    #[schema(example = "ali@example.com")]
    email: String,
    address: Address,
    emergency_contact: EmergencyContact,
    medical_info: MedicalInfo,
    insurance: Insurance,
    /// First and last name, national id, birth date and gender are set.
    is_profile_complete: bool,
}

#[derive(Serialize, ToSchema)]
#[expect(clippy::struct_field_names, reason = "the reference's own names")]
pub(crate) struct Address {
    #[schema(example = "تهران")]
    province: String,
    #[schema(example = "تهران")]
    city: String,
    /// Ten digits.
    #[schema(example = "1234567890")]
    postal_code: String,
    #[schema(example = "خیابان ولیعصر، پلاک 123")]
    address: String,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct EmergencyContact {
    #[schema(example = "محمد محمدی")]
    name: String,
    #[schema(example = "برادر")]
    relationship: String,
    #[schema(example = "+989123456789")]
    phone_number: String,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct MedicalInfo {
    /// One of A+, A-, B+, B-, AB+, AB-, O+, O-, or empty.
    #[schema(example = "A+")]
    blood_type: String,
    /// Centimetres; 0 when not set.
    #[schema(example = 175)]
    height: Number,
    /// Kilograms; 0 when not set.
    #[schema(example = 70)]
    weight: Number,
    #[schema(example = json!(["پنی‌سیلین"]))]
    allergies: Vec<String>,
    #[schema(example = json!(["دیابت نوع 2"]))]
    chronic_diseases: Vec<String>,
    #[schema(example = json!(["متفورمین"]))]
    current_medications: Vec<String>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Insurance {
    #[schema(example = "تامین اجتماعی")]
    provider: String,
    #[schema(example = "1234567890")]
    number: String,
    /// Jalali `YYYY-MM-DD`.
    #[schema(example = "1403-12-29")]
    expiry_date: String,
}

/// Written without a fraction where it has none, as the reference shows.
#[derive(ToSchema)]
#[schema(value_type = f64)]
pub(crate) struct Number(f64);

impl Serialize for Number {
    #[expect(clippy::cast_possible_truncation, reason = "whole, and below a thousand by its own rule")]
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if self.0.fract() == 0.0 { to.serialize_i64(self.0 as i64) } else { to.serialize_f64(self.0) }
    }
}

fn body(patient: Stored) -> Profile {
    let is_profile_complete = patient.profile.is_complete();
    let profile = patient.profile;
    let medical = profile.medical_info;
    Profile {
        id: patient.id.0,
        phone_number: patient.phone.e164(),
        first_name: profile.first_name,
        last_name: profile.last_name,
        national_id: profile.national_id.map(|id| id.as_str().to_owned()).unwrap_or_default(),
        date_of_birth: profile.date_of_birth.map(days::jalali).unwrap_or_default(),
        gender: profile.gender.map_or("", Gender::as_str),
        email: profile.email,
        address: Address {
            province: profile.address.province,
            city: profile.address.city,
            postal_code: profile.address.postal_code,
            address: profile.address.address,
        },
        emergency_contact: EmergencyContact {
            name: profile.emergency_contact.name,
            relationship: profile.emergency_contact.relationship,
            phone_number: profile.emergency_contact.phone_number,
        },
        medical_info: MedicalInfo {
            blood_type: medical.blood_type,
            height: Number(medical.height.unwrap_or_default()),
            weight: Number(medical.weight.unwrap_or_default()),
            allergies: medical.allergies,
            chronic_diseases: medical.chronic_diseases,
            current_medications: medical.current_medications,
        },
        insurance: Insurance {
            provider: profile.insurance.provider,
            number: profile.insurance.number,
            expiry_date: profile.insurance.expiry_date.map(days::jalali).unwrap_or_default(),
        },
        is_profile_complete,
    }
}

#[utoipa::path(
    get,
    path = "/api/v1/patients/profile/",
    tag = "patients",
    operation_id = "read_profile",
    summary = "Read the caller's own profile",
    responses((status = 200, description = "The profile", body = Profile)),
    security(("bearer" = [])),
)]
pub(crate) async fn read_profile(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Patient>,
) -> ApiResult<Json<Profile>> {
    Ok(Json(body(patients::read_profile(&api.app, &caller).await?)))
}

#[utoipa::path(
    put,
    path = "/api/v1/patients/profile/",
    tag = "patients",
    operation_id = "replace_profile",
    summary = "Replace the caller's own profile",
    description = "Fields that are not sent become empty. What GET answers may be sent back as it is.",
    request_body = ProfileBody,
    responses((status = 200, description = "The profile as it is now", body = Profile)),
    security(("bearer" = [])),
)]
pub(crate) async fn replace_profile(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Patient>,
    Origin(origin): Origin,
    ValidJson { value, .. }: ValidJson<ProfileBody>,
) -> ApiResult<Json<Profile>> {
    update(&api, &caller, value, Update::Replace, &origin).await
}

#[utoipa::path(
    patch,
    path = "/api/v1/patients/profile/",
    tag = "patients",
    operation_id = "change_profile",
    summary = "Change parts of the caller's own profile",
    description = "Fields that are not sent stay, inside objects too; lists are replaced whole; null empties a field.",
    request_body = ProfileBody,
    responses((status = 200, description = "The profile as it is now", body = Profile)),
    security(("bearer" = [])),
)]
pub(crate) async fn change_profile(
    State(api): State<Api>,
    Caller { caller, .. }: Caller<Patient>,
    Origin(origin): Origin,
    ValidJson { value, .. }: ValidJson<ProfileBody>,
) -> ApiResult<Json<Profile>> {
    update(&api, &caller, value, Update::Merge, &origin).await
}

async fn update(
    api: &Api,
    caller: &app::Caller,
    sent: ProfileBody,
    how: fn(Vec<patients::Change>) -> Update,
    origin: &app::Origin,
) -> ApiResult<Json<Profile>> {
    if let Some(phone) = sent.phone_number {
        refuse_other_phone(api, caller, &phone).await?;
    }
    if sent.id.is_some_and(|id| id != caller.user.0) {
        return Err(ApiError::fields(vec![("id".into(), Violation::ReadOnly)]));
    }
    Ok(Json(body(patients::update_profile(&api.app, caller, how(sent.changes), origin).await?)))
}

/// The number may be sent back as it is; changing it takes more than a profile.
async fn refuse_other_phone(api: &Api, caller: &app::Caller, phone: &Phone) -> ApiResult<()> {
    let current = patients::read_profile(&api.app, caller).await?.phone;
    if current == *phone {
        Ok(())
    } else {
        Err(ApiError::fields(vec![("phone_number".into(), Violation::ReadOnly)]))
    }
}
