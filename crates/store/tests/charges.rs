//! Records of payments through gateways, on both databases.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod common;

use common::{by_hand, enrol, keys, later, now};
use db::{Db, sql};
use domain::{Rials, Role, ids::UserId};
use helssa_store::charges::{
    self, Authority, AuthorityStatus, Charge, ChargeStatus, Purpose,
    sandbox::{self, SandboxRow},
};
use rstest::rstest;
use testkit::{Engine, database};
use uuid::Uuid;

fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

fn charge(user: UserId, n: u128, purpose: Purpose) -> Charge {
    Charge {
        id: id(n),
        user,
        purpose,
        amount: Rials::new(5_000).unwrap(),
        gateway: "sandbox".into(),
        return_url: "https://helssa.ir/".into(),
        status: ChargeStatus::Pending,
        credited_authority: None,
        gateway_reference: None,
        created_at: now(),
        expires_at: later(1_800),
        checked_at: None,
        check_at: Some(later(60)),
        verified_at: None,
    }
}

fn authority(charge: u128, name: &str) -> Authority {
    Authority {
        gateway: "sandbox".into(),
        authority: name.into(),
        charge: id(charge),
        status: AuthorityStatus::Requested,
        pay_url: format!("https://helssa.ir/dev/pay/{name}"),
        created_at: now(),
    }
}

async fn insert(db: &Db, charge: &Charge) {
    db.write(charge.clone(), |tx, charge| Box::pin(async move { charges::insert(tx, charge).await }))
        .await
        .unwrap();
}

async fn add(db: &Db, authority: &Authority) -> bool {
    db.write(authority.clone(), |tx, new| Box::pin(async move { charges::add_authority(tx, new).await }))
        .await
        .unwrap()
}

async fn by_id(db: &Db, n: u128) -> Option<Charge> {
    db.read((), move |c, ()| Box::pin(charges::by_id(c, id(n)))).await.unwrap()
}

async fn mark(db: &Db, name: &'static str, status: AuthorityStatus) -> Result<bool, helssa_store::Error> {
    db.write((), move |tx, ()| Box::pin(charges::mark(tx, "sandbox", name, status))).await
}

async fn complete(db: &Db, n: u128) -> bool {
    db.write((), move |tx, ()| Box::pin(charges::complete(tx, id(n), "S1", Some("201"), later(90))))
        .await
        .unwrap()
}

#[rstest]
#[tokio::test]
async fn a_completed_charge_is_looked_at_while_another_authority_is_in_doubt(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let user = enrol(&db, &keys(), 1, Role::Patient).await;
    insert(&db, &charge(user, 1, Purpose::Wallet)).await;
    let again = |at| db.write((), move |tx, ()| Box::pin(charges::check_again(tx, id(1), at)));
    again(Some(later(3_600))).await.unwrap();
    assert_ne!(by_id(&db, 1).await.unwrap().check_at, Some(later(3_600)), "it is not completed");
    assert!(complete(&db, 1).await);
    for at in [Some(later(120)), None] {
        again(at).await.unwrap();
        assert_eq!(by_id(&db, 1).await.unwrap().check_at, at);
    }
}

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
async fn those_that_wait_longest_are_due_first(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let user = enrol(&db, &keys(), 1, Role::Patient).await;
    for (n, seconds) in [(1, Some(90)), (2, Some(60)), (3, None), (4, Some(91))] {
        insert(&db, &Charge { check_at: seconds.map(later), ..charge(user, n, Purpose::Wallet) }).await;
    }
    let due = |limit| db.read((), move |c, ()| Box::pin(charges::due(c, later(90), limit)));
    assert_eq!(due(9).await.unwrap(), [id(2), id(1)]);
    assert_eq!(due(1).await.unwrap(), [id(2)]);

    for n in [5, 6, 7] {
        let visit =
            Charge { created_at: later(n), ..charge(user, n.unsigned_abs().into(), Purpose::Visit(id(70))) };
        insert(&db, &visit).await;
    }
    assert!(complete(&db, 7).await);
    let newest = |n| db.read((), move |c, ()| Box::pin(charges::newest_for(c, id(n))));
    assert_eq!(newest(70).await.unwrap().map(|charge| charge.id), Some(id(7)));
    assert_eq!(newest(71).await.unwrap(), None);
    let open = async |n: u128, at: i64| {
        let open = db.read((), move |c, ()| Box::pin(charges::open_for(c, id(n), later(at), later(at - 60))));
        let found = open.await.unwrap();
        found.into_iter().map(|charge| charge.id).collect::<Vec<_>>()
    };
    assert_eq!(open(70, 64).await, [id(6), id(5)], "their gateway may still be asked");
    assert_eq!(open(70, 65).await, [id(6)]);
    assert!(open(70, 66).await.is_empty(), "nobody was sent to pay");
    for (n, name) in [(5, "A5"), (6, "A6")] {
        assert!(add(&db, &authority(n, name)).await);
    }
    assert_eq!(open(70, 1_799).await, [id(6), id(5)]);
    assert_eq!((open(70, 1_800).await, open(71, 10).await), (vec![], vec![]));
}

