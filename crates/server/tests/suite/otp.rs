//! One-time codes through the API (D12). Their state's own suite is in the state room.

use domain::SignedDuration;
use rstest::rstest;
use serde_json::json;
use testkit::{
    Engine, TestApp,
    users::{new_address, new_phone},
};

const LOGIN: &str = "/api/v1/auth/login/otp/";

async fn ask(app: &TestApp, phone: &str, address: &str) -> testkit::Answer {
    app.post(LOGIN).from(address).json(&json!({ "phone_number": phone })).send().await
}

/// A code that is surely wrong.
fn other(code: &str) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000)
}

#[rstest]
#[tokio::test]
async fn ten_thousand_parallel_guesses_get_three_evaluations(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[values(false, true)] over_redis: bool,
) {
    let app = if over_redis { TestApp::with_redis(engine).await } else { TestApp::start(engine).await };
    let app = std::sync::Arc::new(app);
    let phone = new_phone();
    let _ = ask(&app, &phone, "10.200.0.1").await.expect(200);
    let wrong = other(&app.code(&phone));
    let (mut evaluated, mut refused) = (0, 0);
    // in waves: of ten thousand that wait at once, a busy machine answers the last too late
    for _ in 0..20 {
        let mut guesses = tokio::task::JoinSet::new();
        for _ in 0..500 {
            let (app, phone, wrong) = (app.clone(), phone.clone(), wrong.clone());
            guesses.spawn(async move { app.verify(&phone, &wrong, "10.200.0.1").await });
        }
        for answer in guesses.join_all().await {
            match answer.code() {
                "OTP_INVALID" => evaluated += 1,
                "OTP_EXPIRED" => refused += 1,
                code => panic!("{code} {}", answer.json),
            }
        }
    }
    assert_eq!((evaluated, refused), (3, 9_997));
    // and the right code comes too late
    let right = app.verify(&phone, &app.code(&phone), "10.200.0.1").await.expect(400);
    assert_eq!(right.code(), "OTP_EXPIRED");
}

#[rstest]
#[tokio::test]
async fn a_code_works_once(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let phone = new_phone();
    let _ = ask(&app, &phone, "10.200.0.2").await.expect(200);
    let code = app.code(&phone);
    let first = app.verify(&phone, &code, "10.200.0.2").await.expect(200);
    assert_eq!(first.json["is_new_user"], true);
    assert_eq!(app.verify(&phone, &code, "10.200.0.2").await.expect(400).code(), "OTP_EXPIRED");
    app.clock.advance(SignedDuration::from_secs(60));
    let again = app.log_in(&phone).await;
    assert_eq!(again.id, first.text("/user/id"));
}

#[rstest]
#[tokio::test]
async fn of_a_hundred_who_guess_right_at_once_one_logs_in(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = std::sync::Arc::new(TestApp::start(engine).await);
    let phone = new_phone();
    let _ = ask(&app, &phone, "10.200.0.3").await.expect(200);
    let code = app.code(&phone);
    let mut guesses = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let (app, phone, code) = (app.clone(), phone.clone(), code.clone());
        guesses.spawn(async move { app.verify(&phone, &code, "10.200.0.3").await.status });
    }
    let answers = guesses.join_all().await;
    assert_eq!(answers.iter().filter(|status| **status == 200).count(), 1);
}

#[rstest]
#[tokio::test]
async fn a_code_lives_two_minutes_whatever_touches_it(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let phone = new_phone();
    let _ = ask(&app, &phone, "10.200.0.4").await.expect(200);
    let code = app.code(&phone);
    app.clock.advance(SignedDuration::from_secs(119));
    let wrong = app.verify(&phone, &other(&code), "10.200.0.4").await.expect(400);
    assert_eq!((wrong.code(), &wrong.json["error"]["details"]["tries_left"]), ("OTP_INVALID", &json!(2)));
    app.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(app.verify(&phone, &code, "10.200.0.4").await.expect(400).code(), "OTP_EXPIRED");
}

