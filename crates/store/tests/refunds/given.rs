//! A refund ends once, gives back no more than was paid, and nobody gets around it.

use db::sql;
use domain::Role;
use helssa_store::refunds::{self, Refund, RefundStatus, Way};
use rstest::rstest;
use testkit::{Engine, database};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::{
    AMOUNT, add, by_id, charge,
    common::{by_hand, enrol, keys, later, rows},
    end, id, insert, refund,
};

#[rstest]
#[tokio::test]
async fn a_refund_is_open_until_it_ends_once(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let user = enrol(&db, &keys(), 1, Role::Patient).await;
    add(&db, charge(user, 1, "sandbox"), "S1", true).await;
    let first = refund(1, 1, AMOUNT);
    insert(&db, user, &first).await.unwrap();
    assert_eq!((by_id(&db, 1).await, by_id(&db, 9).await), (Some(first.clone()), None));
    assert!(first.is_given());

    let due = |at| db.read((), move |c, ()| Box::pin(refunds::due(c, later(at), 9)));
    assert!(due(219).await.unwrap().is_empty());
    assert_eq!(due(220).await.unwrap(), [id(1)]);
    let put_off =
        db.write((), |tx, ()| Box::pin(refunds::put_off(tx, id(1), later(400), later(230)))).await.unwrap();
    assert!(put_off && due(399).await.unwrap().is_empty());
    let noted = db.write((), |tx, ()| Box::pin(refunds::note(tx, id(1), "lost", later(500)))).await.unwrap();
    assert!(noted);
    let locked = db.write((), |tx, ()| Box::pin(refunds::lock(tx, id(1)))).await.unwrap().unwrap();
    assert_eq!((locked.attempts, locked.answer.as_deref()), (1, Some("lost")));
    assert_eq!((locked.asked_at, locked.check_at), (Some(later(230)), Some(later(500))));

    let mut ends = JoinSet::new();
    for n in 0..10 {
        let db = db.clone();
        let status = if n % 2 == 0 { RefundStatus::Refunded } else { RefundStatus::InWallet };
        ends.spawn(async move { end(&db, 1, status).await });
    }
    assert_eq!(ends.join_all().await.into_iter().filter(|ended| *ended).count(), 1);
    let ended = by_id(&db, 1).await.unwrap();
    assert_eq!((ended.check_at, ended.ended_at), (None, Some(later(300))));
    assert!(!db.write((), |tx, ()| Box::pin(refunds::note(tx, id(1), "late", later(900)))).await.unwrap());
    let again = db.write((), |tx, ()| Box::pin(refunds::put_off(tx, id(1), later(900), later(300))));
    assert!(!again.await.unwrap());
    assert!(due(9_999).await.unwrap().is_empty());
}

#[rstest]
#[tokio::test]
async fn no_more_is_given_back_than_was_paid(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let user = enrol(&db, &keys(), 1, Role::Patient).await;
    add(&db, charge(user, 1, "sandbox"), "S1", true).await;
    add(&db, charge(user, 2, "sandbox"), "S2", false).await;
    assert!(insert(&db, user, &refund(1, 1, AMOUNT + 1)).await.is_err());
    let unpaid = Refund { authority: "S2".into(), ..refund(1, 2, 100) };
    assert!(insert(&db, user, &unpaid).await.is_err(), "nobody paid it");
    assert!(insert(&db, user, &refund(1, 2, 100)).await.is_err(), "another charge's");

    insert(&db, user, &refund(1, 1, 2_000)).await.unwrap();
    assert!(insert(&db, user, &refund(2, 1, 1_000)).await.is_err(), "one at a time");
    assert!(end(&db, 1, RefundStatus::Refunded).await);
    assert!(insert(&db, user, &refund(2, 1, 3_001)).await.is_err());
    let kept = Refund {
        way: Way::Wallet,
        status: RefundStatus::InWallet,
        hold: None,
        asked_at: None,
        check_at: None,
        ended_at: Some(later(100)),
        ..refund(3, 1, AMOUNT)
    };
    insert(&db, user, &kept).await.unwrap();
    assert!(!kept.is_given());
    insert(&db, user, &refund(4, 1, 3_000)).await.unwrap();
    assert!(end(&db, 4, RefundStatus::InWallet).await);
    insert(&db, user, &refund(5, 1, 3_000)).await.unwrap();

    let of = |charges: &'static [u128]| {
        db.read((), move |c, ()| {
            Box::pin(async move {
                let ids: Vec<Uuid> = charges.iter().map(|n| id(*n)).collect();
                refunds::of_charges(c, &ids).await
            })
        })
    };
    assert_eq!(of(&[1, 2]).await.unwrap().len(), 4);
    assert!(of(&[2]).await.unwrap().is_empty() && of(&[]).await.unwrap().is_empty());
    let one = db.read((), |c, ()| Box::pin(refunds::of_charge(c, id(1)))).await.unwrap();
    assert_eq!(one.iter().map(|refund| refund.id).collect::<Vec<_>>(), [id(1), id(3), id(4), id(5)]);
    assert_eq!(one[1], kept);
}

#[rstest]
#[tokio::test]
async fn nobody_gets_around_a_refund(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let user = enrol(&db, &keys(), 1, Role::Patient).await;
    add(&db, charge(user, 1, "sandbox"), "S1", true).await;
    insert(&db, user, &refund(1, 1, 2_000)).await.unwrap();
    assert!(end(&db, 1, RefundStatus::Refunded).await);
    insert(&db, user, &refund(2, 1, 2_000)).await.unwrap();
    for statement in [
        sql!("UPDATE charge_refunds SET amount = 5000 WHERE status = 'refunding'"),
        sql!("UPDATE charge_refunds SET status = 'refunded' WHERE status = 'refunding'"),
        sql!("UPDATE charge_refunds SET way = 'wallet' WHERE status = 'refunding'"),
        sql!(
            "UPDATE charge_refunds SET status = 'refunding', check_at = 1, ended_at = NULL WHERE status = 'refunded'"
        ),
        sql!("UPDATE charge_refunds SET answer = 'x' WHERE status = 'refunded'"),
        sql!("DELETE FROM charge_refunds"),
    ] {
        assert!(by_hand(&db, statement).await.is_err(), "{}", statement.sqlite);
    }
    assert_eq!(rows(&db, "charge_refunds").await, 2);
}
