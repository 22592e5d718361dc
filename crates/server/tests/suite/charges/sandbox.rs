//! The whole loop at the sandbox: money comes in once, also late, also without a browser.

use std::sync::Arc;

use domain::{SignedDuration, ledger::Account};
use rstest::rstest;
use serde_json::{Value, json};
use testkit::{Engine, TestApp};
use tokio::task::JoinSet;

use super::{AMOUNT, CHARGE, location, minutes, path, press, read, started};
use crate::races::nodes;

#[rstest]
#[tokio::test]
async fn the_whole_loop_at_the_sandbox(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let (patient, other) = (app.patient().await, app.patient().await);
    let site = app.settings.public_site_url.clone();
    let body = json!({
        "amount": AMOUNT, "payment_method": "online", "gateway": "sandbox",
        "return_url": format!("{site}/wallet/callback?a=1"),
    });
    let call = || app.post(CHARGE).by(&patient).header("idempotency-key", "k").json(&body).send();
    let answer = call().await.expect(200);
    let (id, page) = (answer.text("/transaction_id"), path(&answer.text("/payment_url")));
    assert_eq!(answer.json["amount"], AMOUNT);
    let again = call().await.expect(200);
    assert_eq!((again.header("idempotent-replay"), &again.json), (Some("true"), &answer.json));
    let pending = read(&app, &patient, &id).await;
    assert_eq!((&pending["status"], &pending["gateway"]), (&json!("pending"), &json!("sandbox")));
    assert_eq!(pending["payment_url"], answer.json["payment_url"]);

    let shown = app.get(&page).send().await.expect(200);
    let html = String::from_utf8(shown.bytes.to_vec()).unwrap();
    assert!(html.contains("۱٬۰۰۰٬۰۰۰") || html.contains("1٬000٬000"), "{html}");
    let callback = press(&app, &page, "succeed").await;
    assert_eq!(app.spendable(&patient).await, 0, "nobody has asked the gateway");
    let back = app.get(&callback).send().await.expect(303);
    assert_eq!(location(&back), format!("{site}/wallet/callback?a=1&transaction_id={id}&status=completed"));
    assert_eq!(app.spendable(&patient).await, AMOUNT);
    assert_eq!(app.holds(&Account::clearing("sandbox")).await, -AMOUNT);
    let completed = read(&app, &patient, &id).await;
    assert_eq!((&completed["status"], &completed["payment_url"]), (&json!("completed"), &Value::Null));
    assert!(completed["completed_at"].is_string() && completed["gateway_reference"].is_string());
    let hidden = app.get(&format!("/api/v1/billing/transactions/{id}/")).by(&other).send().await;
    assert_eq!(hidden.expect(404).code(), "NOT_FOUND");
    assert_eq!((app.audited("charge.start").await, app.audited("charge.complete").await), (1, 1));
    app.expect_a_sound_ledger().await;
}

/// Runs what is due, and again while the database is too busy, as workers do.
async fn ran_what_is_due(node: &TestApp) {
    loop {
        match app::jobs::run_cron(&node.app).await {
            Ok(_) => return,
            Err(app::Fault::Unavailable(_)) => {}
            Err(fault) => panic!("{fault}"),
        }
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn callbacks_sweep_and_poll_a_thousand_times_at_once_credit_once(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let nodes = nodes(engine).await;
    let app = &nodes[0];
    let patient = app.patient().await;
    let (id, page) = started(app, &patient).await;
    let callback = press(app, &page, "succeed").await;
    app.clock.advance(SignedDuration::from_secs(61));
    let mut all = JoinSet::new();
    for (n, node) in nodes.iter().cycle().take(1_000).enumerate() {
        let (node, of) = (Arc::clone(node), format!("/api/v1/billing/transactions/{id}/"));
        let (callback, patient) = (callback.clone(), patient.clone());
        all.spawn(async move {
            match n % 20 {
                0 => ran_what_is_due(&node).await,
                1..10 => drop(node.get(&of).by(&patient).insist().await.expect(200)),
                _ => drop(node.get(&callback).insist().await.expect(303)),
            }
        });
    }
    assert_eq!(all.join_all().await.len(), 1_000);
    assert_eq!(app.spendable(&patient).await, AMOUNT);
    assert_eq!(app.audited("charge.complete").await, 1);
    app.expect_a_sound_ledger().await;
}

#[rstest]
#[tokio::test]
async fn a_payment_that_fails_may_be_tried_again(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let patient = app.patient().await;
    let (id, page) = started(&app, &patient).await;
    let callback = press(&app, &page, "fail").await;
    let back = location(&app.get(&callback).send().await.expect(303));
    assert!(back.ends_with(&format!("transaction_id={id}&status=failed")), "{back}");
    assert_eq!((app.spendable(&patient).await, app.audited("charge.fail").await), (0, 1));
    // on the same page, a moment later
    let callback = press(&app, &page, "succeed").await;
    let back = location(&app.get(&callback).send().await.expect(303));
    assert!(back.ends_with("status=completed"), "{back}");
    assert_eq!(app.spendable(&patient).await, AMOUNT);
}

#[rstest]
#[tokio::test]
async fn a_browser_that_never_comes_back_is_not_needed(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let patient = app.patient().await;
    let (id, page) = started(&app, &patient).await;
    let (left, _) = started(&app, &patient).await;
    let _ = app.post(&format!("{page}/leave/")).send().await.expect(200);
    let patient = minutes(&app, &patient, 2).await;
    assert_eq!(app.spendable(&patient).await, AMOUNT);
    assert_eq!(read(&app, &patient, &id).await["status"], "completed");
    assert_eq!(read(&app, &patient, &left).await["status"], "pending");
    let patient = minutes(&app, &patient, 29).await;
    assert_eq!(read(&app, &patient, &left).await["status"], "expired");
    app.expect_a_sound_ledger().await;
}

#[rstest]
#[tokio::test]
async fn what_is_paid_after_the_end_is_money_all_the_same(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let patient = app.patient().await;
    let (id, page) = started(&app, &patient).await;
    let patient = minutes(&app, &patient, 31).await;
    assert_eq!(read(&app, &patient, &id).await["status"], "expired");
    let callback = press(&app, &page, "succeed").await;
    let back = location(&app.get(&callback).send().await.expect(303));
    assert!(back.ends_with("status=completed"), "{back}");
    assert_eq!(app.spendable(&patient).await, AMOUNT);
}
