//! Looking people up, and keeping a phone number out.

use std::fmt::Write as _;

use domain::SignedDuration;
use rstest::rstest;
use serde_json::{Value, json};
use testkit::{
    Answer, Engine, TestApp, User,
    users::{new_address, new_phone},
};

use crate::{
    bad_input::persian,
    doctors::{ids, try_to_log_in},
};

const USERS: &str = "/api/v1/admin/users/";
const PROFILE: &str = "/api/v1/patients/profile/";
const LOGIN: &str = "/api/v1/auth/login/otp/";
const SESSIONS: &str = "/api/v1/auth/sessions/";
/// Of nobody.
const UNKNOWN: &str = "018d2f6a-3c5e-7b1a-9f00-1c2d3e4f5a6b";

/// Every byte as `%…`.
fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut all, byte| {
        let _ = write!(all, "%{byte:02X}");
        all
    })
}

async fn find(app: &TestApp, by: &User, query: &str) -> Value {
    app.get(&format!("{USERS}?{query}")).by(by).send().await.expect(200).json
}

async fn block(app: &TestApp, by: &User, id: &str) -> Answer {
    let reason = json!({ "reason": "گزارش سوءاستفاده" });
    app.post(&format!("{USERS}{id}/block/")).by(by).json(&reason).send().await
}

async fn unblock(app: &TestApp, by: &User, id: &str) -> Answer {
    app.post(&format!("{USERS}{id}/unblock/")).by(by).send().await
}

#[rstest]
#[tokio::test]
async fn a_user_is_found_by_their_number_in_any_spelling(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (admin, patient) = (app.admin().await, app.patient().await);
    let _ = app.patient().await;
    let national = &patient.phone[3..];
    for spelling in [
        encoded(&patient.phone),
        // a plus that nobody encoded is a blank
        patient.phone.clone(),
        format!("0098{national}"),
        format!("98{national}"),
        format!("0{national}"),
        national.to_owned(),
        encoded(&persian(&format!("0{national}"))),
    ] {
        let found = find(&app, &admin, &format!("phone_number={spelling}")).await;
        assert_eq!((&found["count"], ids(&found)), (&json!(1), vec![patient.id.clone()]), "{spelling}");
    }
    let nobody = find(&app, &admin, &format!("phone_number={}", encoded(&new_phone()))).await;
    assert_eq!((&nobody["count"], &nobody["results"]), (&json!(0), &json!([])));
    assert_eq!(app.audited("user.find").await, 8);
}

#[rstest]
#[tokio::test]
async fn a_patient_is_found_by_national_id(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let (admin, patient, other) = (app.admin().await, app.patient().await, app.patient().await);
    let save = |user: &User, national_id: &str| {
        app.patch(PROFILE).by(user).json(&json!({ "national_id": national_id })).send()
    };
    let _ = save(&patient, "0499370899").await.expect(200);
    let _ = save(&other, "0684159414").await.expect(200);
    for spelling in ["0499370899".to_owned(), encoded(&persian("0499370899"))] {
        let found = find(&app, &admin, &format!("national_id={spelling}")).await;
        assert_eq!((&found["count"], ids(&found)), (&json!(1), vec![patient.id.clone()]), "{spelling}");
    }
    // once it is another's, the old number finds nobody
    let _ = save(&patient, "0012345679").await.expect(200);
    assert_eq!(find(&app, &admin, "national_id=0499370899").await["count"], 0);
    assert_eq!(ids(&find(&app, &admin, "national_id=0012345679").await), [patient.id]);
}

#[rstest]
#[tokio::test]
async fn filters_combine_and_pages_turn(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let (admin, staff, doctor) = (app.admin().await, app.staff().await, app.doctor().await);
    let mut patients = vec![];
    for _ in 0..3 {
        patients.push(app.patient().await.id);
    }
    patients.sort_unstable();
    for (role, expected) in [
        ("admin", vec![admin.id.clone()]),
        ("staff", vec![staff.id.clone()]),
        ("doctor", vec![doctor.id.clone()]),
        ("patient", patients.clone()),
    ] {
        let found = find(&app, &admin, &format!("role={role}")).await;
        assert_eq!(ids(&found), expected, "{role}");
        assert_eq!(found["results"][0]["role"], role);
    }
    let number = encoded(&doctor.phone);
    assert_eq!(find(&app, &admin, &format!("role=doctor&phone_number={number}")).await["count"], 1);
    assert_eq!(find(&app, &admin, &format!("role=patient&phone_number={number}")).await["count"], 0);
    assert_eq!(find(&app, &admin, "").await["count"], 6);

    let first = find(&app, &admin, "role=patient&page_size=2").await;
    assert_eq!(ids(&first), patients[..2]);
    let base = "http://127.0.0.1:8000/api/v1/admin/users/";
    assert_eq!(first["next"], json!(format!("{base}?role=patient&page_size=2&page=2")));
    let second = find(&app, &admin, "role=patient&page_size=2&page=2").await;
    assert_eq!((ids(&second), &second["next"]), (patients[2..].to_vec(), &Value::Null));
    assert_eq!(second["previous"], json!(format!("{base}?role=patient&page_size=2&page=1")));
}

