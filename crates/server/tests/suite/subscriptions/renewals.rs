//! A subscription's end: renewed once, however late, past due for three days, cancelled; and its rate limit until then.

use app::{By, billing::subscriptions};
use db::{Sql, sql};
use domain::{Clock as _, Phone, Role, SignedDuration, ids::UserId};
use rstest::rstest;
use serde_json::{Value, json};
use testkit::{Engine, TestApp, User};
use uuid::Uuid;

use super::{CANCEL, DAY, PLANS, buy, current, later, ordered, rich, wants};
use crate::doctors::{DOCTORS, entry};

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

#[rstest]
#[tokio::test]
async fn a_renewal_is_tried_once_at_least_however_late(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (full, empty, stopped) = (rich(&app).await, app.patient().await, rich(&app).await);
    app.give(&empty, 100_000).await;
    let mut old = vec![];
    for user in [&full, &empty, &stopped] {
        let bought = buy(&app, user, &wants("basic", 1)).send().await.expect(200);
        old.push(bought.text("/subscription/id"));
    }
    // no worker for five days after the end, two of them after the days of grace
    let full = later(&app, &full, DAY * 36).await;
    let (empty, stopped) = (app.log_in(&empty.phone).await, app.log_in(&stopped.phone).await);
    assert_eq!(current(&app, &full).await, Value::Null);
    let cancelled = app.post(CANCEL).by(&stopped).send().await.expect(200);
    assert_eq!(cancelled.text("/subscription/status"), "expired");
    for looked_after in [2, 0] {
        assert_eq!(subscriptions::look_after_due(&app.app).await.unwrap(), looked_after);
    }
    // the month begins when there is a plan again
    let renewed = current(&app, &full).await;
    assert_ne!(renewed["id"], old[0]);
    assert_eq!((&renewed["start_date"], &renewed["end_date"]), (&json!("2024-02-25"), &json!("2024-03-25")));
    assert_eq!((&renewed["status"], &renewed["auto_renew"]), (&json!("active"), &json!(true)));
    assert_eq!(app.spendable(&full).await, 10_000_000 - 2 * 99_000);
    for (user, left) in [(&empty, 1_000), (&stopped, 10_000_000 - 99_000)] {
        assert_eq!(current(&app, user).await, Value::Null);
        assert_eq!(app.spendable(user).await, left);
        let _ = app.post(CANCEL).by(user).send().await.expect(404);
    }
    assert_eq!((app.audited("subscription.renew").await, app.audited("subscription.expire").await), (1, 1));
    assert_eq!(app.audited("subscription.past_due").await, 0);
    app.expect_a_sound_ledger().await;
}

/// A patient becomes something else.
async fn appoint(app: &TestApp, user: &User, role: Role) {
    if role == Role::Doctor {
        let admin = app.admin().await;
        let _ = app.post(DOCTORS).by(&admin).json(&entry(&user.phone, "7000001")).send().await.expect(201);
    } else {
        let phone = Phone::parse(&user.phone).unwrap();
        app::admin::appoint(&app.app, &By::command_line(), phone, role).await.unwrap();
    }
}

#[rstest]
#[tokio::test]
async fn who_is_no_patient_any_more_can_stop_the_renewals(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    for role in [Role::Doctor, Role::Staff, Role::Admin] {
        let user = rich(&app).await;
        let _ = buy(&app, &user, &wants("basic", 1)).send().await.expect(200);
        appoint(&app, &user, role).await;
        let user = later(&app, &user, SignedDuration::from_secs(61)).await;
        assert_eq!(user.role, role);
        let cancelled = app.post(CANCEL).by(&user).send().await.expect(200);
        assert_eq!(cancelled.json["subscription"]["auto_renew"], false);
        let user = later(&app, &user, DAY * 32).await;
        subscriptions::look_after_due(&app.app).await.unwrap();
        assert_eq!(current(&app, &user).await, Value::Null);
        assert_eq!(app.spendable(&user).await, 10_000_000 - 99_000);
    }
    assert_eq!(app.audited("subscription.renew").await, 0);
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
