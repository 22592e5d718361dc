//! Subscriptions (D34): bought, extended, upgraded, renewed, cancelled; and the premium rate limit (D6).

use std::sync::Arc;

use app::{
    By,
    billing::subscriptions::{self, Bought, Buy, Settled},
    visits::{Method, payments::Source},
};
use db::{Sql, sql};
use domain::{Clock as _, Rials, SignedDuration, ids::UserId, ledger::Account};
use rstest::rstest;
use serde_json::{Value, json};
use testkit::{Answer, Call, Engine, TestApp, User};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::races::{nodes, patients};

pub(crate) const PURCHASE: &str = "/api/v1/billing/subscriptions/purchase/";
const CURRENT: &str = "/api/v1/billing/subscriptions/current/";
pub(crate) const CANCEL: &str = "/api/v1/billing/subscriptions/cancel/";
const PLANS: &str = "/api/v1/billing/subscriptions/plans/";
const CODES: &str = "/api/v1/admin/discount-codes/";

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// Premium as in the reference's sample.
fn premium(discount: &Value) -> Value {
    json!({
        "name": "پلن طلایی",
        "price": 299_000,
        "features": ["ویزیت آنلاین نامحدود", "اولویت در رزرو", "دسترسی کامل به AI", "ذخیره‌سازی 1GB"],
        "limitations": { "monthly_consultations": -1, "storage_mb": 1_024, "ai_queries": -1 },
        "discount": discount,
        "is_premium": true,
    })
}

/// The reference's discount, and its code with these terms besides its 25 percent.
pub(crate) async fn reference(app: &TestApp, terms: &Value) -> User {
    let admin = app.admin().await;
    let plan = premium(&json!({ "percentage": 20, "valid_until": "2024-02-01" }));
    let _ = app.put("/api/v1/admin/plans/premium/").by(&admin).json(&plan).send().await.expect(200);
    let mut code = json!({ "code": "winter2024", "percentage": 25 });
    for (name, value) in terms.as_object().unwrap() {
        code[name] = value.clone();
    }
    let _ = app.post(CODES).by(&admin).json(&code).send().await.expect(201);
    admin
}

pub(crate) fn wants(plan: &str, months: i64) -> Value {
    json!({ "plan_id": plan, "duration_months": months, "payment_method": "wallet" })
}

fn with_code(plan: &str, months: i64, code: &str) -> Value {
    let mut body = wants(plan, months);
    body["discount_code"] = code.into();
    body
}

fn buy(app: &TestApp, user: &User, body: &Value) -> Call {
    app.post(PURCHASE).by(user).json(body)
}

async fn current(app: &TestApp, user: &User) -> Value {
    app.get(CURRENT).by(user).send().await.expect(200).json["subscription"].clone()
}

/// The clock moves on, and the user logs in again: an access token lives an hour.
async fn later(app: &TestApp, user: &User, by: SignedDuration) -> User {
    app.clock.advance(by);
    app.log_in(&user.phone).await
}

async fn rich(app: &TestApp) -> User {
    let user = app.patient().await;
    app.give(&user, 10_000_000).await;
    user
}

/// Amount, discount, credit, returned, total.
fn paid(answer: &Answer) -> [i64; 5] {
    ["amount", "discount_applied", "credit_applied", "returned_to_wallet", "total_paid"]
        .map(|name| answer.json["payment"][name].as_i64().unwrap())
}

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
async fn nobody_gets_back_what_a_discount_had_spared_them(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let admin = app.admin().await;
    let code = json!({ "code": "HALF", "percentage": 50, "plan_id": "basic" });
    let _ = app.post(CODES).by(&admin).json(&code).send().await.expect(201);
    let user = rich(&app).await;
    let _ = buy(&app, &user, &with_code("basic", 1, "half")).send().await.expect(200);
    let upgraded = buy(&app, &user, &wants("premium", 1)).send().await.expect(200);
    assert_eq!(paid(&upgraded), [299_000, 0, 49_500, 0, 249_500]);
}

