//! A request on its way in: the spellings of its path, its version, its method, the size of its body.

use axum::http::Method;
use rstest::rstest;
use serde_json::json;
use testkit::{Engine, TestApp, users::new_phone};

use super::{LOGIN, PROFILE, assert_enveloped, over_socket};

/// D1.
fn spellings(rest: &str) -> [String; 4] {
    [format!("/api/v1/{rest}/"), format!("/api/v1/{rest}"), format!("/v1/{rest}/"), format!("/v1/{rest}")]
}

#[rstest]
#[tokio::test]
async fn every_spelling_of_a_path_is_the_same_endpoint(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (patient, admin) = (app.patient().await, app.admin().await);
    let profile = app.get(PROFILE).by(&patient).send().await.expect(200).json;
    for path in spellings("patients/profile") {
        assert_eq!(app.get(&path).by(&patient).send().await.expect(200).json, profile, "{path}");
        let body = json!({ "first_name": path });
        let saved = app.patch(&path).by(&patient).json(&body).send().await.expect(200);
        assert_eq!(saved.json["first_name"], json!(path), "the body arrives");
        let _ = app.patch(&path).by(&patient).json(&json!({ "first_name": "" })).send().await.expect(200);
    }
    for path in spellings("auth/refresh") {
        let renewed = app.post(&path).json(&json!({ "refresh": patient.refresh })).send().await.expect(200);
        assert!(!renewed.text("/access").is_empty(), "{path}");
    }
    for path in spellings("admin/doctors") {
        let answer = app.get(&format!("{path}?page_size=0")).by(&admin).send().await.expect(422);
        let wrong = &answer.json["error"]["details"]["field_errors"];
        assert!(wrong["page_size"].is_array(), "{path}: the query arrives: {wrong}");
    }
}

#[rstest]
#[tokio::test]
async fn other_versions_are_refused_with_the_list_of_those_there_are(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    for path in ["/api/v2/patients/profile/", "/v9/auth/refresh", "/v2", "/api/v0/", "/api/v10/x?page=1"] {
        for method in [Method::GET, Method::POST] {
            let answer = app.call(method, path).json(&json!({})).send().await.expect(400);
            assert_enveloped(&answer, path);
            assert_eq!(answer.code(), "UNSUPPORTED_VERSION", "{path}");
            let details = &answer.json["error"]["details"];
            assert_eq!(details, &json!({ "supported_versions": ["v1"] }), "{path}");
        }
    }
}

#[rstest]
#[tokio::test]
async fn what_is_not_there_is_told_in_the_envelope(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    for path in ["/nothing", "/api", "/api/v1/", "/v1/auth", "/api/v1/nothing/", "/health/x/", "/dev/"] {
        for method in [Method::GET, Method::POST, Method::DELETE] {
            let answer = app.call(method, path).json(&json!({})).send().await.expect(404);
            assert_enveloped(&answer, path);
            assert_eq!(answer.code(), "NOT_FOUND", "{path}");
        }
    }
    let raw = "GET /api/v1/nothing/ HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n";
    let answer = over_socket(&app, raw.as_bytes()).await.expect(404);
    assert_enveloped(&answer, "over a socket");
}

#[rstest]
#[tokio::test]
async fn a_wrong_method_hears_which_are_right(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    for (method, path, allowed) in [
        (Method::DELETE, PROFILE, &["GET", "PUT", "PATCH"][..]),
        (Method::GET, LOGIN, &["POST"]),
        (Method::PATCH, "/v1/auth/sessions", &["GET"]),
        (Method::POST, "/health/", &["GET"]),
        (Method::PUT, "/api/docs/", &["GET"]),
    ] {
        let answer = app.call(method, path).json(&json!({})).send().await.expect(405);
        assert_enveloped(&answer, path);
        assert_eq!(answer.code(), "METHOD_NOT_ALLOWED", "{path}");
        let told: Vec<_> = answer.header("allow").unwrap_or_default().split(',').map(str::trim).collect();
        for method in allowed {
            assert!(told.contains(method), "{path}: {told:?}");
        }
        assert!(!told.contains(&"DELETE"), "{path}: {told:?}");
    }
}

#[rstest]
#[tokio::test]
async fn a_body_may_have_as_many_bytes_as_is_set(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::with(engine, |settings| settings.max_body = 1_024).await;
    let body = json!({ "phone_number": new_phone() }).to_string();
    // white space after the object
    let (whole, more) = (format!("{body:<1024}"), format!("{body:<1025}"));
    let refused = app.post(LOGIN).body("application/json", more).send().await.expect(413);
    assert_enveloped(&refused, "one byte more");
    assert_eq!(refused.code(), "FILE_TOO_LARGE");
    assert_eq!(refused.json["error"]["details"], json!({ "max_bytes": 1_024 }));
    let _ = app.post(LOGIN).body("application/json", whole).send().await.expect(200);
}
