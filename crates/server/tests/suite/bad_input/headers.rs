//! Headers that are too many, too large, no text, or no token.

use rstest::rstest;
use serde_json::json;
use testkit::{Call, Engine};

use super::{PROFILE, World, refused};
use crate::{
    doctors::{DOCTORS, entry},
    frame::over_socket,
};

#[rstest]
#[tokio::test]
async fn a_flood_of_headers_is_refused(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let world = World::new(engine).await;
    let before = world.everything().await;
    let flood =
        |call: Call, count: usize| (0..count).fold(call, |call, n| call.header(&format!("x-flood-{n}"), "x"));
    let large = "x".repeat(40 << 10);
    for endpoint in world.endpoints() {
        let call = || endpoint.call(&world.app).json(&endpoint.valid);
        for call in [flood(call(), 101), call().header("x-flood", &large), call().header("cookie", &large)] {
            let answer = call.send().await;
            refused(&answer, 431, &endpoint.name());
            assert_eq!(answer.code(), "HEADERS_TOO_LARGE");
        }
    }
    assert_eq!(world.everything().await, before);
    // a hundred are as many as may be
    let _ = flood(world.app.get("/health/live/"), 100).send().await.expect(200);
    refused(&flood(world.app.get("/health/live/"), 101).send().await, 431, "health");
    // and the same from outside
    for headers in [flood_lines(101), format!("x-flood: {large}\r\n")] {
        let request = format!("GET {PROFILE} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n{headers}\r\n");
        refused(&over_socket(&world.app, request.as_bytes()).await, 431, "over a socket");
    }
}

fn flood_lines(count: usize) -> String {
    (0..count).map(|n| format!("x-flood-{n}: x\r\n")).collect::<Vec<_>>().concat()
}

#[rstest]
#[tokio::test]
async fn whatever_authorization_says_it_is_no_token(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = World::new(engine).await;
    let before = world.everything().await;
    let long = format!("Bearer {}", "x".repeat(8_000));
    let dots = format!("Bearer {}", ".".repeat(8_000));
    for value in [
        "",
        " ",
        "Bearer",
        "Bearer ",
        "Bearer  ",
        "Bearer null",
        "Bearer a.b.c",
        "Bearer توکن",
        "Bearer \u{202E}",
        "Basic dXNlcjpwYXNzd29yZA==",
        "Digest username=\"x\"",
        "Token x",
        &world.patient.access,
        &format!("Basic {}", world.patient.access),
        &format!("Bearer {} {}", world.patient.access, world.patient.access),
        &format!("Bearer: {}", world.patient.access),
        &long,
        &dots,
    ] {
        let shown: String = value.chars().take(30).collect();
        for call in [
            world.app.get(PROFILE),
            world.app.patch(PROFILE).json(&json!({ "first_name": "رضا" })),
            world.app.post(DOCTORS).json(&entry("09121234567", "7000002")),
        ] {
            let answer = call.header("authorization", value).send().await;
            refused(&answer, 401, &shown);
            assert_eq!(answer.code(), "TOKEN_INVALID", "{shown}");
        }
    }
    assert_eq!(world.everything().await, before);
}

#[rstest]
#[tokio::test]
async fn header_values_that_are_no_text_break_nothing(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = World::new(engine).await;
    let before = world.everything().await;
    for header in [
        "x-request-id",
        "accept-language",
        "accept-encoding",
        "user-agent",
        "origin",
        "x-forwarded-for",
        "x-client-version",
        "cookie",
        "authorization",
        "content-type",
    ] {
        let head = format!("GET {PROFILE} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n{header}: ");
        for value in [&b"\xFF\xFE\xC0"[..], b"Bearer \xFF", "\u{202E}\u{200C}".as_bytes()] {
            let request = [head.as_bytes(), value, b"\r\n\r\n"].concat();
            refused(&over_socket(&world.app, &request).await, 401, header);
        }
    }
    // where the value matters, it is the request that is wrong
    let body = entry("09121234567", "7000002").to_string();
    for (header, status) in [("idempotency-key: \u{FF}", 400), ("content-type: application/\u{FF}", 415)] {
        let token = &world.admin.access;
        let length = body.len();
        let request = format!(
            "POST {DOCTORS} HTTP/1.1\r\nhost: test\r\nconnection: close\r\nauthorization: Bearer {token}\r\n\
             content-length: {length}\r\n{header}\r\n\r\n{body}"
        );
        refused(&over_socket(&world.app, request.as_bytes()).await, status, header);
    }
    assert_eq!(world.everything().await, before);
}
