//! The listed origins may ask and read, errors too; no other may.

use axum::http::Method;
use rstest::rstest;
use serde_json::json;
use testkit::{Engine, TestApp};

use super::{LOGIN, PROFILE};

const ORIGIN: &str = "https://app.helssa.ir";

async fn app_with_cors(engine: Engine) -> TestApp {
    let limits = app::RateLimits { anonymous: 4, authenticated: 1_000, premium: 10_000 };
    TestApp::with(engine, |settings| {
        settings.cors_origins = vec![ORIGIN.into(), "https://admin.helssa.ir".into()];
        settings.rate_limit = Some(limits);
    })
    .await
}

#[rstest]
#[tokio::test]
async fn a_preflight_is_granted_to_the_listed_origins_alone(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = app_with_cors(engine).await;
    let preflight = |origin: &str| {
        app.call(Method::OPTIONS, PROFILE)
            .header("origin", origin)
            .header("access-control-request-method", "PUT")
            .header("access-control-request-headers", "authorization,content-type,idempotency-key")
            .send()
    };
    for origin in [ORIGIN, "https://admin.helssa.ir"] {
        let granted = preflight(origin).await.expect(200);
        assert_eq!(granted.header("access-control-allow-origin"), Some(origin));
        assert_eq!(granted.header("access-control-max-age"), Some("600"));
        let methods = granted.header("access-control-allow-methods").unwrap_or_default();
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            assert!(methods.contains(method), "{methods}");
        }
        let headers = granted.header("access-control-allow-headers").unwrap_or_default();
        for header in ["authorization", "content-type", "idempotency-key", "x-client-version"] {
            assert!(headers.contains(header), "{headers}");
        }
        assert_eq!(granted.header("access-control-allow-credentials"), None, "tokens, not cookies");
    }
    for origin in [
        "https://evil.example",
        "http://app.helssa.ir",
        "https://app.helssa.ir.evil.example",
        "https://app.helssa.ir:8443",
        "null",
    ] {
        let refused = preflight(origin).await;
        assert_eq!(refused.header("access-control-allow-origin"), None, "{origin}");
    }
}

#[rstest]
#[tokio::test]
async fn a_listed_origin_may_read_errors_too(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = app_with_cors(engine).await;
    let patient = app.patient().await;
    let calls = |origin: &str| {
        [
            (app.get(PROFILE), 401),
            (app.get("/api/v1/nothing/"), 404),
            (app.delete(PROFILE), 405),
            (app.post(LOGIN).json(&json!({})), 422),
            (app.get(PROFILE), 429),
            (app.get(PROFILE).by(&patient), 200),
            (app.get(PROFILE).by(&patient).header("x-flood", &"x".repeat(40_000)), 431),
            (app.get("/health/"), 200),
        ]
        .map(|(call, status)| (call.header("origin", origin), status))
    };
    for (call, status) in calls(ORIGIN) {
        let answer = call.send().await.expect(status);
        assert_eq!(answer.header("access-control-allow-origin"), Some(ORIGIN), "{status}");
        let exposed = answer.header("access-control-expose-headers").unwrap_or_default();
        for name in ["x-request-id", "retry-after", "x-ratelimit-remaining"] {
            assert!(exposed.contains(name), "{status}: {exposed}");
        }
    }
    for (call, _) in calls("https://evil.example") {
        let answer = call.send().await;
        assert_eq!(answer.header("access-control-allow-origin"), None, "{}", answer.status);
    }
}

#[rstest]
#[tokio::test]
async fn a_listed_origin_may_read_which_versions_there_are(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = app_with_cors(engine).await;
    let answer = app.get("/api/v2/patients/profile/").header("origin", ORIGIN).send().await.expect(400);
    assert_eq!(answer.header("access-control-allow-origin"), Some(ORIGIN));
}
