//! Each step of a payout is taken once, by whoever comes first, and what is given up is the doctor's again.

use rstest::rstest;
use serde_json::{Value, json};
use testkit::{Answer, Call, Engine, TestApp};
use tokio::task::JoinSet;

use super::{
    BATCHES, LEAST, PAYOUTS, act, ask, cancel, exported, money, read, reason, refused, requested, wants,
};
use crate::notifications::texts;

/// Ten at once: one does it, the others hear this code.
async fn once(call: impl Fn() -> Call, code: &str) {
    let mut running = JoinSet::new();
    for _ in 0..10 {
        running.spawn(call().send());
    }
    let (done, others): (Vec<_>, Vec<_>) =
        running.join_all().await.into_iter().partition(|answer| answer.status < 300);
    assert_eq!(done.len(), 1);
    for answer in others {
        refused(answer, 409, code);
    }
}

/// The same key twice: the same answer; the first of them.
async fn twice(call: impl Fn() -> Call, status: u16) -> Answer {
    let with_key = || call().header("idempotency-key", "k").send();
    let (first, again) = (with_key().await.expect(status), with_key().await.expect(status));
    assert_eq!((again.header("idempotent-replay"), &again.json), (Some("true"), &first.json));
    first
}

#[rstest]
#[tokio::test]
async fn what_is_rejected_or_cancelled_is_the_doctors_again(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (doctor, admin) = (app.doctor().await, app.admin().await);
    app.give(&doctor, 5 * LEAST).await;
    let mut asked = vec![];
    for _ in 0..5 {
        asked.push(requested(&app, &doctor, LEAST).await);
    }
    refused(ask(&app, &doctor, &wants(LEAST)).send().await, 409, "INSUFFICIENT_BALANCE");
    for id in [&asked[1], &asked[3], &asked[4]] {
        let _ = act(&app, &admin, id, "approve").send().await.expect(200);
    }
    for id in &asked[..2] {
        let rejected = act(&app, &admin, id, "reject").send().await.expect(200).json;
        assert_eq!((&rejected["status"], &rejected["reason"]), (&json!("rejected"), &reason()["reason"]));
        assert!(rejected["closed_at"].is_string());
    }
    for id in &asked[2..4] {
        let cancelled = cancel(&app, &doctor, id).send().await.expect(200).json;
        assert_eq!((&cancelled["status"], &cancelled["reason"]), (&json!("cancelled"), &Value::Null));
    }
    assert_eq!(money(&app, &doctor).await, (4 * LEAST, LEAST, 0));
    for id in &asked[..4] {
        for verb in ["approve", "reject", "paid", "returned"] {
            refused(act(&app, &admin, id, verb).send().await, 409, "ILLEGAL_STATE");
        }
        refused(cancel(&app, &doctor, id).send().await, 409, "ILLEGAL_STATE");
    }
    // what has gone to the bank can't be taken back
    let batch = app.post(BATCHES).by(&admin).send().await.expect(201);
    assert_eq!(batch.json["payouts"], 1);
    refused(cancel(&app, &doctor, &asked[4]).send().await, 409, "ILLEGAL_STATE");
    refused(act(&app, &admin, &asked[4], "reject").send().await, 409, "ILLEGAL_STATE");
    assert_eq!(money(&app, &doctor).await, (4 * LEAST, 0, LEAST));
    app::jobs::run_due(&app.app).await.unwrap();
    assert_eq!(texts(&app, &doctor).len(), 2, "of the two that were rejected");
    app.expect_a_sound_ledger().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_ask_for_all_of_it_one_gets_it(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let doctor = app.doctor().await;
    app.give(&doctor, 2 * LEAST - 1).await;
    let mut running = JoinSet::new();
    for _ in 0..50 {
        running.spawn(ask(&app, &doctor, &wants(LEAST)).send());
    }
    let answers = running.join_all().await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    for answer in answers.into_iter().filter(|answer| answer.status != 201) {
        refused(answer, 409, "INSUFFICIENT_BALANCE");
    }
    assert_eq!(money(&app, &doctor).await, (LEAST - 1, LEAST, 0));
    assert_eq!(
        (read(&app, &doctor, PAYOUTS).await["count"].clone(), app.audited("payout.request").await),
        (json!(1), 1)
    );
    app.expect_a_sound_ledger().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn each_step_is_taken_once(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let (doctor, admin) = (app.doctor().await, app.admin().await);
    app.give(&doctor, LEAST).await;
    let id = requested(&app, &doctor, LEAST).await;
    once(|| act(&app, &admin, &id, "approve"), "ILLEGAL_STATE").await;
    once(|| app.post(BATCHES).by(&admin), "CONFLICT").await;
    assert_eq!(money(&app, &doctor).await, (0, 0, LEAST));
    once(|| act(&app, &admin, &id, "returned"), "ILLEGAL_STATE").await;
    assert_eq!(money(&app, &doctor).await, (LEAST, 0, 0));
    // the doctor cancels while the admin rejects
    let id = requested(&app, &doctor, LEAST).await;
    let mut running = JoinSet::new();
    for _ in 0..5 {
        running.spawn(cancel(&app, &doctor, &id).send());
        running.spawn(act(&app, &admin, &id, "reject").send());
    }
    let done = running.join_all().await.into_iter().filter(|answer| answer.status == 200).count();
    assert_eq!((done, money(&app, &doctor).await), (1, (LEAST, 0, 0)));
    // what was given up left no gap
    let id = requested(&app, &doctor, LEAST).await;
    exported(&app, &admin, &id).await;
    let numbers = read(&app, &admin, BATCHES).await["results"].clone();
    let numbers: Vec<_> = numbers.as_array().unwrap().iter().map(|batch| batch["number"].clone()).collect();
    assert_eq!(numbers, [2, 1]);
    app.expect_a_sound_ledger().await;
}

#[rstest]
#[tokio::test]
async fn a_key_does_it_once(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let (doctor, admin) = (app.doctor().await, app.admin().await);
    app.give(&doctor, 5 * LEAST).await;
    let id = twice(|| ask(&app, &doctor, &wants(LEAST)), 201).await.text("/id");
    let other = ask(&app, &doctor, &wants(2 * LEAST)).header("idempotency-key", "k").send().await;
    refused(other, 422, "IDEMPOTENCY_KEY_REUSED");
    assert_eq!(money(&app, &doctor).await, (4 * LEAST, LEAST, 0));
    twice(|| act(&app, &admin, &id, "approve"), 200).await;
    twice(|| app.post(BATCHES).by(&admin), 201).await;
    twice(|| act(&app, &admin, &id, "paid"), 200).await;
    twice(|| act(&app, &admin, &id, "returned"), 200).await;
    let second = requested(&app, &doctor, LEAST).await;
    // the same key, another payout
    refused(
        act(&app, &admin, &second, "approve").header("idempotency-key", "k").send().await,
        422,
        "IDEMPOTENCY_KEY_REUSED",
    );
    twice(|| act(&app, &admin, &second, "reject"), 200).await;
    let third = requested(&app, &doctor, LEAST).await;
    twice(|| cancel(&app, &doctor, &third), 200).await;
    assert_eq!(money(&app, &doctor).await, (5 * LEAST, 0, 0));
    for (action, times) in
        [("payout.request", 3), ("payout.approve", 1), ("payout.export", 1), ("payout.paid", 1)]
    {
        assert_eq!(app.audited(action).await, times, "{action}");
    }
    app.expect_a_sound_ledger().await;
}