#[rstest]
#[tokio::test]
async fn asking_again_waits_a_minute_and_has_a_budget(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let phone = new_phone();
    let sent = ask(&app, &phone, "10.200.0.5").await.expect(200);
    assert_eq!(sent.json["resend_available_in"], 60);
    app.clock.advance(SignedDuration::from_secs(20));
    let early = ask(&app, &phone, "10.200.0.5").await.expect(429);
    assert_eq!(early.json["error"], "too_many_requests");
    assert_eq!((&early.json["retry_after"], early.header("retry-after")), (&json!(40), Some("40")));
    for _ in 0..4 {
        app.clock.advance(SignedDuration::from_secs(60));
        let _ = ask(&app, &phone, "10.200.0.5").await.expect(200);
    }
    app.clock.advance(SignedDuration::from_secs(60));
    let sixth = ask(&app, &phone, "10.200.0.5").await.expect(429);
    assert_eq!(sixth.json["retry_after"], 3_600 - 20 - 5 * 60);
    app.clock.advance(SignedDuration::from_hours(1));
    let _ = ask(&app, &phone, "10.200.0.5").await.expect(200);
}

#[rstest]
#[tokio::test]
async fn an_address_may_ask_twenty_times_an_hour(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let limits = app::RateLimits { anonymous: 1_000, authenticated: 1_000, premium: 10_000 };
    let app = TestApp::with(engine, |settings| settings.rate_limit = Some(limits)).await;
    for _ in 0..20 {
        let _ = ask(&app, &new_phone(), "10.200.0.6").await.expect(200);
    }
    let one_more = ask(&app, &new_phone(), "10.200.0.6").await.expect(429);
    assert_eq!(one_more.json["error"], "too_many_requests");
    let _ = ask(&app, &new_phone(), "10.200.0.7").await.expect(200);
}

#[rstest]
#[tokio::test]
async fn five_failures_lock_the_pair_and_nobody_else(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (phone, attacker, owner) = (new_phone(), new_address(), new_address());
    for wrong_guesses in [3, 2] {
        let _ = ask(&app, &phone, &attacker).await.expect(200);
        let wrong = other(&app.code(&phone));
        for _ in 0..wrong_guesses {
            let _ = app.verify(&phone, &wrong, &attacker).await.expect(400);
        }
        app.clock.advance(SignedDuration::from_secs(60));
    }
    let locked = app.verify(&phone, "000000", &attacker).await.expect(403);
    assert_eq!(locked.code(), "PHONE_BLOCKED");
    assert_eq!(locked.json["error"]["details"]["retry_after"], 30 * 60 - 60);
    assert_eq!(ask(&app, &phone, &attacker).await.expect(403).code(), "PHONE_BLOCKED");
    // the owner, elsewhere, is not locked out
    let _ = ask(&app, &phone, &owner).await.expect(200);
    let _ = app.verify(&phone, &app.code(&phone), &owner).await.expect(200);
    // and the lock ends
    app.clock.advance(SignedDuration::from_mins(30));
    let _ = ask(&app, &phone, &attacker).await.expect(200);
}

#[rstest]
#[tokio::test]
async fn every_channel_reaches_the_inbox(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    for channel in ["sms", "call", "whatsapp"] {
        let phone = new_phone();
        let asked = json!({ "phone_number": phone, "channel": channel });
        let _ = app.post(LOGIN).json(&asked).send().await.expect(200);
        let path = format!("/dev/inbox/messages/?phone_number={}", phone.trim_start_matches('+'));
        let inbox = app.get(&path).send().await.expect(200);
        assert_eq!(inbox.text("/results/0/channel"), channel);
        assert_eq!(inbox.text("/results/0/code"), app.code(&phone));
        assert_eq!(inbox.text("/results/0/phone_number"), phone);
    }
}
