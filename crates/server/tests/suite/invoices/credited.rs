//! What an upgrade leaves over is credited where it was paid, and never more than that.

use domain::ledger::Account;
use rstest::rstest;
use serde_json::{Value, json};
use testkit::{Engine, TestApp};

use super::{buy, invoices, rich, run};

#[rstest]
#[tokio::test]
async fn what_an_upgrade_leaves_over_is_credited(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let (user, other) = (rich(&app).await, rich(&app).await);
    let _ = buy(&app, &user, "basic", 12).await.expect(200);
    let _ = buy(&app, &user, "premium", 1).await.expect(200);
    let _ = buy(&app, &other, "basic", 1).await.expect(200);
    let _ = buy(&app, &other, "premium", 1).await.expect(200);
    run(&app).await;
    let mine = invoices(&app, &user).await;
    let note = mine.iter().find(|one| one["kind"] == "credit_note").unwrap();
    let first = mine.iter().find(|one| one["kind"] == "subscription").unwrap();
    assert_eq!((mine.len(), &note["total"], &note["corrects"]), (2, &json!(889_000), &first["id"]));
    // a dearer one: the old days lessen the bill
    let theirs = invoices(&app, &other).await;
    let upgraded = theirs.iter().find(|one| one["total"] == json!(200_000)).unwrap();
    assert_eq!((&upgraded["subtotal"], &upgraded["lines"][1]["amount"]), (&json!(200_000), &json!(-99_000)));
    let sum = |all: &[Value]| -> i64 {
        let signed = |one: &Value| {
            let total = one["total"].as_i64().unwrap();
            if one["kind"] == "credit_note" { -total } else { total }
        };
        all.iter().map(signed).sum()
    };
    assert_eq!(sum(&mine) + sum(&theirs), app.holds(&Account::subscriptions()).await);
}

#[rstest]
#[tokio::test]
async fn no_credit_note_is_larger_than_what_it_corrects(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let user = rich(&app).await;
    let _ = buy(&app, &user, "basic", 10).await.expect(200);
    let _ = buy(&app, &user, "basic", 2).await.expect(200);
    let _ = buy(&app, &user, "premium", 1).await.expect(200);
    run(&app).await;
    let billed = invoices(&app, &user).await;
    let bill = |total: i64| billed.iter().find(|one| one["kind"] == "subscription" && one["total"] == total);
    let (first, second) = (bill(990_000).unwrap(), bill(198_000).unwrap());
    let notes: Vec<_> = billed.iter().filter(|one| one["kind"] == "credit_note").collect();
    assert_eq!((billed.len(), notes.len()), (4, 2));
    // 1,188,000 less 299,000, the newest first
    for (total, corrects) in [(198_000, second), (691_000, first)] {
        let note = notes.iter().find(|note| note["total"] == total).unwrap();
        assert_eq!(note["corrects"], corrects["id"]);
    }
    let sum: i64 = notes.iter().map(|note| note["total"].as_i64().unwrap()).sum();
    assert_eq!(990_000 + 198_000 - sum, app.holds(&Account::subscriptions()).await);
}

#[rstest]
#[tokio::test]
async fn days_that_were_credited_are_corrected_where_they_were_paid(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (user, admin) = (rich(&app).await, app.admin().await);
    let gold = json!({
        "name": "طلا", "price": 300_000, "features": ["ویزیت آنلاین نامحدود"],
        "limitations": { "monthly_consultations": -1, "storage_mb": 1_024, "ai_queries": -1 },
        "is_premium": true,
    });
    let _ = app.put("/api/v1/admin/plans/gold/").by(&admin).json(&gold).send().await.expect(200);
    // 990,000; then 1,196,000 of which 990,000 are credited; then 300,000
    let _ = buy(&app, &user, "basic", 10).await.expect(200);
    let _ = buy(&app, &user, "premium", 4).await.expect(200);
    let _ = buy(&app, &user, "gold", 1).await.expect(200);
    run(&app).await;
    let billed = invoices(&app, &user).await;
    let bill = |total: i64| billed.iter().find(|one| one["kind"] == "subscription" && one["total"] == total);
    let (basic, premium) = (bill(990_000).unwrap(), bill(206_000).unwrap());
    for (total, corrects) in [(206_000, premium), (690_000, basic)] {
        let note = billed.iter().find(|one| one["kind"] == "credit_note" && one["total"] == total).unwrap();
        assert_eq!(note["corrects"], corrects["id"]);
    }
    assert_eq!((billed.len(), app.holds(&Account::subscriptions()).await), (4, 300_000));
}