#[rstest]
#[tokio::test]
async fn of_many_who_want_to_ask_one_may(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let user = enrol(&db, &keys(), 1, Role::Patient).await;
    insert(&db, &charge(user, 1, Purpose::Wallet)).await;
    let claim = async |before: i64, at: i64| {
        db.write((), move |tx, ()| Box::pin(charges::claim_check(tx, id(1), later(before), later(at))))
            .await
            .unwrap()
    };
    assert!(claim(5, 10).await, "nobody has asked");
    assert!(!claim(9, 14).await);
    assert!(claim(10, 15).await && !claim(10, 15).await);
    assert!(complete(&db, 1).await && !claim(100, 105).await);
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

fn brought(n: i64) -> String {
    format!("{{\"n\":{n}}}")
}

/// Brings the nth at its second; whether it is kept as the payer's.
async fn bring(db: &Db, n: i64, is_payers: bool) -> bool {
    db.write(brought(n), move |tx, extra| {
        Box::pin(charges::keep_callback(tx, "sandbox", "S1", extra, is_payers, later(n)))
    })
    .await
    .unwrap()
}

async fn forget(db: &Db, n: i64, is_payers: bool) {
    db.write(brought(n), move |tx, extra| {
        Box::pin(charges::forget_callback(tx, "sandbox", "S1", extra, is_payers))
    })
    .await
    .unwrap();
}

async fn kept(db: &Db) -> Vec<String> {
    db.read((), |c, ()| Box::pin(charges::callbacks(c, "sandbox", "S1"))).await.unwrap()
}

#[rstest]
#[tokio::test]
async fn what_browsers_bring_is_kept_once_each_and_not_without_end(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let user = enrol(&db, &keys(), 1, Role::Patient).await;
    insert(&db, &charge(user, 1, Purpose::Wallet)).await;
    assert!(add(&db, &authority(1, "S1")).await);
    for is_payers in [false, true] {
        for n in (1..=22).chain([22]) {
            assert_eq!(bring(&db, n, is_payers).await, is_payers);
        }
        let newest: Vec<String> = (3..=22).rev().map(brought).collect();
        assert_eq!(kept(&db).await[..20], newest, "the oldest make room");
    }
    forget(&db, 22, true).await;
    assert_eq!(kept(&db).await[0], brought(21));
}

#[rstest]
#[tokio::test]
async fn strangers_take_no_room_of_the_payers(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let user = enrol(&db, &keys(), 1, Role::Patient).await;
    insert(&db, &charge(user, 1, Purpose::Wallet)).await;
    assert!(add(&db, &authority(1, "S1")).await);
    for n in 1..=20 {
        assert!(bring(&db, n, true).await);
    }
    for n in 21..=60 {
        assert!(!bring(&db, n, false).await);
    }
    let all: Vec<String> = (1..=20).rev().chain((41..=60).rev()).map(brought).collect();
    assert_eq!(kept(&db).await, all);

    // what the payer brings too is the payer's, and stays that
    assert!(bring(&db, 60, true).await && bring(&db, 60, false).await);
    let all: Vec<String> =
        [60].into_iter().chain((2..=20).rev()).chain((41..=59).rev()).map(brought).collect();
    assert_eq!(kept(&db).await, all);
    forget(&db, 60, false).await;
    assert_eq!(kept(&db).await, all, "it is not a stranger's to forget");
    forget(&db, 60, true).await;
    assert_eq!(kept(&db).await, all[1..]);
}

#[rstest]
#[tokio::test]
async fn the_schema_refuses_what_no_program_may_write(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let user = enrol(&db, &keys(), 1, Role::Patient).await;
    for amount in [0, 999, 500_000_001] {
        let bad = Charge { amount: Rials::new(amount).unwrap(), ..charge(user, 1, Purpose::Wallet) };
        let inserted = db.write(bad, |tx, bad| Box::pin(async move { charges::insert(tx, bad).await })).await;
        assert!(inserted.is_err(), "{amount}");
    }
    insert(&db, &charge(user, 1, Purpose::Subscription(id(5)))).await;
    assert!(by_hand(&db, sql!("UPDATE charges SET status = 'completed'")).await.is_err());
    assert!(by_hand(&db, sql!("UPDATE charges SET purpose = 'wallet'")).await.is_err());
}

#[rstest]
#[tokio::test]
async fn what_was_paid_for_can_not_be_patched(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let user = enrol(&db, &keys(), 1, Role::Patient).await;
    insert(&db, &charge(user, 1, Purpose::Wallet)).await;
    assert!(add(&db, &authority(1, "S1")).await && mark(&db, "S1", AuthorityStatus::Paid).await.unwrap());
    assert!(complete(&db, 1).await);
    for patch in [
        sql!("UPDATE charges SET amount = amount + 1"),
        sql!("UPDATE charges SET expires_at = expires_at + 1"),
        sql!("UPDATE charges SET gateway = 'idpay'"),
        sql!("UPDATE charges SET gateway_reference = NULL"),
        sql!(
            "UPDATE charges SET status = 'pending', credited_authority = NULL, gateway_reference = NULL,
                    verified_at = NULL"
        ),
        sql!("DELETE FROM charges"),
        sql!("UPDATE charge_authorities SET status = 'requested'"),
        sql!("UPDATE charge_authorities SET authority = 'S2'"),
        sql!("DELETE FROM charge_authorities"),
        sql!(sqlite: "DELETE FROM charges", postgres: "TRUNCATE charges CASCADE"),
        sql!(sqlite: "DELETE FROM charge_authorities", postgres: "TRUNCATE charge_authorities CASCADE"),
    ] {
        assert!(by_hand(&db, patch).await.is_err(), "{}", patch.sqlite);
    }
    // when to look again is all that moves
    assert_eq!(by_hand(&db, sql!("UPDATE charges SET check_at = 1, checked_at = 1")).await.unwrap(), 1);
}

#[rstest]
#[tokio::test]
async fn the_development_gateway_keeps_its_orders(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let row = SandboxRow {
        authority: String::new(),
        charge: id(1),
        amount: Rials::new(5_000).unwrap(),
        description: "شارژ".into(),
        callback_url: "https://helssa.ir/back/".into(),
        status: "pending".into(),
        verified: false,
    };
    let open = || {
        db.write(row.clone(), |tx, row| {
            Box::pin(async move {
                sandbox::open_order(tx, row, |charge, nth| format!("{nth}-{charge}"), now()).await
            })
        })
    };
    let first = open().await.unwrap();
    let second = open().await.unwrap();
    assert_eq!((first.as_str(), second.as_str()), (&*format!("1-{}", id(1)), &*format!("2-{}", id(1))));
    let of = |name: String| db.read(name, |c, name| Box::pin(async move { sandbox::order(c, name).await }));
    assert_eq!(
        of(first.clone()).await.unwrap(),
        Some(SandboxRow { authority: first.clone(), ..row.clone() })
    );
    assert_eq!(of("none".into()).await.unwrap(), None);

    let set = |succeeded: bool| {
        db.write(first.clone(), move |tx, name| {
            Box::pin(async move { sandbox::set_order(tx, name, succeeded).await })
        })
    };
    let verify =
        || db.write(first.clone(), |tx, name| Box::pin(async move { sandbox::verify_order(tx, name).await }));
    let reverse = || {
        db.write(first.clone(), |tx, name| Box::pin(async move { sandbox::reverse_order(tx, name).await }))
    };
    assert!(!verify().await.unwrap() && !reverse().await.unwrap());
    assert!(set(false).await.unwrap() && set(true).await.unwrap(), "one may try again");
    assert!(!set(false).await.unwrap(), "paid is paid");
    assert!(verify().await.unwrap() && !verify().await.unwrap());
    assert!(reverse().await.unwrap() && !reverse().await.unwrap());
    assert_eq!(of(first).await.unwrap().unwrap().status, "reversed");
    assert_eq!(of(second).await.unwrap().unwrap().status, "pending");
}
