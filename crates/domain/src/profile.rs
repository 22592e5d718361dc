//! A patient's profile (D16). Unset texts are empty, unset numbers are none.

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

use crate::{
    NationalId, days,
    text::digits,
    violation::{Parsed, Violation},
};

/// Sex as the reference spells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Gender {
    Male,
    Female,
}

impl Gender {
    pub const NAMES: [&'static str; 2] = ["male", "female"];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Male => "male",
            Self::Female => "female",
        }
    }

    pub fn parse(name: &str) -> Parsed<Self> {
        match name {
            "male" => Ok(Self::Male),
            "female" => Ok(Self::Female),
            _ => Err(Violation::Choice(&Self::NAMES)),
        }
    }
}

/// The blood types that a profile may hold.
pub const BLOOD_TYPES: [&str; 8] = ["A+", "A-", "B+", "B-", "AB+", "AB-", "O+", "O-"];

/// Where somebody lives.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Address {
    pub province: String,
    pub city: String,
    pub postal_code: String,
    pub address: String,
}

/// Whom to call.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EmergencyContact {
    pub name: String,
    pub relationship: String,
    /// `+98…`, or empty.
    pub phone_number: String,
}

/// What a doctor should know before anything else.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MedicalInfo {
    pub blood_type: String,
    /// Centimetres.
    pub height: Option<f64>,
    /// Kilograms.
    pub weight: Option<f64>,
    pub allergies: Vec<String>,
    pub chronic_diseases: Vec<String>,
    pub current_medications: Vec<String>,
}

/// Who pays with the patient.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Insurance {
    pub provider: String,
    pub number: String,
    pub expiry_date: Option<Date>,
}

/// All that a patient says about themself.
#[derive(Clone, Default, PartialEq)]
pub struct Profile {
    pub first_name: String,
    pub last_name: String,
    pub national_id: Option<NationalId>,
    pub date_of_birth: Option<Date>,
    pub gender: Option<Gender>,
    pub email: String,
    pub address: Address,
    pub emergency_contact: EmergencyContact,
    pub medical_info: MedicalInfo,
    pub insurance: Insurance,
}

crate::blank_debug!(Address, EmergencyContact, MedicalInfo, Insurance, Profile);

impl Profile {
    /// First and last name, national id, birth date and gender are set (D14).
    #[must_use]
    pub fn is_complete(&self) -> bool {
        !self.first_name.is_empty()
            && !self.last_name.is_empty()
            && self.national_id.is_some()
            && self.date_of_birth.is_some()
            && self.gender.is_some()
    }
}

/// A day on which somebody who lives today can have been born.
pub fn birth_date(text: &str, now: Timestamp) -> Parsed<Date> {
    let day = days::parse(text)?;
    let today = days::tehran_today(now);
    let oldest = today.saturating_sub(jiff::Span::new().years(130));
    if (oldest..=today).contains(&day) { Ok(day) } else { Err(Violation::BirthDate) }
}

/// Ten digits.
pub fn postal_code(text: &str) -> Parsed<String> {
    digits(text, 10..=10, Violation::PostalCode)
}

/// One of [`BLOOD_TYPES`].
pub fn blood_type(text: &str) -> Parsed<String> {
    let text = text.trim().to_uppercase();
    if BLOOD_TYPES.contains(&text.as_str()) { Ok(text) } else { Err(Violation::Choice(&BLOOD_TYPES)) }
}

/// Centimetres, 20 to 280, to the tenth.
pub fn height(value: f64) -> Parsed<f64> {
    measure(value, 20, 280)
}

/// Kilograms, 1 to 700, to the tenth.
pub fn weight(value: f64) -> Parsed<f64> {
    measure(value, 1, 700)
}

fn measure(value: f64, min: i32, max: i32) -> Parsed<f64> {
    if value >= f64::from(min) && value <= f64::from(max) {
        Ok((value * 10.0).round() / 10.0)
    } else {
        Err(Violation::Range(min.into(), max.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_birthday_lies_between_today_and_130_years_ago() {
        let now: Timestamp = "2024-01-20T10:00:00Z".parse().unwrap();
        for good in ["1370-01-01", "1402-10-30", "2024-01-20", "1894-01-20"] {
            assert!(birth_date(good, now).is_ok(), "{good}");
        }
        for bad in ["1402-11-01", "2024-01-21", "1894-01-19", "1200-01-01"] {
            assert_eq!(birth_date(bad, now), Err(Violation::BirthDate), "{bad}");
        }
    }

    #[test]
    fn measures_have_bounds() {
        assert_eq!(height(175.04), Ok(175.0));
        assert_eq!(weight(3.25), Ok(3.3));
        for bad in [f64::NAN, f64::INFINITY, -1.0, 0.0, 1e9] {
            assert!(height(bad).is_err() && weight(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn five_fields_make_a_profile_complete() {
        let mut profile = Profile {
            first_name: "علی".into(),
            last_name: "محمدی".into(),
            national_id: NationalId::parse("0012345679").ok(),
            date_of_birth: days::parse("1370-01-01").ok(),
            gender: Some(Gender::Male),
            ..Profile::default()
        };
        assert!(profile.is_complete());
        profile.last_name.clear();
        assert!(!profile.is_complete());
    }
}
