//! What visits brought their doctors, on both databases.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod common;

use std::sync::Arc;

use common::{
    by_hand,
    clinic::{enrol_both, paid, visit_id},
    keys, later, now,
};
use db::{Db, sql};
use domain::{
    Rials, Timestamp,
    ids::UserId,
    ledger::{Account, Posting, PostingKind, without_zeros},
};
use helssa_store::{
    Error, Keyring,
    earnings::{self, Earning, New, Span, Totals},
    ledger::{self, PostError},
    visits,
};
use rstest::rstest;
use testkit::{Engine, database};
use tokio::task::JoinSet;

fn rials(amount: i64) -> Rials {
    Rials::new(amount).unwrap()
}

async fn book(db: &Db, keys: &Arc<Keyring>, (doctor, patient): (UserId, UserId), n: u32) {
    let visit = paid(n, doctor, patient, 30 * i64::from(n));
    db.write((Arc::clone(keys), visit), |tx, (keys, visit)| {
        Box::pin(async move { visits::insert(tx, keys, visit).await })
    })
    .await
    .unwrap()
    .unwrap();
}

/// What this visit brought, in the ledger: so much of the price for the doctor.
fn posting(doctor: UserId, n: u32, (price, net): (i64, i64)) -> Posting {
    let entries = without_zeros([
        Account::clearing("test").gives(rials(price)),
        Account::wallet(doctor).gets(rials(net)),
        Account::commission().gets(rials(price - net)),
    ]);
    let (key, visit) = (format!("visit:{n}:earned"), visit_id(n).0);
    Posting::new(PostingKind::VisitEarning, key, Some(visit), "درآمد ویزیت", entries).unwrap()
}

/// Posts it and notes what was said it brought.
async fn note(db: &Db, posting: Posting, new: New) -> Result<(), PostError> {
    db.write((database::unique(), posting, new), |tx, (id, posting, new)| {
        Box::pin(async move {
            ledger::post(tx, *id, posting, new.at).await?;
            Ok(earnings::record(tx, new).await?)
        })
    })
    .await
}

fn new(doctor: UserId, n: u32, (price, net): (i64, i64), at: Timestamp) -> New {
    let insurance_share = Rials::ZERO;
    New { doctor, visit: visit_id(n), price: rials(price), net: rials(net), insurance_share, at }
}

async fn earn(db: &Db, doctor: UserId, n: u32, parts: (i64, i64), at: Timestamp) -> Result<(), PostError> {
    note(db, posting(doctor, n, parts), new(doctor, n, parts, at)).await
}

async fn page(db: &Db, doctor: UserId, span: Span, limit: i64, offset: i64) -> (Totals, Vec<Earning>) {
    db.read(span, move |c, span| {
        Box::pin(async move { earnings::page(c, doctor, span, limit, offset).await })
    })
    .await
    .unwrap()
}

fn totals(visits: i64, price: i64, net: i64) -> Totals {
    Totals { visits, price: rials(price), commission: rials(price - net), net: rials(net) }
}

fn numbers(found: &[Earning]) -> Vec<String> {
    found.iter().map(|earning| earning.reference.clone()).collect()
}

