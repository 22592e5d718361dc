//! Who books whom, and what is wrong with a request, told by its field.

use std::collections::BTreeSet;

use rstest::rstest;
use serde_json::{Value, json};
use testkit::{Engine, TestApp};

use super::{AT, BOOK, UNKNOWN, ask, assert_wrong, visits, wish};

#[rstest]
#[tokio::test]
async fn doctors_are_booked_by_patients_and_nobody_else_by_anybody(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (doctor, patient, other) =
        (app.bookable_doctor().await, app.rich_patient().await, app.rich_patient().await);
    let (staff, admin) = (app.staff().await, app.admin().await);
    for id in [UNKNOWN, &other.id, &patient.id, &admin.id] {
        let mut wish = wish(&doctor, AT);
        wish["doctor_id"] = json!(id);
        let answer = ask(&app, &patient, &wish).await.expect(404);
        assert_eq!(answer.code(), "NOT_FOUND", "{id}");
    }
    for user in [&doctor, &staff, &admin] {
        assert_eq!(app.book(&doctor, user, AT).await.expect(403).code(), "FORBIDDEN");
    }
    let nobody = app.post(BOOK).json(&wish(&doctor, AT)).send().await.expect(401);
    assert_eq!(nobody.code(), "NOT_AUTHENTICATED");
    assert_eq!(visits(&app).await, 0);
}

/// A field, a value that it doesn't take, and the field that the answer names.
fn wrong_values() -> Vec<(&'static str, Value, &'static str)> {
    let long = |characters| json!("د".repeat(characters));
    let mut wrong = vec![];
    for (field, values) in [
        ("doctor_id", vec![Value::Null, json!(""), json!("x"), json!(7), json!([UNKNOWN]), json!({})]),
        ("scheduled_at", vec![Value::Null, json!(""), json!("tomorrow"), json!(1_705_820_400), json!([AT])]),
        ("scheduled_at", vec![json!("2024-01-21"), json!("2024-01-21T07:00:00"), json!("07:00:00Z")]),
        ("scheduled_at", vec![json!("2024-02-30T07:00:00Z"), json!("2024-01-21T07:60:00Z")]),
        ("scheduled_at", vec![json!("۲۰۲۴-۰۱-۲۱T07:00:00Z"), json!("9999-12-31T23:59:59Z")]),
        ("visit_type", vec![Value::Null, json!(""), json!("phone"), json!("Online"), json!(1), json!(true)]),
        ("chief_complaint", vec![Value::Null, json!(""), json!(" \t "), json!(5), json!(["x"]), long(301)]),
        ("chief_complaint", vec![json!("a\0b"), json!("a\u{202E}b"), json!("a\nb")]),
        ("description", vec![json!(5), json!({}), json!("a\0b"), long(4_001)]),
        ("insurance_info", vec![json!("ایران"), json!([]), json!(true), json!(1)]),
        // nobody books for somebody else, or chooses what it costs
        ("patient_id", vec![json!(UNKNOWN), Value::Null]),
        ("status", vec![json!("confirmed")]),
        ("price", vec![json!(1)]),
    ] {
        wrong.extend(values.into_iter().map(|value| (field, value, field)));
    }
    for (field, value, named) in [
        ("use_insurance", json!("yes"), "insurance_info.use_insurance"),
        ("use_insurance", json!(1), "insurance_info.use_insurance"),
        ("provider", Value::Null, "insurance_info.provider"),
        ("provider", json!("  "), "insurance_info.provider"),
        ("provider", json!(5), "insurance_info.provider"),
        ("provider", long(101), "insurance_info.provider"),
        ("provider", json!("a\0b"), "insurance_info.provider"),
        ("number", json!(1_234_567_890), "insurance_info.number"),
        ("number", long(41), "insurance_info.number"),
        ("number", json!("1\u{202E}2"), "insurance_info.number"),
        ("plan", json!("طلایی"), "insurance_info.plan"),
    ] {
        let mut info = json!({ "use_insurance": true, "provider": "ایران", "number": "1234567890" });
        info[field] = value;
        wrong.push(("insurance_info", info, named));
    }
    wrong
}

#[rstest]
#[tokio::test]
async fn a_wrong_field_is_told_by_its_name(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let (doctor, patient) = (app.bookable_doctor().await, app.rich_patient().await);
    for (field, value, named) in wrong_values() {
        let mut wish = wish(&doctor, AT);
        wish[field] = value;
        let told = format!("{field}: {}", wish[field]);
        assert_wrong(&ask(&app, &patient, &wish).await, named, &told);
    }
    // all at once
    let empty = ask(&app, &patient, &json!({})).await.expect(422);
    let told = empty.json["error"]["details"]["field_errors"].as_object().unwrap().clone();
    let fields: BTreeSet<&str> = told.keys().map(String::as_str).collect();
    assert_eq!(fields, BTreeSet::from(["chief_complaint", "doctor_id", "scheduled_at", "visit_type"]));
    for body in ["", "{", "[1", "{\"doctor_id\":}"] {
        let answer = app.post(BOOK).by(&patient).body("application/json", body).send().await.expect(400);
        assert_eq!(answer.code(), "MALFORMED_REQUEST", "{body}");
    }
    assert_eq!((visits(&app).await, app.audited("visit.book").await), (0, 0));
    // the longest that are right
    let mut wish = wish(&doctor, AT);
    wish["chief_complaint"] = json!("د".repeat(300));
    wish["description"] = json!("د\n".repeat(1_999));
    wish["insurance_info"] = json!({ "use_insurance": true, "provider": "ایران", "number": "1".repeat(40) });
    let _ = ask(&app, &patient, &wish).await.expect(201);
}
