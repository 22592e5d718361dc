//! What every answer has: a request id, security headers, a language, and a compressed form.

use api::errors::{Code, Language};
use axum::http::Method;
use rstest::rstest;
use serde_json::json;
use testkit::{Engine, TestApp, users::new_phone};

use super::{LOGIN, PROFILE, assert_enveloped};

#[rstest]
#[tokio::test]
async fn a_sane_request_id_comes_back_and_any_other_is_replaced(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let longest = "x".repeat(64);
    for sane in ["a", "req-1_2.3", "018d2f6a-3c5e-7b1a-9f00-1c2d3e4f5a6b", &longest] {
        for path in ["/health/live/", PROFILE, "/v2/"] {
            let answer = app.get(path).header("x-request-id", sane).send().await;
            assert_eq!(answer.header("x-request-id"), Some(sane), "{path}");
        }
        let refused = app.get(PROFILE).header("x-request-id", sane).send().await.expect(401);
        assert_eq!(refused.text("/error/request_id"), sane);
    }
    let too_long = "x".repeat(65);
    let mut made = vec![];
    for other in ["", "a b", "<script>", "a/b", "a:b", "شناسه", "a\tb", &too_long] {
        let answer = app.get(PROFILE).header("x-request-id", other).send().await.expect(401);
        assert_enveloped(&answer, other);
        made.push(answer.text("/error/request_id"));
    }
    made.push(app.get(PROFILE).send().await.text("/error/request_id"));
    assert!(made.iter().all(|id| id.starts_with("req_") && id.len() == 24), "{made:?}");
    made.sort_unstable();
    made.dedup();
    assert_eq!(made.len(), 9, "no two are the same");
}

#[rstest]
#[tokio::test]
async fn every_response_has_the_security_headers(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let limits = app::RateLimits { anonymous: 2, authenticated: 1_000, premium: 10_000 };
    let app = TestApp::with(engine, |settings| settings.rate_limit = Some(limits)).await;
    let patient = app.patient().await;
    let refresh = json!({ "refresh": patient.refresh });
    let calls = [
        (app.get(PROFILE), 401),
        (app.get("/api/v1/nothing/"), 404),
        (app.get(PROFILE), 429),
        (app.get(PROFILE).by(&patient), 200),
        (app.delete(PROFILE).by(&patient), 405),
        (app.patch(PROFILE).by(&patient).body("text/plain", "x"), 415),
        (app.patch(PROFILE).by(&patient).body("application/json", "{"), 400),
        (app.post("/api/v1/auth/logout/").by(&patient).json(&refresh), 204),
        (app.call(Method::OPTIONS, PROFILE), 200),
        (app.get("/v2/"), 400),
        (app.get("/nothing"), 404),
        (app.get("/"), 307),
        (app.get("/health/"), 200),
        (app.get("/health/live/"), 200),
        (app.get("/metrics"), 200),
        (app.get("/api/schema/"), 200),
        (app.get("/api/docs/"), 200),
        (app.get("/api/docs/scalar.js"), 200),
        (app.get("/dev/inbox/"), 200),
        (app.get("/dev/inbox/inbox.js"), 200),
        (app.get("/dev/inbox/messages/"), 200),
    ];
    for (n, (call, status)) in calls.into_iter().enumerate() {
        let answer = call.send().await.expect(status);
        for (name, value) in [
            ("x-content-type-options", Some("nosniff")),
            ("x-frame-options", Some("DENY")),
            ("referrer-policy", Some("no-referrer")),
            ("cross-origin-resource-policy", Some("same-origin")),
            ("strict-transport-security", None),
        ] {
            assert_eq!(answer.header(name), value, "{name} of call {n}, {status}");
        }
        for name in ["content-security-policy", "cache-control", "permissions-policy", "x-request-id"] {
            assert!(answer.header(name).is_some(), "{name} of call {n}, {status}");
        }
        let policy = answer.header("content-security-policy").unwrap_or_default();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("http"), "{policy}");
    }
}

#[rstest]
#[tokio::test]
async fn browsers_are_told_to_stay_with_https_where_it_is(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::with(engine, |settings| {
        settings.public_api_url = "https://api.helssa.ir/v1".into();
    })
    .await;
    for path in ["/health/live/", PROFILE, "/nothing", "/v2/", "/api/docs/"] {
        let answer = app.get(path).send().await;
        let told = answer.header("strict-transport-security").unwrap_or_default();
        assert!(told.starts_with("max-age=31536000"), "{path}: {told}");
    }
}

#[rstest]
#[tokio::test]
async fn messages_are_persian_or_english_as_asked(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    for (asked, language, tag) in [
        ("", Language::Persian, "fa"),
        ("fa", Language::Persian, "fa"),
        ("fa-IR,en;q=0.5", Language::Persian, "fa"),
        ("de", Language::Persian, "fa"),
        ("en", Language::English, "en"),
        ("en-US,en;q=0.9,fa;q=0.1", Language::English, "en"),
    ] {
        let answer = app.get("/nothing").header("accept-language", asked).send().await.expect(404);
        assert_eq!(answer.text("/error/message"), Code::NotFound.message(language), "{asked}");
        assert_eq!(answer.header("content-language"), Some(tag), "{asked}");
        let old = app.get("/v2/").header("accept-language", asked).send().await.expect(400);
        assert_eq!(old.text("/error/message"), Code::UnsupportedVersion.message(language), "{asked}");
    }
    let silent = app.get("/nothing").send().await.expect(404);
    assert_eq!(silent.text("/error/message"), Code::NotFound.message(Language::Persian));

    for (language, sent, wrong) in [
        ("fa", "کد تایید ارسال شد", "شماره تلفن باید با 09 شروع شود و 11 رقم باشد"),
        ("en", "The code was sent", "The phone number must begin with 09 and have 11 digits"),
    ] {
        let ask = |phone: &str| {
            app.post(LOGIN).header("accept-language", language).json(&json!({ "phone_number": phone })).send()
        };
        assert_eq!(ask(&new_phone()).await.expect(200).text("/message"), sent);
        let refused = ask("123").await.expect(422);
        assert_eq!(refused.text("/error/details/field_errors/phone_number/0"), wrong);
    }
}

#[rstest]
#[tokio::test]
async fn a_large_answer_is_compressed_for_those_who_ask(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let plain = app.get("/api/schema/").send().await.expect(200);
    assert_eq!(plain.header("content-encoding"), None);
    let zipped = app.get("/api/schema/").header("accept-encoding", "gzip").send().await.expect(200);
    assert_eq!(zipped.header("content-encoding"), Some("gzip"));
    assert!(zipped.bytes.starts_with(&[0x1f, 0x8b]));
    assert!(zipped.bytes.len() * 2 < plain.bytes.len(), "{} {}", zipped.bytes.len(), plain.bytes.len());
    for path in ["/health/live/", "/nothing"] {
        let small = app.get(path).header("accept-encoding", "gzip").send().await;
        assert_eq!(small.header("content-encoding"), None, "{path}");
    }
}
