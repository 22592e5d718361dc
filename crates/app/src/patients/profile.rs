//! A patient's own profile: read it, replace it, change parts of it (D16).

use std::sync::Arc;

use domain::{
    Date, NationalId,
    profile::{Gender, Profile},
};
use store::{audit, patients::Patient};

use crate::{App, By, Caller, Fault, Origin, fault::faults};

/// One change to a profile; the value was checked when it was read.
#[derive(Clone)]
pub enum Change {
    FirstName(String),
    LastName(String),
    NationalId(Option<NationalId>),
    DateOfBirth(Option<Date>),
    Gender(Option<Gender>),
    Email(String),
    Province(String),
    City(String),
    PostalCode(String),
    Address(String),
    EmergencyName(String),
    EmergencyRelationship(String),
    EmergencyPhone(String),
    BloodType(String),
    Height(Option<f64>),
    Weight(Option<f64>),
    Allergies(Vec<String>),
    ChronicDiseases(Vec<String>),
    CurrentMedications(Vec<String>),
    InsuranceProvider(String),
    InsuranceNumber(String),
    InsuranceExpiry(Option<Date>),
}

impl Change {
    /// The field's name: what the audit log says instead of the value.
    const fn field(&self) -> &'static str {
        match self {
            Self::FirstName(_) => "first_name",
            Self::LastName(_) => "last_name",
            Self::NationalId(_) => "national_id",
            Self::DateOfBirth(_) => "date_of_birth",
            Self::Gender(_) => "gender",
            Self::Email(_) => "email",
            Self::Province(_) => "address.province",
            Self::City(_) => "address.city",
            Self::PostalCode(_) => "address.postal_code",
            Self::Address(_) => "address.address",
            Self::EmergencyName(_) => "emergency_contact.name",
            Self::EmergencyRelationship(_) => "emergency_contact.relationship",
            Self::EmergencyPhone(_) => "emergency_contact.phone_number",
            Self::BloodType(_) => "medical_info.blood_type",
            Self::Height(_) => "medical_info.height",
            Self::Weight(_) => "medical_info.weight",
            Self::Allergies(_) => "medical_info.allergies",
            Self::ChronicDiseases(_) => "medical_info.chronic_diseases",
            Self::CurrentMedications(_) => "medical_info.current_medications",
            Self::InsuranceProvider(_) => "insurance.provider",
            Self::InsuranceNumber(_) => "insurance.number",
            Self::InsuranceExpiry(_) => "insurance.expiry_date",
        }
    }

    fn apply(&self, to: &mut Profile) {
        match self.clone() {
            Self::FirstName(v) => to.first_name = v,
            Self::LastName(v) => to.last_name = v,
            Self::NationalId(v) => to.national_id = v,
            Self::DateOfBirth(v) => to.date_of_birth = v,
            Self::Gender(v) => to.gender = v,
            Self::Email(v) => to.email = v,
            Self::Province(v) => to.address.province = v,
            Self::City(v) => to.address.city = v,
            Self::PostalCode(v) => to.address.postal_code = v,
            Self::Address(v) => to.address.address = v,
            Self::EmergencyName(v) => to.emergency_contact.name = v,
            Self::EmergencyRelationship(v) => to.emergency_contact.relationship = v,
            Self::EmergencyPhone(v) => to.emergency_contact.phone_number = v,
            Self::BloodType(v) => to.medical_info.blood_type = v,
            Self::Height(v) => to.medical_info.height = v,
            Self::Weight(v) => to.medical_info.weight = v,
            Self::Allergies(v) => to.medical_info.allergies = v,
            Self::ChronicDiseases(v) => to.medical_info.chronic_diseases = v,
            Self::CurrentMedications(v) => to.medical_info.current_medications = v,
            Self::InsuranceProvider(v) => to.insurance.provider = v,
            Self::InsuranceNumber(v) => to.insurance.number = v,
            Self::InsuranceExpiry(v) => to.insurance.expiry_date = v,
        }
    }
}

/// What becomes of the fields that aren't named.
#[derive(Clone)]
pub enum Update {
    /// PUT: they become empty.
    Replace(Vec<Change>),
    /// PATCH: they stay.
    Merge(Vec<Change>),
}

impl Update {
    fn changes(&self) -> &[Change] {
        match self {
            Self::Replace(changes) | Self::Merge(changes) => changes,
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// The caller has no patient's profile (they became a doctor since their token was made).
    #[error("no profile")]
    NotFound,
    #[error(transparent)]
    Fault(Fault),
}
faults!(ProfileError);

/// The caller's own profile, in one statement.
pub async fn read_profile(app: &App, caller: &Caller) -> Result<Patient, ProfileError> {
    store::patients::by_id(&app.db, &app.keys, caller.user).await?.ok_or(ProfileError::NotFound)
}

/// Changes the caller's own profile; the profile as it is afterwards.
pub async fn update_profile(
    app: &Arc<App>,
    caller: &Caller,
    update: Update,
    origin: &Origin,
) -> Result<Patient, ProfileError> {
    let input = (Arc::clone(app), *caller, update, By::caller(caller, origin), app.clock.now());
    app.db
        .write(input, |tx, (app, caller, update, by, now)| {
            Box::pin(async move {
                let mut patient =
                    store::patients::lock(tx, &app.keys, caller.user).await?.ok_or(ProfileError::NotFound)?;
                if matches!(update, Update::Replace(_)) {
                    patient.profile = Profile::default();
                }
                for change in update.changes() {
                    change.apply(&mut patient.profile);
                }
                store::patients::save(tx, &app.keys, caller.user, &patient.profile, *now).await?;
                let how = if matches!(update, Update::Replace(_)) { "replaced" } else { "merged" };
                let fields: Vec<_> = update.changes().iter().map(Change::field).collect();
                let detail = format!("{how}: {}", fields.join(", "));
                let event = by.event("profile.update", Some(caller.user), detail);
                audit::append(tx, &app.keys, &event, *now).await?;
                Ok(patient)
            })
        })
        .await
}