#[rstest]
#[tokio::test]
async fn nothing_about_health_is_shown(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let (admin, patient) = (app.admin().await, app.patient().await);
    let profile = json!({
        "first_name": "علی", "last_name": "محمدی", "national_id": "0499370899", "email": "ali@example.com",
        "medical_info": { "chronic_diseases": ["دیابت نوع 2"] },
    });
    let _ = app.put(PROFILE).by(&patient).json(&profile).send().await.expect(200);
    let expected = json!({
        "id": patient.id,
        "phone_number": patient.phone,
        "first_name": "علی",
        "last_name": "محمدی",
        "role": "patient",
        "is_blocked": false,
        "created_at": "2024-01-20T10:00:00Z",
    });
    let one = app.get(&format!("{USERS}{}/", patient.id)).by(&admin).send().await.expect(200);
    assert_eq!(one.json, expected);
    assert_eq!(find(&app, &admin, "role=patient").await["results"], json!([expected]));
    assert_eq!((app.audited("user.view").await, app.audited("user.find").await), (1, 1));
}

#[rstest]
#[tokio::test]
async fn a_blocked_number_is_out_at_once(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let (admin, patient) = (app.admin().await, app.patient().await);
    // with a code on its way
    app.clock.advance(SignedDuration::from_secs(61));
    let address = new_address();
    let ask = || app.post(LOGIN).from(&address).json(&json!({ "phone_number": patient.phone })).send();
    let _ = ask().await.expect(200);
    let code = app.code(&patient.phone);
    let _ = app.get(SESSIONS).by(&patient).send().await.expect(200);

    let blocked = block(&app, &admin, &patient.id).await.expect(204);
    assert!(blocked.bytes.is_empty());
    assert_eq!(app.get(SESSIONS).by(&patient).send().await.expect(401).code(), "TOKEN_INVALID");
    let refresh = json!({ "refresh": patient.refresh });
    let _ = app.post("/api/v1/auth/refresh/").json(&refresh).send().await.expect(401);
    let verified = app.verify(&patient.phone, &code, &address).await.expect(403);
    assert_eq!(verified.code(), "PHONE_BLOCKED");
    let asked = ask().await.expect(403);
    assert_eq!((asked.code(), asked.header("retry-after")), ("PHONE_BLOCKED", None), "for no set time");
    assert_eq!(find(&app, &admin, "role=patient").await["results"][0]["is_blocked"], true);
    assert_eq!(block(&app, &admin, &patient.id).await.expect(409).code(), "CONFLICT");
    assert_eq!(app.audited("user.block").await, 1);
}

#[rstest]
#[tokio::test]
async fn an_unblocked_number_logs_in_again(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let (admin, patient, doctor) = (app.admin().await, app.patient().await, app.doctor().await);
    for user in [&patient, &doctor] {
        assert_eq!(unblock(&app, &admin, &user.id).await.expect(409).code(), "CONFLICT", "not blocked yet");
        let _ = block(&app, &admin, &user.id).await.expect(204);
        let _ = app.get(SESSIONS).by(user).send().await.expect(401);
        let _ = unblock(&app, &admin, &user.id).await.expect(204);
        assert_eq!(unblock(&app, &admin, &user.id).await.expect(409).code(), "CONFLICT");
        // the old login stays ended, a new one works
        let _ = app.get(SESSIONS).by(user).send().await.expect(401);
        let login = try_to_log_in(&app, &user.phone).await.expect(200);
        assert_eq!((login.text("/user/id"), &login.json["is_new_user"]), (user.id.clone(), &json!(false)));
    }
    assert_eq!((app.audited("user.block").await, app.audited("user.unblock").await), (2, 2));
}

