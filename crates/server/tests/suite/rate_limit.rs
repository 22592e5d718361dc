//! Requests an hour (D6): exact, told in headers, fair to neighbours.

use api::errors::{Code, Language};
use axum::http::Method;
use domain::{Clock as _, Secret, SignedDuration};
use helssa_server::settings::Settings;
use rstest::rstest;
use serde_json::json;
use testkit::{Answer, Call, Engine, TestApp, services, users::new_address};
use tokio::task::JoinSet;

use crate::frame::assert_enveloped;

const PROFILE: &str = "/api/v1/patients/profile/";

fn limit(settings: &mut Settings, anonymous: i64, authenticated: i64) {
    settings.rate_limit = Some(app::RateLimits { anonymous, authenticated, premium: 10_000 });
}

async fn limited(engine: Engine, anonymous: i64, authenticated: i64) -> TestApp {
    TestApp::with(engine, |settings| limit(settings, anonymous, authenticated)).await
}

async fn limited_over(redis: &str, engine: Engine, anonymous: i64) -> TestApp {
    TestApp::with(engine, |settings| {
        limit(settings, anonymous, 1_000);
        settings.redis_url = Some(Secret::new(redis.to_owned()));
    })
    .await
}

/// A request that is counted; nobody is logged in, so that one that passes is answered with 401.
fn knock(app: &TestApp, address: &str) -> Call {
    app.get(PROFILE).from(address)
}

async fn status(call: Call) -> u16 {
    call.send().await.status
}

/// The statuses of all these at once.
async fn at_once(calls: impl IntoIterator<Item = Call>) -> Vec<u16> {
    let mut running = JoinSet::new();
    for call in calls {
        running.spawn(status(call));
    }
    running.join_all().await
}

fn how_many(statuses: &[u16], wanted: u16) -> usize {
    statuses.iter().filter(|status| **status == wanted).count()
}

