//! A profile as clients send it. Every field may be missing; `null` and the empty value empty it.

use app::patients::Change;
use domain::{
    NationalId, Phone, Violation, days,
    profile::{self, Gender},
    text as rules,
    violation::Parsed,
};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::extract::{Body, Fields, list, number, text};

/// Entries of a medical list.
const MAX_ENTRIES: usize = 100;

/// The fields of a profile.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the wire; the values are in `changes`")]
pub(crate) struct ProfileBody {
    /// May be sent back, not changed.
    #[schema(value_type = Option<Uuid>)]
    pub(super) id: Option<Uuid>,
    /// May be sent back, not changed.
    #[schema(value_type = Option<String>, example = "+989121234567")]
    pub(super) phone_number: Option<Phone>,
    #[schema(value_type = Option<String>, example = "علی", max_length = 100)]
    first_name: (),
    #[schema(value_type = Option<String>, example = "محمدی", max_length = 100)]
    last_name: (),
    /// Ten digits with a right check digit.
    #[schema(value_type = Option<String>, example = "0012345679")]
    national_id: (),
    /// Jalali `YYYY-MM-DD`; a year from 1700 on is Gregorian.
    #[schema(value_type = Option<String>, example = "1370-01-01")]
    date_of_birth: (),
    #[schema(value_type = Option<String>, example = "male", pattern = "^(male|female|)$")]
    gender: (),
    #[schema(value_type = Option<String>, example = "ali@example.com", max_length = 254)]
    email: (),
    #[schema(value_type = Option<AddressBody>)]
    address: (),
    #[schema(value_type = Option<EmergencyContactBody>)]
    emergency_contact: (),
    #[schema(value_type = Option<MedicalInfoBody>)]
    medical_info: (),
    #[schema(value_type = Option<InsuranceBody>)]
    insurance: (),
    /// Taken and ignored: it is computed.
    #[schema(value_type = Option<bool>)]
    is_profile_complete: (),
    #[schema(ignore)]
    pub(super) changes: Vec<Change>,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the wire")]
pub(crate) struct AddressBody {
    #[schema(example = "تهران", max_length = 100)]
    province: Option<String>,
    #[schema(example = "تهران", max_length = 100)]
    city: Option<String>,
    /// Ten digits.
    #[schema(example = "1234567890")]
    postal_code: Option<String>,
    #[schema(example = "خیابان ولیعصر، پلاک 123", max_length = 500)]
    address: Option<String>,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the wire")]
pub(crate) struct EmergencyContactBody {
    #[schema(example = "محمد محمدی", max_length = 200)]
    name: Option<String>,
    #[schema(example = "برادر", max_length = 100)]
    relationship: Option<String>,
    #[schema(example = "+989123456789")]
    phone_number: Option<String>,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the wire")]
pub(crate) struct MedicalInfoBody {
    #[schema(example = "A+", pattern = "^((A|B|AB|O)[+-]|)$")]
    blood_type: Option<String>,
    /// Centimetres, 20 to 280; 0 empties it.
    #[schema(example = 175, minimum = 0, maximum = 280)]
    height: Option<f64>,
    /// Kilograms, 1 to 700; 0 empties it.
    #[schema(example = 70, minimum = 0, maximum = 700)]
    weight: Option<f64>,
    #[schema(example = json!(["پنی‌سیلین"]), max_items = 100)]
    allergies: Option<Vec<String>>,
    #[schema(example = json!(["دیابت نوع 2"]), max_items = 100)]
    chronic_diseases: Option<Vec<String>>,
    #[schema(example = json!(["متفورمین"]), max_items = 100)]
    current_medications: Option<Vec<String>>,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the wire")]
pub(crate) struct InsuranceBody {
    #[schema(example = "تامین اجتماعی", max_length = 100)]
    provider: Option<String>,
    #[schema(example = "1234567890", max_length = 40)]
    number: Option<String>,
    /// Jalali `YYYY-MM-DD`; a year from 1700 on is Gregorian.
    #[schema(example = "1403-12-29")]
    expiry_date: Option<String>,
}

impl Body for ProfileBody {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let now = fields.now();
        let mut changes = Vec::new();
        let id = fields.optional("id", text(|t| t.parse::<Uuid>().map_err(|_| Violation::Id)));
        let phone_number = fields.optional("phone_number", text(Phone::parse));
        // computed: what is sent doesn't matter
        let _ = fields.optional("is_profile_complete", |v| v.as_bool().map(|_| ()).ok_or(Violation::Type));
        {
            let mut put = Reader { fields, changes: &mut changes };
            put.line("first_name", 100, Change::FirstName);
            put.line("last_name", 100, Change::LastName);
            put.set("national_id", NationalId::parse, Change::NationalId);
            put.set("date_of_birth", |t| profile::birth_date(t, now), Change::DateOfBirth);
            put.set("gender", Gender::parse, Change::Gender);
            put.text("email", rules::email, Change::Email);
        }
        fields.object("address", |fields| {
            let mut put = Reader { fields, changes: &mut changes };
            put.line("province", 100, Change::Province);
            put.line("city", 100, Change::City);
            put.text("postal_code", profile::postal_code, Change::PostalCode);
            put.text("address", |t| rules::block(t, 500), Change::Address);
        });
        fields.object("emergency_contact", |fields| {
            let mut put = Reader { fields, changes: &mut changes };
            put.line("name", 200, Change::EmergencyName);
            put.line("relationship", 100, Change::EmergencyRelationship);
            put.text("phone_number", |t| Phone::parse(t).map(|p| p.e164()), Change::EmergencyPhone);
        });
        fields.object("medical_info", |fields| {
            let mut put = Reader { fields, changes: &mut changes };
            put.text("blood_type", profile::blood_type, Change::BloodType);
            put.measure("height", profile::height, Change::Height);
            put.measure("weight", profile::weight, Change::Weight);
            put.list("allergies", Change::Allergies);
            put.list("chronic_diseases", Change::ChronicDiseases);
            put.list("current_medications", Change::CurrentMedications);
        });
        fields.object("insurance", |fields| {
            let mut put = Reader { fields, changes: &mut changes };
            put.line("provider", 100, Change::InsuranceProvider);
            put.line("number", 40, Change::InsuranceNumber);
            put.set("expiry_date", days::parse, Change::InsuranceExpiry);
        });
        Some(Self {
            id: id?,
            phone_number: phone_number?,
            changes,
            first_name: (),
            last_name: (),
            national_id: (),
            date_of_birth: (),
            gender: (),
            email: (),
            address: (),
            emergency_contact: (),
            medical_info: (),
            insurance: (),
            is_profile_complete: (),
        })
    }
}

/// Reads fields that are there into changes.
struct Reader<'r, 'a> {
    fields: &'r mut Fields<'a>,
    changes: &'r mut Vec<Change>,
}

impl Reader<'_, '_> {
    fn any<T: Default>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&Value) -> Parsed<T>,
        change: fn(T) -> Change,
    ) {
        let is_sent = self.fields.has(name);
        if let Some(value) = self.fields.optional(name, read)
            && is_sent
        {
            self.changes.push(change(value.unwrap_or_default()));
        }
    }

