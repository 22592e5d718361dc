//! `Idempotency-Key` (D7) in depth, on one operation; `keys.rs` has all that move money.

use std::collections::BTreeSet;

use domain::SignedDuration;
use rstest::rstest;
use serde_json::{Value, json};
use testkit::{Answer, Call, Engine, TestApp, User, users::new_phone};
use tokio::task::JoinSet;

use crate::{
    doctors::{DOCTORS, entry},
    frame::assert_enveloped,
};

fn create(app: &TestApp, admin: &User, key: &str, body: &Value) -> Call {
    app.post(DOCTORS).by(admin).header("idempotency-key", key).json(body)
}

async fn count(app: &TestApp, admin: &User) -> Value {
    app.get(DOCTORS).by(admin).send().await.expect(200).json["count"].clone()
}

/// The answer is the first one, given again.
#[track_caller]
fn assert_replayed(again: &Answer, first: &Answer) {
    assert_eq!((again.status, &again.json), (first.status, &first.json));
    assert_eq!(again.header("idempotent-replay"), Some("true"));
}

#[rstest]
#[tokio::test]
async fn the_same_request_again_is_answered_as_the_first_time(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let admin = app.admin().await;
    let body = entry(&new_phone(), "7000001");
    let first = create(&app, &admin, "key", &body).send().await.expect(201);
    assert_eq!(first.header("idempotent-replay"), None);
    for _ in 0..3 {
        let again = create(&app, &admin, "key", &body).send().await;
        assert_replayed(&again, &first);
    }
    assert_eq!(count(&app, &admin).await, 1);
    assert_eq!(app.audited("doctor.create").await, 1);
}

#[rstest]
#[tokio::test]
async fn a_key_belongs_to_its_body(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let admin = app.admin().await;
    let body = entry(&new_phone(), "7000001");
    let first = create(&app, &admin, "key", &body).send().await.expect(201);
    let mut other = entry(&new_phone(), "7000002");
    let refused = create(&app, &admin, "key", &other).send().await.expect(422);
    assert_enveloped(&refused, "another body");
    assert_eq!(refused.code(), "IDEMPOTENCY_KEY_REUSED");
    // a body that is wrong is told so, whatever its key
    other["city"] = json!(5);
    let wrong = create(&app, &admin, "key", &other).send().await.expect(422);
    assert_eq!(wrong.code(), "VALIDATION_ERROR");
    assert_eq!(count(&app, &admin).await, 1);
    // and the key still stands for the first
    assert_replayed(&create(&app, &admin, "key", &body).send().await, &first);
    // keys are told apart to the letter
    other["city"] = json!("تهران");
    let _ = create(&app, &admin, "Key", &other).send().await.expect(201);
}

#[rstest]
#[tokio::test]
async fn without_a_key_nothing_is_replayed(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let admin = app.admin().await;
    let body = entry(&new_phone(), "7000001");
    let _ = app.post(DOCTORS).by(&admin).json(&body).send().await.expect(201);
    let again = app.post(DOCTORS).by(&admin).json(&body).send().await.expect(409);
    assert_eq!((again.code(), again.header("idempotent-replay")), ("PHONE_IN_USE", None));
}

#[rstest]
#[tokio::test]
async fn a_replay_is_the_first_answer_whatever_has_become_of_the_doctor(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let admin = app.admin().await;
    let body = entry(&new_phone(), "7000001");
    let first = create(&app, &admin, "key", &body).send().await.expect(201);
    let doctor = format!("{DOCTORS}{}/", first.text("/id"));
    let moved = json!({ "city": "شیراز", "medical_council_number": "7000002" });
    let _ = app.patch(&doctor).by(&admin).json(&moved).send().await.expect(200);
    let reason = json!({ "reason": "شکایت بیمار" });
    let _ = app.post(&format!("{doctor}suspend/")).by(&admin).json(&reason).send().await.expect(200);
    assert_replayed(&create(&app, &admin, "key", &body).send().await, &first);
    let now = app.get(&doctor).by(&admin).send().await.expect(200);
    assert_eq!((now.text("/city"), now.text("/status")), ("شیراز".to_owned(), "suspended".to_owned()));
}

/// Fifty times the same request at once, spread over the nodes.
async fn race(nodes: &[&TestApp], admin: &User, body: &Value) -> Vec<Answer> {
    let mut running = JoinSet::new();
    for node in nodes.iter().cycle().take(50) {
        running.spawn(create(node, admin, "race", body).send());
    }
    running.join_all().await
}

