//! A doctor is written down with every field, under a number of their own, and logs in as one.

use domain::{Role, SignedDuration};
use rstest::rstest;
use serde_json::{Value, json};
use testkit::{Engine, TestApp, users::new_phone};

use super::{DOCTORS, SESSIONS, add, entry, ids, read, try_to_log_in};

#[rstest]
#[tokio::test]
async fn a_doctor_is_written_down_with_every_field(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let admin = app.admin().await;
    let phone = new_phone();
    let mut doctor = json!({
        "phone_number": phone,
        "first_name": "مریم",
        "last_name": "رضایی",
        "medical_council_number": "7000001",
        "specialty": "internal-medicine",
        "province": "البرز",
        "city": "کرج",
        "gender": "female",
        "languages": ["فارسی", "انگلیسی"],
        "experience_years": 15,
    });
    let made = app.post(DOCTORS).by(&admin).json(&doctor).send().await.expect(201);
    doctor["id"] = made.json["id"].clone();
    doctor["status"] = json!("active");
    doctor["created_at"] = json!("2024-01-20T10:00:00Z");
    assert_eq!(made.json, doctor);
    assert_eq!(read(&app, &admin, &made.text("/id")).await, doctor);
    assert_eq!(app.audited("doctor.create").await, 1);

    let login = try_to_log_in(&app, &phone).await.expect(200);
    assert_eq!((login.text("/user/role"), login.text("/user/id")), ("doctor".to_owned(), made.text("/id")));
    assert_eq!(
        (login.text("/user/first_name"), &login.json["is_new_user"]),
        ("مریم".to_owned(), &json!(false))
    );
}

#[rstest]
#[tokio::test]
async fn what_is_not_said_of_a_doctor_has_a_default(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let admin = app.admin().await;
    let phone = new_phone();
    // as people write them: the local spelling, Persian digits, blanks around a name
    let mut sent = entry(&format!("0{}", &phone[3..]), "۷۰۰۰۰۰۱");
    sent["first_name"] = json!("  مریم ");
    for unset in ["province", "gender", "languages", "experience_years"] {
        sent[unset] = Value::Null;
    }
    let made = app.post(DOCTORS).by(&admin).json(&sent).send().await.expect(201).json;
    for (field, value) in [
        ("phone_number", json!(phone)),
        ("medical_council_number", json!("7000001")),
        ("first_name", json!("مریم")),
        ("province", json!("تهران")),
        ("gender", json!("")),
        ("languages", json!(["فارسی"])),
        ("experience_years", json!(0)),
        ("status", json!("active")),
    ] {
        assert_eq!(made[field], value, "{field}");
    }
}

#[rstest]
#[tokio::test]
async fn a_number_that_is_taken_is_a_conflict_and_nothing_is_written(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (admin, staff) = (app.admin().await, app.staff().await);
    let phone = new_phone();
    let id = add(&app, &admin, &phone, "7000001").await;
    for taken in [&phone, &admin.phone, &staff.phone] {
        let answer = app.post(DOCTORS).by(&admin).json(&entry(taken, "7000002")).send().await.expect(409);
        assert_eq!(answer.code(), "PHONE_IN_USE");
    }
    let other = new_phone();
    let answer = app.post(DOCTORS).by(&admin).json(&entry(&other, "7000001")).send().await.expect(409);
    assert_eq!(answer.code(), "COUNCIL_NUMBER_IN_USE");

    let all = app.get(DOCTORS).by(&admin).send().await.expect(200).json;
    assert_eq!((&all["count"], ids(&all)), (&json!(1), vec![id]));
    assert_eq!(app.audited("doctor.create").await, 1);
    // neither is the owner of the other number somebody now
    let owner = app.log_in(&other).await;
    assert_eq!(owner.role, Role::Patient);
    app.clock.advance(SignedDuration::from_secs(61));
    assert_eq!(app.log_in(&staff.phone).await.role, Role::Staff);
}

#[rstest]
#[tokio::test]
async fn a_patient_who_becomes_a_doctor_logs_in_anew(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (admin, patient) = (app.admin().await, app.patient().await);
    let _ = app.get(SESSIONS).by(&patient).send().await.expect(200);
    assert_eq!(add(&app, &admin, &patient.phone, "7000001").await, patient.id);
    assert_eq!(app.get(SESSIONS).by(&patient).send().await.expect(401).code(), "TOKEN_INVALID");
    let refresh = json!({ "refresh": patient.refresh });
    let refused = app.post("/api/v1/auth/refresh/").json(&refresh).send().await.expect(401);
    assert_eq!(refused.code(), "TOKEN_INVALID");

    let login = try_to_log_in(&app, &patient.phone).await.expect(200);
    assert_eq!((login.text("/user/id"), login.text("/user/role")), (patient.id, "doctor".to_owned()));
    assert_eq!(login.json["is_new_user"], false);
    let profile = app.get("/api/v1/patients/profile/").bearer(&login.text("/access")).send().await;
    assert_eq!(profile.expect(403).code(), "FORBIDDEN");
}
