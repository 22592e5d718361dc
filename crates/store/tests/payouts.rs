//! Records of doctors' payouts, on both databases.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod common;

use std::sync::Arc;

use common::{by_hand, contains, enrol, keys, later, now, rows};
use db::{Db, sql};
use domain::{
    Rials, Role,
    iban::Sheba,
    ids::UserId,
    ledger::{Account, Posting, PostingKind},
    payout::Status,
};
use helssa_store::{
    Error, Keyring,
    holds::{self, Hold, HoldStatus},
    ledger,
    payouts::{self, Batch, Payout},
};
use rstest::rstest;
use testkit::{Engine, database};
use uuid::Uuid;

const IBAN: &str = "IR580540105180021273113007";
const AMOUNT: i64 = 1_000_000;
const BATCH: u128 = 900;

fn rials(amount: i64) -> Rials {
    Rials::new(amount).unwrap()
}

fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

fn hold(doctor: UserId, n: u128) -> Hold {
    Hold {
        id: id(1_000 + n),
        user: doctor,
        amount: rials(AMOUNT),
        status: HoldStatus::Open,
        posted: Rials::ZERO,
        expires_at: None,
        unique_key: format!("payout:{n}"),
        purpose: "payout".into(),
        reference: Some(id(n)),
        created_at: now(),
        ended_at: None,
    }
}

/// Asks for so much, so many seconds after the tests begin.
async fn ask(
    db: &Db,
    keys: &Arc<Keyring>,
    doctor: UserId,
    (n, amount): (u128, i64),
    seconds: i64,
) -> Result<(), Error> {
    db.write(Arc::clone(keys), move |tx, keys| {
        Box::pin(async move {
            holds::insert(tx, &hold(doctor, n)).await?;
            let iban = Sheba::parse(IBAN).unwrap();
            let new = payouts::New {
                id: id(n),
                doctor,
                hold: id(1_000 + n),
                amount: rials(amount),
                iban: &iban,
                account_holder: "سارا احمدی",
                at: later(seconds),
            };
            payouts::insert(tx, keys, &new).await
        })
    })
    .await
}

async fn end_hold(db: &Db, n: u128, status: HoldStatus) {
    let posted = if status == HoldStatus::Posted { rials(AMOUNT) } else { Rials::ZERO };
    let ended =
        db.write((), move |tx, ()| Box::pin(holds::end(tx, id(1_000 + n), status, posted, later(60)))).await;
    assert!(ended.unwrap());
}

/// What the bank sent back, in the ledger.
async fn post_returned(db: &Db, doctor: UserId, n: u128) {
    let moved = (Account::payouts(), Account::wallet(doctor), rials(AMOUNT));
    let key = format!("payout:{n}:returned");
    let posting = Posting::transfer(PostingKind::PayoutReturned, key, Some(id(n)), "برگشت", moved).unwrap();
    db.write((database::unique(), posting), |tx, (id, posting)| {
        Box::pin(async move { ledger::post(tx, *id, posting, later(60)).await })
    })
    .await
    .unwrap();
}

async fn make_batch(db: &Db, admin: UserId) -> Batch {
    let batch = Batch {
        id: id(BATCH),
        number: 1,
        created_at: later(50),
        created_by: admin,
        payouts: 1,
        total: rials(AMOUNT),
    };
    db.write(batch.clone(), |tx, batch| {
        Box::pin(async move {
            let number = payouts::next_batch_number(tx).await?;
            payouts::insert_batch(tx, &Batch { number, ..batch.clone() }).await
        })
    })
    .await
    .unwrap();
    batch
}

fn after(payout: Payout, to: Status) -> Payout {
    let mut after = Payout { status: to, ..payout };
    match to {
        Status::Requested => {}
        Status::Approved => after.approved_at = Some(later(61)),
        Status::Exported => (after.batch, after.exported_at) = (Some(id(BATCH)), Some(later(62))),
        Status::Paid => after.paid_at = Some(later(63)),
        Status::Rejected | Status::Returned => {
            (after.reason, after.closed_at) = ("why".into(), Some(later(64)));
        }
        Status::Cancelled => after.closed_at = Some(later(64)),
    }
    after
}

async fn step(db: &Db, n: u128, to: Status) -> Result<bool, Error> {
    db.write((), move |tx, ()| {
        Box::pin(async move {
            let payout = payouts::lock(tx, id(n)).await?.unwrap();
            let from = payout.status;
            payouts::save(tx, from, &after(payout, to)).await
        })
    })
    .await
}

async fn by_id(db: &Db, n: u128) -> Payout {
    db.read((), move |c, ()| Box::pin(payouts::by_id(c, id(n)))).await.unwrap().unwrap()
}