    fn line(&mut self, name: &'static str, max: usize, change: fn(String) -> Change) {
        self.any(name, text(|t| rules::line(t, max)), change);
    }

    /// A text with a rule; the empty text empties the field.
    fn text(
        &mut self,
        name: &'static str,
        rule: impl FnOnce(&str) -> Parsed<String>,
        change: fn(String) -> Change,
    ) {
        let rule = |t: &str| if t.trim().is_empty() { Ok(String::new()) } else { rule(t) };
        self.any(name, text(rule), change);
    }

    /// A value made from a text; the empty text empties the field.
    fn set<T>(
        &mut self,
        name: &'static str,
        rule: impl FnOnce(&str) -> Parsed<T>,
        change: fn(Option<T>) -> Change,
    ) {
        let rule = |t: &str| if t.trim().is_empty() { Ok(None) } else { rule(t).map(Some) };
        self.any(name, text(rule), change);
    }

    /// A number with a rule; 0 empties the field.
    fn measure(
        &mut self,
        name: &'static str,
        rule: impl FnOnce(f64) -> Parsed<f64>,
        change: fn(Option<f64>) -> Change,
    ) {
        let rule = |n: f64| if n == 0.0 { Ok(None) } else { rule(n).map(Some) };
        self.any(name, number(rule), change);
    }

    fn list(&mut self, name: &'static str, change: fn(Vec<String>) -> Change) {
        self.any(name, list(MAX_ENTRIES, |t| rules::required_line(t, 200)), change);
    }
}
