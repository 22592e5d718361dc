//! A purchase out of the wallet: its price to the Rial, once for a key, and never more than there is.

use domain::ledger::Account;
use rstest::rstest;
use serde_json::{Value, json};
use testkit::{Answer, Engine, TestApp};
use tokio::task::JoinSet;

use super::{DAY, PLANS, buy, current, later, paid, reference, rich, wants, with_code};
use crate::races::nodes;

#[rstest]
#[tokio::test]
async fn the_plans_are_those_of_the_reference(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let _ = reference(&app, &json!({})).await;
    let user = app.patient().await;
    let plans = app.get(PLANS).by(&user).send().await.expect(200);
    let basic = json!({
        "id": "basic",
        "name": "پلن پایه",
        "price": 99_000,
        "duration_days": 30,
        "features": ["5 ویزیت آنلاین در ماه", "دسترسی به چت‌بات پزشکی", "ذخیره‌سازی 100MB"],
        "limitations": { "monthly_consultations": 5, "storage_mb": 100, "ai_queries": 50 },
    });
    let premium = json!({
        "id": "premium",
        "name": "پلن طلایی",
        "price": 299_000,
        "duration_days": 30,
        "features": ["ویزیت آنلاین نامحدود", "اولویت در رزرو", "دسترسی کامل به AI", "ذخیره‌سازی 1GB"],
        "limitations": { "monthly_consultations": -1, "storage_mb": 1_024, "ai_queries": -1 },
        "discount": { "percentage": 20, "valid_until": "2024-02-01" },
    });
    assert_eq!(plans.json, json!({ "plans": [basic, premium] }));
    // the day after, the discount is over
    let user = later(&app, &user, DAY * 13).await;
    let plans = app.get(PLANS).by(&user).send().await.expect(200);
    assert_eq!(plans.json["plans"][1].get("discount"), None);
}

#[rstest]
#[tokio::test]
async fn the_references_purchase_costs_what_the_reference_says(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let _ = reference(&app, &json!({})).await;
    let user = app.patient().await;
    app.give(&user, 1_000_000).await;
    let bought = buy(&app, &user, &with_code("premium", 3, "WINTER2024")).send().await.expect(200);
    assert_eq!(paid(&bought), [717_600, 179_400, 0, 0, 538_200]);
    let subscription = &bought.json["subscription"];
    assert_eq!(subscription["plan"], json!({ "id": "premium", "name": "پلن طلایی" }));
    assert_eq!(
        (&subscription["start_date"], &subscription["end_date"]),
        (&json!("2024-01-20"), &json!("2024-04-20"))
    );
    assert_eq!((&subscription["status"], &subscription["auto_renew"]), (&json!("active"), &json!(true)));
    assert_eq!(bought.text("/payment/payment_method"), "wallet");
    assert_eq!(&current(&app, &user).await, subscription);
    assert_eq!(app.spendable(&user).await, 461_800);
    assert_eq!(app.holds(&Account::subscriptions()).await, 538_200);
    app.expect_a_sound_ledger().await;
    assert_eq!(app.audited("subscription.purchase").await, 1);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_spends_at_once_take_no_more_than_there_is(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let nodes = nodes(engine).await;
    let app = &nodes[0];
    let user = app.patient().await;
    app.give(&user, 12 * 99_000 + 98_999).await;
    let body = wants("basic", 1);
    let running: JoinSet<Answer> =
        nodes.iter().cycle().take(1_000).map(|node| buy(node, &user, &body).insist()).collect();
    let (done, refused): (Vec<_>, Vec<_>) =
        running.join_all().await.into_iter().partition(|answer| answer.status == 200);
    assert_eq!((done.len(), refused.len()), (12, 988));
    for refused in &refused {
        assert_eq!(refused.code(), "INSUFFICIENT_BALANCE", "{}", refused.json);
    }
    assert_eq!(app.spendable(&user).await, 98_999);
    assert_eq!(current(app, &user).await["end_date"], "2025-01-20");
    app.expect_a_sound_ledger().await;
}

#[rstest]
#[tokio::test]
async fn a_key_buys_once(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let user = rich(&app).await;
    let with_key = |body: &Value| buy(&app, &user, body).header("idempotency-key", "one");
    let first = with_key(&wants("basic", 1)).send().await.expect(200);
    let again = with_key(&wants("basic", 1)).send().await.expect(200);
    assert_eq!((again.header("idempotent-replay"), &again.json), (Some("true"), &first.json));
    let other = with_key(&wants("basic", 2)).send().await.expect(422);
    assert_eq!(other.code(), "IDEMPOTENCY_KEY_REUSED");
    assert_eq!(app.spendable(&user).await, 10_000_000 - 99_000);
}

#[rstest]
#[tokio::test]
async fn what_can_not_be_bought_is_refused(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let user = rich(&app).await;
    for (field, value) in [
        ("plan_id", json!("free")),
        ("plan_id", json!("Premium'; --")),
        ("plan_id", json!("gold")),
        ("plan_id", json!(null)),
        ("duration_months", json!(0)),
        ("duration_months", json!(-3)),
        ("duration_months", json!(37)),
        ("duration_months", json!(1.5)),
        ("duration_months", json!(9_223_372_036_854_775_807_i64)),
        ("duration_months", json!("3")),
        ("payment_method", json!("gold")),
        ("discount_code", json!("زمستان")),
        ("auto_renew", json!("yes")),
        ("price", json!(1)),
    ] {
        let mut body = wants("premium", 1);
        body[field] = value.clone();
        let refused = buy(&app, &user, &body).send().await.expect(422);
        assert!(refused.json["error"]["details"]["field_errors"].get(field).is_some(), "{field} {value}");
    }
    assert_eq!(current(&app, &user).await, Value::Null);
    assert_eq!(app.spendable(&user).await, 10_000_000);
}