#[rstest]
#[tokio::test]
async fn an_iban_is_sealed_and_shown_in_part(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let doctor = enrol(&db, &keys, 1, Role::Doctor).await;
    let admin = enrol(&db, &keys, 2, Role::Admin).await;
    ask(&db, &keys, doctor, (1, AMOUNT), 0).await.unwrap();
    let asked = by_id(&db, 1).await;
    assert_eq!((asked.iban_masked.as_str(), asked.account_holder.as_str()), ("IR58••••3007", "سارا احمدی"));
    assert_eq!((asked.doctor, asked.amount, asked.status), (doctor, rials(AMOUNT), Status::Requested));
    assert_eq!((asked.created_at, asked.hold, asked.reason.as_str()), (now(), id(1_001), ""));
    assert!(asked.batch.is_none() && asked.approved_at.is_none() && asked.closed_at.is_none());
    let kept: Vec<(Vec<u8>,)> = db.all(sql!("SELECT iban FROM payouts"), &[]).await.unwrap();
    assert!(kept.len() == 1 && !contains(&kept[0].0, "0540105180"));

    let made = make_batch(&db, admin).await;
    assert!(step(&db, 1, Status::Approved).await.unwrap());
    end_hold(&db, 1, HoldStatus::Posted).await;
    assert!(step(&db, 1, Status::Exported).await.unwrap());
    let orders = db
        .read(Arc::clone(&keys), |c, keys| {
            Box::pin(async move { payouts::of_batch(c, keys, id(BATCH)).await })
        })
        .await
        .unwrap();
    assert_eq!(orders.len(), 1);
    assert_eq!((orders[0].payout, orders[0].iban.expose(), orders[0].amount), (id(1), IBAN, rials(AMOUNT)));
    assert_eq!(orders[0].account_holder, "سارا احمدی");
    let found = db.read((), |c, ()| Box::pin(payouts::batch(c, id(BATCH)))).await.unwrap();
    assert_eq!(found, Some(made.clone()));
    assert_eq!(db.read((), |c, ()| Box::pin(payouts::batch(c, id(901)))).await.unwrap(), None);
    let all = db.read((), |c, ()| Box::pin(payouts::batches(c, 10, 0))).await.unwrap();
    assert_eq!(all, (1, vec![made]));
}

#[rstest]
#[tokio::test]
async fn every_step_needs_its_order_and_its_money(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    use Status::{Approved, Cancelled, Exported, Paid, Rejected, Requested, Returned};
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let doctor = enrol(&db, &keys, 1, Role::Doctor).await;
    let admin = enrol(&db, &keys, 2, Role::Admin).await;
    for n in 1..=4 {
        ask(&db, &keys, doctor, (n, AMOUNT), 0).await.unwrap();
    }
    make_batch(&db, admin).await;
    let refused = async |n: u128, steps: &[Status]| {
        for to in steps {
            assert!(step(&db, n, *to).await.is_err(), "{n}: {to:?}");
        }
    };
    // nothing has moved
    refused(1, &[Exported, Paid, Returned, Rejected, Cancelled]).await;
    assert!(step(&db, 1, Approved).await.unwrap());
    refused(1, &[Requested, Exported, Paid, Returned, Rejected, Cancelled]).await;
    end_hold(&db, 1, HoldStatus::Posted).await;
    refused(1, &[Rejected, Cancelled]).await;
    assert!(step(&db, 1, Exported).await.unwrap());
    refused(1, &[Requested, Approved, Rejected, Cancelled, Returned]).await;
    assert!(step(&db, 1, Paid).await.unwrap());
    refused(1, &[Requested, Approved, Exported, Rejected, Cancelled, Returned]).await;
    post_returned(&db, doctor, 1).await;
    assert!(step(&db, 1, Returned).await.unwrap());
    refused(1, &[Requested, Approved, Exported, Paid, Rejected, Cancelled]).await;
    let returned = by_id(&db, 1).await;
    assert_eq!((returned.batch, returned.reason.as_str()), (Some(id(BATCH)), "why"));
    assert_eq!((returned.approved_at, returned.exported_at), (Some(later(61)), Some(later(62))));
    assert_eq!((returned.paid_at, returned.closed_at), (Some(later(63)), Some(later(64))));

    end_hold(&db, 2, HoldStatus::Voided).await;
    refused(2, &[Exported]).await;
    assert!(step(&db, 2, Rejected).await.unwrap());
    refused(2, &[Requested, Approved, Exported, Paid, Cancelled, Returned]).await;
    assert!(step(&db, 3, Approved).await.unwrap());
    end_hold(&db, 3, HoldStatus::Voided).await;
    assert!(step(&db, 3, Cancelled).await.unwrap());
    refused(3, &[Requested, Approved, Exported, Paid, Rejected, Returned]).await;

    // somebody else was first
    let late = db.write((), |tx, ()| {
        Box::pin(async move {
            let payout = payouts::by_id(tx, id(4)).await?.unwrap();
            payouts::save(tx, Approved, &after(payout, Requested)).await
        })
    });
    assert!(!late.await.unwrap());
}

