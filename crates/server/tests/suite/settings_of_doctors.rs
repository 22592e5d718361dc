//! A doctor's own settings.

mod bad;
mod changes;
mod kept;
mod refusals;

use serde_json::{Value, json};
use testkit::{Answer, TestApp, User};

const SETTINGS: &str = "/api/v1/doctors/settings/";

/// The reference's sample request.
pub(crate) fn sample() -> Value {
    json!({
        "consultation_settings": {
            "online_consultation_enabled": true,
            "online_consultation_fee": 600_000,
            "in_person_consultation_fee": 800_000,
            "consultation_duration": 20,
            "buffer_time": 10,
        },
        "availability": {
            "working_days": ["saturday", "sunday", "monday", "tuesday", "wednesday"],
            "working_hours": { "start": "09:00", "end": "17:00" },
            "break_times": [{ "start": "12:00", "end": "13:00" }],
        },
        "notification_preferences": {
            "appointment_reminders": true,
            "new_appointments": true,
            "cancellations": true,
            "payment_notifications": true,
        },
        "accepted_insurances": ["تامین اجتماعی", "ایران", "آسیا"],
    })
}

/// A new doctor with the sample's settings.
pub(crate) async fn practising(app: &TestApp) -> User {
    let doctor = app.doctor().await;
    let _ = put(app, &doctor, &sample()).await.expect(200);
    doctor
}

pub(crate) async fn patch(app: &TestApp, doctor: &User, body: &Value) -> Answer {
    app.patch(SETTINGS).by(doctor).json(body).send().await
}

async fn put(app: &TestApp, doctor: &User, body: &Value) -> Answer {
    app.put(SETTINGS).by(doctor).json(body).send().await
}

async fn read(app: &TestApp, doctor: &User) -> Value {
    app.get(SETTINGS).by(doctor).send().await.expect(200).json
}

/// What is answered to the sample: all of it, and what is ours.
fn answered() -> Value {
    let mut settings = sample();
    settings["consultation_settings"]["in_person_consultation_enabled"] = json!(true);
    settings["availability"]["days_off"] = json!([]);
    settings["availability"]["leaves"] = json!([]);
    settings["address"] = json!("");
    settings["about"] = json!("");
    settings
}

/// Before anything is set.
fn untouched() -> Value {
    json!({
        "consultation_settings": {
            "online_consultation_enabled": false,
            "online_consultation_fee": 0,
            "in_person_consultation_enabled": false,
            "in_person_consultation_fee": 0,
            "consultation_duration": 20,
            "buffer_time": 10,
        },
        "availability": {
            "working_days": [],
            "working_hours": { "start": "09:00", "end": "17:00" },
            "break_times": [],
            "days_off": [],
            "leaves": [],
        },
        "notification_preferences": sample()["notification_preferences"],
        "accepted_insurances": [],
        "address": "",
        "about": "",
    })
}