#[rstest]
#[tokio::test]
async fn an_admin_is_not_blocked_from_here(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let (admin, other, staff) = (app.admin().await, app.admin().await, app.staff().await);
    for id in [&admin.id, &other.id] {
        assert_eq!(block(&app, &admin, id).await.expect(409).code(), "CONFLICT");
    }
    for user in [&admin, &other] {
        let _ = app.get(SESSIONS).by(user).send().await.expect(200);
    }
    assert_eq!(app.audited("user.block").await, 0);
    // staff are not above it
    let _ = block(&app, &admin, &staff.id).await.expect(204);
    let _ = app.get(SESSIONS).by(&staff).send().await.expect(401);
}

#[rstest]
#[tokio::test]
async fn staff_look_people_up_and_block_nobody(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let (staff, patient) = (app.staff().await, app.patient().await);
    let found = find(&app, &staff, &format!("phone_number={}", encoded(&patient.phone))).await;
    assert_eq!(ids(&found), std::slice::from_ref(&patient.id));
    let one = app.get(&format!("{USERS}{}/", patient.id)).by(&staff).send().await.expect(200);
    assert_eq!(one.json, found["results"][0]);
    assert_eq!(block(&app, &staff, &patient.id).await.expect(403).code(), "FORBIDDEN");
    assert_eq!(unblock(&app, &staff, &patient.id).await.expect(403).code(), "FORBIDDEN");
    let _ = app.get(SESSIONS).by(&patient).send().await.expect(200);
    // and the patient looks up nobody, not even themself
    for path in [USERS.to_owned(), format!("{USERS}{}/", patient.id)] {
        assert_eq!(app.get(&path).by(&patient).send().await.expect(403).code(), "FORBIDDEN");
    }
}

#[rstest]
#[tokio::test]
async fn who_does_not_exist_is_not_found(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let admin = app.admin().await;
    let one = app.get(&format!("{USERS}{UNKNOWN}/")).by(&admin).send().await.expect(404);
    assert_eq!(one.code(), "NOT_FOUND");
    assert_eq!(block(&app, &admin, UNKNOWN).await.expect(404).code(), "NOT_FOUND");
    assert_eq!(unblock(&app, &admin, UNKNOWN).await.expect(404).code(), "NOT_FOUND");
    assert_eq!(app.audited("user.view").await + app.audited("user.block").await, 0);
}

#[rstest]
#[tokio::test]
async fn a_block_has_a_reason(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let (admin, patient) = (app.admin().await, app.patient().await);
    let path = format!("{USERS}{}/block/", patient.id);
    for reason in [json!(null), json!(""), json!("   "), json!("x".repeat(301))] {
        let body = json!({ "reason": reason });
        let answer = app.post(&path).by(&admin).json(&body).send().await.expect(422);
        assert!(answer.json["error"]["details"]["field_errors"]["reason"].is_array(), "{reason}");
    }
    let _ = app.get(SESSIONS).by(&patient).send().await.expect(200);
    let longest = json!({ "reason": "ی".repeat(300) });
    let _ = app.post(&path).by(&admin).json(&longest).send().await.expect(204);
}

async fn audit_of(app: &TestApp, by: &User, id: &str, query: &str) -> Answer {
    app.get(&format!("{USERS}{id}/audit/?{query}")).by(by).send().await
}

/// What a page of the audit log tells, in its order.
fn actions(page: &Value) -> Vec<&str> {
    page["results"].as_array().unwrap().iter().map(|entry| entry["action"].as_str().unwrap()).collect()
}

