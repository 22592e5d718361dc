//! Numbers without gaps: from one in each Jalali year, once for each cause, also for a hundred at once.

use domain::{
    Clock as _, SignedDuration, Timestamp,
    ids::{JobId, new_v7},
};
use rstest::rstest;
use serde_json::{Value, json};
use store::jobs::NewJob;
use testkit::{Engine, TestApp};
use tokio::task::JoinSet;

use super::{ALL, PURCHASE, VISITS, buy, invoices, numbers, rich, run};

#[rstest]
#[tokio::test]
async fn a_new_year_begins_at_one(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let user = rich(&app).await;
    let _ = buy(&app, &user, "basic", 1).await.expect(200);
    run(&app).await;
    // a minute before Nowruz 1403 in Tehran
    let eve: Timestamp = "2024-03-19T20:29:00Z".parse().unwrap();
    app.clock.advance(eve.duration_since(app.clock.now()));
    let user = app.log_in(&user.phone).await;
    let _ = buy(&app, &user, "basic", 1).await.expect(200);
    run(&app).await;
    let _ = buy(&app, &user, "basic", 1).await.expect(200);
    // its day is that on which it is issued
    app.clock.advance(SignedDuration::from_mins(2));
    run(&app).await;
    let _ = buy(&app, &user, "basic", 1).await.expect(200);
    run(&app).await;
    let billed = invoices(&app, &user).await;
    assert_eq!(numbers(&billed), ["1403-000002", "1403-000001", "1402-000002", "1402-000001"]);
    let admin = app.admin().await;
    for (query, expected) in [
        ("?year=1402", vec!["1402-000002", "1402-000001"]),
        ("?year=1403&page_size=1", vec!["1403-000002"]),
        ("?year=1404", vec![]),
    ] {
        let page = app.get(&format!("{ALL}{query}")).by(&admin).send().await.expect(200).json;
        assert_eq!(numbers(page["results"].as_array().unwrap()), expected, "{query}");
    }
}

#[rstest]
#[tokio::test]
async fn a_job_that_runs_twice_bills_once(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let (doctor, patient) = (app.bookable_doctor().await, app.patient().await);
    let visit = app.confirmed(&doctor, &patient).await;
    let _ = app.post(&format!("{VISITS}{visit}/cancel/")).by(&patient).send().await.expect(200);
    for _ in 0..2 {
        for cause in ["visit_refund", "visit", "visit_refund", "visit"] {
            again(&app, &json!({ "cause": { cause: visit } })).await;
        }
        run(&app).await;
        assert_eq!(numbers(&invoices(&app, &patient).await), ["1402-000002", "1402-000001"]);
    }
    let jobs = app.get("/api/v1/admin/jobs/?status=dead").by(&app.admin().await).send().await.expect(200);
    assert_eq!(jobs.json["count"], 0);
    assert_eq!(app.audited("invoice.issue").await, 2);
}

/// The same job once more.
async fn again(app: &TestApp, payload: &Value) {
    let now = app.clock.now();
    let id = JobId(new_v7(now, &*app.app.rng));
    app.app
        .db
        .write(payload.clone(), move |tx, payload| {
            Box::pin(async move {
                let kind = "billing.issue_invoice";
                let job = NewJob { kind, payload: payload.clone(), run_at: now, unique_key: None };
                store::jobs::enqueue(tx, id, &job, now).await
            })
        })
        .await
        .unwrap();
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_purchases_at_once_are_numbered_from_one_to_a_hundred(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let mut users = vec![];
    for _ in 0..20 {
        users.push(rich(&app).await);
    }
    let body = json!({ "plan_id": "basic", "duration_months": 1, "payment_method": "wallet" });
    let mut all = JoinSet::new();
    for n in 0..100 {
        let call = app.post(PURCHASE).by(&users[n % 20]).json(&body);
        all.spawn(async move { (call.send().await.status, n % 20) });
    }
    let mut bought = 0;
    for (mut status, user) in all.join_all().await {
        // too many at once are told to come again
        while status == 503 {
            status = app.post(PURCHASE).by(&users[user]).json(&body).send().await.status;
        }
        assert_eq!(status, 200);
        bought += 1;
    }
    assert_eq!(bought, 100);
    let second = app.second_node().await;
    let (one, two) = tokio::join!(app::jobs::run_due(&app.app), app::jobs::run_due(&second.app));
    let _ = (one.unwrap(), two.unwrap());
    // what lost a race waits a little
    app.clock.advance(SignedDuration::from_secs(61));
    run(&app).await;
    let admin = app.admin().await;
    let page = app.get(&format!("{ALL}?page_size=100")).by(&admin).send().await.expect(200).json;
    let expected: Vec<String> = (1..=100).rev().map(|n| format!("1402-{n:06}")).collect();
    assert_eq!(page["count"], 100);
    assert_eq!(numbers(page["results"].as_array().unwrap()), expected);
    app.expect_a_sound_ledger().await;
}
