//! Quotas (D34): by the plan, by the month, exact.

use std::sync::Arc;

use app::billing::quotas::{self, Quota, QuotaError, Taken};
use db::sql;
use domain::{Clock as _, Date, SignedDuration, ids::UserId};
use rstest::rstest;
use serde_json::{Value, json};
use testkit::{Engine, TestApp, User};
use tokio::task::JoinSet;
use uuid::Uuid;

const PURCHASE: &str = "/api/v1/billing/subscriptions/purchase/";
const CURRENT: &str = "/api/v1/billing/subscriptions/current/";
const DAY: SignedDuration = SignedDuration::from_hours(24);

fn id(user: &User) -> UserId {
    UserId(user.id.parse().unwrap())
}

async fn take(app: &Arc<app::App>, user: UserId, quota: Quota, n: i64) -> Result<Taken, QuotaError> {
    let now = app.clock.now();
    app.db.write((), move |tx, ()| Box::pin(quotas::take(tx, user, quota, n, now))).await
}

async fn usage(app: &TestApp, user: &User, quota: &str) -> Value {
    app.get(CURRENT).by(user).send().await.expect(200).json["usage"][quota].clone()
}

async fn subscribe(app: &TestApp, user: &User, plan: &str) {
    app.give(user, 1_000_000).await;
    let body =
        json!({ "plan_id": plan, "duration_months": 1, "payment_method": "wallet", "auto_renew": false });
    let _ = app.post(PURCHASE).by(user).json(&body).send().await.expect(200);
}

#[rstest]
#[tokio::test]
async fn without_a_subscription_the_free_limits_apply(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let user = app.patient().await;
    // Bahman 1402 begins on 2024-01-21, in Tehran
    let bahman = "2024-01-20T20:30:00Z";
    assert_eq!(
        app.get(CURRENT).by(&user).send().await.expect(200).json,
        json!({
            "subscription": null,
            "usage": {
                "monthly_consultations": { "used": 0, "limit": -1, "resets_at": bahman },
                "storage_mb": { "used": 0, "limit": 50, "resets_at": null },
                "ai_queries": { "used": 0, "limit": 20, "resets_at": bahman },
            },
        })
    );
    take(&app.app, id(&user), Quota::AiQueries, 20).await.unwrap();
    let refused = take(&app.app, id(&user), Quota::AiQueries, 1).await;
    assert!(matches!(refused, Err(QuotaError::Exceeded { limit: 20, .. })), "{refused:?}");
    assert_eq!(usage(&app, &user, "ai_queries").await["used"], 20);
    // the month is over, and the count begins anew
    app.clock.advance(DAY / 2);
    let user = app.log_in(&user.phone).await;
    assert_eq!(
        usage(&app, &user, "ai_queries").await,
        json!({ "used": 0, "limit": 20, "resets_at": "2024-02-19T20:30:00Z" })
    );
    take(&app.app, id(&user), Quota::AiQueries, 1).await.unwrap();
}

#[rstest]
#[tokio::test]
async fn a_plan_has_its_own_limits_and_month(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let app = TestApp::start(engine).await;
    let (basic, premium) = (app.patient().await, app.patient().await);
    subscribe(&app, &basic, "basic").await;
    subscribe(&app, &premium, "premium").await;
    assert_eq!(
        usage(&app, &basic, "monthly_consultations").await,
        json!({ "used": 0, "limit": 5, "resets_at": "2024-02-19T20:30:00Z" })
    );
    take(&app.app, id(&basic), Quota::AiQueries, 50).await.unwrap();
    assert!(take(&app.app, id(&basic), Quota::AiQueries, 1).await.is_err());
    take(&app.app, id(&premium), Quota::AiQueries, 100_000).await.unwrap();
    assert_eq!(usage(&app, &premium, "ai_queries").await["used"], 100_000);
    // once it has ended, that is what is missing
    app.clock.advance(DAY * 31);
    take(&app.app, id(&basic), Quota::AiQueries, 20).await.unwrap();
    let refused = take(&app.app, id(&basic), Quota::AiQueries, 1).await;
    assert!(matches!(refused, Err(QuotaError::SubscriptionExpired)), "{refused:?}");
}

