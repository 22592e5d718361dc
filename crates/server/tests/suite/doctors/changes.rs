//! Each field is changed by itself, the suspended are out until reinstated, and staff change nothing.

use rstest::rstest;
use serde_json::json;
use testkit::{Engine, TestApp, users::new_phone};

use super::{DOCTORS, SESSIONS, add, entry, one, read, try_to_log_in};

/// Of nobody.
const UNKNOWN: &str = "018d2f6a-3c5e-7b1a-9f00-1c2d3e4f5a6b";

#[rstest]
#[tokio::test]
async fn each_field_can_be_changed_by_itself(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let admin = app.admin().await;
    let id = add(&app, &admin, &new_phone(), "7000001").await;
    let mut doctor = read(&app, &admin, &id).await;
    for (field, value) in [
        ("first_name", json!("نرگس")),
        ("last_name", json!("حسینی")),
        ("medical_council_number", json!("7000009")),
        ("medical_council_number", json!("7000009")),
        ("specialty", json!("neurology")),
        ("province", json!("فارس")),
        ("city", json!("شیراز")),
        ("gender", json!("male")),
        ("gender", json!("")),
        ("languages", json!(["عربی", "ترکی"])),
        ("languages", json!([])),
        ("experience_years", json!(80)),
        ("experience_years", json!(0)),
    ] {
        let changed = app.patch(&one(&id)).by(&admin).json(&json!({ field: value })).send().await.expect(200);
        doctor[field] = value;
        assert_eq!(changed.json, doctor, "{field}");
        assert_eq!(read(&app, &admin, &id).await, doctor, "{field}");
    }
    assert_eq!(app.audited("doctor.update").await, 13);
}

#[rstest]
#[tokio::test]
async fn what_is_not_sent_stays(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let admin = app.admin().await;
    let id = add(&app, &admin, &new_phone(), "7000001").await;
    let _ = add(&app, &admin, &new_phone(), "7000002").await;
    let doctor = read(&app, &admin, &id).await;
    let nulls = json!({
        "first_name": null, "last_name": null, "medical_council_number": null, "specialty": null,
        "province": null, "city": null, "gender": null, "languages": null, "experience_years": null,
    });
    for nothing in [nulls, json!({})] {
        let answer = app.patch(&one(&id)).by(&admin).json(&nothing).send().await.expect(200);
        assert_eq!(answer.json, doctor);
    }
    // another's council number, together with a change that would do
    let taken = json!({ "city": "شیراز", "medical_council_number": "7000002" });
    let answer = app.patch(&one(&id)).by(&admin).json(&taken).send().await.expect(409);
    assert_eq!(answer.code(), "COUNCIL_NUMBER_IN_USE");
    for field in ["id", "phone_number", "status", "created_at", "role"] {
        let answer = app.patch(&one(&id)).by(&admin).json(&json!({ field: "x" })).send().await.expect(422);
        assert!(answer.json["error"]["details"]["field_errors"][field].is_array(), "{field}");
    }
    assert_eq!(read(&app, &admin, &id).await, doctor);
}

#[rstest]
#[tokio::test]
async fn a_suspended_doctor_is_out_until_reinstated(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (admin, doctor) = (app.admin().await, app.doctor().await);
    let _ = app.get(SESSIONS).by(&doctor).send().await.expect(200);
    let (suspend, reinstate) =
        (format!("{}suspend/", one(&doctor.id)), format!("{}reinstate/", one(&doctor.id)));
    let reason = json!({ "reason": "شکایت بیمار" });
    let suspended = app.post(&suspend).by(&admin).json(&reason).send().await.expect(200);
    assert_eq!(
        (suspended.text("/id"), suspended.text("/status")),
        (doctor.id.clone(), "suspended".to_owned())
    );

    assert_eq!(app.get(SESSIONS).by(&doctor).send().await.expect(401).code(), "TOKEN_INVALID");
    let refresh = json!({ "refresh": doctor.refresh });
    let _ = app.post("/api/v1/auth/refresh/").json(&refresh).send().await.expect(401);
    assert_eq!(try_to_log_in(&app, &doctor.phone).await.expect(403).code(), "ACCOUNT_SUSPENDED");
    let twice = app.post(&suspend).by(&admin).json(&reason).send().await.expect(409);
    assert_eq!(twice.code(), "CONFLICT");

    let reinstated = app.post(&reinstate).by(&admin).send().await.expect(200);
    assert_eq!(reinstated.text("/status"), "active");
    assert_eq!(app.post(&reinstate).by(&admin).send().await.expect(409).code(), "CONFLICT");
    // old logins stay ended, new ones work
    let _ = app.get(SESSIONS).by(&doctor).send().await.expect(401);
    let login = try_to_log_in(&app, &doctor.phone).await.expect(200);
    assert_eq!(login.text("/user/id"), doctor.id);
    assert_eq!((app.audited("doctor.suspend").await, app.audited("doctor.reinstate").await), (1, 1));
}

#[rstest]
#[tokio::test]
async fn who_is_no_doctor_is_not_in_the_register(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let (admin, patient) = (app.admin().await, app.patient().await);
    for id in [UNKNOWN, &patient.id, &admin.id] {
        let path = one(id);
        for call in [
            app.get(&path),
            app.patch(&path).json(&json!({ "city": "شیراز" })),
            app.post(&format!("{path}suspend/")).json(&json!({ "reason": "شکایت بیمار" })),
            app.post(&format!("{path}reinstate/")),
        ] {
            assert_eq!(call.by(&admin).send().await.expect(404).code(), "NOT_FOUND");
        }
    }
    let _ = app.get(SESSIONS).by(&patient).send().await.expect(200);
    assert_eq!(app.audited("doctor.update").await + app.audited("doctor.suspend").await, 0);
}

#[rstest]
#[tokio::test]
async fn staff_read_the_register_and_change_nothing(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (admin, staff) = (app.admin().await, app.staff().await);
    let id = add(&app, &admin, &new_phone(), "7000001").await;
    let doctor = read(&app, &admin, &id).await;
    assert_eq!(read(&app, &staff, &id).await, doctor);
    let list = app.get(DOCTORS).by(&staff).send().await.expect(200).json;
    assert_eq!(list["results"], json!([doctor]));
    for call in [
        app.post(DOCTORS).json(&entry(&new_phone(), "7000002")),
        app.patch(&one(&id)).json(&json!({ "city": "شیراز" })),
        app.post(&format!("{}suspend/", one(&id))).json(&json!({ "reason": "شکایت بیمار" })),
        app.post(&format!("{}reinstate/", one(&id))),
    ] {
        assert_eq!(call.by(&staff).send().await.expect(403).code(), "FORBIDDEN");
    }
    assert_eq!(read(&app, &admin, &id).await, doctor);
}
