//! What every request passes through: the spellings of a path, the envelope, ids, headers, CORS, languages;
//! and what stands around the API.

use std::{fs, path::Path};

use api::errors::{Code, Language};
use axum::{
    body::Bytes,
    http::{HeaderMap, HeaderName, Method},
};
use axum_server::Handle;
use domain::{Secret, Timestamp};
use helssa_server::listen;
use rstest::rstest;
use serde_json::{Value, json};
use testkit::{Answer, Engine, TestApp, users::new_phone};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

const PROFILE: &str = "/api/v1/patients/profile/";
const LOGIN: &str = "/api/v1/auth/login/otp/";
const ORIGIN: &str = "https://app.helssa.ir";

/// The error has the one envelope, complete, with a code that belongs to the status.
#[track_caller]
pub(crate) fn assert_enveloped(answer: &Answer, what: &str) {
    let error = &answer.json["error"];
    let (status, code) = (answer.status, answer.code());
    let known = Code::ALL.iter().find(|known| known.as_str() == code);
    assert!(known.is_some_and(|known| known.status().as_u16() == status), "{what}: {status} {}", answer.json);
    assert!(error["message"].as_str().is_some_and(|text| !text.is_empty()), "{what}: {error}");
    assert!(error["details"].is_object(), "{what}: {error}");
    assert_eq!(error["request_id"].as_str(), answer.header("x-request-id"), "{what}: {error}");
    let timestamp = error["timestamp"].as_str().unwrap_or_default();
    assert!(timestamp.ends_with('Z') && timestamp.parse::<Timestamp>().is_ok(), "{what}: {error}");
    assert_eq!(answer.header("content-type"), Some("application/json"), "{what}");
}

/// Sends bytes, as they are, to the app behind a real socket. The request must ask for the connection's end.
pub(crate) async fn over_socket(app: &TestApp, request: &[u8]) -> Answer {
    let listener = listen::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = listener.local_addr().unwrap();
    let client = async {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        answer
    };
    tokio::select! {
        ended = listen::serve(listener, app.frame(), None, Handle::new()) => panic!("{ended:?}"),
        answer = client => read(&answer),
    }
}

fn read(raw: &[u8]) -> Answer {
    let text = String::from_utf8_lossy(raw);
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).unwrap();
    let mut headers = HeaderMap::new();
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        headers.append(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
    }
    // whatever the transfer coding, the object is between its braces
    let object = body.find('{').zip(body.rfind('}')).map(|(from, to)| &body[from..=to]);
    Answer {
        status: status.parse().unwrap(),
        headers,
        bytes: Bytes::copy_from_slice(body.as_bytes()),
        json: object.and_then(|object| serde_json::from_str(object).ok()).unwrap_or(Value::Null),
    }
}

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
