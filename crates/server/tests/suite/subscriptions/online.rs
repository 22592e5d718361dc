//! Orders that wait for their money at a gateway: they come true once, or are given up.

use app::billing::subscriptions::{self, Settled};
use domain::{Rials, SignedDuration, ids::UserId, ledger::Account};
use rstest::rstest;
use serde_json::{Value, json};
use testkit::{Engine, TestApp, User};
use uuid::Uuid;

use super::{CODES, PURCHASE, buy, current, ordered, reference, rich, settle, wants};
use crate::notifications::NOTIFICATIONS;

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
    assert_eq!(told(&app, &user, "payment_received").await, 0);
    assert_eq!(settle(&app, purchase, total).await, Settled::IntoWallet(Some(owner)));
    assert_eq!(told(&app, &user, "payment_received").await, 1);
    let stranger = UserId(Uuid::nil());
    assert!(subscriptions::to_pay(&app.app, stranger, purchase).await.is_err());
}

/// Paid at a gateway.
fn online(plan: &str) -> Value {
    let mut body = wants(plan, 1);
    body["payment_method"] = "online".into();
    body
}

/// How many notices of this type a user has.
async fn told(app: &TestApp, user: &User, kind: &str) -> usize {
    let page = app.get(NOTIFICATIONS).by(user).send().await.expect(200).json;
    page["results"].as_array().unwrap().iter().filter(|notice| notice["type"] == kind).count()
}

/// The path of an address of this server's.
fn path(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.find('/').map_or("/", |at| &rest[at..])
}

/// Pays at a page of the sandbox, and follows the browser back.
pub(super) async fn pay_at(app: &TestApp, page: &str) {
    let sent = app.post(&format!("{}/succeed/", path(page))).send().await.expect(303);
    let back = path(sent.header("location").unwrap());
    let _ = app.get(back).send().await.expect(303);
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
    assert_eq!((app.audited("subscription.order").await, app.audited("subscription.refuse").await), (0, 2));
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
async fn an_order_waits_for_whoever_was_sent_to_a_page(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let user = app.patient().await;
    let body = online("basic");
    let order = async || buy(&app, &user, &body).header("idempotency-key", "one").send().await.expect(200);
    let page = async || order().await.text("/payment/payment_url");
    let pass = async |minutes: i64| {
        app.clock.advance(SignedDuration::from_mins(minutes));
        app::jobs::run_cron(&app.app).await.unwrap();
    };
    let first = page().await;
    pass(20).await;
    let second = page().await;
    assert_ne!(second, first);
    // the order's own time is over, and its last page is open
    pass(21).await;
    assert_eq!(page().await, second);
    pass(4).await;
    pay_at(&app, &second).await;
    assert_eq!(current(&app, &user).await["status"], "active");
    assert_eq!((app.spendable(&user).await, told(&app, &user, "payment_received").await), (0, 0));
    // and at the other page, which is closed
    pay_at(&app, &first).await;
    assert_eq!((app.spendable(&user).await, told(&app, &user, "payment_received").await), (99_000, 1));
    assert_eq!((app.audited("charge.start").await, app.audited("subscription.purchase").await), (2, 1));
    app.expect_a_sound_ledger().await;
}

#[rstest]
#[tokio::test]
async fn an_order_opens_no_page_once_its_time_is_over(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let user = app.patient().await;
    let body = online("basic");
    let order = async || buy(&app, &user, &body).header("idempotency-key", "one").send().await.expect(200);
    let _ = order().await;
    app.clock.advance(SignedDuration::from_mins(20));
    let second = order().await.text("/payment/payment_url");
    for minutes in [29, 1] {
        assert_eq!(order().await.json["payment"]["payment_url"], second);
        app.clock.advance(SignedDuration::from_mins(minutes));
    }
    assert_eq!(order().await.json["payment"]["payment_url"], Value::Null);
    assert_eq!(app.audited("charge.start").await, 2);
    for (minutes, given_up) in [(9, 0), (1, 1)] {
        app.clock.advance(SignedDuration::from_mins(minutes));
        assert_eq!(subscriptions::give_up_unpaid(&app.app).await.unwrap(), given_up, "{minutes}");
    }
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
async fn what_was_answered_is_replayed_though_its_way_is_closed_since(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let open = vec!["https://app.helssa.ir".to_owned()];
    let app = TestApp::with(engine, move |settings| settings.return_urls = open).await;
    let patient = app.patient().await;
    let mut settings = app.settings.clone();
    settings.return_urls.clear();
    let closed = app.node_with(settings).await;
    let mut body = wants("basic", 1);
    body["payment_method"] = "online".into();
    body["return_url"] = "https://app.helssa.ir/done".into();
    let at = |node: &TestApp, key: &str| {
        node.post(PURCHASE).by(&patient).header("idempotency-key", key).json(&body).send()
    };
    let first = at(&app, "k").await.expect(200);
    let again = at(&closed, "k").await.expect(200);
    assert_eq!(again.header("idempotent-replay"), Some("true"));
    assert_eq!(again.json["payment"]["transaction_id"], first.json["payment"]["transaction_id"]);
    assert_eq!(app.audited("subscription.refuse").await, 0);
    let refused = at(&closed, "another").await.expect(422);
    assert_eq!(refused.code(), "VALIDATION_ERROR");
    assert_eq!(app.audited("subscription.refuse").await, 1);
}
