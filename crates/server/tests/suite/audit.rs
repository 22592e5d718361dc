//! Every mutation, and every look at somebody else, leaves an entry in the audit log.

use axum::http::Method;
use rstest::rstest;
use serde_json::json;
use testkit::{Call, Engine, TestApp, users::new_phone};

use crate::matrix::operations;

/// Operations that change nothing that lasts, or record only that a login is in use.
const NOTHING_TO_AUDIT: &[&str] = &[
    "health",
    "live",
    "request_otp",
    "refresh_token",
    "list_sessions",
    "read_profile",
    "list_doctors",
    "read_doctor",
];

/// The action that each other operation leaves.
const AUDITED: &[(&str, &str)] = &[
    ("verify_otp", "session.start"),
    ("log_out", "session.end"),
    ("end_session", "session.end"),
    ("replace_profile", "profile.update"),
    ("change_profile", "profile.update"),
    ("create_doctor", "doctor.create"),
    ("change_doctor", "doctor.update"),
    ("suspend_doctor", "doctor.suspend"),
    ("reinstate_doctor", "doctor.reinstate"),
    ("find_users", "user.find"),
    ("read_user", "user.view"),
    ("read_user_audit", "audit.view"),
    ("block_user", "user.block"),
    ("unblock_user", "user.unblock"),
];

#[test]
fn every_operation_is_listed() {
    for id in operations().keys() {
        let audited = AUDITED.iter().filter(|(operation, _)| operation == id).count();
        let exempt = NOTHING_TO_AUDIT.iter().filter(|operation| *operation == id).count();
        assert_eq!(audited + exempt, 1, "{id} is in neither list, or in both");
    }
    assert_eq!(AUDITED.len() + NOTHING_TO_AUDIT.len(), operations().len());
}

#[rstest]
#[tokio::test]
async fn every_mutation_leaves_exactly_one_entry(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    for (operation, action) in AUDITED {
        let call = prepared(&app, operation).await;
        let before = app.audited(action).await;
        let answer = call.send().await;
        assert!(answer.status < 300, "{operation}: {}", answer.json);
        assert_eq!(app.audited(action).await, before + 1, "{operation} leaves {action}");
    }
    let report = app::maintenance::verify_audit(&app.app).await.unwrap();
    assert!(report.faults.is_empty(), "{:?}", report.faults);
}

#[rstest]
#[tokio::test]
async fn what_is_refused_leaves_none(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let patient = app.patient().await;
    let before = app::maintenance::verify_audit(&app.app).await.unwrap().entries;
    for (operation, (method, path)) in operations() {
        if operation.ends_with("_otp") || path.contains("/auth/") || path.starts_with("/health") {
            continue;
        }
        let wrong = json!({ "no such field": 1 });
        let path = path.replace("{id}", "018d2f6a-0000-7000-8000-000000000000");
        let answer = app.call(method.clone(), &path).by(&patient).json(&wrong).send().await;
        assert!(answer.status >= 400 || method == Method::GET, "{operation}");
    }
    assert_eq!(app::maintenance::verify_audit(&app.app).await.unwrap().entries, before);
}

/// A request that will succeed.
async fn prepared(app: &TestApp, operation: &str) -> Call {
    let (method, path) = operations()[operation].clone();
    let call = |id: &str| app.call(method.clone(), &path.replace("{id}", id));
    let reason = json!({ "reason": "test" });
    match operation {
        "verify_otp" => {
            let phone = new_phone();
            let _ = app.post("/api/v1/auth/login/otp/").json(&json!({ "phone_number": phone })).send().await;
            call("").json(&json!({ "phone_number": phone, "otp_code": app.code(&phone) }))
        }
        "log_out" => {
            let user = app.patient().await;
            call("").by(&user).json(&json!({ "refresh": user.refresh }))
        }
        "end_session" => {
            let user = app.patient().await;
            let sessions = app.get("/api/v1/auth/sessions/").by(&user).send().await;
            call(&sessions.text("/results/0/id")).by(&user)
        }
        "replace_profile" | "change_profile" => {
            call("").by(&app.patient().await).json(&json!({ "first_name": "علی" }))
        }
        "create_doctor" => call("").by(&app.admin().await).json(&json!({
            "phone_number": new_phone(), "first_name": "مریم", "last_name": "رضایی",
            "medical_council_number": "990001", "specialty": "cardiology", "city": "تهران",
        })),
        "change_doctor" => {
            call(&app.doctor().await.id).by(&app.admin().await).json(&json!({ "city": "یزد" }))
        }
        "suspend_doctor" => call(&app.doctor().await.id).by(&app.admin().await).json(&reason),
        "reinstate_doctor" => {
            let (doctor, admin) = (app.doctor().await, app.admin().await);
            let suspend = format!("/api/v1/admin/doctors/{}/suspend/", doctor.id);
            let _ = app.post(&suspend).by(&admin).json(&reason).send().await.expect(200);
            call(&doctor.id).by(&admin)
        }
        "find_users" => call("").by(&app.staff().await),
        "read_user" => call(&app.patient().await.id).by(&app.staff().await),
        "read_user_audit" => call(&app.patient().await.id).by(&app.admin().await),
        "block_user" => call(&app.patient().await.id).by(&app.admin().await).json(&reason),
        "unblock_user" => {
            let (user, admin) = (app.patient().await, app.admin().await);
            let block = format!("/api/v1/admin/users/{}/block/", user.id);
            let _ = app.post(&block).by(&admin).json(&reason).send().await.expect(204);
            call(&user.id).by(&admin)
        }
        other => panic!("{other} is not prepared"),
    }
}
