//! The register of doctors, as admins keep it and staff read it.

use domain::{Role, SignedDuration};
use rstest::rstest;
use serde_json::{Value, json};
use testkit::{
    Answer, Engine, TestApp, User,
    users::{new_address, new_phone},
};

use crate::frame::over_socket;

pub(crate) const DOCTORS: &str = "/api/v1/admin/doctors/";
const LOGIN: &str = "/api/v1/auth/login/otp/";
const SESSIONS: &str = "/api/v1/auth/sessions/";
/// Of nobody.
const UNKNOWN: &str = "018d2f6a-3c5e-7b1a-9f00-1c2d3e4f5a6b";

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

/// Follows `next` from here to the end; all ids on the way.
async fn walk(app: &TestApp, admin: &User, first: &str, server: &str) -> Vec<String> {
    let (mut found, mut next) = (vec![], Some(first.to_owned()));
    while let Some(path) = next {
        let page = app.get(&path).by(admin).send().await.expect(200).json;
        found.extend(ids(&page));
        next = page["next"].as_str().map(|link| link.strip_prefix(server).unwrap().to_owned());
    }
    found
}

#[rstest]
#[tokio::test]
async fn pages_can_be_walked_by_their_links(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let admin = app.admin().await;
    let mut all = vec![];
    for n in 1..=5 {
        all.push(add(&app, &admin, &new_phone(), &format!("700000{n}")).await);
    }
    all.sort_unstable();
    let list = |query: &str| app.get(&format!("{DOCTORS}{query}")).by(&admin).send();
    let base = "http://127.0.0.1:8000/api/v1/admin/doctors/";

    let first = list("?page_size=2").await.expect(200).json;
    assert_eq!((&first["count"], ids(&first)), (&json!(5), all[..2].to_vec()));
    assert_eq!(first["next"], json!(format!("{base}?page_size=2&page=2")));
    assert_eq!(first["previous"], Value::Null);

    let last = list("?page=3&page_size=2").await.expect(200).json;
    assert_eq!((ids(&last), &last["next"]), (all[4..].to_vec(), &Value::Null));
    assert_eq!(last["previous"], json!(format!("{base}?page_size=2&page=2")));

    let beyond = list("?page=9&page_size=2").await.expect(200).json;
    assert_eq!((&beyond["count"], &beyond["results"]), (&json!(5), &json!([])));
    assert_eq!(beyond["next"], Value::Null);
    assert_eq!(beyond["previous"], json!(format!("{base}?page_size=2&page=3")), "back to the last one");

    let exact = list("?page_size=5").await.expect(200).json;
    assert_eq!((ids(&exact), &exact["next"]), (all.clone(), &Value::Null));
    let default = list("").await.expect(200).json;
    assert_eq!((ids(&default), &default["next"]), (all.clone(), &Value::Null));

    let walked = walk(&app, &admin, &format!("{DOCTORS}?page_size=2"), "http://127.0.0.1:8000").await;
    assert_eq!(walked, all);
}

#[rstest]
#[tokio::test]
async fn links_begin_with_the_public_base(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::with(engine, |settings| {
        settings.public_api_url = "https://api.helssa.ir/v1".into();
    })
    .await;
    let admin = app.admin().await;
    let mut all = vec![];
    for n in 1..=3 {
        all.push(add(&app, &admin, &new_phone(), &format!("700000{n}")).await);
    }
    all.sort_unstable();
    for path in [DOCTORS, "/api/v1/admin/doctors", "/v1/admin/doctors/", "/v1/admin/doctors"] {
        let first = format!("{path}?status=active&page_size=1");
        let page = app.get(&first).by(&admin).send().await.expect(200);
        let next = "https://api.helssa.ir/v1/admin/doctors/?status=active&page_size=1&page=2";
        assert_eq!(page.text("/next"), next, "{path}");
        // what is public as https://api.helssa.ir/v1/… arrives as /v1/…
        assert_eq!(walk(&app, &admin, &first, "https://api.helssa.ir").await, all, "{path}");
    }
}

#[rstest]
#[tokio::test]
async fn links_are_the_same_over_a_real_socket(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::with(engine, |settings| {
        settings.public_api_url = "https://api.helssa.ir/v1".into();
    })
    .await;
    let admin = app.admin().await;
    for n in 1..=2 {
        let _ = add(&app, &admin, &new_phone(), &format!("700000{n}")).await;
    }
    for path in [DOCTORS, "/api/v1/admin/doctors", "/v1/admin/doctors/", "/v1/admin/doctors"] {
        let request = format!(
            "GET {path}?page_size=1 HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\
             authorization: Bearer {}\r\n\r\n",
            admin.access
        );
        let page = over_socket(&app, request.as_bytes()).await.expect(200);
        let next = "https://api.helssa.ir/v1/admin/doctors/?page_size=1&page=2";
        assert_eq!(page.text("/next"), next, "{path}");
    }
}

#[rstest]
#[tokio::test]
async fn a_list_shows_those_of_one_status(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let admin = app.admin().await;
    let active = add(&app, &admin, &new_phone(), "7000001").await;
    let suspended = add(&app, &admin, &new_phone(), "7000002").await;
    let reason = json!({ "reason": "شکایت بیمار" });
    let _ =
        app.post(&format!("{}suspend/", one(&suspended))).by(&admin).json(&reason).send().await.expect(200);
    for (status, expected) in [("active", active), ("suspended", suspended)] {
        let path = format!("{DOCTORS}?status={status}");
        let page = app.get(&path).by(&admin).send().await.expect(200).json;
        assert_eq!((&page["count"], ids(&page)), (&json!(1), vec![expected]), "{status}");
        assert_eq!(page["results"][0]["status"], status);
    }
    let both = app.get(&format!("{DOCTORS}?status=")).by(&admin).send().await.expect(200);
    assert_eq!(both.json["count"], 2, "a form's empty field filters nothing");
    let other = app.get(&format!("{DOCTORS}?status=retired")).by(&admin).send().await.expect(422);
    assert!(other.json["error"]["details"]["field_errors"]["status"].is_array());
}

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
