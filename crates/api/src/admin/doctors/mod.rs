//! The register of doctors. For admins; staff may read it.

pub(crate) mod change;
pub(crate) mod create;
pub(crate) mod list;
pub(crate) mod read;
pub(crate) mod suspend;

use app::admin;
use domain::{profile::Gender, text::required_line, violation::Parsed};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::time::rfc3339;

/// A doctor as admins see them.
#[derive(Serialize, ToSchema)]
pub(crate) struct Doctor {
    #[schema(example = "018d2f6a-3c5e-7b1a-9f00-1c2d3e4f5a6b")]
    id: Uuid,
    #[schema(example = "+989121112233")]
    phone_number: String,
    #[schema(example = "مریم")]
    first_name: String,
    #[schema(example = "رضایی")]
    last_name: String,
    /// شماره نظام پزشکی
    #[schema(example = "12345")]
    medical_council_number: String,
    /// The specialty's code.
    #[schema(example = "cardiology")]
    specialty: String,
    #[schema(example = "تهران")]
    province: String,
    #[schema(example = "تهران")]
    city: String,
    /// `male`, `female` or empty.
    #[schema(example = "female")]
    gender: &'static str,
    #[schema(example = json!(["فارسی", "انگلیسی"]))]
    languages: Vec<String>,
    #[schema(example = 15)]
    experience_years: i64,
    #[schema(value_type = StatusName, example = "active")]
    status: &'static str,
    #[schema(example = "2024-01-15T10:30:00Z", format = "date-time")]
    created_at: String,
}

/// Suspended doctors can't log in.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "describes the wire; the value itself is the domain's")]
pub(crate) enum StatusName {
    Active,
    Suspended,
}

fn body(doctor: admin::Doctor) -> Doctor {
    let entry = doctor.entry;
    Doctor {
        id: doctor.id.0,
        phone_number: doctor.phone.e164(),
        first_name: entry.first_name,
        last_name: entry.last_name,
        medical_council_number: entry.council_number,
        specialty: entry.specialty,
        province: entry.province,
        city: entry.city,
        gender: entry.gender.map_or("", Gender::as_str),
        languages: entry.languages,
        experience_years: entry.experience_years,
        status: doctor.status.as_str(),
        created_at: rfc3339(doctor.created_at),
    }
}

const NAME: usize = 100;
const MAX_LANGUAGES: usize = 20;
const MAX_EXPERIENCE: i64 = 80;

fn name(text: &str) -> Parsed<String> {
    required_line(text, NAME)
}

/// The empty text means that it isn't known.
fn gender(text: &str) -> Parsed<Option<Gender>> {
    if text.is_empty() { Ok(None) } else { Gender::parse(text).map(Some) }
}

fn language(text: &str) -> Parsed<String> {
    required_line(text, 40)
}
