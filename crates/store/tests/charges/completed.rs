//! A charge is completed once, with one authority, and a number of BitPay's completes one charge.

use domain::Role;
use helssa_store::charges::{self, AuthorityStatus, Charge, ChargeStatus, Purpose};
use rstest::rstest;
use testkit::{Engine, database};

use crate::{
    add, authority, by_id, charge,
    common::{enrol, keys, later},
    complete, id, insert, mark,
};

#[rstest]
#[tokio::test]
async fn a_charge_is_completed_once_and_then_stays(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let user = enrol(&db, &keys(), 1, Role::Patient).await;
    let first = charge(user, 1, Purpose::Wallet);
    insert(&db, &first).await;
    assert_eq!(by_id(&db, 1).await, Some(first.clone()));
    assert_eq!(by_id(&db, 9).await, None);
    assert_eq!(first.status_at(later(1_799)), ChargeStatus::Pending);
    assert_eq!(first.status_at(later(1_800)), ChargeStatus::Expired);

    let note = |status, check_at| {
        db.write((), move |tx, ()| Box::pin(charges::note(tx, id(1), status, check_at, later(61))))
    };
    assert!(note(ChargeStatus::Failed, Some(later(120))).await.unwrap());
    let noted = by_id(&db, 1).await.unwrap();
    assert_eq!((noted.status, noted.check_at), (ChargeStatus::Failed, Some(later(120))));

    assert!(complete(&db, 1).await, "money that comes later is money");
    assert!(!complete(&db, 1).await);
    assert!(!note(ChargeStatus::Failed, None).await.unwrap());
    let locked = db.write((), |tx, ()| Box::pin(charges::lock(tx, id(1)))).await.unwrap().unwrap();
    assert_eq!((locked.status, locked.check_at), (ChargeStatus::Completed, None));
    assert_eq!((locked.credited_authority.as_deref(), locked.verified_at), (Some("S1"), Some(later(90))));
    assert_eq!(locked.gateway_reference.as_deref(), Some("201"));
}

#[rstest]
#[tokio::test]
async fn every_authority_is_kept_and_one_is_paid(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let user = enrol(&db, &keys(), 1, Role::Patient).await;
    insert(&db, &charge(user, 1, Purpose::Wallet)).await;
    insert(&db, &charge(user, 2, Purpose::Wallet)).await;
    assert!(add(&db, &authority(1, "S1")).await);
    assert!(add(&db, &authority(1, "S2")).await);
    assert!(!add(&db, &authority(2, "S1")).await, "it is the first charge's");
    let of =
        |name: &'static str| db.read((), move |c, ()| Box::pin(charges::by_authority(c, "sandbox", name)));
    assert_eq!(of("S1").await.unwrap(), Some(authority(1, "S1")));
    assert_eq!(of("S3").await.unwrap(), None);
    let all = db.read((), |c, ()| Box::pin(charges::authorities(c, id(1)))).await.unwrap();
    assert_eq!(all, [authority(1, "S1"), authority(1, "S2")]);

    assert!(mark(&db, "S1", AuthorityStatus::Failed).await.unwrap());
    assert!(!mark(&db, "S1", AuthorityStatus::Failed).await.unwrap(), "it is already");
    assert!(mark(&db, "S1", AuthorityStatus::Paid).await.unwrap());
    assert!(!mark(&db, "S1", AuthorityStatus::Failed).await.unwrap(), "credited is credited");
    let refuse =
        |n: &'static str| db.write((), move |tx, ()| Box::pin(charges::refuse_stranger(tx, "sandbox", n)));
    assert!(mark(&db, "S2", AuthorityStatus::Paid).await.is_err(), "one of a charge");
    assert!(refuse("S2").await.unwrap() && !refuse("S2").await.unwrap(), "there is one first time");
    assert!(mark(&db, "S2", AuthorityStatus::Extra).await.unwrap());
    assert!(!refuse("S1").await.unwrap(), "what is credited is not refused");
}

#[rstest]
#[tokio::test]
async fn a_number_of_bitpays_completes_one_charge(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let user = enrol(&db, &keys(), 1, Role::Patient).await;
    for n in [1, 2, 3] {
        insert(&db, &Charge { gateway: "bitpay".into(), ..charge(user, n, Purpose::Wallet) }).await;
    }
    insert(&db, &charge(user, 4, Purpose::Wallet)).await;
    let has_paid = async |number: &'static str| {
        db.read((), move |c, ()| Box::pin(charges::bitpay_has_paid(c, number))).await.unwrap()
    };
    assert!(!has_paid("201").await);
    assert!(complete(&db, 4).await && !has_paid("201").await, "another gateway's");
    assert!(complete(&db, 1).await && has_paid("201").await && !has_paid("202").await);
    let complete_with = |n: u128, number: Option<&'static str>| {
        db.write((), move |tx, ()| Box::pin(charges::complete(tx, id(n), "S1", number, later(90))))
    };
    let refused = complete_with(2, Some("201")).await;
    assert!(matches!(refused, Err(helssa_store::Error::Db(db::Error::Unique(_)))), "{refused:?}");
    assert!(complete_with(2, None).await.unwrap() && complete_with(3, None).await.unwrap());
}
