//! A visit as its doctor sees it.

use app::visits::ForDoctor;
use domain::{Timestamp, days, profile::Gender};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    Api,
    patients::encounters::{meeting_link, minutes},
    time::rfc3339,
};

/// What the patient said, their age and gender are empty while the visit is not paid, after it was cancelled or missed,
/// and from 30 days after its end on.
#[derive(Serialize, ToSchema)]
pub(crate) struct DoctorEncounter {
    #[schema(example = "018d2f6a-3c5e-7b1a-9f00-1c2d3e4f5a6b")]
    id: Uuid,
    #[schema(example = "HLS-2024-0120-1600")]
    booking_reference: String,
    patient: DoctorPatient,
    #[schema(example = "2024-01-20T16:00:00Z", format = "date-time")]
    scheduled_at: String,
    #[schema(example = "2024-01-20T16:20:00Z", format = "date-time")]
    ends_at: String,
    #[schema(example = 20)]
    duration_minutes: i64,
    #[schema(example = "سرفه مداوم")]
    chief_complaint: String,
    #[schema(example = "از دو روز پیش سرفه خشک دارم")]
    description: String,
    #[schema(example = "online")]
    visit_type: &'static str,
    #[schema(example = "confirmed")]
    status: &'static str,
    /// From 15 minutes before the start on.
    meeting_link: Option<String>,
    /// The draft or signed prescription, if there is one.
    prescription: Option<DoctorPrescription>,
    /// Rials.
    #[schema(example = 800_000)]
    total_cost: i64,
    /// An admin put it on top of another visit.
    #[schema(example = false)]
    is_overbooked: bool,
    started_at: Option<String>,
    ended_at: Option<String>,
    /// `patient`, `doctor`, `admin` or `expired`, if it was cancelled.
    cancelled_by: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct DoctorPrescription {
    id: Uuid,
    #[schema(example = 3)]
    medications_count: i64,
}

/// A patient as the doctor of a visit sees them.
#[derive(Serialize, ToSchema)]
pub(crate) struct DoctorPatient {
    #[schema(example = "018d2f6a-3c5e-7b1a-9f00-1c2d3e4f5a6c")]
    id: Uuid,
    #[schema(example = "علی محمدی")]
    name: String,
    /// Full years; 0 when the birth date isn't known.
    #[schema(example = 35)]
    age: i64,
    /// `male`, `female` or empty.
    #[schema(example = "male")]
    gender: &'static str,
    /// Made of the patient's id: always the same, for people to read out.
    #[schema(example = "MRN004512377801234")]
    medical_record_number: String,
}

pub(crate) fn patient(found: &ForDoctor, now: Timestamp) -> DoctorPatient {
    let today = days::tehran_today(now);
    let name = format!("{} {}", found.patient_first_name, found.patient_last_name);
    DoctorPatient {
        id: found.visit.patient.0,
        name: name.trim().to_owned(),
        age: found.date_of_birth.map_or(0, |born| days::age(born, today)),
        gender: found.gender.map_or("", Gender::as_str),
        medical_record_number: record_number(found.visit.patient.0),
    }
}

/// Fifteen digits of the random end of the id.
fn record_number(id: Uuid) -> String {
    let number = id.as_u128() & ((1 << 48) - 1);
    format!("MRN{number:015}")
}

pub(super) fn encounter(api: &Api, found: ForDoctor, now: Timestamp) -> DoctorEncounter {
    let mut patient = patient(&found, now);
    let mut visit = found.visit;
    if !visit.is_seen_by_doctor(now) {
        (patient.age, patient.gender) = (0, "");
        visit.chief_complaint.clear();
        visit.description.clear();
    }
    DoctorEncounter {
        id: visit.id.0,
        patient,
        scheduled_at: rfc3339(visit.starts_at),
        ends_at: rfc3339(visit.ends_at),
        duration_minutes: minutes(&visit),
        visit_type: visit.kind.as_str(),
        status: visit.status_at(now).as_str(),
        meeting_link: meeting_link(api, &visit, now),
        prescription: found
            .prescription
            .map(|(id, medications_count)| DoctorPrescription { id: id.0, medications_count }),
        total_cost: visit.price.total.get(),
        is_overbooked: visit.lane > 0,
        started_at: visit.started_at.map(rfc3339),
        ended_at: visit.ended_at.map(rfc3339),
        chief_complaint: visit.chief_complaint,
        description: visit.description,
        cancelled_by: visit.cancelled_by,
        booking_reference: visit.reference,
    }
}