#[rstest]
#[tokio::test]
async fn an_admin_reads_what_happened_to_a_user_newest_first(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    // what happens to these two is not told
    let (admin, _) = (app.admin().await, app.staff().await);
    let login = app.patient().await;
    app.clock.advance(SignedDuration::from_secs(60));
    let blocked = block(&app, &admin, &login.id).await.expect(204);
    app.clock.advance(SignedDuration::from_secs(60));
    let phone = domain::Phone::parse(&login.phone).unwrap();
    app::admin::unblock_phone(&app.app, &app::By::command_line(), phone).await.unwrap();

    let first = audit_of(&app, &admin, &login.id, "").await.expect(200).json;
    assert_eq!(actions(&first), ["user.unblock", "user.block", "session.start"]);
    assert_eq!(
        first["results"][0],
        json!({
            "at": "2024-01-20T10:02:00Z",
            "actor_id": "",
            "actor_kind": "command line",
            "action": "user.unblock",
            "detail": "",
            "request_id": "command line",
        })
    );
    assert_eq!(
        first["results"][1],
        json!({
            "at": "2024-01-20T10:01:00Z",
            "actor_id": admin.id,
            "actor_kind": "user",
            "action": "user.block",
            "detail": "گزارش سوءاستفاده",
            "request_id": blocked.header("x-request-id").unwrap(),
        })
    );
    let started = &first["results"][2];
    assert_eq!((&started["actor_id"], &started["detail"]), (&json!(login.id), &json!("first login")));
    assert_eq!((&first["count"], &first["next"]), (&json!(3), &Value::Null));

    // the look itself is the newest entry now, in the same moment as the one before
    let second = audit_of(&app, &admin, &login.id, "page_size=2").await.expect(200).json;
    assert_eq!(actions(&second), ["audit.view", "user.unblock"]);
    let look = &second["results"][0];
    assert_eq!((&look["actor_id"], &look["detail"]), (&json!(admin.id), &json!("page 1, 3 shown")));
    let base = format!("http://127.0.0.1:8000{USERS}{}/audit/", login.id);
    assert_eq!(second["count"], 4);
    assert_eq!(second["next"], json!(format!("{base}?page_size=2&page=2")));

    let third = audit_of(&app, &admin, &login.id, "page_size=2&page=2").await.expect(200).json;
    assert_eq!(actions(&third), ["user.unblock", "user.block"], "two looks are newer");
    assert_eq!(third["previous"], json!(format!("{base}?page_size=2&page=1")));
    let past = audit_of(&app, &admin, &login.id, "page=9").await.expect(200).json;
    assert_eq!((&past["count"], &past["results"]), (&json!(6), &json!([])));
    assert_eq!(app.audited("audit.view").await, 4);
}

#[rstest]
#[tokio::test]
async fn what_workers_do_by_themselves_is_in_nobody_elses_name(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (doctor, patient, admin) = (app.bookable_doctor().await, app.rich_patient().await, app.admin().await);
    let _ = app.confirmed(&doctor, &patient).await;
    let suspend = format!("/api/v1/admin/doctors/{}/suspend/", doctor.id);
    let _ = app.post(&suspend).by(&admin).json(&json!({ "reason": "test" })).send().await.expect(200);
    let month = json!({ "plan_id": "basic", "duration_months": 1, "payment_method": "wallet" });
    let purchase = "/api/v1/billing/subscriptions/purchase/";
    let _ = app.post(purchase).by(&patient).json(&month).send().await.expect(200);
    app::jobs::run_due(&app.app).await.unwrap();
    app.clock.advance(SignedDuration::from_hours(24 * 31));
    app::jobs::run_cron(&app.app).await.unwrap();

    let log = audit_of(&app, &app.admin().await, &patient.id, "").await.expect(200).json;
    for (action, cause) in
        [("visit.withdraw", "suspension"), ("invoice.issue", "job"), ("subscription.renew", "cron")]
    {
        let entry = log["results"].as_array().unwrap().iter().find(|entry| entry["action"] == action);
        let entry = entry.unwrap_or_else(|| panic!("no {action} in {log}"));
        assert_eq!(
            (&entry["actor_kind"], &entry["actor_id"], &entry["request_id"]),
            (&json!("worker"), &json!(""), &json!(cause)),
            "{action}"
        );
    }
    let bought = log["results"].as_array().unwrap().iter().find(|e| e["action"] == "subscription.purchase");
    assert_eq!(bought.unwrap()["actor_id"], json!(patient.id), "that was their own doing");
}

#[rstest]
#[tokio::test]
async fn who_is_not_shown_the_audit_log_leaves_no_entry(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (admin, staff, patient) = (app.admin().await, app.staff().await, app.patient().await);
    for user in [&staff, &patient] {
        let answer = audit_of(&app, user, &patient.id, "").await.expect(403);
        assert_eq!(answer.code(), "FORBIDDEN");
    }
    for nobody in [UNKNOWN, "me"] {
        assert_eq!(audit_of(&app, &admin, nobody, "").await.expect(404).code(), "NOT_FOUND", "{nobody}");
    }
    for wrong in ["page=0", "page_size=101"] {
        let answer = audit_of(&app, &admin, &patient.id, wrong).await.expect(422);
        assert_eq!(answer.code(), "VALIDATION_ERROR", "{wrong}");
    }
    assert_eq!(app.audited("audit.view").await, 0);
}