#[rstest]
#[tokio::test]
async fn a_code_that_does_not_fit_says_why(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let admin = reference(&app, &json!({ "per_user_cap": 1 })).await;
    for code in [
        json!({ "code": "LATER", "amount": 5_000, "valid_from": "2024-01-21" }),
        json!({ "code": "OVER", "amount": 5_000, "valid_until": "2024-01-19" }),
        json!({ "code": "BASIC", "amount": 5_000, "plan_id": "basic" }),
        json!({ "code": "ONCE", "amount": 5_000, "total_cap": 1, "valid_from": "2024-01-20", "valid_until": "2024-01-20" }),
    ] {
        let _ = app.post(CODES).by(&admin).json(&code).send().await.expect(201);
    }
    let twice = app.post(CODES).by(&admin).json(&json!({ "code": "over", "percentage": 1 })).send().await;
    assert_eq!(twice.expect(409).code(), "CONFLICT");
    let (user, other) = (rich(&app).await, rich(&app).await);
    let once = buy(&app, &user, &with_code("premium", 1, "ONCE")).send().await.expect(200);
    assert_eq!(paid(&once), [239_200, 5_000, 0, 0, 234_200]);
    let _ = buy(&app, &user, &with_code("premium", 1, "WINTER2024")).send().await.expect(200);
    let spent = app.spendable(&user).await;
    for (user, code, reason) in [
        (&user, "NOTHING", "unknown"),
        (&user, "LATER", "not_yet"),
        (&user, "OVER", "expired"),
        (&user, "BASIC", "other_plan"),
        (&other, "ONCE", "used_up"),
        (&user, "WINTER2024", "used_before"),
    ] {
        let refused = buy(&app, user, &with_code("premium", 1, code)).send().await.expect(409);
        assert_eq!(refused.code(), "DISCOUNT_INVALID", "{code}");
        assert_eq!(refused.json["error"]["details"], json!({ "reason": reason }), "{code}");
    }
    // the wallet decides after the code: what is refused there gives the code back
    let poor = app.patient().await;
    let refused = buy(&app, &poor, &with_code("premium", 1, "WINTER2024")).send().await.expect(409);
    assert_eq!(refused.code(), "INSUFFICIENT_BALANCE");
    app.give(&poor, 1_000_000).await;
    let _ = buy(&app, &poor, &with_code("premium", 1, "WINTER2024")).send().await.expect(200);
    assert_eq!(app.spendable(&user).await, spent);
    let listed = app.get(CODES).by(&admin).send().await.expect(200);
    let winter = listed.json["results"].as_array().unwrap().iter().find(|code| code["code"] == "WINTER2024");
    assert_eq!((&listed.json["count"], &winter.unwrap()["redeemed"]), (&json!(5), &json!(2)));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn of_a_thousand_redemptions_at_once_a_cap_of_ten_lets_ten_through(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let nodes = nodes(engine).await;
    let app = &nodes[0];
    let _ = reference(app, &json!({ "total_cap": 10 })).await;
    let users = patients(app, 50).await;
    let calls = nodes.iter().cycle().zip(users.iter().cycle()).take(1_000);
    let body = with_code("premium", 1, "WINTER2024");
    let running: JoinSet<Answer> = calls.map(|(node, user)| buy(node, user, &body).insist()).collect();
    let (done, refused): (Vec<_>, Vec<_>) =
        running.join_all().await.into_iter().partition(|answer| answer.status == 200);
    assert_eq!((done.len(), refused.len()), (10, 990));
    for refused in &refused {
        assert_eq!(refused.code(), "DISCOUNT_INVALID", "{}", refused.json);
    }
    app.expect_a_sound_ledger().await;
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

#[rstest]
#[tokio::test]
async fn a_cancelled_subscription_runs_to_its_end(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let user = rich(&app).await;
    let _ = app.post(CANCEL).by(&user).send().await.expect(404);
    let _ = buy(&app, &user, &wants("basic", 1)).send().await.expect(200);
    let cancelled = app.post(CANCEL).by(&user).send().await.expect(200);
    assert_eq!(cancelled.json["subscription"]["auto_renew"], false);
    assert_eq!(cancelled.text("/subscription/status"), "active");
    let _ = app.post(CANCEL).by(&user).send().await.expect(200);
    // 2024-02-19T20:30Z is the midnight that begins its end day in Tehran
    let end = "2024-02-19T20:30:00Z".parse::<domain::Timestamp>().unwrap();
    let user = later(&app, &user, end.duration_since(app.clock.now()) - SignedDuration::from_secs(90)).await;
    subscriptions::look_after_due(&app.app).await.unwrap();
    assert_eq!(current(&app, &user).await["status"], "active");
    let user = later(&app, &user, SignedDuration::from_secs(90)).await;
    assert_eq!(current(&app, &user).await, Value::Null, "also before somebody writes it down");
    assert_eq!(subscriptions::look_after_due(&app.app).await.unwrap(), 1);
    assert_eq!(subscriptions::look_after_due(&app.app).await.unwrap(), 0);
    assert_eq!(app.audited("subscription.expire").await, 1);
    assert_eq!(app.spendable(&user).await, 10_000_000 - 99_000);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_renewal_is_paid_once_however_many_nodes_look(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let other = app.second_node().await;
    let user = rich(&app).await;
    let first = buy(&app, &user, &wants("basic", 1)).send().await.expect(200);
    let user = later(&app, &user, DAY * 31).await;
    let (here, there) =
        tokio::join!(subscriptions::look_after_due(&app.app), subscriptions::look_after_due(&other.app));
    let _ = (here.unwrap(), there.unwrap());
    assert_eq!(app.spendable(&user).await, 10_000_000 - 2 * 99_000);
    let renewed = current(&app, &user).await;
    assert_eq!(
        (&renewed["id"], &renewed["end_date"]),
        (&first.json["subscription"]["id"], &json!("2024-03-20"))
    );
    assert_eq!(app.audited("subscription.renew").await, 1);
    app.expect_a_sound_ledger().await;
}

#[rstest]
#[tokio::test]
async fn a_renewal_that_nobody_pays_is_tried_for_three_days(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (late, never) = (app.patient().await, app.patient().await);
    for user in [&late, &never] {
        app.give(user, 100_000).await;
        let _ = buy(&app, user, &wants("basic", 1)).send().await.expect(200);
    }
    let late = later(&app, &late, DAY * 31).await;
    let never = app.log_in(&never.phone).await;
    subscriptions::look_after_due(&app.app).await.unwrap();
    for user in [&late, &never] {
        assert_eq!(current(&app, user).await["status"], "past_due");
    }
    app.give(&late, 99_000).await;
    let late = later(&app, &late, SignedDuration::from_hours(6)).await;
    let never = app.log_in(&never.phone).await;
    subscriptions::look_after_due(&app.app).await.unwrap();
    let renewed = current(&app, &late).await;
    assert_eq!((&renewed["status"], &renewed["end_date"]), (&json!("active"), &json!("2024-03-20")));
    assert_eq!(current(&app, &never).await["status"], "past_due");
    let never = later(&app, &never, DAY * 3).await;
    subscriptions::look_after_due(&app.app).await.unwrap();
    assert_eq!(current(&app, &never).await, Value::Null);
    assert_eq!(app.spendable(&never).await, 1_000);
    app.expect_a_sound_ledger().await;
}

/// A purchase that waits for its money; its id and what is to be paid.
async fn ordered(app: &TestApp, user: &User, plan: &str) -> (Uuid, Rials) {
    let input = Buy {
        user: UserId(user.id.parse().unwrap()),
        plan: plan.into(),
        months: 1,
        method: Method::Online,
        code: None,
        auto_renew: true,
        by: By::command_line(),
        once: None,
        render: Arc::new(|bought: Bought| {
            assert!(bought.subscription.is_none(), "nothing is paid yet");
            json!([bought.purchase.id, bought.purchase.total])
        }),
    };
    let answer = subscriptions::purchase(&app.app, input).await.unwrap().answer;
    (answer[0].as_str().unwrap().parse().unwrap(), Rials::new(answer[1].as_i64().unwrap()).unwrap())
}

/// A gateway has taken so much.
async fn settle(app: &TestApp, purchase: Uuid, amount: Rials) -> Settled {
    let source = Source { gateway: "sandbox".into(), charge: testkit::database::unique() };
    let input = (Arc::clone(&app.app), purchase, source, amount, app.clock.now());
    app.app
        .db
        .write(input, |tx, (app, purchase, source, amount, now)| {
            Box::pin(subscriptions::settle(tx, app, *purchase, (source, *amount), *now))
        })
        .await
        .unwrap()
}

#[rstest]
#[tokio::test]
async fn an_online_purchase_comes_true_when_its_money_is_here(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let user = app.patient().await;
    let owner = Some(UserId(user.id.parse().unwrap()));
    let (purchase, total) = ordered(&app, &user, "basic").await;
    assert_eq!(current(&app, &user).await, Value::Null);
    let less = Rials::new(total.get() - 1).unwrap();
    assert_eq!(settle(&app, purchase, less).await, Settled::IntoWallet(owner), "another amount");
    assert_eq!(settle(&app, purchase, total).await, Settled::Done);
    assert_eq!(current(&app, &user).await["status"], "active");
    assert_eq!(settle(&app, purchase, total).await, Settled::IntoWallet(owner), "once");
    assert_eq!(settle(&app, Uuid::nil(), total).await, Settled::IntoWallet(None));
    assert_eq!(app.holds(&Account::subscriptions()).await, 99_000);
    assert_eq!(app.holds(&Account::clearing("sandbox")).await, -99_000);
    // an upgrade whose old plan has changed meanwhile would credit the wrong days
    let (upgrade, price) = ordered(&app, &user, "premium").await;
    assert_eq!(price.get(), 200_000);
    app.give(&user, 99_000).await;
    let _ = buy(&app, &user, &wants("basic", 1)).send().await.expect(200);
    assert_eq!(settle(&app, upgrade, price).await, Settled::IntoWallet(owner));
    let (upgrade, price) = ordered(&app, &user, "premium").await;
    assert_eq!(price.get(), 101_000);
    assert_eq!(settle(&app, upgrade, price).await, Settled::Done);
    assert_eq!(current(&app, &user).await["plan"]["id"], "premium");
    app.expect_a_sound_ledger().await;
}

#[rstest]
#[tokio::test]
async fn an_online_purchase_that_nobody_pays_is_given_up(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let user = app.patient().await;
    let owner = UserId(user.id.parse().unwrap());
    let (purchase, total) = ordered(&app, &user, "basic").await;
    let due = subscriptions::to_pay(&app.app, owner, purchase).await.unwrap();
    assert_eq!(due.amount, total);
    app.clock.advance(SignedDuration::from_mins(39));
    assert_eq!(subscriptions::give_up_unpaid(&app.app).await.unwrap(), 0);
    app.clock.advance(SignedDuration::from_mins(1));
    assert_eq!(subscriptions::give_up_unpaid(&app.app).await.unwrap(), 1);
    assert!(subscriptions::to_pay(&app.app, owner, purchase).await.is_err());
    assert_eq!(settle(&app, purchase, total).await, Settled::IntoWallet(Some(owner)));
    let stranger = UserId(Uuid::nil());
    assert!(subscriptions::to_pay(&app.app, stranger, purchase).await.is_err());
}

#[rstest]
#[tokio::test]
async fn premium_callers_may_ask_more_often(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::with(engine, |settings| {
        settings.rate_limit =
            Some(app::RateLimits { anonymous: 1_000, authenticated: 1_000, premium: 10_000 });
    })
    .await;
    let user = rich(&app).await;
    let limit = async |user: &User| {
        let answer = app.get(PLANS).by(user).send().await.expect(200);
        answer.header("x-ratelimit-limit").unwrap().to_owned()
    };
    assert_eq!(limit(&user).await, "1000");
    let _ = buy(&app, &user, &wants("basic", 1)).send().await.expect(200);
    assert_eq!(limit(&user).await, "1000", "basic is not premium");
    let _ = buy(&app, &user, &wants("premium", 1)).send().await.expect(200);
    assert_eq!(limit(&user).await, "10000", "at once");
    let _ = app.post(CANCEL).by(&user).send().await.expect(200);
    assert_eq!(limit(&user).await, "10000");
    let user = later(&app, &user, DAY * 31).await;
    assert_eq!(limit(&user).await, "1000", "its time is over");
}

/// Paid at a gateway.
fn online(plan: &str) -> Value {
    let mut body = wants(plan, 1);
    body["payment_method"] = "online".into();
    body
}

#[rstest]
#[tokio::test]
async fn what_can_not_be_paid_online_is_not_ordered(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let admin = reference(&app, &json!({ "per_user_cap": 1 })).await;
    let user = app.patient().await;
    let mut body = online("premium");
    body["discount_code"] = "WINTER2024".into();
    for (field, value) in [("gateway", "paypal"), ("return_url", "https://evil.example/")] {
        let mut wrong = body.clone();
        wrong[field] = value.into();
        let refused = buy(&app, &user, &wrong).send().await.expect(422);
        assert!(refused.json["error"]["details"]["field_errors"].get(field).is_some(), "{field}");
    }
    assert_eq!(app.audited("subscription.order").await, 0);
    let codes = app.get(CODES).by(&admin).send().await.expect(200);
    assert_eq!(codes.json["results"][0]["redeemed"], 0);
    let ordered = buy(&app, &user, &body).send().await.expect(200);
    assert!(ordered.json["payment"]["payment_url"].is_string(), "the code is still theirs");
}

#[rstest]
#[tokio::test]
async fn a_key_leads_to_one_page_while_it_is_open(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let user = app.patient().await;
    let body = online("basic");
    let page = async || {
        let answer = buy(&app, &user, &body).header("idempotency-key", "one").send().await.expect(200);
        answer.text("/payment/payment_url")
    };
    let first = page().await;
    app.clock.advance(SignedDuration::from_mins(19));
    assert_eq!(page().await, first);
    assert_eq!(app.audited("charge.start").await, 1);
    // ten minutes are too little to begin with
    app.clock.advance(SignedDuration::from_mins(1));
    let second = page().await;
    assert_ne!(second, first);
    assert_eq!(page().await, second);
    assert_eq!((app.audited("charge.start").await, app.audited("subscription.order").await), (2, 1));
}

#[rstest]
#[tokio::test]
async fn three_orders_wait_for_their_money_at_most(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let user = rich(&app).await;
    for _ in 0..3 {
        let _ = buy(&app, &user, &online("basic")).send().await.expect(200);
    }
    let refused = buy(&app, &user, &online("basic")).send().await.expect(409);
    assert_eq!((refused.code(), refused.header("retry-after")), ("CONFLICT", Some("2400")));
    assert_eq!(app.audited("subscription.order").await, 3);
    let _ = buy(&app, &app.patient().await, &online("basic")).send().await.expect(200);
    let _ = buy(&app, &user, &wants("basic", 1)).send().await.expect(200);
    app.clock.advance(SignedDuration::from_mins(40));
    let _ = buy(&app, &user, &online("basic")).send().await.expect(200);
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

/// Makes a row unreadable.
async fn spoil(app: &TestApp, statement: Sql, id: Uuid) {
    let spoilt = app.app.db.write((statement, id), |tx, (statement, id)| {
        Box::pin(async move { tx.exec(*statement, &[id]).await })
    });
    let changed: db::Result<u64> = spoilt.await;
    assert_eq!(changed.unwrap(), 1);
}

#[rstest]
#[tokio::test]
async fn one_bad_row_keeps_nobody_waiting(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let (bad, good) = (rich(&app).await, rich(&app).await);
    let mut bought: Vec<Uuid> = vec![];
    for user in [&bad, &good] {
        let answer = buy(&app, user, &wants("basic", 1)).send().await.expect(200);
        bought.push(answer.text("/subscription/id").parse().unwrap());
    }
    spoil(&app, sql!("UPDATE subscriptions SET end_date = 'x' WHERE id = ?1"), bought[0]).await;
    let good = later(&app, &good, DAY * 31).await;
    for renewed in [1, 0] {
        assert_eq!(subscriptions::look_after_due(&app.app).await.unwrap(), renewed);
    }
    assert_eq!(current(&app, &good).await["end_date"], "2024-03-20");

    let (other, order) = (app.patient().await, ordered(&app, &good, "basic").await.0);
    let (lost, _) = ordered(&app, &other, "basic").await;
    spoil(&app, sql!("UPDATE subscription_purchases SET end_date = 'x' WHERE id = ?1"), lost).await;
    app.clock.advance(SignedDuration::from_mins(40));
    for given_up in [1, 0] {
        assert_eq!(subscriptions::give_up_unpaid(&app.app).await.unwrap(), given_up);
    }
    let owner = UserId(good.id.parse().unwrap());
    assert!(subscriptions::to_pay(&app.app, owner, order).await.is_err());
}
