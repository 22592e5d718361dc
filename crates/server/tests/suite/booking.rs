//! A patient books a visit (D18, D20): what is answered, and what is refused how. The clock stands at 13:30 of
//! Saturday 2024-01-20 in Tehran, which is 10:00 UTC.

mod answers;
mod fields;
mod keys;
mod prices;
mod times;

use db::sql;
use serde_json::{Value, json};
use testkit::{Answer, TestApp, User};

pub(crate) const ENCOUNTERS: &str = "/api/v1/patients/encounters/";
pub(crate) const BOOK: &str = "/api/v1/patients/encounters/book/";
/// A slot of the testkit's doctors: 10:30 of Sunday in Tehran.
pub(crate) const AT: &str = "2024-01-21T07:00:00Z";
/// Of nobody.
pub(crate) const UNKNOWN: &str = "018d2f6a-3c5e-7b1a-9f00-1c2d3e4f5a6b";

/// As little as a patient may send.
pub(crate) fn wish(doctor: &User, at: &str) -> Value {
    json!({ "doctor_id": doctor.id, "scheduled_at": at, "visit_type": "online", "chief_complaint": "سردرد" })
}

pub(crate) async fn ask(app: &TestApp, patient: &User, wish: &Value) -> Answer {
    app.post(BOOK).by(patient).json(wish).send().await
}

/// One of the patient's own visits.
pub(crate) async fn read(app: &TestApp, patient: &User, id: &str) -> Value {
    app.get(&format!("{ENCOUNTERS}{id}/")).by(patient).send().await.expect(200).json
}

/// The patient pays, cancels, moves or rates a visit.
pub(crate) async fn change(app: &TestApp, patient: &User, id: &str, verb: &str, body: &Value) -> Answer {
    app.post(&format!("{ENCOUNTERS}{id}/{verb}/")).by(patient).json(body).send().await
}

pub(crate) async fn pay(app: &TestApp, patient: &User, id: &str) -> Answer {
    change(app, patient, id, "pay", &json!({ "payment_method": "wallet" })).await
}

/// How many visits there are, whatever has become of them.
pub(crate) async fn visits(app: &TestApp) -> i64 {
    let count: Option<(i64,)> = app.app.db.one(sql!("SELECT count(*) FROM visits"), &[]).await.unwrap();
    count.unwrap().0
}

/// The free times that a refusal names.
#[track_caller]
pub(crate) fn alternatives(refused: &Answer) -> Vec<String> {
    let named = refused.json["error"]["details"]["alternatives"].as_array();
    let Some(named) = named else { panic!("no alternatives in {}", refused.json) };
    named.iter().map(|at| at.as_str().unwrap().to_owned()).collect()
}

/// Refused with this code, and with these times instead.
#[track_caller]
pub(crate) fn assert_refused(answer: &Answer, code: &str, instead: &[&str], why: &str) {
    assert_eq!((answer.status, answer.code()), (409, code), "{why}: {}", answer.json);
    assert_eq!(alternatives(answer), instead, "{why}");
}

/// What is wrong with this field, and with no other.
#[track_caller]
pub(crate) fn assert_wrong(answer: &Answer, field: &str, why: &str) {
    assert_eq!((answer.status, answer.code()), (422, "VALIDATION_ERROR"), "{why}: {}", answer.json);
    let told = &answer.json["error"]["details"]["field_errors"];
    assert!(told[field][0].is_string(), "{why} is told at {field}: {told}");
    assert_eq!(told.as_object().map(serde_json::Map::len), Some(1), "{why}: {told}");
}
