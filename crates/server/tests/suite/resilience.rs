//! When something breaks: the envelope all the same, and the next request works.

use std::time::Duration;

use domain::Secret;
use helssa_server::settings::Sender;
use providers::KavenegarSettings;
use rstest::rstest;
use serde_json::json;
use testkit::{
    Engine, TestApp,
    fakes::http::{Reply, Scripted},
    services::free_port,
    users::new_phone,
};

const LOGIN: &str = "/api/v1/auth/login/otp/";

#[rstest]
#[tokio::test]
async fn a_panic_is_answered_with_the_envelope(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let ask =
        || app.post(LOGIN).header("x-request-id", "panic-1").json(&json!({ "phone_number": new_phone() }));
    app.break_randomness(true);
    let answer = ask().send().await.expect(500);
    assert_eq!(answer.code(), "INTERNAL_ERROR");
    assert_eq!(answer.text("/error/request_id"), "panic-1");
    assert!(!String::from_utf8_lossy(&answer.bytes).contains("broken on purpose"), "causes stay inside");
    app.break_randomness(false);
    let _ = ask().send().await.expect(200);
}

fn kavenegar(base_url: String) -> Sender {
    Sender::Kavenegar(KavenegarSettings {
        base_url,
        api_key: Secret::new("key".into()),
        template: "otp".into(),
        timeout: Duration::from_secs(30),
        pause: Duration::from_millis(1),
    })
}

#[rstest]
#[tokio::test]
async fn a_request_that_takes_too_long_is_answered_in_time(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let silent = Scripted::start([Reply::Silence]).await.unwrap();
    let app = TestApp::with(engine, |settings| {
        settings.sender = kavenegar(silent.base_url());
        // shorter than the provider's own, and long enough for all that comes before it
        settings.timeout = Duration::from_secs(3);
    })
    .await;
    let answer = app.post(LOGIN).json(&json!({ "phone_number": new_phone() })).send().await.expect(503);
    assert_eq!(answer.code(), "SERVICE_UNAVAILABLE");
    assert_eq!(answer.header("retry-after"), Some("5"));
    assert_eq!(silent.requests().len(), 1, "and the code was sent at most once");
}

#[rstest]
#[tokio::test]
async fn a_code_that_was_surely_not_sent_may_be_asked_for_again(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let broke = Scripted::start([testkit::fakes::kavenegar::answer(418)]).await.unwrap();
    let app = TestApp::with(engine, |settings| settings.sender = kavenegar(broke.base_url())).await;
    let phone = new_phone();
    for _ in 0..7 {
        let answer = app.post(LOGIN).json(&json!({ "phone_number": phone })).send().await.expect(503);
        assert_eq!(answer.code(), "OTP_NOT_DELIVERED");
    }
    assert_eq!(broke.requests().len(), 7, "neither the minute nor the budget was spent");
    // no WhatsApp is configured: the same answer, and nothing is sent
    let asked = json!({ "phone_number": phone, "channel": "whatsapp" });
    let answer = app.post(LOGIN).json(&asked).send().await.expect(503);
    assert_eq!((answer.code(), broke.requests().len()), ("OTP_NOT_DELIVERED", 7));
    // without the development sender there is no inbox
    let _ = app.get("/dev/inbox/messages/").send().await.expect(404);
    let _ = app.get("/dev/inbox/").send().await.expect(404);
}

#[rstest]
#[tokio::test]
async fn without_redis_codes_wait_and_the_rest_goes_on(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let user = app.patient().await;
    let away = format!("redis://127.0.0.1:{}", free_port());
    let mut settings = app.settings.clone();
    settings.redis_url = Some(Secret::new(away));
    settings.rate_limit = Some(app::RateLimits { anonymous: 100, authenticated: 1_000, premium: 10_000 });
    let node = app.node_with(settings).await;
    let health = node.get("/health/").send().await.expect(503);
    assert_eq!(health.json["status"], "down");
    assert_eq!(health.json["dependencies"]["database"]["status"], "ok");
    assert_eq!(health.json["dependencies"]["shared_state"]["status"], "down");
    let _ = node.get("/health/live/").send().await.expect(200);
    let asked = node.post(LOGIN).json(&json!({ "phone_number": new_phone() })).send().await.expect(503);
    assert_eq!(asked.code(), "SERVICE_UNAVAILABLE");
    let profile = node.get("/api/v1/patients/profile/").by(&user).send().await.expect(200);
    assert_eq!(profile.header("x-ratelimit-remaining"), Some("999"), "counted on this node alone");
}