#[rstest]
#[tokio::test]
async fn each_sees_their_own_and_what_waits_longest_comes_first(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let (one, other) = (enrol(&db, &keys, 1, Role::Doctor).await, enrol(&db, &keys, 2, Role::Doctor).await);
    for (n, doctor) in [(1, one), (2, other), (3, one), (4, one)] {
        ask(&db, &keys, doctor, (n, AMOUNT), i64::try_from(n).unwrap()).await.unwrap();
    }
    for n in [4, 1] {
        assert!(step(&db, n, Status::Approved).await.unwrap());
    }
    let ids = |(count, found): (i64, Vec<Payout>)| {
        (count, found.into_iter().map(|payout| payout.id).collect::<Vec<_>>())
    };
    let of = |doctor, status, limit, offset| {
        db.read((), move |c, ()| Box::pin(payouts::of_doctor(c, doctor, status, limit, offset)))
    };
    assert_eq!(ids(of(one, None, 2, 0).await.unwrap()), (3, vec![id(4), id(3)]));
    assert_eq!(ids(of(one, None, 2, 2).await.unwrap()), (3, vec![id(1)]));
    assert_eq!(ids(of(one, Some(Status::Requested), 9, 0).await.unwrap()), (1, vec![id(3)]));
    assert_eq!(ids(of(other, None, 9, 0).await.unwrap()), (1, vec![id(2)]));
    let with = |status, limit, offset| {
        db.read((), move |c, ()| Box::pin(payouts::by_status(c, status, limit, offset)))
    };
    assert_eq!(ids(with(Status::Requested, 9, 0).await.unwrap()), (2, vec![id(2), id(3)]));
    assert_eq!(ids(with(Status::Requested, 1, 1).await.unwrap()), (2, vec![id(3)]));
    assert_eq!(ids(with(Status::Paid, 9, 0).await.unwrap()), (0, vec![]));
    let count = db.read((), |c, ()| Box::pin(payouts::count(c, Status::Approved))).await.unwrap();
    let approved = |limit| db.write((), move |tx, ()| Box::pin(payouts::lock_approved(tx, limit)));
    assert_eq!(ids((count, approved(9).await.unwrap())), (2, vec![id(1), id(4)]));
    assert_eq!(ids((0, approved(1).await.unwrap())).1, [id(1)]);
}

#[rstest]
#[tokio::test]
async fn batches_are_numbered_without_a_gap(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let next = || db.write((), |tx, ()| Box::pin(payouts::next_batch_number(tx)));
    assert_eq!(next().await.unwrap(), 1);
    let given_up: Result<(), Error> = db
        .write((), |tx, ()| {
            Box::pin(async move {
                assert_eq!(payouts::next_batch_number(tx).await?, 2);
                Err(Error::Stored { table: "none", column: "none", cause: "given up".into() })
            })
        })
        .await;
    assert!(given_up.is_err());
    assert_eq!(next().await.unwrap(), 2);
}

#[rstest]
#[tokio::test]
async fn nobody_gets_around_a_payout(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let doctor = enrol(&db, &keys, 1, Role::Doctor).await;
    let admin = enrol(&db, &keys, 2, Role::Admin).await;
    assert!(ask(&db, &keys, doctor, (1, AMOUNT + 1), 0).await.is_err(), "more than is blocked");
    ask(&db, &keys, doctor, (1, AMOUNT), 0).await.unwrap();
    make_batch(&db, admin).await;
    for statement in [
        sql!("UPDATE payouts SET amount = 5"),
        sql!("UPDATE payouts SET account_holder = 'x'"),
        sql!("UPDATE payouts SET iban_masked = 'x'"),
        sql!("UPDATE payouts SET created_at = 5"),
        sql!("UPDATE payouts SET status = 'lost'"),
        sql!("UPDATE payouts SET status = 'approved'"),
        sql!("UPDATE payouts SET status = 'rejected', closed_at = 5"),
        sql!("UPDATE payouts SET batch_id = (SELECT id FROM payout_batches)"),
        sql!("DELETE FROM payouts"),
        sql!("UPDATE payout_batches SET total = 5"),
        sql!("DELETE FROM payout_batches"),
        sql!("UPDATE payout_batch_counter SET last = last + 2"),
        sql!("UPDATE payout_batch_counter SET last = last - 1"),
        sql!("DELETE FROM payout_batch_counter"),
    ] {
        assert!(by_hand(&db, statement).await.is_err(), "{}", statement.sqlite);
    }
    assert_eq!((by_id(&db, 1).await.status, rows(&db, "payouts").await), (Status::Requested, 1));
    // a rotation seals the IBAN again
    assert_eq!(by_hand(&db, sql!("UPDATE payouts SET iban = iban")).await.unwrap(), 1);
}