#[rstest]
#[tokio::test]
async fn storage_is_counted_by_the_byte_and_for_good(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let user = app.patient().await;
    let all = 50 << 20;
    take(&app.app, id(&user), Quota::StorageMb, all - 10).await.unwrap();
    assert!(take(&app.app, id(&user), Quota::StorageMb, 11).await.is_err());
    take(&app.app, id(&user), Quota::StorageMb, 10).await.unwrap();
    app.clock.advance(DAY * 40);
    let user = app.log_in(&user.phone).await;
    assert_eq!(usage(&app, &user, "storage_mb").await, json!({ "used": 50, "limit": 50, "resets_at": null }));
    let owner = id(&user);
    let freed = app.app.db.write((), move |tx, ()| Box::pin(quotas::free_storage(tx, owner, 2 << 20)));
    freed.await.unwrap();
    assert_eq!(usage(&app, &user, "storage_mb").await["used"], 48);
}

#[rstest]
#[tokio::test]
async fn what_did_not_happen_is_given_back_to_its_own_month(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let user = app.patient().await;
    let owner = id(&user);
    let taken = take(&app.app, owner, Quota::AiQueries, 5).await.unwrap();
    app.clock.advance(DAY);
    let user = app.log_in(&user.phone).await;
    take(&app.app, owner, Quota::AiQueries, 2).await.unwrap();
    let given = app.app.db.write((), move |tx, ()| Box::pin(quotas::give_back(tx, owner, taken)));
    given.await.unwrap();
    assert_eq!(usage(&app, &user, "ai_queries").await["used"], 2, "last month's, not this one's");
    // what is only shown is counted past its limit
    let now = app.clock.now();
    let noted =
        app.app.db.write((), move |tx, ()| Box::pin(quotas::note(tx, owner, Quota::AiQueries, 100, now)));
    noted.await.unwrap();
    let used: Vec<_> =
        quotas::usage_of(&app.app, owner).await.unwrap().iter().map(|usage| usage.used).collect();
    assert_eq!(used, [0, 0, 102]);
}

/// How many visits were counted in the period that begins on this day.
async fn visits_since(app: &TestApp, user: UserId, day: &str) -> i64 {
    let what = (Quota::MonthlyConsultations, day.parse::<Date>().unwrap());
    app.app.db.read((), move |c, ()| Box::pin(store::quotas::used(c, user, what))).await.unwrap()
}

async fn cancel(app: &TestApp, user: &User, visit: &str) {
    let path = format!("/api/v1/patients/encounters/{visit}/cancel/");
    let _ = app.post(&path).by(user).send().await.expect(200);
}

#[rstest]
#[tokio::test]
async fn a_visit_that_is_cancelled_is_taken_back_where_it_was_counted(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let (doctor, user) = (app.bookable_doctor().await, app.patient().await);
    // Dey 1402, and the month of the subscription
    let used = async || {
        let user = id(&user);
        (visits_since(&app, user, "2023-12-22").await, visits_since(&app, user, "2024-01-20").await)
    };
    let free = app.confirmed(&doctor, &user).await;
    subscribe(&app, &user, "basic").await;
    let of_the_plan = app.confirmed(&doctor, &user).await;
    let older = app.confirmed(&doctor, &user).await;
    assert_eq!(used().await, (1, 2));
    cancel(&app, &user, &free).await;
    assert_eq!(used().await, (0, 2));
    // paid before periods were kept
    let forgotten = app.app.db.write(older.parse::<Uuid>().unwrap(), |tx, id| {
        Box::pin(
            async move { tx.exec(sql!("UPDATE visits SET quota_period = NULL WHERE id = ?1"), &[id]).await },
        )
    });
    let forgotten: db::Result<u64> = forgotten.await;
    assert_eq!(forgotten.unwrap(), 1);
    cancel(&app, &user, &older).await;
    assert_eq!(used().await, (0, 2));
    cancel(&app, &user, &of_the_plan).await;
    assert_eq!(used().await, (0, 1));
    assert_eq!(usage(&app, &user, "monthly_consultations").await["used"], 1);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn of_two_hundred_at_once_on_two_nodes_as_many_pass_as_the_plan_allows(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let app = TestApp::start(engine).await;
    let other = app.second_node().await;
    let user = app.patient().await;
    subscribe(&app, &user, "basic").await;
    let mut running = JoinSet::new();
    for node in [&app, &other].into_iter().cycle().take(200) {
        let (node, owner) = (Arc::clone(&node.app), id(&user));
        running.spawn(async move { take(&node, owner, Quota::AiQueries, 1).await.is_ok() });
    }
    let passed = running.join_all().await.into_iter().filter(|passed| *passed).count();
    assert_eq!(passed, 50);
    assert_eq!(usage(&app, &user, "ai_queries").await["used"], 50);
}
