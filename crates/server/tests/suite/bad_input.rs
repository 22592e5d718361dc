//! Whatever is sent: the answer is a 4xx in the one envelope, and nothing is written.

mod bodies;
mod endpoints;
mod fields;
mod headers;
mod paths;
mod spellings;

use db::sql;
use serde_json::{Value, json};
use testkit::{Answer, Engine, TestApp, User, users::new_phone};

use crate::{
    doctors::{self, DOCTORS},
    frame::assert_enveloped,
};

const PROFILE: &str = "/api/v1/patients/profile/";
const LOGIN: &str = "/api/v1/auth/login/otp/";
const USERS: &str = "/api/v1/admin/users/";
const JSON: &str = "application/json";

/// All that a refused request must leave as it is.
#[derive(Debug, PartialEq)]
struct Everything {
    rows: Vec<(String, i64)>,
    profile: Value,
    doctor: Value,
    messages: usize,
}

/// Some people, so that there is something to damage.
struct World {
    app: TestApp,
    patient: User,
    admin: User,
    doctor: String,
    other: User,
}

impl World {
    async fn new(engine: Engine) -> Self {
        let app = TestApp::start(engine).await;
        let (patient, admin, other) = (app.patient().await, app.admin().await, app.patient().await);
        let doctor = doctors::add(&app, &admin, &new_phone(), "7000001").await;
        let profile = json!({
            "first_name": "علی",
            "last_name": "محمدی",
            "national_id": "0499370899",
            "date_of_birth": "1370-01-01",
            "gender": "male",
            "medical_info": { "height": 175, "allergies": ["پنی\u{200C}سیلین"] },
        });
        let _ = app.put(PROFILE).by(&patient).json(&profile).send().await.expect(200);
        Self { app, patient, admin, doctor, other }
    }

    async fn everything(&self) -> Everything {
        let rows = sql!(
            "SELECT CAST('users' AS TEXT), count(*) FROM users
             UNION ALL SELECT 'patients', count(*) FROM patients
             UNION ALL SELECT 'doctors', count(*) FROM doctors
             UNION ALL SELECT 'active doctors', count(*) FROM doctors WHERE status = 'active'
             UNION ALL SELECT 'sessions', count(*) FROM sessions
             UNION ALL SELECT 'ended sessions', count(*) FROM sessions WHERE revoked_at IS NOT NULL
             UNION ALL SELECT 'phone_blocks', count(*) FROM phone_blocks
             UNION ALL SELECT 'idempotency_keys', count(*) FROM idempotency_keys
             UNION ALL SELECT 'audit_log', count(*) FROM audit_log"
        );
        let doctor = format!("{DOCTORS}{}/", self.doctor);
        Everything {
            rows: self.app.app.db.all(rows, &[]).await.unwrap(),
            profile: self.app.get(PROFILE).by(&self.patient).send().await.expect(200).json,
            doctor: self.app.get(&doctor).by(&self.admin).send().await.expect(200).json,
            messages: self.app.inbox.messages(None).len(),
        }
    }
}

/// Refused with this status, in the envelope.
#[track_caller]
fn refused(answer: &Answer, status: u16, what: &str) {
    assert_eq!(answer.status, status, "{what}: {}", answer.json);
    assert_enveloped(answer, what);
}

/// Refused because of this field.
#[track_caller]
fn refused_field(answer: &Answer, field: &str, what: &str) {
    refused(answer, 422, what);
    assert_eq!(answer.code(), "VALIDATION_ERROR", "{what}");
    let told = &answer.json["error"]["details"]["field_errors"];
    assert!(told[field][0].as_str().is_some_and(|text| !text.is_empty()), "{what}: {told}");
}

/// The digits as Persian keyboards write them.
pub(crate) fn persian(digits: &str) -> String {
    digits
        .chars()
        .map(|c| c.to_digit(10).and_then(|d| char::from_u32(u32::from('۰') + d)).unwrap_or(c))
        .collect()
}
