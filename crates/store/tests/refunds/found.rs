//! Charges as admins look for them: by state, gateway and user, and by where their refunds are.

use domain::Role;
use helssa_store::{
    charges::{self, Charge, ChargeFilter, ChargeStatus},
    refunds::{Refund, RefundStatus},
};
use rstest::rstest;
use testkit::{Engine, database};
use uuid::Uuid;

use crate::{
    add, charge,
    common::{enrol, keys, later},
    end, id, insert, refund,
};

#[rstest]
#[tokio::test]
async fn admins_find_charges_the_newest_first(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let (one, two) =
        (enrol(&db, &keys(), 1, Role::Patient).await, enrol(&db, &keys(), 2, Role::Patient).await);
    let made = |user, n: u128, gateway| Charge {
        created_at: later(i64::try_from(n).unwrap()),
        ..charge(user, n, gateway)
    };
    add(&db, made(one, 1, "sandbox"), "S1", true).await;
    add(&db, made(two, 2, "sandbox"), "S2", false).await;
    add(&db, made(one, 3, "zarinpal"), "A3", true).await;
    add(&db, made(two, 4, "zarinpal"), "A4", true).await;
    add(&db, made(one, 5, "zarinpal"), "A5", false).await;

    let completed = Some(ChargeStatus::Completed);
    let zarinpal = Some("zarinpal".to_owned());
    let cases: [(ChargeFilter, &[u128]); 8] = [
        (ChargeFilter::default(), &[5, 4, 3, 2, 1]),
        (ChargeFilter { user: Some(one), ..ChargeFilter::default() }, &[5, 3, 1]),
        (ChargeFilter { status: completed, ..ChargeFilter::default() }, &[4, 3, 1]),
        (ChargeFilter { gateway: zarinpal.clone(), ..ChargeFilter::default() }, &[5, 4, 3]),
        (ChargeFilter { status: completed, gateway: zarinpal.clone(), user: None, refund: None }, &[4, 3]),
        (ChargeFilter { status: completed, gateway: None, user: Some(one), refund: None }, &[3, 1]),
        (ChargeFilter { status: completed, gateway: zarinpal, user: Some(one), refund: None }, &[3]),
        (ChargeFilter { status: Some(ChargeStatus::Failed), ..ChargeFilter::default() }, &[]),
    ];
    for (filter, expected) in cases {
        let shown = format!("{filter:?}");
        let (count, found) = db
            .read(filter, |c, filter| Box::pin(async move { charges::page(c, filter, 9, 0).await }))
            .await
            .unwrap();
        let expected: Vec<Uuid> = expected.iter().map(|n| id(*n)).collect();
        assert_eq!(count, i64::try_from(expected.len()).unwrap(), "{shown}");
        assert_eq!(found.iter().map(|charge| charge.id).collect::<Vec<_>>(), expected, "{shown}");
    }
    let second = ChargeFilter::default();
    let (count, found) = db
        .read(second, |c, filter| Box::pin(async move { charges::page(c, filter, 2, 2).await }))
        .await
        .unwrap();
    assert_eq!((count, found[0].id, found.len()), (5, id(3), 2));

    let of = |charges: &'static [u128]| {
        db.read((), move |c, ()| {
            Box::pin(async move {
                let ids: Vec<Uuid> = charges.iter().map(|n| id(*n)).collect();
                charges::authorities_of_many(c, &ids).await
            })
        })
    };
    let names: Vec<String> = of(&[1, 5]).await.unwrap().into_iter().map(|found| found.authority).collect();
    assert_eq!(names, ["S1", "A5"]);
    assert!(of(&[]).await.unwrap().is_empty());
    for status in ChargeStatus::NAMES {
        assert_eq!(ChargeStatus::parse(status).map(ChargeStatus::as_str), Some(status));
    }
    assert_eq!(ChargeStatus::parse("paid"), None);
}

#[rstest]
#[tokio::test]
async fn admins_find_charges_by_where_their_refunds_are(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let (one, two) =
        (enrol(&db, &keys(), 1, Role::Patient).await, enrol(&db, &keys(), 2, Role::Patient).await);
    add(&db, charge(one, 1, "sandbox"), "S1", true).await;
    add(&db, charge(two, 2, "sandbox"), "S2", true).await;
    add(&db, charge(one, 3, "zarinpal"), "A3", true).await;
    add(&db, charge(two, 4, "zarinpal"), "A4", true).await;
    let open = async |user, n, charge, (gateway, authority): (&str, &str)| {
        let (gateway, authority) = (gateway.to_owned(), authority.to_owned());
        insert(&db, user, &Refund { gateway, authority, ..refund(n, charge, 1_000) }).await.unwrap();
    };
    // the first has two that were given back, and one that is open
    for n in [1, 2] {
        open(one, n, 1, ("sandbox", "S1")).await;
        assert!(end(&db, n, RefundStatus::Refunded).await);
    }
    open(one, 3, 1, ("sandbox", "S1")).await;
    open(two, 4, 2, ("sandbox", "S2")).await;
    assert!(end(&db, 4, RefundStatus::InWallet).await);
    open(one, 5, 3, ("zarinpal", "A3")).await;

    let of = |refund| ChargeFilter { refund: Some(refund), ..ChargeFilter::default() };
    let (refunding, refunded) = (of(RefundStatus::Refunding), of(RefundStatus::Refunded));
    let (completed, failed) = (Some(ChargeStatus::Completed), Some(ChargeStatus::Failed));
    let (sandbox, zarinpal) = (Some("sandbox".to_owned()), Some("zarinpal".to_owned()));
    let cases = [
        (refunding.clone(), (9, 0), 2, vec![3, 1]),
        (refunding.clone(), (1, 1), 2, vec![1]),
        (refunded.clone(), (9, 0), 1, vec![1]),
        (of(RefundStatus::InWallet), (9, 0), 1, vec![2]),
        (ChargeFilter { gateway: zarinpal, ..refunding.clone() }, (9, 0), 1, vec![3]),
        (ChargeFilter { status: completed, ..refunding.clone() }, (9, 0), 2, vec![3, 1]),
        (ChargeFilter { status: failed, ..refunding.clone() }, (9, 0), 0, vec![]),
        (ChargeFilter { user: Some(one), ..refunding.clone() }, (1, 0), 2, vec![3]),
        (ChargeFilter { user: Some(two), ..refunding.clone() }, (9, 0), 0, vec![]),
        (ChargeFilter { user: Some(one), gateway: sandbox, ..refunding }, (9, 0), 1, vec![1]),
        (ChargeFilter { user: Some(one), status: failed, ..refunded }, (9, 0), 0, vec![]),
    ];
    for (filter, (limit, offset), all, expected) in cases {
        let shown = format!("{filter:?}");
        let (count, found) = db
            .read(filter, move |c, filter| {
                Box::pin(async move { charges::page(c, filter, limit, offset).await })
            })
            .await
            .unwrap();
        let expected: Vec<Uuid> = expected.into_iter().map(id).collect();
        let found: Vec<Uuid> = found.iter().map(|charge| charge.id).collect();
        assert_eq!((count, found), (all, expected), "{shown}");
    }
    for status in RefundStatus::NAMES {
        assert_eq!(RefundStatus::parse(status).map(RefundStatus::as_str), Some(status));
    }
    assert_eq!(RefundStatus::parse("open"), None);
}
