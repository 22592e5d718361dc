//! Bodies that are no JSON, no object, too large, or of another content type.

use rstest::rstest;
use serde_json::json;
use testkit::Engine;

use super::{JSON, PROFILE, World, refused, refused_field};

/// No JSON at all.
const UNREADABLE: &[&[u8]] = &[
    b"",
    b" ",
    b"{",
    b"}",
    b"[",
    b"\"",
    b"{\"a\":}",
    b"{\"a\" 1}",
    b"{\"a\":1,}",
    b"{'a':1}",
    b"{a:1}",
    b"{} {}",
    b"{}x",
    b"nul",
    b"NaN",
    b"{\"a\":Infinity}",
    b"{\"a\":01}",
    b"{\"a\":1e400}",
    b"{\"a\":-1e400}",
    b"\0",
    b"{}\0",
    // a raw control character, half an escape
    b"{\"a\":\"\x01\"}",
    b"{\"a\":\"\\x00\"}",
    b"{\"a\":\"\\u00\"}",
    // surrogates alone, and the wrong way round
    b"{\"a\":\"\\ud800\"}",
    b"{\"a\":\"\\udc00\"}",
    b"{\"a\":\"\\ud800\\u0041\"}",
    b"{\"a\":\"\\udc00\\ud800\"}",
    // a byte order mark; UTF-16; no UTF-8; an overlong slash; a surrogate in UTF-8
    b"\xEF\xBB\xBF{}",
    b"\xFF\xFE{\0}\0",
    b"{\"a\":\"\xFF\xFE\"}",
    b"{\"a\":\"\xC0\xAF\"}",
    b"{\"a\":\"\xED\xA0\x80\"}",
    b"{\"\xFF\":1}",
];

/// JSON, and no object.
const NO_OBJECTS: [&str; 9] =
    ["[]", "[{}]", "\"x\"", "1", "-1", "null", "true", "1e30", "1000000000000000000000000000000"];

#[rstest]
#[tokio::test]
async fn a_body_that_is_no_json_is_malformed(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let world = World::new(engine).await;
    let before = world.everything().await;
    let deep_list = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let deep_object = format!("{}1{}", "{\"a\":".repeat(100_000), "}".repeat(100_000));
    let inside = format!("{{\"first_name\":{deep_list}}}");
    for endpoint in world.endpoints() {
        let name = endpoint.name();
        for body in UNREADABLE {
            let answer = endpoint.call(&world.app).body(JSON, *body).send().await;
            refused(&answer, 400, &format!("{name} {:?}", String::from_utf8_lossy(body)));
            assert_eq!(answer.code(), "MALFORMED_REQUEST", "{name}");
        }
        for (what, body) in [("deep list", &deep_list), ("deep object", &deep_object), ("inside", &inside)] {
            let answer = endpoint.call(&world.app).body(JSON, body.clone()).send().await;
            refused(&answer, 400, &format!("{name} {what}"));
        }
        for body in NO_OBJECTS {
            let answer = endpoint.call(&world.app).body(JSON, body).send().await;
            refused_field(&answer, "body", &format!("{name} {body}"));
        }
        assert_eq!(world.everything().await, before, "{name}");
    }
}

#[rstest]
#[tokio::test]
async fn a_body_of_ten_megabytes_is_too_large(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let world = World::new(engine).await;
    let before = world.everything().await;
    let text = axum::body::Bytes::from(format!("{{\"first_name\":\"{}\"}}", "x".repeat(10 << 20)));
    let blanks = axum::body::Bytes::from(vec![b' '; 10 << 20]);
    for endpoint in world.endpoints() {
        for body in [&text, &blanks] {
            let answer = endpoint.call(&world.app).body(JSON, body.clone()).send().await;
            refused(&answer, 413, &endpoint.name());
            assert_eq!(answer.code(), "FILE_TOO_LARGE");
            assert_eq!(answer.json["error"]["details"], json!({ "max_bytes": 1 << 20 }));
        }
    }
    assert_eq!(world.everything().await, before);
}

#[rstest]
#[tokio::test]
async fn another_content_type_is_not_supported(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let world = World::new(engine).await;
    let before = world.everything().await;
    for endpoint in world.endpoints() {
        for kind in [
            "text/plain",
            "text/json",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/xml",
            "application/jsonx",
            "json",
            ";",
            "",
        ] {
            let answer = endpoint.call(&world.app).body(kind, endpoint.valid.to_string()).send().await;
            refused(&answer, 415, &format!("{} {kind:?}", endpoint.name()));
            assert_eq!(answer.code(), "UNSUPPORTED_FORMAT");
        }
    }
    assert_eq!(world.everything().await, before);
    // all spellings of the right one are
    for kind in ["application/json; charset=utf-8", "Application/JSON", "application/problem+json"] {
        let call = world.app.patch(PROFILE).by(&world.patient);
        let _ = call.body(kind, r#"{"first_name":"علی"}"#).send().await.expect(200);
    }
}
