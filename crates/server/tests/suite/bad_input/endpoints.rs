//! The endpoints that take JSON: what each would take, what it needs and of which kind its fields are.

use axum::http::Method;
use serde_json::{Value, json};
use testkit::{Call, TestApp, User, users::new_phone};

use super::{LOGIN, PROFILE, USERS, World};
use crate::doctors::{DOCTORS, entry};

/// What a field takes.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// Any text.
    Text,
    /// A text of some form.
    Form,
    /// Any text: whether it is a token is not a matter of form.
    Token,
    /// 0 to 80.
    Whole,
    /// A number within bounds above zero.
    Measure,
    /// Texts.
    List,
    Object,
}

use Kind::{Form, List, Measure, Object, Text, Token, Whole};

const ASK_FIELDS: &[(&str, Kind)] = &[("phone_number", Form), ("channel", Form)];
const GUESS_FIELDS: &[(&str, Kind)] = &[("phone_number", Form), ("otp_code", Form)];
const TOKEN_FIELDS: &[(&str, Kind)] = &[("refresh", Token)];
const REASON_FIELDS: &[(&str, Kind)] = &[("reason", Text)];
const DOCTOR_FIELDS: &[(&str, Kind)] = &[
    ("first_name", Text),
    ("last_name", Text),
    ("medical_council_number", Form),
    ("specialty", Form),
    ("province", Text),
    ("city", Text),
    ("gender", Form),
    ("languages", List),
    ("experience_years", Whole),
];
const DOCTOR_NEEDS: &[&str] =
    &["phone_number", "first_name", "last_name", "medical_council_number", "specialty", "city"];
const PROFILE_FIELDS: &[(&str, Kind)] = &[
    ("id", Form),
    ("phone_number", Form),
    ("first_name", Text),
    ("last_name", Text),
    ("national_id", Form),
    ("date_of_birth", Form),
    ("gender", Form),
    ("email", Form),
    ("address", Object),
    ("address.province", Text),
    ("address.city", Text),
    ("address.postal_code", Form),
    ("address.address", Text),
    ("emergency_contact", Object),
    ("emergency_contact.name", Text),
    ("emergency_contact.relationship", Text),
    ("emergency_contact.phone_number", Form),
    ("medical_info", Object),
    ("medical_info.blood_type", Form),
    ("medical_info.height", Measure),
    ("medical_info.weight", Measure),
    ("medical_info.allergies", List),
    ("medical_info.chronic_diseases", List),
    ("medical_info.current_medications", List),
    ("insurance", Object),
    ("insurance.provider", Text),
    ("insurance.number", Text),
    ("insurance.expiry_date", Form),
];

/// An endpoint that takes JSON, and a body that it would take.
pub(super) struct Endpoint {
    method: Method,
    path: String,
    token: Option<String>,
    pub(super) valid: Value,
    pub(super) needs: Vec<&'static str>,
    pub(super) fields: Vec<(&'static str, Kind)>,
}

impl Endpoint {
    fn new(method: Method, path: &str, by: Option<&User>, valid: Value) -> Self {
        let token = by.map(|user| user.access.clone());
        Self { method, path: path.to_owned(), token, valid, needs: vec![], fields: vec![] }
    }

    fn with(mut self, needs: &[&'static str], fields: &[(&'static str, Kind)]) -> Self {
        self.needs = needs.to_vec();
        self.fields = fields.to_vec();
        self
    }

    pub(super) fn call(&self, app: &TestApp) -> Call {
        let call = app.call(self.method.clone(), &self.path);
        match &self.token {
            Some(token) => call.bearer(token),
            None => call,
        }
    }

    /// For messages.
    pub(super) fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

impl World {
    pub(super) fn endpoints(&self) -> Vec<Endpoint> {
        let (patient, admin) = (Some(&self.patient), Some(&self.admin));
        let (token, reason) =
            (json!({ "refresh": self.patient.refresh }), json!({ "reason": "شکایت بیمار" }));
        let doctor = format!("{DOCTORS}{}/", self.doctor);
        let suspend = format!("{doctor}suspend/");
        let block = format!("{USERS}{}/block/", self.other.id);
        let phone = new_phone();
        let ask = json!({ "phone_number": phone, "channel": "sms" });
        let guess = json!({ "phone_number": phone, "otp_code": "123456" });
        let new_doctor_fields = [ASK_FIELDS[..1].to_vec(), DOCTOR_FIELDS.to_vec()].concat();
        vec![
            Endpoint::new(Method::POST, LOGIN, None, ask).with(&["phone_number"], ASK_FIELDS),
            Endpoint::new(Method::POST, "/api/v1/auth/verify/otp/", None, guess)
                .with(&["phone_number", "otp_code"], GUESS_FIELDS),
            Endpoint::new(Method::POST, "/api/v1/auth/refresh/", None, token.clone())
                .with(&["refresh"], TOKEN_FIELDS),
            Endpoint::new(Method::POST, "/api/v1/auth/logout/", patient, token)
                .with(&["refresh"], TOKEN_FIELDS),
            Endpoint::new(Method::PUT, PROFILE, patient, json!({ "first_name": "رضا" }))
                .with(&[], PROFILE_FIELDS),
            Endpoint::new(Method::PATCH, PROFILE, patient, json!({ "first_name": "رضا" }))
                .with(&[], PROFILE_FIELDS),
            Endpoint::new(Method::POST, DOCTORS, admin, entry(&phone, "7000002"))
                .with(DOCTOR_NEEDS, &new_doctor_fields),
            Endpoint::new(Method::PATCH, &doctor, admin, json!({ "city": "شیراز" })).with(&[], DOCTOR_FIELDS),
            Endpoint::new(Method::POST, &suspend, admin, reason.clone()).with(&["reason"], REASON_FIELDS),
            Endpoint::new(Method::POST, &block, admin, reason).with(&["reason"], REASON_FIELDS),
        ]
    }
}
