//! Money moves from account to account, every balance is proven, and what is not there is not spent.

use domain::ledger::{Account, Posting, PostingKind};
use helssa_store::{
    Error,
    ledger::{self, PostError, Posted, account_id},
};
use rstest::rstest;
use testkit::{Engine, database, database::unique};

use crate::{
    balance,
    common::{later, now, user},
    expect_sound, give, post, post_at, rials, transfer, verify, wallet,
};

#[rstest]
#[tokio::test]
async fn money_moves_and_every_balance_is_proven(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let (a, b) = (Account::wallet(user(1)), Account::wallet(user(2)));
    assert_eq!(balance(&db, a.clone()).await, 0, "there is no account yet");
    assert_eq!(wallet(&db, user(1)).await.updated_at, None);
    give(&db, user(1), 100).await;
    let done = post_at(&db, transfer("k", a.clone(), b.clone(), 30), later(5)).await.unwrap();
    let Posted::Done(id) = done else { panic!("{done:?}") };
    let found = db.read((), |c, ()| Box::pin(ledger::posted(c, "k"))).await.unwrap();
    assert_eq!(found, Some(id));
    assert_eq!((balance(&db, a.clone()).await, balance(&db, b).await), (70, 30));
    assert_eq!(balance(&db, Account::clearing("test")).await, -100);
    let row = wallet(&db, user(1)).await;
    assert_eq!((row.id, row.available, row.blocked, row.entries), (account_id(&a), 70, 0, 2));
    assert_eq!(row.updated_at, Some(later(5)));

    // several entries, and one account twice
    let entries = vec![
        Account::clearing("test").gives(rials(50)),
        a.clone().gets(rials(50)),
        a.clone().gives(rials(110)),
        Account::escrow().gets(rials(100)),
        Account::fees().gets(rials(10)),
    ];
    let posting = Posting::new(PostingKind::VisitPayment, "five", Some(unique()), "ویزیت", entries).unwrap();
    post(&db, posting).await.unwrap();
    assert_eq!((balance(&db, a).await, balance(&db, Account::escrow()).await), (10, 100));
    expect_sound(&db).await;
    let report = verify(&db).await;
    assert_eq!((report.accounts, report.postings, report.entries), (5, 3, 9));
}

#[rstest]
#[tokio::test]
async fn what_is_not_there_is_not_spent_and_the_transaction_may_go_on(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    give(&db, user(1), 100).await;
    let (mine, theirs) = (Account::wallet(user(1)), Account::wallet(user(2)));
    let refused = post(&db, transfer("much", mine.clone(), theirs.clone(), 101)).await;
    assert!(matches!(refused, Err(PostError::Insufficient)), "{refused:?}");
    let input =
        (transfer("too much", mine.clone(), theirs.clone(), 101), transfer("fits", mine, theirs, 100));
    db.write(input, |tx, (much, fits)| {
        Box::pin(async move {
            assert!(matches!(ledger::post(tx, unique(), much, now()).await, Err(PostError::Insufficient)));
            ledger::post(tx, unique(), fits, now()).await
        })
    })
    .await
    .unwrap();
    assert_eq!((wallet(&db, user(1)).await.available, wallet(&db, user(2)).await.available), (0, 100));
    // who owes may owe more, but not more than 64 bits hold
    let most = i64::MAX - 100;
    give(&db, user(3), most).await;
    let more = transfer("more", Account::clearing("test"), Account::wallet(user(3)), 200);
    assert!(matches!(post(&db, more).await, Err(PostError::Store(Error::Stored { .. }))));
    expect_sound(&db).await;
}

#[test]
fn ids_of_accounts_are_made_from_what_they_are() {
    let id = account_id(&Account::wallet(user(1)));
    assert_eq!(id, account_id(&Account::wallet(user(1))));
    assert_eq!(id.get_version_num(), 8);
    for other in [Account::hold(user(1)), Account::wallet(user(2)), Account::clearing("zarinpal")] {
        assert_ne!(id, account_id(&other));
    }
}
