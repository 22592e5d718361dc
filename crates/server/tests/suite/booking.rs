//! A patient books a visit (D18, D20): what is answered, and what is refused how. The clock stands at 13:30 of
//! Saturday 2024-01-20 in Tehran, which is 10:00 UTC.

use std::collections::BTreeSet;

use db::sql;
use domain::SignedDuration;
use rstest::rstest;
use serde_json::{Value, json};
use testkit::{Answer, Call, Engine, TestApp, User, visits::practice};

use crate::{doctors::DOCTORS, races::assert_whole, settings_of_doctors::patch};

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

fn keyed(app: &TestApp, patient: &User, key: &str, wish: &Value) -> Call {
    app.post(BOOK).by(patient).header("idempotency-key", key).json(wish)
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

/// On one day, in UTC.
fn day(date: &str, times: &[&str]) -> Vec<String> {
    times.iter().map(|time| format!("{date}T{time}:00Z")).collect()
}

#[rstest]
#[tokio::test]
async fn the_sample_is_answered_as_in_the_reference(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (doctor, patient) = (app.bookable_doctor().await, app.rich_patient().await);
    let evenings = json!({
        "consultation_settings": { "online_consultation_fee": 800_000 },
        "availability": { "working_hours": { "start": "09:00", "end": "19:00" } },
    });
    let _ = patch(&app, &doctor, &evenings).await.expect(200);
    let sample = json!({
        "doctor_id": doctor.id,
        "scheduled_at": "2024-01-25T15:00:00Z",
        "visit_type": "online",
        "chief_complaint": "درد قفسه سینه",
        "description": "از دو روز پیش درد خفیفی در قفسه سینه دارم",
        "insurance_info": { "use_insurance": true, "provider": "تامین اجتماعی", "number": "1234567890" },
    });
    let booked = ask(&app, &patient, &sample).await.expect(201);
    let (id, url) = (booked.text("/id"), booked.text("/payment/payment_url"));
    let site = app.settings.public_site_url.trim_end_matches('/');
    let token = url.strip_prefix(&format!("{site}/pay/")).unwrap();
    assert!(token.len() == 36 && token != id, "{url} is nobody's to guess");
    let seen = json!({
        "id": doctor.id,
        "name": "دکتر سارا احمدی",
        "specialty": "پزشک عمومی",
        "profile_image": format!("{site}/avatars/{}.svg", doctor.id),
    });
    let payment = json!({
        "total_amount": 800_000,
        "insurance_discount": 480_000,
        "payable_amount": 320_000,
        "payment_status": "pending",
        "payment_url": url,
        "pay_until": "2024-01-20T10:15:00Z",
    });
    let policy = json!({
        "free_cancellation_before": "2024-01-24T15:00:00Z",
        "cancellation_fee_percentage": 50,
    });
    assert_eq!(
        booked.json,
        json!({
            "id": id,
            "booking_reference": "HLS-2024-0125-1500",
            "doctor": seen,
            "scheduled_at": "2024-01-25T15:00:00Z",
            "estimated_duration": 20,
            "visit_type": "online",
            "meeting_link": null,
            "status": "pending",
            "payment": payment,
            "cancellation_policy": policy,
        })
    );
    let kept = read(&app, &patient, &id).await;
    assert_eq!((&kept["payment"], &kept["cancellation_policy"], &kept["doctor"]), (&payment, &policy, &seen));
    for field in ["scheduled_at", "chief_complaint", "description", "visit_type"] {
        assert_eq!(kept[field], sample[field], "{field}");
    }
    assert_eq!((&kept["status"], &kept["ends_at"]), (&json!("pending"), &json!("2024-01-25T15:20:00Z")));
    assert_eq!(app.audited("visit.book").await, 1);
    assert_whole(&app.app.db).await;
}

#[rstest]
#[tokio::test]
async fn a_reference_is_made_of_the_time_and_longer_when_that_is_taken(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (one, other) = (app.bookable_doctor().await, app.bookable_doctor().await);
    let mut references = BTreeSet::new();
    for (doctor, at) in [(&one, AT), (&other, AT), (&one, "2024-01-21T07:30:00Z")] {
        let patient = app.rich_patient().await;
        let booked = app.book(doctor, &patient, at).await.expect(201);
        references.insert(booked.text("/booking_reference"));
    }
    // an ended hold keeps its reference
    app.clock.advance(SignedDuration::from_mins(15));
    let again = app.book(&one, &app.rich_patient().await, AT).await.expect(201);
    references.insert(again.text("/booking_reference"));
    assert_eq!(references.len(), 4);
    assert!(references.remove("HLS-2024-0121-0700") && references.remove("HLS-2024-0121-0730"));
    for reference in references {
        let more = reference.strip_prefix("HLS-2024-0121-0700-").unwrap();
        let is_readable = more.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        assert!(more.len() == 4 && is_readable, "{reference}");
    }
}

#[rstest]
#[tokio::test]
async fn a_moment_may_be_written_with_any_offset(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let (doctor, patient) = (app.bookable_doctor().await, app.rich_patient().await);
    for (written, meant) in [
        ("2024-01-21T09:00:00+03:30", "2024-01-21T05:30:00Z"),
        ("2024-01-21T01:00:00-05:00", "2024-01-21T06:00:00Z"),
        ("2024-01-21T06:30:00.000000+00:00", "2024-01-21T06:30:00Z"),
    ] {
        let booked = app.book(&doctor, &patient, written).await.expect(201);
        assert_eq!(booked.text("/scheduled_at"), meant);
    }
}

#[rstest]
#[tokio::test]
async fn the_price_is_the_doctors_fee_less_what_the_insurer_pays(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (doctor, patient, admin) = (app.bookable_doctor().await, app.rich_patient().await, app.admin().await);
    let covers = json!({ "name": "ایران", "coverage_percent": 33, "is_active": true });
    let _ = app.put("/api/v1/admin/insurers/").by(&admin).json(&covers).send().await.expect(200);
    let odd = json!({ "consultation_settings": { "in_person_consultation_fee": 100_001 } });
    let _ = patch(&app, &doctor, &odd).await.expect(200);

    let insured = |provider: &str| json!({ "use_insurance": true, "provider": provider });
    let free = app.free(&doctor).await;
    for (n, (kind, insurance, price)) in [
        ("online", Value::Null, [600_000, 0, 600_000]),
        ("in_person", Value::Null, [100_001, 0, 100_001]),
        ("online", json!({}), [600_000, 0, 600_000]),
        ("online", json!({ "use_insurance": false, "provider": "هیچ" }), [600_000, 0, 600_000]),
        ("online", insured("آسیا"), [600_000, 360_000, 240_000]),
        // as it is typed on an Arabic keyboard
        ("online", insured(" تأمين  اجتماعي "), [600_000, 360_000, 240_000]),
        ("online", insured("ایران"), [600_000, 198_000, 402_000]),
        // the insurer pays whole Rials
        ("in_person", insured("ایران"), [100_001, 33_000, 67_001]),
    ]
    .into_iter()
    .enumerate()
    {
        let mut wish = wish(&doctor, &free[n]);
        wish["visit_type"] = json!(kind);
        wish["insurance_info"] = insurance;
        let booked = ask(&app, &patient, &wish).await.expect(201);
        let payment = &booked.json["payment"];
        let told = ["total_amount", "insurance_discount", "payable_amount"].map(|share| &payment[share]);
        assert_eq!(told, [&json!(price[0]), &json!(price[1]), &json!(price[2])], "{wish}");
    }
}

#[rstest]
#[tokio::test]
async fn a_price_stays_whatever_the_doctor_asks_later(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (doctor, patient) = (app.bookable_doctor().await, app.rich_patient().await);
    let id = app.book(&doctor, &patient, AT).await.expect(201).text("/id");
    let dearer = json!({ "consultation_settings": { "online_consultation_fee": 900_000 } });
    let _ = patch(&app, &doctor, &dearer).await.expect(200);
    assert_eq!(read(&app, &patient, &id).await["payment"]["payable_amount"], 600_000);
    let paid = pay(&app, &patient, &id).await.expect(200);
    assert_eq!(paid.json["payment"]["payable_amount"], 600_000);
    let next = app.book(&doctor, &patient, "2024-01-21T07:30:00Z").await.expect(201);
    assert_eq!(next.json["payment"]["payable_amount"], 900_000);
}

#[rstest]
#[tokio::test]
async fn an_insurance_that_the_doctor_does_not_take_is_told(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (doctor, patient, admin) = (app.bookable_doctor().await, app.rich_patient().await, app.admin().await);
    // the doctor takes it, but it is no longer one
    let gone = json!({ "name": "آسیا", "coverage_percent": 60, "is_active": false });
    let _ = app.put("/api/v1/admin/insurers/").by(&admin).json(&gone).send().await.expect(200);
    let mut wish = wish(&doctor, AT);
    for provider in ["دی", "هیچ", "آسیا", "تامین"] {
        wish["insurance_info"] = json!({ "use_insurance": true, "provider": provider, "number": "1" });
        assert_wrong(&ask(&app, &patient, &wish).await, "insurance_info.provider", provider);
    }
    assert_eq!(visits(&app).await, 0);
}

#[rstest]
#[tokio::test]
async fn a_time_that_is_no_slot_is_refused_with_the_nearest_that_are(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (doctor, patient) = (app.bookable_doctor().await, app.rich_patient().await);
    let mut named = BTreeSet::new();
    for (at, date, instead, why) in [
        ("2024-01-20T09:30:00Z", "2024-01-20", ["10:30", "11:00", "11:30"], "half an hour ago"),
        ("2020-01-01T00:00:00Z", "2024-01-20", ["10:30", "11:00", "11:30"], "long ago"),
        ("0001-01-01T00:00:00Z", "2024-01-20", ["10:30", "11:00", "11:30"], "very long ago"),
        ("2024-01-20T10:00:00Z", "2024-01-20", ["10:30", "11:00", "11:30"], "now"),
        ("2024-01-21T05:30:01Z", "2024-01-21", ["05:30", "06:00", "06:30"], "a second past a slot"),
        ("2024-01-21T05:30:00.000001Z", "2024-01-21", ["05:30", "06:00", "06:30"], "a microsecond"),
        ("2024-01-21T05:30:00.000000001Z", "2024-01-21", ["05:30", "06:00", "06:30"], "a nanosecond"),
        ("2024-01-21T06:45:00Z", "2024-01-21", ["06:00", "06:30", "07:00"], "between two slots"),
        ("2024-01-21T06:50:00Z", "2024-01-21", ["06:30", "07:00", "07:30"], "the end of a slot"),
        ("2024-01-21T08:30:00Z", "2024-01-21", ["07:30", "08:00", "09:30"], "the break"),
        ("2024-01-21T09:00:00Z", "2024-01-21", ["08:00", "09:30", "10:00"], "later in the break"),
        ("2024-01-21T05:00:00Z", "2024-01-21", ["05:30", "06:00", "06:30"], "before the hours"),
        ("2024-01-21T13:30:00Z", "2024-01-21", ["12:00", "12:30", "13:00"], "after the hours"),
        ("2024-01-26T05:30:00Z", "2024-01-25", ["12:00", "12:30", "13:00"], "a Friday"),
    ] {
        let refused = app.book(&doctor, &patient, at).await;
        assert_eq!((refused.status, refused.code()), (409, "DOCTOR_UNAVAILABLE"), "{why}: {}", refused.json);
        assert_eq!(alternatives(&refused), day(date, &instead), "{why}");
        named.extend(alternatives(&refused));
    }
    for at in ["2024-03-20T10:30:00Z", "2025-01-21T05:30:00Z", "9999-12-30T22:00:00Z"] {
        let refused = app.book(&doctor, &patient, at).await.expect(409);
        let instead = alternatives(&refused);
        assert_eq!((refused.code(), instead.len()), ("DOCTOR_UNAVAILABLE", 3), "{at} is too far away");
        named.extend(instead);
    }
    assert_eq!(visits(&app).await, 0);
    // what was named can be booked
    for at in named {
        let _ = app.book(&doctor, &patient, &at).await.expect(201);
    }
    assert_whole(&app.app.db).await;
}

#[rstest]
#[tokio::test]
async fn half_an_hour_ahead_is_not_too_soon_and_sixty_days_not_too_late(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (doctor, other, patient) =
        (app.bookable_doctor().await, app.bookable_doctor().await, app.rich_patient().await);
    for at in ["2024-01-20T10:30:00Z", "2024-03-20T10:00:00Z"] {
        let _ = app.book(&doctor, &patient, at).await.expect(201);
    }
    let late = app.book(&doctor, &patient, "2024-03-20T10:30:00Z").await.expect(409);
    assert_eq!(late.code(), "DOCTOR_UNAVAILABLE");
    app.clock.advance(SignedDuration::from_secs(1));
    let soon = app.book(&other, &app.rich_patient().await, "2024-01-20T10:30:00Z").await;
    let instead = day("2024-01-20", &["11:00", "11:30", "12:00"]);
    assert_eq!((soon.code(), alternatives(&soon)), ("DOCTOR_UNAVAILABLE", instead));
}

#[rstest]
#[tokio::test]
async fn a_doctor_who_is_away_is_not_booked(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let (doctor, patient) = (app.bookable_doctor().await, app.rich_patient().await);
    let away = json!({ "availability": {
        "days_off": ["2024-01-21"],
        "leaves": [{ "from": "2024-01-22", "to": "2024-01-23" }],
    } });
    let _ = patch(&app, &doctor, &away).await.expect(200);
    for at in ["2024-01-21T07:00:00Z", "2024-01-22T07:00:00Z", "2024-01-23T07:00:00Z"] {
        let refused = app.book(&doctor, &patient, at).await.expect(409);
        assert_eq!(refused.code(), "DOCTOR_UNAVAILABLE", "{at}");
        let is_away = |at: &String| ["2024-01-21", "2024-01-22", "2024-01-23"].contains(&&at[..10]);
        assert!(!alternatives(&refused).iter().any(is_away), "{}", refused.json);
    }
    let _ = app.book(&doctor, &patient, "2024-01-24T07:00:00Z").await.expect(201);
}

#[rstest]
#[tokio::test]
async fn who_sees_nobody_has_no_other_times(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let (fresh, suspended, online) =
        (app.doctor().await, app.bookable_doctor().await, app.bookable_doctor().await);
    let (patient, admin) = (app.rich_patient().await, app.admin().await);
    let suspend = format!("{DOCTORS}{}/suspend/", suspended.id);
    let reason = json!({ "reason": "شکایت بیمار" });
    let _ = app.post(&suspend).by(&admin).json(&reason).send().await.expect(200);
    let never = json!({ "consultation_settings": { "in_person_consultation_enabled": false } });
    let _ = patch(&app, &online, &never).await.expect(200);

    for (doctor, why) in [(&fresh, "has set nothing"), (&suspended, "is suspended")] {
        assert_refused(&app.book(doctor, &patient, AT).await, "DOCTOR_UNAVAILABLE", &[], why);
    }
    let mut in_person = wish(&online, AT);
    in_person["visit_type"] = json!("in_person");
    let refused = ask(&app, &patient, &in_person).await;
    assert_refused(&refused, "DOCTOR_UNAVAILABLE", &[], "sees people online alone");
    let _ = app.book(&online, &patient, AT).await.expect(201);
}

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

#[rstest]
#[tokio::test]
async fn a_taken_time_is_refused_with_free_ones_that_can_be_booked(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (doctor, first, second) =
        (app.bookable_doctor().await, app.rich_patient().await, app.rich_patient().await);
    let _ = app.book(&doctor, &first, AT).await.expect(201);
    let instead = ["2024-01-21T06:00:00Z", "2024-01-21T06:30:00Z", "2024-01-21T07:30:00Z"];
    for patient in [&second, &first] {
        let refused = app.book(&doctor, patient, AT).await;
        assert_refused(&refused, "APPOINTMENT_CONFLICT", &instead, "somebody has it");
    }
    assert!(!app.free(&doctor).await.contains(&AT.to_owned()));
    for at in instead {
        let _ = app.book(&doctor, &second, at).await.expect(201);
    }
    // now the nearest are farther away
    let refused = app.book(&doctor, &app.rich_patient().await, AT).await;
    let instead = ["2024-01-21T05:30:00Z", "2024-01-21T08:00:00Z", "2024-01-21T09:30:00Z"];
    assert_refused(&refused, "APPOINTMENT_CONFLICT", &instead, "so are those around it");
    assert_eq!(visits(&app).await, 4);
    assert_whole(&app.app.db).await;
}

#[rstest]
#[tokio::test]
async fn nobody_is_at_two_doctors_at_one_time(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let (one, other, patient) =
        (app.bookable_doctor().await, app.bookable_doctor().await, app.rich_patient().await);
    let from =
        |start: &str| json!({ "availability": { "working_hours": { "start": start, "end": "17:00" } } });
    // slots at 05:45, 06:15, 06:45, 07:15, 07:45 …
    let _ = patch(&app, &other, &from("09:15")).await.expect(200);
    let _ = app.book(&one, &patient, AT).await.expect(201);
    let instead = ["2024-01-21T05:45:00Z", "2024-01-21T06:15:00Z", "2024-01-21T07:45:00Z"];
    for at in ["2024-01-21T06:45:00Z", "2024-01-21T07:15:00Z"] {
        let refused = app.book(&other, &patient, at).await;
        assert_eq!((refused.status, refused.code()), (409, "APPOINTMENT_CONFLICT"), "{at} overlaps");
        let named = alternatives(&refused);
        assert!(named.len() == 3 && !named.contains(&"2024-01-21T07:15:00Z".to_owned()), "{named:?}");
        assert!(!named.contains(&"2024-01-21T06:45:00Z".to_owned()), "{named:?}");
    }
    let refused = app.book(&other, &patient, "2024-01-21T06:45:00Z").await;
    assert_refused(&refused, "APPOINTMENT_CONFLICT", &instead, "free for both");
    for at in instead {
        let _ = app.book(&other, &patient, at).await.expect(201);
    }
    // somebody else may
    let _ = app.book(&other, &app.rich_patient().await, "2024-01-21T06:45:00Z").await.expect(201);

    // from one door to the next: 07:00 to 07:20, then 07:20
    let (next, quick) = (app.bookable_doctor().await, app.rich_patient().await);
    let _ = patch(&app, &next, &from("09:20")).await.expect(200);
    let busy = app.bookable_doctor().await;
    let _ = app.book(&busy, &quick, AT).await.expect(201);
    let _ = app.book(&next, &quick, "2024-01-21T07:20:00Z").await.expect(201);
    assert_whole(&app.app.db).await;
}

#[rstest]
#[tokio::test]
async fn a_visit_that_costs_nothing_is_confirmed_at_once(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (kind, insured) = (app.doctor().await, app.bookable_doctor().await);
    let (patient, admin) = (app.rich_patient().await, app.admin().await);
    let mut settings = practice();
    settings["consultation_settings"]["online_consultation_fee"] = json!(0);
    let _ = app.put("/api/v1/doctors/settings/").by(&kind).json(&settings).send().await.expect(200);
    let covers = json!({ "name": "ایران", "coverage_percent": 100, "is_active": true });
    let _ = app.put("/api/v1/admin/insurers/").by(&admin).json(&covers).send().await.expect(200);

    let for_nothing = app.book(&kind, &patient, AT).await.expect(201);
    let mut covered = wish(&insured, "2024-01-21T07:30:00Z");
    covered["insurance_info"] = json!({ "use_insurance": true, "provider": "ایران" });
    let covered = ask(&app, &patient, &covered).await.expect(201);
    for (booked, total) in [(&for_nothing, 0), (&covered, 600_000)] {
        let payment = &booked.json["payment"];
        assert_eq!(
            (booked.text("/status"), &payment["payment_status"]),
            ("confirmed".into(), &json!("paid"))
        );
        let shares = (&payment["total_amount"], &payment["insurance_discount"], &payment["payable_amount"]);
        assert_eq!(shares, (&json!(total), &json!(total), &json!(0)));
        assert_eq!(payment["pay_until"], Value::Null);
        assert_eq!(pay(&app, &patient, &booked.text("/id")).await.expect(409).code(), "ILLEGAL_STATE");
    }
    let told = app.get("/api/v1/notifications/").by(&patient).send().await.expect(200).json;
    assert_eq!((&told["count"], &told["results"][0]["type"]), (&json!(2), &json!("appointment_confirmed")));
    // it is no hold
    app.clock.advance(SignedDuration::from_mins(16));
    let taken = app.book(&kind, &app.rich_patient().await, AT).await.expect(409);
    assert_eq!(taken.code(), "APPOINTMENT_CONFLICT");
    assert_eq!(read(&app, &patient, &for_nothing.text("/id")).await["status"], "confirmed");
    assert_whole(&app.app.db).await;
}

#[rstest]
#[tokio::test]
async fn a_key_books_once(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let (doctor, patient, admin) = (app.bookable_doctor().await, app.rich_patient().await, app.admin().await);
    let first_wish = wish(&doctor, AT);
    let first = keyed(&app, &patient, "k", &first_wish).send().await.expect(201);
    assert_eq!(first.header("idempotent-replay"), None);
    // another visit, or the same one in other words, needs another key
    let mut in_other_words = first_wish.clone();
    in_other_words["description"] = json!("از دیروز");
    for other in [wish(&doctor, "2024-01-21T07:30:00Z"), in_other_words] {
        let refused = keyed(&app, &patient, "k", &other).send().await.expect(422);
        assert_eq!(refused.code(), "IDEMPOTENCY_KEY_REUSED");
    }
    // somebody else's key is another one
    let other = app.rich_patient().await;
    let taken = keyed(&app, &other, "k", &first_wish).send().await.expect(409);
    assert_eq!((taken.code(), taken.header("idempotent-replay")), ("APPOINTMENT_CONFLICT", None));
    // without the key it would be a second visit
    assert_eq!(ask(&app, &patient, &first_wish).await.expect(409).code(), "APPOINTMENT_CONFLICT");

    // whatever has become of the visit and of the doctor, the answer is the first one
    let id = first.text("/id");
    let _ = change(&app, &patient, &id, "cancel", &json!({})).await.expect(200);
    let suspend = format!("{DOCTORS}{}/suspend/", doctor.id);
    let reason = json!({ "reason": "شکایت بیمار" });
    let _ = app.post(&suspend).by(&admin).json(&reason).send().await.expect(200);
    app.clock.advance(SignedDuration::from_mins(16));
    let again = keyed(&app, &patient, "k", &first_wish).send().await.expect(201);
    assert_eq!((&again.json, again.header("idempotent-replay")), (&first.json, Some("true")));
    assert_eq!((visits(&app).await, app.audited("visit.book").await), (1, 1));
    assert_whole(&app.app.db).await;
}

#[rstest]
#[tokio::test]
async fn a_key_whose_booking_was_refused_may_be_used_again(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (doctor, first, second) =
        (app.bookable_doctor().await, app.rich_patient().await, app.rich_patient().await);
    let id = app.book(&doctor, &first, AT).await.expect(201).text("/id");
    for _ in 0..2 {
        let refused = keyed(&app, &second, "k", &wish(&doctor, AT)).send().await.expect(409);
        assert_eq!((refused.code(), refused.header("idempotent-replay")), ("APPOINTMENT_CONFLICT", None));
    }
    let _ = change(&app, &first, &id, "cancel", &json!({})).await.expect(200);
    let booked = keyed(&app, &second, "k", &wish(&doctor, AT)).send().await.expect(201);
    assert_eq!(booked.header("idempotent-replay"), None);
}

#[rstest]
#[tokio::test]
async fn a_key_pays_one_visit_once(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let (doctor, patient) = (app.bookable_doctor().await, app.rich_patient().await);
    // a key of a booking is none of a payment
    let one = keyed(&app, &patient, "k", &wish(&doctor, AT)).send().await.expect(201).text("/id");
    let other = app.book(&doctor, &patient, "2024-01-21T07:30:00Z").await.expect(201).text("/id");
    let pay = |id: &str, method: &str| {
        let call = app.post(&format!("{ENCOUNTERS}{id}/pay/")).by(&patient).header("idempotency-key", "k");
        call.json(&json!({ "payment_method": method }))
    };
    let first = pay(&one, "wallet").send().await.expect(200);
    assert_eq!(first.text("/status"), "confirmed");
    let again = pay(&one, "wallet").send().await.expect(200);
    assert_eq!((&again.json, again.header("idempotent-replay")), (&first.json, Some("true")));
    for refused in [pay(&other, "wallet").send().await, pay(&one, "online").send().await] {
        assert_eq!(refused.expect(422).code(), "IDEMPOTENCY_KEY_REUSED");
    }
    assert_eq!(read(&app, &patient, &other).await["status"], "pending");
    assert_eq!(app.audited("visit.pay").await, 1);
    assert_whole(&app.app.db).await;
}
