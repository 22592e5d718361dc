//! A visit as its patient sees it.

use app::visits::{Booked, ForPatient, Stored, meeting_is_open};
use domain::{Timestamp, visit::Status};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{Api, time::rfc3339};

/// A visit in a list.
#[derive(Serialize, ToSchema)]
pub(crate) struct Encounter {
    #[schema(example = "018d2f6a-3c5e-7b1a-9f00-1c2d3e4f5a6b")]
    id: Uuid,
    doctor: EncounterDoctor,
    /// UTC.
    #[schema(example = "2024-01-20T14:30:00Z", format = "date-time")]
    scheduled_at: String,
    #[schema(example = "سردرد مداوم")]
    chief_complaint: String,
    /// `pending`, `confirmed`, `in_progress`, `completed`, `cancelled`, `no_show`.
    #[schema(example = "completed")]
    status: &'static str,
    #[schema(example = 15)]
    duration_minutes: i64,
    /// `online` or `in_person`.
    #[schema(example = "online")]
    visit_type: &'static str,
    /// The signed prescription, if there is one.
    prescription: Option<PrescriptionSummary>,
    /// The approved report, if there is one.
    #[schema(value_type = Option<ReportSummary>)]
    soap_report: Option<ReportSummary>,
    /// Rials.
    #[schema(example = 500_000)]
    total_cost: i64,
    /// Rials that the insurer pays.
    #[schema(example = 300_000)]
    insurance_share: i64,
    /// Rials that the patient pays.
    #[schema(example = 200_000)]
    patient_share: i64,
    #[schema(example = "HLS-2024-0120-1430")]
    booking_reference: String,
    /// The patient's own rating, 1 to 5, if there is one.
    #[schema(example = 5)]
    rating: Option<i64>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct EncounterDoctor {
    #[schema(example = "018d2f6a-3c5e-7b1a-9f00-1c2d3e4f5a6c")]
    id: Uuid,
    #[schema(example = "دکتر سارا احمدی")]
    name: String,
    /// The specialty's title.
    #[schema(example = "پزشک عمومی")]
    specialty: String,
    #[schema(example = "https://helssa.ir/avatars/018d2f6a-3c5e-7b1a-9f00-1c2d3e4f5a6c.svg")]
    profile_image: String,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct PrescriptionSummary {
    #[schema(example = "018d2f6a-3c5e-7b1a-9f00-1c2d3e4f5a6d")]
    id: Uuid,
    #[schema(example = 3)]
    medications_count: i64,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct ReportSummary {
    #[schema(example = "018d2f6a-3c5e-7b1a-9f00-1c2d3e4f5a6e")]
    id: Uuid,
    #[schema(example = "2024-01-20T14:45:00Z", format = "date-time")]
    created_at: String,
}

/// What a visit costs and what was paid.
#[derive(Serialize, ToSchema)]
#[expect(clippy::struct_field_names, reason = "the reference's own names")]
pub(crate) struct Payment {
    /// Rials.
    #[schema(example = 800_000)]
    total_amount: i64,
    /// Rials that the insurer pays.
    #[schema(example = 480_000)]
    insurance_discount: i64,
    /// Rials that the patient pays.
    #[schema(example = 320_000)]
    payable_amount: i64,
    /// `pending`, `paid`, `refunded` (all or a part of it), or `cancelled` (nothing was paid).
    #[schema(example = "pending")]
    payment_status: &'static str,
    /// A page where it can be paid; secret to the patient.
    #[schema(example = "https://helssa.ir/pay/7f3e4d2a-1b0c-4f5e-8d9a-6b7c8d9e0f1a")]
    payment_url: String,
    /// Until then the time is held for payment; UTC.
    #[schema(example = "2024-01-20T14:15:00Z", format = "date-time")]
    pay_until: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct CancellationPolicy {
    #[schema(example = "2024-01-24T15:00:00Z", format = "date-time")]
    free_cancellation_before: String,
    /// Of what was paid, from then on.
    #[schema(example = 50)]
    cancellation_fee_percentage: u8,
}

/// A new visit.
#[derive(Serialize, ToSchema)]
#[expect(clippy::struct_field_names, reason = "the reference's own names")]
pub(crate) struct Booking {
    #[schema(example = "018d2f6a-3c5e-7b1a-9f00-1c2d3e4f5a6b")]
    id: Uuid,
    #[schema(example = "HLS-2024-0125-1500")]
    booking_reference: String,
    doctor: EncounterDoctor,
    #[schema(example = "2024-01-25T15:00:00Z", format = "date-time")]
    scheduled_at: String,
    /// Minutes.
    #[schema(example = 20)]
    estimated_duration: i64,
    #[schema(example = "online")]
    visit_type: &'static str,
    /// From 15 minutes before the start on.
    #[schema(example = json!(null))]
    meeting_link: Option<String>,
    #[schema(example = "pending")]
    status: &'static str,
    payment: Payment,
    cancellation_policy: CancellationPolicy,
}

/// All about one visit.
#[derive(Serialize, ToSchema)]
pub(crate) struct EncounterDetail {
    #[serde(flatten)]
    encounter: Encounter,
    #[schema(example = "از دو روز پیش درد خفیفی دارم")]
    description: String,
    #[schema(example = "2024-01-20T14:45:00Z", format = "date-time")]
    ends_at: String,
    /// From 15 minutes before the start on.
    meeting_link: Option<String>,
    payment: Payment,
    cancellation_policy: CancellationPolicy,
    /// `patient`, `doctor`, `admin` or `expired` (not paid in time), if it was cancelled.
    #[schema(example = json!(null))]
    cancelled_by: Option<String>,
    #[schema(example = "2024-01-15T10:30:00Z", format = "date-time")]
    created_at: String,
}

pub(crate) fn minutes(visit: &Stored) -> i64 {
    visit.ends_at.duration_since(visit.starts_at).as_mins()
}

fn doctor(api: &Api, id: Uuid, first: &str, last: &str, specialty: String) -> EncounterDoctor {
    EncounterDoctor {
        id,
        name: format!("دکتر {first} {last}"),
        specialty,
        profile_image: format!("{}/avatars/{id}.svg", api.settings.public_site_url),
    }
}

pub(super) fn encounter(api: &Api, found: ForPatient, now: Timestamp) -> Encounter {
    let visit = found.visit;
    let (first, last) = (&found.doctor_first_name, &found.doctor_last_name);
    Encounter {
        id: visit.id.0,
        doctor: doctor(api, visit.doctor.0, first, last, found.specialty),
        scheduled_at: rfc3339(visit.starts_at),
        status: visit.status_at(now).as_str(),
        duration_minutes: minutes(&visit),
        visit_type: visit.kind.as_str(),
        prescription: found
            .prescription
            .map(|(id, medications_count)| PrescriptionSummary { id: id.0, medications_count }),
        soap_report: None,
        total_cost: visit.price.total.get(),
        insurance_share: visit.price.insurance_share.get(),
        patient_share: visit.price.patient_share.get(),
        chief_complaint: visit.chief_complaint,
        booking_reference: visit.reference,
        rating: found.score,
    }
}

pub(super) fn detail(api: &Api, found: ForPatient, now: Timestamp) -> EncounterDetail {
    let visit = &found.visit;
    EncounterDetail {
        description: visit.description.clone(),
        ends_at: rfc3339(visit.ends_at),
        meeting_link: meeting_link(api, visit, now),
        payment: payment(api, visit, now),
        cancellation_policy: policy(visit),
        cancelled_by: match visit.status_at(now) {
            Status::Cancelled => Some(visit.cancelled_by.clone().unwrap_or_else(|| "expired".into())),
            _ => None,
        },
        created_at: rfc3339(visit.created_at),
        encounter: encounter(api, found, now),
    }
}

pub(crate) fn booking(api: &Api, booked: Booked, now: Timestamp) -> Booking {
    let visit = booked.visit;
    let (first, last) = (&booked.doctor_first_name, &booked.doctor_last_name);
    Booking {
        id: visit.id.0,
        doctor: doctor(api, visit.doctor.0, first, last, booked.specialty),
        scheduled_at: rfc3339(visit.starts_at),
        estimated_duration: minutes(&visit),
        visit_type: visit.kind.as_str(),
        meeting_link: meeting_link(api, &visit, now),
        status: visit.status_at(now).as_str(),
        payment: payment(api, &visit, now),
        cancellation_policy: policy(&visit),
        booking_reference: visit.reference,
    }
}

pub(crate) fn meeting_link(api: &Api, visit: &Stored, now: Timestamp) -> Option<String> {
    meeting_is_open(visit, now).then(|| format!("{}/meet/{}", api.settings.public_site_url, visit.id))
}

pub(super) fn payment(api: &Api, visit: &Stored, now: Timestamp) -> Payment {
    let status = visit.status_at(now);
    let was_paid = visit.paid_at.is_some();
    Payment {
        total_amount: visit.price.total.get(),
        insurance_discount: visit.price.insurance_share.get(),
        payable_amount: visit.price.patient_share.get(),
        payment_status: match status {
            Status::Pending => "pending",
            Status::Cancelled if visit.refunded.get() > 0 => "refunded",
            Status::Cancelled if !was_paid => "cancelled",
            _ => "paid",
        },
        payment_url: payment_url(api, visit),
        pay_until: visit.hold_until.filter(|_| status == Status::Pending).map(rfc3339),
    }
}

pub(super) fn payment_url(api: &Api, visit: &Stored) -> String {
    format!("{}/pay/{}", api.settings.public_site_url, visit.pay_token)
}

fn policy(visit: &Stored) -> CancellationPolicy {
    CancellationPolicy {
        free_cancellation_before: rfc3339(visit.policy.free_until),
        cancellation_fee_percentage: visit.policy.fee_percent,
    }
}
