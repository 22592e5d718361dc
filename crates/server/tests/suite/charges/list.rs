//! A payer's own charges: page by page, each as it is now, and no gateway is asked about them.

use domain::SignedDuration;
use rstest::rstest;
use serde_json::{Value, json};
use testkit::{Engine, TestApp, User};

use super::{AMOUNT, press, read, started};
use crate::refunds::{CHARGES, at_the_sandbox, why};

const LIST: &str = "/api/v1/billing/transactions/";

async fn list(app: &TestApp, by: &User, query: &str) -> Value {
    app.get(&format!("{LIST}{query}")).by(by).send().await.expect(200).json
}

fn results(page: &Value) -> &[Value] {
    page["results"].as_array().unwrap()
}

fn ids(page: &Value) -> Vec<&str> {
    results(page).iter().map(|charge| charge["transaction_id"].as_str().unwrap()).collect()
}

/// One more that waits at the sandbox, a second later: its id and the path of its page.
async fn another(app: &TestApp, by: &User) -> (String, String) {
    app.clock.advance(SignedDuration::from_secs(1));
    started(app, by).await
}

/// The same, and its payer has pressed this button and come back.
async fn played(app: &TestApp, by: &User, verb: &str) -> String {
    let (id, page) = another(app, by).await;
    let _ = app.get(&press(app, &page, verb).await).send().await.expect(303);
    id
}

/// Each charge of the page is told as it is when it is read alone.
async fn expect_what_is_read(app: &TestApp, by: &User, page: &Value) {
    for charge in results(page) {
        let id = charge["transaction_id"].as_str().unwrap();
        assert_eq!(&read(app, by, id).await, charge);
    }
}

#[rstest]
#[tokio::test]
async fn charges_are_listed_page_by_page_to_whom_they_belong(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (patient, doctor) = (app.patient().await, app.doctor().await);
    let none = json!({ "count": 0, "next": null, "previous": null, "results": [] });
    assert_eq!(list(&app, &patient, "").await, none);
    let (first, _) = another(&app, &patient).await;
    let (theirs, _) = another(&app, &doctor).await;
    let (second, _) = another(&app, &patient).await;
    let (third, _) = another(&app, &patient).await;

    let page = list(&app, &patient, "?status=pending&page_size=2").await;
    assert_eq!(ids(&page), [&third, &second]);
    assert_eq!((&page["count"], &page["previous"]), (&json!(3), &Value::Null));
    let next = page["next"].as_str().unwrap();
    assert!(next.ends_with("/billing/transactions/?status=pending&page_size=2&page=2"), "{next}");
    let page = list(&app, &patient, "?page_size=2&page=2").await;
    assert_eq!(ids(&page), [&first]);
    assert_eq!((&page["count"], &page["next"]), (&json!(3), &Value::Null));
    let past = list(&app, &patient, "?page=9").await;
    assert_eq!((&past["count"], results(&past).len()), (&json!(3), 0));

    // whoever is asked for, everybody sees their own
    for query in [String::new(), format!("?user={}", patient.id)] {
        let page = list(&app, &doctor, &query).await;
        assert_eq!(ids(&page), [&theirs], "{query}");
        assert_eq!(page["count"], 1, "{query}");
    }
    for bad in ["status=paid", "status=PENDING", "page=0", "page=x", "page_size=0", "page_size=101"] {
        let refused = app.get(&format!("{LIST}?{bad}")).by(&patient).send().await.expect(422);
        let (name, _) = bad.split_once('=').unwrap();
        assert!(refused.json["error"]["details"]["field_errors"][name].is_array(), "{}", refused.json);
    }
}

#[rstest]
#[tokio::test]
async fn the_list_and_its_filter_tell_what_a_charge_is_now(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let patient = app.patient().await;
    let paid = played(&app, &patient, "succeed").await;
    let failed = played(&app, &patient, "fail").await;
    let (old, _) = another(&app, &patient).await;
    // it ends, and nobody has written that down
    app.clock.advance(SignedDuration::from_mins(30));
    let patient = app.log_in(&patient.phone).await;
    let (new, _) = another(&app, &patient).await;
    let (newest, _) = another(&app, &patient).await;

    let all = list(&app, &patient, "").await;
    assert_eq!(ids(&all), [&newest, &new, &old, &failed, &paid]);
    let cases = [
        ("pending", vec![&newest, &new]),
        ("expired", vec![&old]),
        ("failed", vec![&failed]),
        ("completed", vec![&paid]),
    ];
    for (status, expected) in &cases {
        let page = list(&app, &patient, &format!("?status={status}")).await;
        assert_eq!(&ids(&page), expected, "{status}");
        assert_eq!(page["count"], expected.len(), "{status}");
        assert!(results(&page).iter().all(|charge| charge["status"] == *status), "{page}");
    }
    expect_what_is_read(&app, &patient, &all).await;

    // by now it is written down
    app::jobs::run_cron(&app.app).await.unwrap();
    assert_eq!(list(&app, &patient, "").await, all);
    for (status, expected) in &cases {
        let page = list(&app, &patient, &format!("?status={status}")).await;
        assert_eq!(&ids(&page), expected, "{status}");
    }
}

#[rstest]
#[tokio::test]
async fn the_list_asks_no_gateway(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let patient = app.patient().await;
    let (id, page) = started(&app, &patient).await;
    // paid, and not back yet
    let _ = press(&app, &page, "succeed").await;
    assert_eq!(list(&app, &patient, "").await["results"][0]["status"], "pending");
    assert_eq!((app.spendable(&patient).await, app.audited("charge.complete").await), (0, 0));
    assert_eq!(read(&app, &patient, &id).await["status"], "completed");
    assert_eq!(list(&app, &patient, "").await["results"][0]["status"], "completed");
    assert_eq!(app.spendable(&patient).await, AMOUNT);
    app.expect_a_sound_ledger().await;
}

#[rstest]
#[tokio::test]
async fn the_list_tells_of_each_charge_what_is_given_back(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (admin, patient) = (app.admin().await, app.patient().await);
    let given = at_the_sandbox(&app, &patient).await;
    app.clock.advance(SignedDuration::from_secs(1));
    let kept = at_the_sandbox(&app, &patient).await;
    let refund = format!("{CHARGES}{given}/refund/");
    let _ = app.post(&refund).by(&admin).json(&why()).send().await.expect(200);
    let page = list(&app, &patient, "").await;
    assert_eq!(ids(&page), [&kept, &given]);
    assert_eq!(page["results"][0]["refunds"], json!([]));
    assert_eq!(page["results"][1]["refunds"][0]["status"], "refunded");
    expect_what_is_read(&app, &patient, &page).await;
}
