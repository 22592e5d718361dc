//! What stands around the API: health, metrics and documents.

use std::{fs, path::Path};

use domain::Secret;
use rstest::rstest;
use serde_json::{Value, json};
use testkit::{Engine, TestApp, users::new_phone};

use super::{LOGIN, assert_enveloped};

fn health(status: &str, database: &str, state: (&str, &str)) -> Value {
    json!({
        "status": status,
        "version": env!("CARGO_PKG_VERSION"),
        "dependencies": {
            "database": { "status": "ok", "kind": database },
            "shared_state": { "status": state.0, "kind": state.1 },
        },
    })
}

const fn kind(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "sqlite",
        Engine::Postgres => "postgres",
    }
}

#[rstest]
#[tokio::test]
async fn health_tells_each_dependency_and_draining(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values(false, true)] over_redis: bool,
) {
    let app = if over_redis { TestApp::with_redis(engine).await } else { TestApp::start(engine).await };
    let state = ("ok", if over_redis { "redis" } else { "memory" });
    for path in ["/health/", "/health"] {
        let answer = app.get(path).send().await.expect(200);
        assert_eq!(answer.json, health("ok", kind(engine), state));
    }
    app.drain();
    let answer = app.get("/health/").send().await.expect(503);
    assert_eq!(answer.json, health("draining", kind(engine), state));
    assert_eq!(app.get("/health/live/").send().await.expect(200).json, json!({ "status": "ok" }));
    // what still arrives is still answered
    let _ = app.patient().await;
}

#[rstest]
#[tokio::test]
async fn a_shared_state_that_is_away_is_told_and_asked_for_again(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    // nothing listens there
    let away = Secret::new("redis://127.0.0.1:1".to_owned());
    let app = TestApp::with(engine, |settings| settings.redis_url = Some(away)).await;
    let answer = app.get("/health/").send().await.expect(503);
    assert_eq!(answer.json, health("down", kind(engine), ("down", "redis")));
    let asked = json!({ "phone_number": new_phone() });
    let answer = app.post(LOGIN).json(&asked).send().await.expect(503);
    assert_enveloped(&answer, "login");
    assert_eq!((answer.code(), answer.header("retry-after")), ("SERVICE_UNAVAILABLE", Some("5")));
    assert!(!String::from_utf8_lossy(&answer.bytes).contains("127.0.0.1"), "causes stay inside");
}

#[rstest]
#[tokio::test]
async fn metrics_are_for_this_machine_or_for_the_token(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let _ = app.get("/health/live/").send().await.expect(200);
    let here = app.get("/metrics").send().await.expect(200);
    assert!(here.header("content-type").unwrap_or_default().starts_with("text/plain"));
    assert!(String::from_utf8_lossy(&here.bytes).contains("http_requests_total"));
    for there in [app.get("/metrics").from("203.0.113.5"), app.get("/metrics").from("2001:db8::5")] {
        let answer = there.bearer("scrape").send().await.expect(403);
        assert_enveloped(&answer, "metrics");
        assert_eq!(answer.code(), "FORBIDDEN");
    }
    // a proxy on this machine asks for somebody elsewhere
    for header in ["x-forwarded-for", "x-real-ip", "forwarded", "via"] {
        let _ = app.get("/metrics").header(header, "127.0.0.1").send().await.expect(403);
    }

    let token = Secret::new("scrape".to_owned());
    let app = TestApp::with(engine, |settings| settings.metrics_token = Some(token)).await;
    let _ = app.get("/metrics").from("203.0.113.5").bearer("scrape").send().await.expect(200);
    for wrong in ["scrap", "scrape ", "Scrape", ""] {
        let _ = app.get("/metrics").bearer(wrong).send().await.expect(403);
    }
    let _ = app.get("/metrics").send().await.expect(403);
}

#[rstest]
#[tokio::test]
async fn the_document_is_the_committed_one_but_for_its_server(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::with(engine, |settings| {
        settings.public_api_url = "https://api.helssa.ir/v1".into();
    })
    .await;
    let mut served = app.get("/api/schema/").send().await.expect(200).json;
    assert_eq!(served["servers"][0]["url"], "https://api.helssa.ir");
    assert!(served["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")));
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let mut committed: Value = serde_json::from_str(&fs::read_to_string(committed).unwrap()).unwrap();
    for document in [&mut served, &mut committed] {
        document.as_object_mut().unwrap().remove("servers");
    }
    assert!(served == committed, "docs/openapi.json is out of date: run `make docs`");
}

#[rstest]
#[tokio::test]
async fn the_documents_need_no_other_server(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    for path in ["/api/docs/", "/dev/inbox/"] {
        let answer = app.get(path).send().await.expect(200);
        assert!(answer.header("content-type").unwrap_or_default().starts_with("text/html"), "{path}");
        let page = String::from_utf8_lossy(&answer.bytes).into_owned();
        for attribute in ["src=\"", "href=\"", "action=\""] {
            for rest in page.split(attribute).skip(1) {
                let url = rest.split('"').next().unwrap_or_default();
                assert!(!url.contains("://") && !url.starts_with("//"), "{path}: {url}");
            }
        }
    }
    let page = app.get("/api/docs/").send().await.expect(200);
    let page = String::from_utf8_lossy(&page.bytes).into_owned();
    assert!(page.contains("src=\"/api/docs/scalar.js\"") && page.contains("/api/schema/"), "{page}");
    assert!(!page.contains("://"), "{page}");
    let script = app.get("/api/docs/scalar.js").send().await.expect(200);
    assert!(script.header("content-type").unwrap_or_default().contains("javascript"));
    assert!(script.bytes.len() > 100_000, "{}", script.bytes.len());
    let home = app.get("/").send().await.expect(307);
    assert_eq!(home.header("location"), Some("/api/docs/"));
}
