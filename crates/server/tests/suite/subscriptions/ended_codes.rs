//! Discount codes that admins end: nobody uses one from then on, and what it was used for before stays.

use app::billing::subscriptions;
use db::{Sql, sql};
use domain::{SignedDuration, ledger::Account};
use rstest::rstest;
use serde_json::{Value, json};
use testkit::{Answer, Call, Engine, TestApp, User};
use tokio::task::JoinSet;

use super::{CODES, buy, current, online::pay_at, paid, reference, rich, with_code};
use crate::races::{nodes, patients};

/// What is left of premium's 299,000 after its own discount and the reference's code.
const PRICE: i64 = 179_400;

fn end(app: &TestApp, admin: &User, code: &str) -> Call {
    app.post(&format!("{CODES}{code}/end/")).by(admin).json(&json!({ "reason": "کد به بیرون درز کرد" }))
}

/// Ordered with this code, to be paid online: where to pay.
async fn ordered(app: &TestApp, user: &User, code: &str) -> String {
    let mut body = with_code("premium", 1, code);
    body["payment_method"] = "online".into();
    buy(app, user, &body).send().await.expect(200).text("/payment/payment_url")
}

/// The only code that there is, as admins see it.
async fn listed(app: &TestApp, admin: &User) -> Value {
    let page = app.get(CODES).by(admin).send().await.expect(200).json;
    assert_eq!(page["count"], 1);
    page["results"][0].clone()
}

#[track_caller]
fn assert_refused(answer: &Answer, what: &str) {
    assert_eq!((answer.status, answer.code()), (409, "DISCOUNT_INVALID"), "{what}: {}", answer.json);
    assert_eq!(answer.json["error"]["details"], json!({ "reason": "ended" }), "{what}");
}

async fn count(app: &TestApp, sql: Sql) -> i64 {
    let found: Option<(i64,)> = app.app.db.one(sql, &[]).await.unwrap();
    found.unwrap().0
}

#[rstest]
#[tokio::test]
async fn an_ended_code_is_refused_and_what_it_was_used_for_stays(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let admin = reference(&app, &json!({})).await;
    let (has, orders, forgets, comes_late) =
        (rich(&app).await, app.patient().await, app.patient().await, rich(&app).await);
    let bought = buy(&app, &has, &with_code("premium", 1, "WINTER2024")).send().await.expect(200);
    assert_eq!(paid(&bought), [239_200, 59_800, 0, 0, PRICE]);
    let page = ordered(&app, &orders, "WINTER2024").await;
    let _ = ordered(&app, &forgets, "WINTER2024").await;
    let before = listed(&app, &admin).await;
    assert_eq!((&before["redeemed"], &before["ended_at"]), (&json!(3), &Value::Null));

    app.clock.advance(SignedDuration::from_mins(5));
    let ended = end(&app, &admin, "winter2024").send().await.expect(200);
    let mut after = before.clone();
    after["ended_at"] = "2024-01-20T10:05:00Z".into();
    assert_eq!(ended.json, after, "nothing else has changed");
    assert_eq!(listed(&app, &admin).await, after);
    for (user, code) in [(&has, "WINTER2024"), (&comes_late, "WINTER2024"), (&comes_late, "winter2024")] {
        assert_refused(&buy(&app, user, &with_code("premium", 1, code)).send().await, code);
    }
    assert_eq!(app.spendable(&comes_late).await, 10_000_000);

    // what was ordered before has its price
    pay_at(&app, &page).await;
    assert_eq!(current(&app, &orders).await["status"], "active");
    assert_eq!((app.spendable(&orders).await, app.holds(&Account::subscriptions()).await), (0, 2 * PRICE));
    // what was given up is nobody else's
    app.clock.advance(SignedDuration::from_mins(41));
    assert_eq!(subscriptions::give_up_unpaid(&app.app).await.unwrap(), 1);
    assert_eq!(listed(&app, &admin).await["redeemed"], 2);
    assert_refused(&buy(&app, &comes_late, &with_code("premium", 1, "WINTER2024")).send().await, "given up");
    app.expect_a_sound_ledger().await;
}