#[rstest]
#[tokio::test]
async fn a_span_is_added_up_and_paged(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let (doctor, patient) = enrol_both(&db, &keys).await;
    assert_eq!(page(&db, doctor, Span::default(), 10, 0).await, (Totals::default(), vec![]));
    for n in 1..=4 {
        book(&db, &keys, (doctor, patient), n).await;
    }
    earn(&db, doctor, 1, (800, 720), now()).await.unwrap();
    earn(&db, doctor, 2, (600, 540), later(100)).await.unwrap();
    // all of it is the platform's
    earn(&db, doctor, 3, (50, 0), later(200)).await.unwrap();
    // a clock that is behind
    earn(&db, doctor, 4, (200, 180), later(150)).await.unwrap();

    let (sums, all) = page(&db, doctor, Span::default(), 10, 0).await;
    assert_eq!(sums, totals(4, 1_650, 1_440));
    assert_eq!(numbers(&all), ["HLS-000004", "HLS-000003", "HLS-000002", "HLS-000001"]);
    let first = Earning {
        visit: visit_id(1),
        reference: "HLS-000001".into(),
        starts_at: common::clinic::at(30),
        price: rials(800),
        commission: rials(80),
        net: rials(720),
        posted_at: now(),
    };
    assert_eq!((&all[3], all[0].posted_at), (&first, later(200)));
    let (sums, part) = page(&db, doctor, Span::default(), 2, 1).await;
    assert_eq!((sums.visits, numbers(&part)), (4, vec!["HLS-000003".into(), "HLS-000002".into()]));
    let (sums, past) = page(&db, doctor, Span::default(), 2, 4).await;
    assert_eq!((sums.visits, past), (4, vec![]));

    let middle = Span { from: Some(later(1)), to: Some(later(200)) };
    let (sums, found) = page(&db, doctor, middle, 10, 0).await;
    assert_eq!((sums, numbers(&found)), (totals(1, 600, 540), vec!["HLS-000002".into()]));
    let end = Span { from: Some(later(100)), to: None };
    assert_eq!(page(&db, doctor, end, 1, 0).await.0, totals(3, 850, 720));
    for nothing in [
        Span { from: Some(later(201)), to: None },
        Span { from: None, to: Some(now()) },
        Span { from: Some(later(101)), to: Some(later(199)) },
    ] {
        assert_eq!(page(&db, doctor, nothing, 10, 0).await, (Totals::default(), vec![]));
    }
    assert_eq!(page(&db, patient, Span::default(), 10, 0).await.0, Totals::default(), "somebody else's");
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn visits_that_end_at_once_are_numbered_one_after_the_other(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let (doctor, patient) = enrol_both(&db, &keys).await;
    let mut ends = JoinSet::new();
    for n in 1..=10 {
        book(&db, &keys, (doctor, patient), n).await;
    }
    for n in 1..=10 {
        let db = db.clone();
        ends.spawn(async move {
            loop {
                match earn(&db, doctor, n, (100, 90), later(n.into())).await {
                    Err(PostError::Store(Error::Db(e))) if e.is_temporary() => {}
                    ended => return ended.unwrap(),
                }
            }
        });
    }
    ends.join_all().await;
    let (sums, found) = page(&db, doctor, Span::default(), 100, 0).await;
    assert_eq!((sums, found.len()), (totals(10, 1_000, 900), 10));
    assert!(found.is_sorted_by(|later, earlier| later.posted_at >= earlier.posted_at));
}

#[rstest]
#[tokio::test]
async fn an_earning_is_what_the_ledger_says(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let (doctor, patient) = enrol_both(&db, &keys).await;
    for n in 1..=2 {
        book(&db, &keys, (doctor, patient), n).await;
    }
    for wrong in [(800, 721), (800, 719), (801, 720), (801, 721), (720, 720)] {
        let noted = note(&db, posting(doctor, 1, (800, 720)), new(doctor, 1, wrong, now())).await;
        assert!(noted.is_err(), "{wrong:?}");
    }
    let another = note(&db, posting(doctor, 1, (800, 720)), new(doctor, 2, (800, 720), now())).await;
    assert!(another.is_err(), "of a visit that brought nothing");
    earn(&db, doctor, 1, (800, 720), now()).await.unwrap();
    // what costs nothing is not noted
    let free = new(doctor, 2, (0, 0), now());
    db.write(free, |tx, free| Box::pin(async move { earnings::record(tx, free).await })).await.unwrap();
    for statement in [
        sql!("UPDATE earnings SET net = net + 1"),
        sql!("UPDATE earnings SET posted_at = 1"),
        sql!("DELETE FROM earnings"),
    ] {
        assert!(by_hand(&db, statement).await.is_err(), "{}", statement.sqlite);
    }
    let twice = new(doctor, 1, (800, 720), now());
    let again = db.write(twice, |tx, twice| Box::pin(async move { earnings::record(tx, twice).await })).await;
    assert!(again.is_err());
    assert_eq!(page(&db, doctor, Span::default(), 10, 0).await.0, totals(1, 800, 720));
}

#[rstest]
#[tokio::test]
async fn what_insurers_owe_of_it_is_known(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let (doctor, patient) = enrol_both(&db, &keys).await;
    let since = |at| {
        let db = db.clone();
        async move {
            db.read((), move |c, ()| Box::pin(earnings::insured_since(c, doctor, at))).await.unwrap().get()
        }
    };
    assert_eq!(since(now()).await, 0);
    for n in 1..=3 {
        book(&db, &keys, (doctor, patient), n).await;
    }
    // of 800 an insurer owes so much, and the platform's part is 80
    for (n, share, at) in [(1, 300, 0), (2, 800, 100)] {
        let entries = without_zeros([
            Account::escrow().gives(rials(800 - share)),
            Account::insurer("ایران").gives(rials(share)),
            Account::wallet(doctor).gets(rials(720)),
            Account::commission().gets(rials(80)),
        ]);
        if share < 800 {
            fill_escrow(&db, rials(800 - share)).await;
        }
        let posting = |key: &str| {
            let (kind, visit) = (PostingKind::VisitEarning, visit_id(n).0);
            Posting::new(kind, format!("{key}:{n}"), Some(visit), "درآمد ویزیت", entries.clone()).unwrap()
        };
        let noted = |share| New { insurance_share: rials(share), ..new(doctor, n, (800, 720), later(at)) };
        for wrong in [0, share - 100] {
            assert!(note(&db, posting("wrong"), noted(wrong)).await.is_err(), "{wrong} of {share}");
        }
        note(&db, posting("right"), noted(share)).await.unwrap();
    }
    earn(&db, doctor, 3, (50, 40), later(200)).await.unwrap();
    // no more than the doctor's own part
    assert_eq!((since(now()).await, since(later(1)).await), (300 + 720, 720));
    assert_eq!((since(later(150)).await, since(later(201)).await), (0, 0));
}

/// What a patient has paid.
async fn fill_escrow(db: &Db, amount: Rials) {
    let parts = (Account::clearing("test"), Account::escrow(), amount);
    let posting = Posting::transfer(PostingKind::VisitPayment, "paid", None, "پرداخت", parts).unwrap();
    db.write((database::unique(), posting), |tx, (id, posting)| {
        Box::pin(async move { ledger::post(tx, *id, posting, now()).await })
    })
    .await
    .unwrap();
}
