//! The authorisation matrix: every operation of the OpenAPI document × everybody who may ask. A route
//! without a row fails, and so does a row without a route.

use std::collections::BTreeMap;

use axum::http::Method;
use domain::Role;
use rstest::rstest;
use serde_json::{Value, json};
use testkit::{Engine, TestApp, User};

/// Who gets past the door. "Other" is a caller of an allowed role who names somebody else's object.
struct Row {
    operation: &'static str,
    allowed: &'static [Role],
    /// For everybody, logged in or not.
    public: bool,
    /// The status for somebody else's object, where the operation names one of the caller's own.
    other: Option<u16>,
}

const ANYONE: &[Role] = &Role::ALL;
const PATIENTS: &[Role] = &[Role::Patient];
const STAFF: &[Role] = &[Role::Staff, Role::Admin];
const ADMINS: &[Role] = &[Role::Admin];

const fn public(operation: &'static str) -> Row {
    Row { operation, allowed: ANYONE, public: true, other: None }
}

const fn private(operation: &'static str, allowed: &'static [Role]) -> Row {
    Row { operation, allowed, public: false, other: None }
}

const fn own(operation: &'static str, allowed: &'static [Role], other: u16) -> Row {
    Row { operation, allowed, public: false, other: Some(other) }
}

const MATRIX: &[Row] = &[
    public("health"),
    public("live"),
    public("request_otp"),
    public("verify_otp"),
    public("refresh_token"),
    own("log_out", ANYONE, 401),
    private("list_sessions", ANYONE),
    own("end_session", ANYONE, 404),
    private("read_profile", PATIENTS),
    private("replace_profile", PATIENTS),
    private("change_profile", PATIENTS),
    private("list_doctors", STAFF),
    private("read_doctor", STAFF),
    private("create_doctor", ADMINS),
    private("change_doctor", ADMINS),
    private("suspend_doctor", ADMINS),
    private("reinstate_doctor", ADMINS),
    private("find_users", STAFF),
    private("read_user", STAFF),
    private("read_user_audit", ADMINS),
    private("block_user", ADMINS),
    private("unblock_user", ADMINS),
];

/// Every operation: its id, method and path.
pub(crate) fn operations() -> BTreeMap<String, (Method, String)> {
    let document: Value = serde_json::from_str(&api::document("http://x").to_json().unwrap()).unwrap();
    let mut found = BTreeMap::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let Ok(method) = method.to_uppercase().parse::<Method>() else { continue };
            if let Some(id) = operation["operationId"].as_str() {
                found.insert(id.to_owned(), (method, path.clone()));
            }
        }
    }
    found
}

#[test]
fn every_operation_has_its_row() {
    let operations = operations();
    for id in operations.keys() {
        assert!(MATRIX.iter().any(|row| row.operation == id), "{id} has no row");
    }
    for row in MATRIX {
        assert!(operations.contains_key(row.operation), "{} is no operation", row.operation);
    }
}

/// Refused at the door, whatever else may be wrong with the request.
fn is_refused(status: u16) -> bool {
    matches!(status, 401 | 403)
}

#[rstest]
#[tokio::test]
async fn the_door_opens_to_those_and_no_others(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let operations = operations();
    // a body that no operation takes: whoever gets past the door gets 422 or 404, and nothing changes
    let wrong = json!({ "no such field": true });
    for row in MATRIX {
        let (method, path) = &operations[row.operation];
        let path = path.replace("{id}", "018d2f6a-0000-7000-8000-000000000000");
        let nobody = app.call(method.clone(), &path).json(&wrong).send().await;
        assert_eq!(
            nobody.code() == "NOT_AUTHENTICATED",
            !row.public,
            "{} by nobody: {}",
            row.operation,
            nobody.status
        );
        for role in TestApp::ROLES {
            let user = app.user(role).await;
            let answer = app.call(method.clone(), &path).by(&user).json(&wrong).send().await;
            let is_allowed = row.allowed.contains(&role);
            assert_eq!(
                !is_refused(answer.status),
                is_allowed,
                "{} by {role:?}: {}",
                row.operation,
                answer.json
            );
            if !is_allowed {
                assert_eq!(answer.code(), "FORBIDDEN", "{} by {role:?}", row.operation);
            }
        }
    }
}

#[rstest]
#[tokio::test]
async fn what_is_somebody_elses_is_not_there(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let operations = operations();
    for row in MATRIX.iter().filter(|row| row.other.is_some()) {
        for role in row.allowed {
            let (owner, caller) = (app.patient().await, app.user(*role).await);
            let (method, path) = &operations[row.operation];
            let path = path.replace("{id}", &session_of(&app, &owner).await);
            let body = json!({ "refresh": owner.refresh });
            let answer = app.call(method.clone(), &path).by(&caller).json(&body).send().await;
            assert_eq!(Some(answer.status), row.other, "{} by {role:?}", row.operation);
            // and the owner has lost nothing
            let _ = app.get("/api/v1/auth/sessions/").by(&owner).send().await.expect(200);
        }
    }
}

async fn session_of(app: &TestApp, user: &User) -> String {
    app.get("/api/v1/auth/sessions/").by(user).send().await.expect(200).text("/results/0/id")
}
