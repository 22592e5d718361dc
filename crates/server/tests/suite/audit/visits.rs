//! Requests that succeed about visits and what is prescribed in them.

use domain::{Clock, SignedDuration};
use serde_json::{Value, json};
use testkit::{Call, TestApp, User};

use crate::visits::{LED, anew, moment};

/// A request for what is done with a visit.
pub(super) async fn visiting(app: &TestApp, operation: &str, call: impl Fn(&str) -> Call) -> Call {
    let (doctor, patient) = (app.bookable_doctor().await, app.rich_patient().await);
    let body = json!({
        "doctor_id": doctor.id, "patient_id": patient.id, "scheduled_at": app.free(&doctor).await.last(),
        "visit_type": "online", "chief_complaint": "سردرد", "reason": "test",
    });
    let only =
        |fields: &[&str]| -> Value { fields.iter().map(|name| (*name, body[*name].clone())).collect() };
    match operation {
        "book_encounter" => {
            let fields = only(&["doctor_id", "scheduled_at", "visit_type", "chief_complaint"]);
            call("").by(&patient).json(&fields)
        }
        "overbook_encounter" => call("").by(&app.admin().await).json(&body),
        "pay_encounter" => {
            let visit = app.booked(&doctor, &patient).await;
            call(&visit).by(&patient).json(&json!({ "payment_method": "wallet" }))
        }
        "reschedule_encounter" => {
            call(&app.booked(&doctor, &patient).await).by(&patient).json(&only(&["scheduled_at"]))
        }
        "cancel_encounter" => call(&app.confirmed(&doctor, &patient).await).by(&patient),
        "cancel_doctor_encounter" => call(&app.confirmed(&doctor, &patient).await).by(&doctor),
        "withdraw_encounter" => {
            let visit = app.confirmed(&doctor, &patient).await;
            call(&visit).by(&app.admin().await).json(&json!({ "reason": "test" }))
        }
        "read_doctor_encounter" => {
            let visit = app.confirmed(&doctor, &patient).await;
            call(&visit).by(&doctor)
        }
        "start_encounter" | "miss_encounter" => {
            let visit = app.confirmed(&doctor, &patient).await;
            call(&visit).by(&at_its_start(app, &doctor, &visit).await)
        }
        "complete_encounter" => {
            let visit = app.started(&doctor, &patient).await;
            call(&visit).by(&anew(app, &doctor).await)
        }
        "rate_encounter" => {
            let visit = app.started(&doctor, &patient).await;
            let doctor = anew(app, &doctor).await;
            let _ = app.post(&format!("{LED}{visit}/complete/")).by(&doctor).send().await.expect(200);
            call(&visit).by(&anew(app, &patient).await).json(&json!({ "score": 5 }))
        }
        other => panic!("{other} is not prepared"),
    }
}

/// Moves the clock to a visit's start; its doctor, logged in anew.
async fn at_its_start(app: &TestApp, doctor: &User, visit: &str) -> User {
    let found = app.get(&format!("{LED}{visit}/")).by(doctor).send().await.expect(200);
    let start = moment(&found.text("/scheduled_at"));
    app.clock.advance(start.duration_since(app.clock.now()) - SignedDuration::from_secs(1));
    anew(app, doctor).await
}

/// The same for prescriptions, in a visit that is going on.
pub(super) async fn prescribing(app: &TestApp, operation: &str, call: impl Fn(&str) -> Call) -> Call {
    let (doctor, patient) = (app.bookable_doctor().await, app.patient().await);
    let visit = app.started(&doctor, &patient).await;
    let doctor = anew(app, &doctor).await;
    let item =
        json!({ "drug_name": "Losartan", "dosage": "25mg", "frequency": "روزانه", "duration": "7 روز" });
    let body = json!({ "items": [item] });
    if operation == "create_prescription" {
        return call(&visit).by(&doctor).json(&body);
    }
    let write = format!("{LED}{visit}/prescriptions/");
    let id = app.post(&write).by(&doctor).json(&body).send().await.expect(201).text("/id");
    match operation {
        "read_prescription" | "sign_prescription" => call(&id).by(&doctor),
        "replace_prescription" => call(&id).by(&doctor).json(&json!({ "items": [] })),
        "cancel_prescription" => call(&id).by(&doctor).json(&json!({ "reason": "test" })),
        other => panic!("{other} is not prepared"),
    }
}