/// `X-RateLimit-Limit`, `-Remaining` and `-Reset`.
fn told(answer: &Answer) -> [Option<i64>; 3] {
    ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"]
        .map(|name| answer.header(name).and_then(|value| value.parse().ok()))
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn of_a_thousand_at_once_exactly_a_hundred_pass(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = limited(engine, 100, 1_000).await;
    let statuses = at_once((0..1_000).map(|_| knock(&app, "203.0.113.1"))).await;
    assert_eq!((how_many(&statuses, 401), how_many(&statuses, 429)), (100, 900));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn of_a_thousand_at_once_on_two_nodes_exactly_a_hundred_pass(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let here = limited_over(&services::redis_url(), engine, 100).await;
    let there = here.second_node().await;
    // both have their connection before the race
    for node in [&here, &there] {
        assert_eq!(status(knock(node, "203.0.113.99")).await, 401);
    }
    let nodes = [&here, &there];
    let calls = nodes.iter().cycle().take(1_000).map(|node| knock(node, "203.0.113.1"));
    let statuses = at_once(calls).await;
    assert_eq!((how_many(&statuses, 401), how_many(&statuses, 429)), (100, 900));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_user_is_counted_wherever_they_are(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = limited(engine, 1_000, 50).await;
    let patient = app.patient().await;
    let statuses = at_once((0..200).map(|_| knock(&app, &new_address()).by(&patient))).await;
    assert_eq!((how_many(&statuses, 200), how_many(&statuses, 429)), (50, 150));
}

#[rstest]
#[tokio::test]
async fn headers_tell_limit_rest_and_end(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values(false, true)] over_redis: bool,
) {
    let app = if over_redis {
        limited_over(&services::redis_url(), engine, 2).await
    } else {
        limited(engine, 2, 1_000).await
    };
    let end = app.clock.now().as_second() + 3_600;
    let first = knock(&app, "203.0.113.1").send().await.expect(401);
    assert_eq!(told(&first), [Some(2), Some(1), Some(end)]);
    assert_eq!(first.header("retry-after"), None);
    app.clock.advance(SignedDuration::from_mins(10));
    // whatever becomes of a request, it counts
    let second = app.get("/v1/nothing").from("203.0.113.1").send().await.expect(404);
    assert_eq!(told(&second), [Some(2), Some(0), Some(end)]);
    for _ in 0..2 {
        let refused = knock(&app, "203.0.113.1").send().await.expect(429);
        assert_enveloped(&refused, "too many");
        assert_eq!(refused.code(), "RATE_LIMITED");
        assert_eq!(told(&refused), [Some(2), Some(0), Some(end)]);
        assert_eq!(refused.header("retry-after"), Some("3000"));
    }
    // the last second, and the first of the next window
    app.clock.advance(SignedDuration::from_secs(2_999));
    let last = knock(&app, "203.0.113.1").send().await.expect(429);
    assert_eq!(last.header("retry-after"), Some("1"));
    app.clock.advance(SignedDuration::from_secs(1));
    let next = knock(&app, "203.0.113.1").send().await.expect(401);
    assert_eq!(told(&next), [Some(2), Some(1), Some(end + 3_600)]);
}

#[rstest]
#[tokio::test]
async fn the_refusal_of_a_one_time_code_is_flat(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = limited(engine, 1, 1_000).await;
    let _ = knock(&app, "203.0.113.1").send().await.expect(401);
    for path in ["/api/v1/auth/login/otp/", "/v1/auth/login/otp"] {
        for (tag, language) in [("fa", Language::Persian), ("en", Language::English)] {
            let asked = app.post(path).from("203.0.113.1").header("accept-language", tag);
            let refused = asked.json(&json!({ "phone_number": "09121234567" })).send().await.expect(429);
            let message = Code::RateLimited.message(language);
            let flat = json!({ "error": "too_many_requests", "message": message, "retry_after": 3_600 });
            assert_eq!(refused.json, flat, "{path}");
            assert_eq!(refused.header("retry-after"), Some("3600"), "{path}");
        }
    }
    // that of the guess is not, nor that of another method
    let guess = json!({ "phone_number": "09121234567", "otp_code": "123456" });
    let refused = app.post("/api/v1/auth/verify/otp/").from("203.0.113.1").json(&guess).send().await;
    assert_enveloped(&refused.expect(429), "verify");
    let refused = app.get("/api/v1/auth/login/otp/").from("203.0.113.1").send().await;
    assert_enveloped(&refused.expect(429), "GET");
}

#[rstest]
#[tokio::test]
async fn users_and_addresses_are_counted_apart(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = limited(engine, 2, 3).await;
    let (patient, other) = (app.patient().await, app.patient().await);
    for expected in [401, 401, 429] {
        assert_eq!(status(knock(&app, "203.0.113.1")).await, expected);
    }
    // whoever is logged in there has a count of their own
    for expected in [200, 200, 200, 429] {
        assert_eq!(status(knock(&app, "203.0.113.1").by(&patient)).await, expected);
    }
    // which goes along to another address, where nobody else has asked yet
    assert_eq!(status(knock(&app, "203.0.113.2").by(&patient)).await, 429);
    assert_eq!(status(knock(&app, "203.0.113.2").by(&other)).await, 200);
    for expected in [401, 401, 429] {
        assert_eq!(status(knock(&app, "203.0.113.2")).await, expected);
    }
    // a broken token is nobody's
    assert_eq!(status(knock(&app, "203.0.113.1").bearer("garbage")).await, 429);
    for (n, expected) in [401, 401, 429].into_iter().enumerate() {
        assert_eq!(status(knock(&app, "203.0.113.3").bearer(&format!("garbage{n}"))).await, expected);
    }
}

#[rstest]
#[tokio::test]
async fn what_is_for_everybody_is_not_counted(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = limited(engine, 1, 1_000).await;
    for path in [
        "/",
        "/health",
        "/health/",
        "/health/live/",
        "/metrics",
        "/api/schema/",
        "/api/docs/",
        "/api/docs/scalar.js",
        "/dev/inbox/",
        "/dev/inbox/messages/",
        "/nothing",
        "/v2/nothing",
    ] {
        for _ in 0..2 {
            let answer = app.get(path).send().await;
            assert_ne!(answer.status, 429, "{path}");
            assert_eq!(told(&answer), [None; 3], "{path}");
        }
    }
    for _ in 0..3 {
        let preflight = app.call(Method::OPTIONS, PROFILE).header("origin", "https://app.helssa.ir");
        let preflight = preflight.header("access-control-request-method", "GET").send().await.expect(200);
        assert_eq!(told(&preflight), [None; 3]);
    }
    let first = app.get(PROFILE).send().await.expect(401);
    assert_eq!(first.header("x-ratelimit-remaining"), Some("0"));
    let _ = app.get(PROFILE).send().await.expect(429);
    // and they go on when the limit is used up
    let _ = app.get("/health/").send().await.expect(200);
}

#[rstest]
#[tokio::test]
async fn a_household_has_one_count(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = limited(engine, 2, 1_000).await;
    for (address, expected) in [
        ("2001:db8:1:2::1", 401),
        ("2001:db8:1:2:ffff:ffff:ffff:ffff", 401),
        ("2001:db8:1:2::7", 429),
        // the next house
        ("2001:db8:1:3::1", 401),
        // neighbours in IPv4 are strangers, however their address is written
        ("203.0.113.7", 401),
        ("::ffff:203.0.113.7", 401),
        ("203.0.113.7", 429),
        ("203.0.113.8", 401),
    ] {
        assert_eq!(status(knock(&app, address)).await, expected, "{address}");
    }
}

#[rstest]
#[tokio::test]
async fn only_a_trusted_proxy_tells_for_whom_it_asks(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::with(engine, |settings| {
        limit(settings, 1, 1_000);
        settings.trusted_proxies = vec!["192.0.2.0/24".parse().unwrap()];
    })
    .await;
    let through =
        |peer: &str, forwarded: &str| status(knock(&app, peer).header("x-forwarded-for", forwarded));
    for (peer, forwarded, expected, why) in [
        ("192.0.2.1", "203.0.113.1", 401, "the first client"),
        ("192.0.2.1", "203.0.113.1", 429, "the same one again"),
        ("192.0.2.2", "203.0.113.1", 429, "the same one through another proxy"),
        ("192.0.2.1", "203.0.113.2", 401, "another client"),
        ("192.0.2.1", "198.51.100.1, 203.0.113.2", 429, "what a client wrote itself is not believed"),
        ("192.0.2.1", "203.0.113.3, 192.0.2.9", 401, "two proxies in a row"),
        ("203.0.113.3", "198.51.100.2", 429, "a stranger speaks for itself alone"),
        ("203.0.113.4", "198.51.100.3", 401, "another stranger"),
        ("203.0.113.4", "198.51.100.4", 429, "the same stranger, with another tale"),
    ] {
        assert_eq!(through(peer, forwarded).await, expected, "{why}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn while_redis_is_away_each_node_counts_for_itself(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    // nothing listens there
    let here = limited_over("redis://127.0.0.1:1", engine, 3).await;
    let there = here.second_node().await;
    for node in [&here, &there] {
        let statuses = at_once((0..10).map(|_| knock(node, "203.0.113.1"))).await;
        assert_eq!((how_many(&statuses, 401), how_many(&statuses, 429)), (3, 7));
        let answer = knock(node, "203.0.113.1").send().await.expect(429);
        let end = node.clock.now().as_second() + 3_600;
        assert_eq!(told(&answer), [Some(3), Some(0), Some(end)]);
    }
}

#[rstest]
#[tokio::test]
async fn lifted_limits_are_not_told(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let answer = knock(&app, "203.0.113.1").send().await.expect(401);
    assert_eq!(told(&answer), [None; 3]);
}
