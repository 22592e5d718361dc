//! Prescriptions (D26). For the doctor who writes them; patients see the signed ones.

mod body;
pub(crate) mod cancel;
pub(crate) mod create;
pub(crate) mod read;
pub(crate) mod replace;
pub(crate) mod sign;

use app::prescriptions::{self, Person, View, Warning};
use domain::{days, prescription::Kind};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{extract::MessageLanguage, time::rfc3339};

/// A prescription as its patient sees it, too.
#[derive(Serialize, ToSchema)]
pub(crate) struct Prescription {
    #[schema(example = "018d2f6a-3c5e-7b1a-9f00-1c2d3e4f5a6b")]
    id: Uuid,
    #[schema(value_type = PrescriptionStatusName, example = "signed")]
    status: &'static str,
    encounter: PrescribedIn,
    doctor: PrescriptionPerson,
    patient: PrescriptionPerson,
    items: Vec<PrescribedItem>,
    #[schema(example = 1)]
    medications_count: usize,
    #[schema(example = "مایعات فراوان بنوشید")]
    notes: String,
    /// Why it was cancelled; empty unless it was. The patient of a signed one is told, too.
    #[schema(example = "")]
    cancellation_reason: String,
    #[schema(example = "2024-01-20T15:10:00Z", format = "date-time")]
    created_at: String,
    #[schema(example = "2024-01-20T15:12:00Z", format = "date-time")]
    signed_at: Option<String>,
    #[schema(format = "date-time")]
    cancelled_at: Option<String>,
}

/// A prescription as its doctor sees it.
#[derive(Serialize, ToSchema)]
pub(crate) struct PrescriptionWithWarnings {
    #[serde(flatten)]
    prescription: Prescription,
    /// What to notice; nothing of it keeps a doctor from signing.
    warnings: Vec<PrescriptionWarning>,
}

/// The patient sees signed ones, and those that were cancelled after they were signed.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "describes the wire; the value itself is the domain's")]
pub(crate) enum PrescriptionStatusName {
    Draft,
    Signed,
    Cancelled,
}

/// The visit in which it was written.
#[derive(Serialize, ToSchema)]
pub(crate) struct PrescribedIn {
    #[schema(example = "018d2f6a-3c5e-7b1a-9f00-1c2d3e4f5a6c")]
    id: Uuid,
    /// Tehran's day of the visit.
    #[schema(example = "2024-01-20", format = "date")]
    date: String,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct PrescriptionPerson {
    #[schema(example = "018d2f6a-3c5e-7b1a-9f00-1c2d3e4f5a6d")]
    id: Uuid,
    #[schema(example = "دکتر سارا احمدی")]
    name: String,
}

/// One drug and how to take it.
#[derive(Serialize, ToSchema)]
pub(crate) struct PrescribedItem {
    #[schema(example = "آموکسی‌سیلین 500")]
    drug_name: String,
    /// Of the drug list, where the doctor chose from it.
    #[schema(example = "amoxicillin")]
    drug_code: Option<String>,
    #[schema(example = "یک کپسول")]
    dosage: String,
    #[schema(example = "هر 8 ساعت")]
    frequency: String,
    #[schema(example = "7 روز")]
    duration: String,
    #[schema(example = "پس از غذا")]
    instructions: String,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct PrescriptionWarning {
    #[serde(rename = "type")]
    #[schema(value_type = PrescriptionWarningType, example = "allergy")]
    kind: &'static str,
    /// The item's place in `items`, from 0.
    #[schema(example = 0)]
    item: usize,
    /// The item's drug.
    #[schema(example = "آموکسی‌سیلین 500")]
    drug: String,
    /// The allergy, the other drug or the medication, as it was written.
    #[schema(example = "پنی‌سیلین")]
    with: String,
    #[schema(example = "بیمار به «پنی‌سیلین» حساسیت دارد؛ آموکسی‌سیلین 500 همان دارو یا از خانواده آن است")]
    message: String,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "describes the wire; the value itself is the domain's")]
pub(crate) enum PrescriptionWarningType {
    Allergy,
    Duplicate,
    DuplicateClass,
    CurrentMedication,
}

/// The prescription without its warnings.
pub(crate) fn prescription_body(of: prescriptions::Prescription) -> Prescription {
    let items: Vec<_> = of.items.into_iter().map(item).collect();
    Prescription {
        id: of.id.0,
        status: of.status.as_str(),
        encounter: PrescribedIn { id: of.visit.0, date: days::tehran_today(of.visit_starts_at).to_string() },
        doctor: PrescriptionPerson { id: of.doctor.id.0, name: format!("دکتر {}", name(&of.doctor)) },
        patient: PrescriptionPerson { id: of.patient.id.0, name: name(&of.patient) },
        medications_count: items.len(),
        items,
        notes: of.notes,
        cancellation_reason: of.reason,
        created_at: rfc3339(of.created_at),
        signed_at: of.signed_at.map(rfc3339),
        cancelled_at: of.cancelled_at.map(rfc3339),
    }
}

fn with_warnings(view: View, language: &MessageLanguage) -> PrescriptionWithWarnings {
    let items = &view.prescription.items;
    let told = |warning: Warning| {
        let drug = items.get(warning.item).map(|item| item.drug_name.clone()).unwrap_or_default();
        PrescriptionWarning {
            kind: warning.kind.as_str(),
            item: warning.item,
            message: message(warning.kind, &drug, &warning.with, language),
            drug,
            with: warning.with,
        }
    };
    let warnings = view.warnings.into_iter().map(told).collect();
    PrescriptionWithWarnings { prescription: prescription_body(view.prescription), warnings }
}

fn name(of: &Person) -> String {
    format!("{} {}", of.first_name, of.last_name).trim().to_owned()
}

fn item(of: prescriptions::Item) -> PrescribedItem {
    PrescribedItem {
        drug_name: of.drug_name,
        drug_code: of.drug_code,
        dosage: of.dosage,
        frequency: of.frequency,
        duration: of.duration,
        instructions: of.instructions,
    }
}

fn message(kind: Kind, drug: &str, with: &str, language: &MessageLanguage) -> String {
    let text = match kind {
        Kind::Allergy => language.pick(
            "بیمار به «:with» حساسیت دارد؛ :drug همان دارو یا از خانواده آن است",
            "The patient is allergic to “:with”; :drug is that drug or of its family",
        ),
        Kind::Duplicate => language.pick(
            ":drug پیش‌تر در همین نسخه آمده است (:with)",
            ":drug is in this prescription already (:with)",
        ),
        Kind::DuplicateClass => language.pick(
            ":drug با :with در این نسخه هم‌خانواده است",
            ":drug is of the same class as :with in this prescription",
        ),
        Kind::CurrentMedication => language.pick(
            "بیمار هم‌اکنون «:with» مصرف می‌کند؛ :drug همان دارو است",
            "The patient takes “:with” already; :drug is that drug",
        ),
    };
    text.replace(":drug", drug).replace(":with", with)
}