/// One made it, the others were given its answer or told to wait.
#[track_caller]
fn assert_one_made(answers: &[Answer]) {
    let (mut made, mut ids) = (0, BTreeSet::new());
    for answer in answers {
        if answer.status == 201 {
            made += i32::from(answer.header("idempotent-replay").is_none());
            ids.insert(answer.text("/id"));
            continue;
        }
        assert_eq!((answer.status, answer.code()), (409, "REQUEST_IN_PROGRESS"), "{}", answer.json);
        assert_eq!(answer.header("retry-after"), Some("1"));
        assert_enveloped(answer, "still running");
    }
    assert_eq!((made, ids.len()), (1, 1));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_at_once_one_makes_a_doctor(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let admin = app.admin().await;
    let body = entry(&new_phone(), "7000001");
    assert_one_made(&race(&[&app], &admin, &body).await);
    assert_eq!(count(&app, &admin).await, 1);
    assert_eq!(app.audited("doctor.create").await, 1);
    let later = create(&app, &admin, "race", &body).send().await.expect(201);
    assert_eq!(later.header("idempotent-replay"), Some("true"));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_at_once_on_two_nodes_one_makes_a_doctor(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let here = TestApp::start(engine).await;
    let there = here.second_node().await;
    let admin = here.admin().await;
    let body = entry(&new_phone(), "7000001");
    assert_one_made(&race(&[&here, &there], &admin, &body).await);
    assert_eq!(count(&here, &admin).await, 1);
    assert_eq!(here.audited("doctor.create").await, 1);
}

#[rstest]
#[tokio::test]
async fn another_node_replays_what_this_one_did(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let here = TestApp::start(engine).await;
    let there = here.second_node().await;
    let admin = here.admin().await;
    let body = entry(&new_phone(), "7000001");
    let first = create(&here, &admin, "key", &body).send().await.expect(201);
    assert_replayed(&create(&there, &admin, "key", &body).send().await, &first);
    let other = entry(&new_phone(), "7000002");
    let refused = create(&there, &admin, "key", &other).send().await.expect(422);
    assert_eq!(refused.code(), "IDEMPOTENCY_KEY_REUSED");
    assert_eq!(count(&there, &admin).await, 1);
}

#[rstest]
#[tokio::test]
async fn what_failed_may_be_tried_again_with_its_key(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let admin = app.admin().await;
    let holder = app.post(DOCTORS).by(&admin).json(&entry(&new_phone(), "7000001")).send().await.expect(201);
    let body = entry(&new_phone(), "7000001");
    for _ in 0..2 {
        let failed = create(&app, &admin, "key", &body).send().await.expect(409);
        assert_eq!(failed.code(), "COUNCIL_NUMBER_IN_USE");
        assert_eq!(failed.header("idempotent-replay"), None);
    }
    // the number comes free
    let holder = format!("{DOCTORS}{}/", holder.text("/id"));
    let freed = json!({ "medical_council_number": "7000002" });
    let _ = app.patch(&holder).by(&admin).json(&freed).send().await.expect(200);
    let made = create(&app, &admin, "key", &body).send().await.expect(201);
    assert_eq!(made.header("idempotent-replay"), None);
    assert_replayed(&create(&app, &admin, "key", &body).send().await, &made);
    assert_eq!(count(&app, &admin).await, 2);
}

#[rstest]
#[tokio::test]
async fn a_key_is_its_owners_alone(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let (admin, other) = (app.admin().await, app.admin().await);
    let body = entry(&new_phone(), "7000001");
    let _ = create(&app, &admin, "key", &body).send().await.expect(201);
    // done in earnest, and in vain
    let same = create(&app, &other, "key", &body).send().await.expect(409);
    assert_eq!((same.code(), same.header("idempotent-replay")), ("PHONE_IN_USE", None));
    let new = create(&app, &other, "key", &entry(&new_phone(), "7000002")).send().await.expect(201);
    assert_eq!(new.header("idempotent-replay"), None);
    assert_eq!(count(&app, &admin).await, 2);
}

#[rstest]
#[tokio::test]
async fn a_key_has_1_to_255_characters(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let admin = app.admin().await;
    let body = entry(&new_phone(), "7000001");
    for wrong in ["", &"x".repeat(256), &"x".repeat(10_000), "کلید"] {
        let answer = create(&app, &admin, wrong, &body).send().await.expect(400);
        assert_enveloped(&answer, wrong);
        assert_eq!(answer.code(), "MALFORMED_REQUEST");
    }
    assert_eq!(count(&app, &admin).await, 0);
    for (right, council_number) in [("x".to_owned(), "7000001"), ("x".repeat(255), "7000002")] {
        let body = entry(&new_phone(), council_number);
        let first = create(&app, &admin, &right, &body).send().await.expect(201);
        assert_replayed(&create(&app, &admin, &right, &body).send().await, &first);
    }
}

#[rstest]
#[tokio::test]
async fn answers_are_kept_for_a_day_and_forgotten_later(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let admin = app.admin().await;
    let body = entry(&new_phone(), "7000001");
    let first = create(&app, &admin, "key", &body).send().await.expect(201);
    app.clock.advance(SignedDuration::from_hours(24));
    assert_eq!(app::maintenance::forget_what_is_old(&app.app).await.unwrap(), 0);
    let admin = app.log_in(&admin.phone).await;
    assert_replayed(&create(&app, &admin, "key", &body).send().await, &first);
    app.clock.advance(SignedDuration::from_hours(49));
    assert_eq!(app::maintenance::forget_what_is_old(&app.app).await.unwrap(), 1);
    let admin = app.log_in(&admin.phone).await;
    let anew = create(&app, &admin, "key", &body).send().await.expect(409);
    assert_eq!(anew.code(), "PHONE_IN_USE");
}
