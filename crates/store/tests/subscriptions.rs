//! Plans, subscriptions and purchases, on both databases.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod common;

use common::{by_hand, enrol, keys, later, now, rows, user};
use db::{Db, sql};
use domain::{
    Date, Rials, Role,
    ids::UserId,
    subscription::{FREE, Limits, Plan, PlanDiscount, Status, Stretch, UNLIMITED, ends_at},
};
use helssa_store::{
    Error, Result, plans,
    purchases::{self, Kind, Purchase, Status as PurchaseStatus},
    subscriptions::{self, Subscription},
};
use rstest::rstest;
use testkit::{Engine, database};
use tokio::task::JoinSet;
use uuid::Uuid;

fn rials(amount: i64) -> Rials {
    Rials::new(amount).unwrap()
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

fn subscription(n: u128, user: UserId) -> Subscription {
    let end = day("2024-04-20");
    Subscription {
        id: id(n),
        user,
        plan: "premium".into(),
        status: Status::Active,
        months: 3,
        start: day("2024-01-20"),
        end,
        auto_renew: true,
        live_until: ends_at(end),
        due_at: Some(ends_at(end)),
        created_at: now(),
    }
}

fn purchase(n: u128, user: UserId) -> Purchase {
    Purchase {
        id: id(n),
        subscription: id(1),
        user,
        plan: "premium".into(),
        kind: Kind::Begin,
        status: PurchaseStatus::Paid,
        months: 3,
        from_wallet: true,
        amount: rials(717_600),
        discount: rials(179_400),
        credit: rials(38_200),
        returned: Rials::ZERO,
        total: rials(500_000),
        code: Some("WINTER2024".into()),
        auto_renew: true,
        base: Some((id(9), day("2024-02-20"))),
        start: day("2024-01-20"),
        end: day("2024-04-20"),
        created_at: now(),
        due_at: None,
    }
}

async fn patient(db: &Db, n: u32) -> UserId {
    enrol(db, &keys(), n, Role::Patient).await
}

async fn insert(db: &Db, subscription: Subscription) -> Result<()> {
    db.write(subscription, |tx, subscription| {
        Box::pin(async move {
            subscriptions::lock(tx, subscription.user).await?;
            subscriptions::insert(tx, subscription).await
        })
    })
    .await
}

async fn save(db: &Db, subscription: Subscription) -> bool {
    db.write(subscription, |tx, changed| Box::pin(subscriptions::save(tx, changed, later(60)))).await.unwrap()
}

async fn current(db: &Db, user: UserId) -> Option<Subscription> {
    db.read((), move |c, ()| Box::pin(subscriptions::current(c, user))).await.unwrap()
}

async fn buy(db: &Db, purchase: Purchase) {
    db.write(purchase, |tx, purchase| Box::pin(purchases::insert(tx, purchase))).await.unwrap();
}

async fn bought(db: &Db, id: Uuid) -> Option<Purchase> {
    db.read((), move |c, ()| Box::pin(purchases::by_id(c, id))).await.unwrap()
}

#[rstest]
#[tokio::test]
async fn the_documented_plans_are_shipped(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let all = db.read((), |c, ()| Box::pin(plans::all(c))).await.unwrap();
    let told: Vec<_> =
        all.iter().map(|plan| (plan.id.as_str(), plan.name.as_str(), plan.price.get())).collect();
    assert_eq!(
        told,
        [("free", "پلن رایگان", 0), ("basic", "پلن پایه", 99_000), ("premium", "پلن طلایی", 299_000)]
    );
    let premium = &all[2];
    assert_eq!(
        premium.limits,
        Limits { monthly_consultations: UNLIMITED, storage_mb: 1_024, ai_queries: UNLIMITED }
    );
    assert_eq!(premium.features.last().unwrap(), "ذخیره‌سازی 1GB");
    assert_eq!((premium.is_premium, all[1].is_premium, premium.discount), (true, false, None));
    assert_eq!(all[1].limits, Limits { monthly_consultations: 5, storage_mb: 100, ai_queries: 50 });
    assert_eq!(all[0].id, FREE);
}

#[rstest]
#[tokio::test]
async fn a_plan_comes_back_as_it_was_written(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let discount = |from: Option<&str>| {
        Some(PlanDiscount { percent: 20, from: from.map(day), until: day("2024-02-01") })
    };
    let plan = Plan {
        id: "gold".into(),
        name: "طلا".into(),
        price: rials(1_000_000),
        features: vec!["a \"quoted\" one".into(), "دو".into()],
        limits: Limits { monthly_consultations: 0, storage_mb: UNLIMITED, ai_queries: 7 },
        discount: discount(None),
        is_premium: true,
        is_active: true,
    };
    for plan in [
        plan.clone(),
        Plan { discount: discount(Some("2024-02-01")), ..plan.clone() },
        Plan { discount: None, is_active: false, price: rials(5), ..plan.clone() },
    ] {
        db.write(plan.clone(), |tx, plan| Box::pin(plans::save(tx, plan, now()))).await.unwrap();
        let found = db.read((), |c, ()| Box::pin(plans::by_id(c, "gold"))).await.unwrap();
        assert_eq!(found, Some(plan));
    }
    assert_eq!(db.read((), |c, ()| Box::pin(plans::by_id(c, "tin"))).await.unwrap(), None);
    // no discount ends before it begins, and no day is one of nothing
    let backwards = Plan { discount: discount(Some("2024-02-02")), ..plan };
    let refused = db.write(backwards, |tx, plan| Box::pin(plans::save(tx, plan, now()))).await;
    assert!(matches!(refused, Err(Error::Db(db::Error::Constraint(_)))), "{refused:?}");
    let alone = by_hand(&db, sql!("UPDATE plans SET discount_from = '2024-01-01' WHERE id = 'gold'")).await;
    assert!(matches!(alone, Err(Error::Db(db::Error::Constraint(_)))), "{alone:?}");
    // only the free plan is free
    let free = by_hand(&db, sql!("UPDATE plans SET price = 0 WHERE id = 'gold'")).await;
    assert!(matches!(free, Err(Error::Db(db::Error::Constraint(_)))), "{free:?}");
}

#[rstest]
#[tokio::test]
async fn a_subscription_comes_back_and_what_has_ended_stays_so(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let (user, other) = (patient(&db, 1).await, patient(&db, 2).await);
    let new = subscription(1, user);
    insert(&db, new.clone()).await.unwrap();
    assert_eq!(current(&db, user).await, Some(new.clone()));
    assert_eq!(current(&db, other).await, None);
    let longer = Subscription {
        status: Status::PastDue,
        months: 4,
        end: day("2024-05-20"),
        auto_renew: false,
        live_until: later(100),
        due_at: Some(later(50)),
        ..new
    };
    assert!(save(&db, longer.clone()).await);
    assert_eq!(current(&db, user).await, Some(longer.clone()));
    let ended = Subscription { status: Status::Expired, due_at: None, ..longer.clone() };
    assert!(save(&db, ended.clone()).await);
    assert!(!save(&db, longer).await, "it has ended");
    assert_eq!(current(&db, user).await, None);
    let found = db.read((), |c, ()| Box::pin(subscriptions::by_id(c, id(1)))).await.unwrap();
    assert_eq!(found, Some(ended));
    // a newer one
    let newer = Subscription { created_at: later(60), ..subscription(2, user) };
    insert(&db, newer.clone()).await.unwrap();
    let latest = db.read((), move |c, ()| Box::pin(subscriptions::latest(c, user))).await.unwrap();
    assert_eq!(latest, Some(newer));
    assert_eq!(db.read((), move |c, ()| Box::pin(subscriptions::latest(c, other))).await.unwrap(), None);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_at_once_one_subscription_lives(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let user = patient(&db, 1).await;
    let mut running = JoinSet::new();
    for n in 1..=50 {
        let db = db.clone();
        running.spawn(async move { insert(&db, subscription(n, user)).await });
    }
    let results = running.join_all().await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    for refused in results.into_iter().filter_map(Result::err) {
        assert!(matches!(refused, Error::Db(db::Error::Unique(_))), "{refused:?}");
    }
    assert_eq!(rows(&db, "subscriptions").await, 1);
}

#[rstest]
#[tokio::test]
async fn what_is_due_is_found_the_longest_due_first(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    for (n, seconds) in [(1_u32, 30), (2, 10), (3, 90)] {
        let user = patient(&db, n).await;
        let due_at = Some(later(seconds));
        insert(&db, Subscription { due_at, ..subscription(n.into(), user) }).await.unwrap();
    }
    let due = |limit| {
        let db = db.clone();
        async move { db.read((), move |c, ()| Box::pin(subscriptions::due(c, later(30), limit))).await.unwrap() }
    };
    assert_eq!(due(10).await, [(id(2), user(2)), (id(1), user(1))]);
    assert_eq!(due(1).await, [(id(2), user(2))]);
}

#[rstest]
#[tokio::test]
async fn premium_lasts_as_long_as_its_subscription(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let (gold, plain, nobody) = (patient(&db, 1).await, patient(&db, 2).await, patient(&db, 3).await);
    let until = later(60);
    insert(&db, Subscription { live_until: until, ..subscription(1, gold) }).await.unwrap();
    insert(&db, Subscription { plan: "basic".into(), ..subscription(2, plain) }).await.unwrap();
    let premium = |user, at| {
        let db = db.clone();
        async move { subscriptions::premium_until(&db, user, at).await.unwrap() }
    };
    assert_eq!(premium(gold, now()).await, Some(until));
    assert_eq!(premium(gold, until).await, None);
    assert_eq!(premium(plain, now()).await, None);
    assert_eq!(premium(nobody, now()).await, None);
}

#[rstest]
#[tokio::test]
async fn a_purchase_comes_back_and_is_paid_or_given_up_once(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let user = patient(&db, 1).await;
    let paid = purchase(1, user);
    buy(&db, paid.clone()).await;
    assert_eq!(bought(&db, id(1)).await, Some(paid.clone()));
    assert_eq!(bought(&db, id(7)).await, None);
    let pending = |n, seconds| Purchase {
        id: id(n),
        status: PurchaseStatus::Pending,
        from_wallet: false,
        base: None,
        code: None,
        due_at: Some(later(seconds)),
        ..paid.clone()
    };
    for (n, seconds) in [(2, 20), (3, 10), (4, 60)] {
        buy(&db, pending(n, seconds)).await;
        assert_eq!(bought(&db, id(n)).await, Some(pending(n, seconds)));
    }
    for (seconds, expected) in [(0, 3), (10, 2), (59, 1), (60, 0)] {
        let pending =
            db.read((), move |c, ()| Box::pin(purchases::pending_of(c, user, later(seconds)))).await.unwrap();
        assert_eq!(pending, expected, "after {seconds} seconds");
    }
    let unpaid = db.read((), |c, ()| Box::pin(purchases::unpaid(c, later(20), 10))).await.unwrap();
    assert_eq!(unpaid, [id(3), id(2)]);
    let pay = || {
        let days = (day("2024-01-21"), day("2024-04-21"));
        db.write((), move |tx, ()| Box::pin(purchases::pay(tx, id(2), id(5), Kind::Extend, days)))
    };
    let give_up = |n| db.write((), move |tx, ()| Box::pin(purchases::abandon(tx, id(n), None)));
    assert!(pay().await.unwrap());
    assert!(!pay().await.unwrap(), "paid already");
    assert!(!give_up(2).await.unwrap(), "paid already");
    assert!(give_up(3).await.unwrap());
    assert!(!give_up(3).await.unwrap());
    let found = bought(&db, id(2)).await.unwrap();
    assert_eq!((found.status, found.kind, found.subscription), (PurchaseStatus::Paid, Kind::Extend, id(5)));
    assert_eq!((found.start, found.end, found.due_at), (day("2024-01-21"), day("2024-04-21"), None));
    assert_eq!(bought(&db, id(3)).await.unwrap().status, PurchaseStatus::Abandoned);
}

#[rstest]
#[tokio::test]
async fn a_purchase_is_not_given_up_before_the_last_time_that_it_was_given(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let user = patient(&db, 1).await;
    let (status, due_at) = (PurchaseStatus::Pending, Some(later(40)));
    buy(&db, Purchase { status, from_wallet: false, base: None, code: None, due_at, ..purchase(1, user) })
        .await;
    let wait = |n: u128, seconds| {
        db.write((), move |tx, ()| Box::pin(purchases::wait_until(tx, id(n), later(seconds))))
    };
    let give_up =
        |seconds| db.write((), move |tx, ()| Box::pin(purchases::abandon(tx, id(1), Some(later(seconds)))));
    assert!(!give_up(39).await.unwrap());
    assert!(wait(1, 60).await.unwrap());
    assert!(wait(1, 50).await.unwrap(), "not shorter");
    assert!(!give_up(59).await.unwrap(), "it was due, and has been given more");
    assert_eq!(bought(&db, id(1)).await.unwrap().due_at, Some(later(60)));
    assert!(give_up(60).await.unwrap());
    assert!(!wait(1, 90).await.unwrap(), "given up");
    assert!(!wait(2, 90).await.unwrap(), "not there");
    let found = bought(&db, id(1)).await.unwrap();
    assert_eq!((found.status, found.due_at), (PurchaseStatus::Abandoned, None));
}

#[rstest]
#[tokio::test]
async fn stretches_are_what_was_paid_and_has_not_ended(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let user = patient(&db, 1).await;
    let first = purchase(1, user);
    let (start, end) = (day("2024-04-20"), day("2024-05-20"));
    let second = Purchase { id: id(2), base: None, kind: Kind::Extend, start, end, ..first.clone() };
    let pending =
        Purchase { id: id(3), status: PurchaseStatus::Pending, due_at: Some(later(1)), ..second.clone() };
    let of_another = Purchase { id: id(4), subscription: id(2), ..second.clone() };
    for purchase in [second.clone(), first.clone(), pending, of_another] {
        buy(&db, purchase).await;
    }
    let paid = db.read((), |c, ()| Box::pin(purchases::paid_of(c, id(1)))).await.unwrap();
    assert_eq!(paid, [second, first], "the latest days first");
    let stretches = |after: &'static str| {
        let db = db.clone();
        async move {
            db.read((), move |c, ()| Box::pin(purchases::stretches(c, id(1), day(after)))).await.unwrap()
        }
    };
    // credit included
    let worth = rials(538_200);
    let (one, two) = (Stretch { start: day("2024-01-20"), end: start, worth }, Stretch { start, end, worth });
    assert_eq!(stretches("2024-01-20").await, [one, two]);
    assert_eq!(stretches("2024-04-20").await, [two]);
    assert!(stretches("2024-05-20").await.is_empty());
    // the price adds up, whoever writes it
    let wrong = by_hand(&db, sql!("UPDATE subscription_purchases SET total = total - 1")).await;
    assert!(matches!(wrong, Err(Error::Db(db::Error::Constraint(_)))), "{wrong:?}");
}
