//! The register of doctors, as admins keep it and staff read it.

mod added;
mod changes;
mod pages;

use domain::SignedDuration;
use serde_json::{Value, json};
use testkit::{Answer, TestApp, User, users::new_address};

pub(crate) const DOCTORS: &str = "/api/v1/admin/doctors/";
const LOGIN: &str = "/api/v1/auth/login/otp/";
const SESSIONS: &str = "/api/v1/auth/sessions/";

/// As little as an admin may send to add a doctor.
pub(crate) fn entry(phone: &str, council_number: &str) -> Value {
    json!({
        "phone_number": phone,
        "first_name": "مریم",
        "last_name": "رضایی",
        "medical_council_number": council_number,
        "specialty": "cardiology",
        "city": "تهران",
    })
}

/// Adds a doctor; their id.
pub(crate) async fn add(app: &TestApp, admin: &User, phone: &str, council_number: &str) -> String {
    let made = app.post(DOCTORS).by(admin).json(&entry(phone, council_number)).send().await;
    made.expect(201).text("/id")
}

/// What a list shows, by id.
pub(crate) fn ids(page: &Value) -> Vec<String> {
    let results = page["results"].as_array().unwrap();
    results.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

/// Asks for a code after the minute that has to pass, and sends it back.
pub(crate) async fn try_to_log_in(app: &TestApp, phone: &str) -> Answer {
    app.clock.advance(SignedDuration::from_secs(61));
    let address = new_address();
    let asked = json!({ "phone_number": phone });
    let _ = app.post(LOGIN).from(&address).json(&asked).send().await.expect(200);
    app.verify(phone, &app.code(phone), &address).await
}

fn one(id: &str) -> String {
    format!("{DOCTORS}{id}/")
}

async fn read(app: &TestApp, admin: &User, id: &str) -> Value {
    app.get(&one(id)).by(admin).send().await.expect(200).json
}
