//! One plan after another: the same one longer, a dearer one at once, a cheaper one at the end.

use app::billing::subscriptions::{self, Settled};
use domain::ledger::Account;
use rstest::rstest;
use serde_json::json;
use testkit::{Engine, TestApp};

use super::{DAY, buy, current, later, ordered, paid, premium, rich, settle, wants};

#[rstest]
#[tokio::test]
async fn the_same_plan_again_is_longer(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let user = rich(&app).await;
    let first = buy(&app, &user, &wants("basic", 1)).send().await.expect(200);
    let user = later(&app, &user, DAY * 11).await;
    let second = buy(&app, &user, &wants("basic", 2)).send().await.expect(200);
    assert_eq!(second.text("/subscription/id"), first.text("/subscription/id"));
    assert_eq!(second.text("/subscription/start_date"), "2024-01-20");
    assert_eq!(second.text("/subscription/end_date"), "2024-04-20");
    assert_eq!(paid(&second), [198_000, 0, 0, 0, 198_000]);
    app.expect_a_sound_ledger().await;
}

#[rstest]
#[tokio::test]
async fn a_dearer_plan_credits_the_days_that_are_left(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let user = rich(&app).await;
    // 2024-01-20 to 2024-02-20: 31 days
    let basic = buy(&app, &user, &wants("basic", 1)).send().await.expect(200);
    let user = later(&app, &user, DAY * 10).await;
    let premium = buy(&app, &user, &wants("premium", 1)).send().await.expect(200);
    // 21 days of 31 at 99,000
    assert_eq!(paid(&premium), [299_000, 0, 67_064, 0, 231_936]);
    assert_ne!(premium.text("/subscription/id"), basic.text("/subscription/id"));
    assert_eq!(premium.text("/subscription/start_date"), "2024-01-30");
    assert_eq!(premium.text("/subscription/end_date"), "2024-02-29");
    assert_eq!(current(&app, &user).await["plan"]["id"], "premium");
    assert_eq!(app.spendable(&user).await, 10_000_000 - 99_000 - 231_936);
    // not back, before its end
    let back = buy(&app, &user, &wants("basic", 1)).send().await.expect(409);
    assert_eq!(back.code(), "ILLEGAL_STATE");
    assert_eq!(back.json["error"]["details"], json!({ "not_before": "2024-02-28T20:30:00Z" }));
    app.expect_a_sound_ledger().await;
}

#[rstest]
#[tokio::test]
async fn what_the_old_days_are_worth_beyond_the_new_price_is_in_the_wallet(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let user = rich(&app).await;
    let _ = buy(&app, &user, &wants("basic", 12)).send().await.expect(200);
    let upgraded = buy(&app, &user, &wants("premium", 1)).send().await.expect(200);
    assert_eq!(paid(&upgraded), [299_000, 0, 299_000, 889_000, 0]);
    assert_eq!(app.spendable(&user).await, 10_000_000 - 299_000);
    assert_eq!(app.holds(&Account::subscriptions()).await, 299_000);
    app.expect_a_sound_ledger().await;
}

#[rstest]
#[tokio::test]
async fn a_plan_of_the_same_price_waits_like_a_cheaper_one(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (user, admin) = (rich(&app).await, app.admin().await);
    let mut twin = premium(&json!({ "percentage": 20, "valid_until": "2024-02-01" }));
    twin["price"] = json!(99_000);
    let _ = app.put("/api/v1/admin/plans/twin/").by(&admin).json(&twin).send().await.expect(200);
    let _ = buy(&app, &user, &wants("basic", 1)).send().await.expect(200);
    let refused = buy(&app, &user, &wants("twin", 1)).send().await.expect(409);
    assert_eq!(refused.code(), "ILLEGAL_STATE");
    assert_eq!(refused.json["error"]["details"], json!({ "not_before": "2024-02-19T20:30:00Z" }));
}

#[rstest]
#[tokio::test]
async fn a_plan_past_its_end_stands_in_no_cheaper_ones_way(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (wallet, gateway) = (app.patient().await, app.patient().await);
    for user in [&wallet, &gateway] {
        app.give(user, 299_000).await;
        let _ = buy(&app, user, &wants("premium", 1)).send().await.expect(200);
    }
    let wallet = later(&app, &wallet, DAY * 31).await;
    let gateway = app.log_in(&gateway.phone).await;
    subscriptions::look_after_due(&app.app).await.unwrap();
    for user in [&wallet, &gateway] {
        assert_eq!(current(&app, user).await["status"], "past_due");
    }
    app.give(&wallet, 99_000).await;
    let _ = buy(&app, &wallet, &wants("basic", 1)).send().await.expect(200);
    let (order, price) = ordered(&app, &gateway, "basic").await;
    assert_eq!(price.get(), 99_000);
    assert_eq!(settle(&app, order, price).await, Settled::Done);
    for user in [&wallet, &gateway] {
        let has = current(&app, user).await;
        assert_eq!((&has["plan"]["id"], &has["status"]), (&json!("basic"), &json!("active")));
        assert_eq!((&has["start_date"], &has["end_date"]), (&json!("2024-02-20"), &json!("2024-03-20")));
        assert_eq!(app.spendable(user).await, 0);
    }
    app.expect_a_sound_ledger().await;
}