#[rstest]
#[tokio::test]
async fn a_code_ends_once_by_its_name_and_with_a_reason(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let admin = reference(&app, &json!({ "valid_until": "2024-01-19" })).await;
    // unknown, too short, too long, with characters that no code has, no text at all
    let long = "A".repeat(41);
    for name in ["NOTHING", "W", long.as_str(), "WINTER%202024", "%D8%B2%D9%85%D8%B3", "%FF%FE%FD"] {
        assert_eq!(end(&app, &admin, name).send().await.expect(404).code(), "NOT_FOUND", "{name}");
    }
    for reason in [json!({}), json!({ "reason": " " }), json!({ "reason": "x".repeat(301) })] {
        let refused = app.post(&format!("{CODES}WINTER2024/end/")).by(&admin).json(&reason).send().await;
        let refused = refused.expect(422);
        assert!(refused.json["error"]["details"]["field_errors"]["reason"].is_array(), "{}", refused.json);
    }
    assert_eq!(app.audited("discount_code.end").await, 0);
    assert_eq!(listed(&app, &admin).await["ended_at"], Value::Null);

    // its days are over, and it can be ended for all that; digits may be Persian
    let _ = end(&app, &admin, "Winter%DB%B2%DB%B0%DB%B2%DB%B4").send().await.expect(200);
    app.clock.advance(SignedDuration::from_mins(1));
    let again = end(&app, &admin, "WINTER2024").send().await.expect(409);
    assert_eq!(again.code(), "CONFLICT");
    assert_eq!(listed(&app, &admin).await["ended_at"], "2024-01-20T10:00:00Z", "the first time");
    let entry = sql!("SELECT actor_kind, detail FROM audit_log WHERE action = 'discount_code.end'");
    let entry: Option<(String, String)> = app.app.db.one(entry, &[]).await.unwrap();
    assert_eq!(entry, Some(("user".to_owned(), "WINTER2024: کد به بیرون درز کرد".to_owned())));
    assert_eq!(app.audited("discount_code.end").await, 1);

    // that it has ended goes before all else that is wrong with it, and its name stays taken
    let user = rich(&app).await;
    assert_refused(&buy(&app, &user, &with_code("premium", 1, "WINTER2024")).send().await, "expired, too");
    let anew = json!({ "code": "WINTER2024", "percentage": 5 });
    assert_eq!(app.post(CODES).by(&admin).json(&anew).send().await.expect(409).code(), "CONFLICT");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn of_twenty_purchases_beside_the_end_of_their_code_none_comes_after_it(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let nodes = nodes(engine).await;
    let app = &nodes[0];
    let admin = reference(app, &json!({})).await;
    let users = patients(app, 20).await;
    let body = with_code("premium", 1, "WINTER2024");
    let mut calls: Vec<Call> =
        nodes.iter().cycle().zip(&users).map(|(node, user)| buy(node, user, &body)).collect();
    let late = calls.split_off(10);
    let mut running: JoinSet<Answer> = calls.into_iter().map(Call::insist).collect();
    let ending = tokio::spawn(end(app, &admin, "WINTER2024").insist());
    for call in late {
        running.spawn(call.insist());
    }
    let ended = ending.await.unwrap().expect(200);
    let (done, refused): (Vec<_>, Vec<_>) =
        running.join_all().await.into_iter().partition(|answer| answer.status == 200);
    assert_eq!(done.len() + refused.len(), 20);
    for refused in &refused {
        assert_refused(refused, "too late");
    }
    // the end holds the code's row: those that it counts there are all that there will be
    assert_eq!(ended.json["redeemed"], done.len());
    assert_eq!(listed(app, &admin).await["redeemed"], done.len());
    let bought = sql!("SELECT count(*) FROM subscription_purchases WHERE code = 'WINTER2024'");
    let redeemed = sql!("SELECT count(*) FROM code_redemptions");
    let done = i64::try_from(done.len()).unwrap();
    assert_eq!((count(app, bought).await, count(app, redeemed).await), (done, done));
    assert_eq!(app.holds(&Account::subscriptions()).await, done * PRICE);
    assert_refused(&buy(app, &users[0], &body).send().await, "later");
    app.expect_a_sound_ledger().await;
}
