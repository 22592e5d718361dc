//! What somebody changes without the triggers is found, and so is money that is blocked for nothing.

use db::Db;
use domain::{Rials, Role, ledger::Account};
use helssa_store::holds;
use rstest::rstest;
use testkit::{Engine, database, database::unique};

use crate::{
    by_hand,
    common::{enrol, keys, now, user},
    expect_sound, give, post, rials, transfer, verify, verify_slice, wallet,
};

/// Whoever owns the database can do this; the verification is for that case.
async fn drop_triggers(db: &Db) {
    db.write((), |tx, ()| {
        Box::pin(async move {
            tx.script(
                "DROP TRIGGER ledger_entries_no_update; DROP TRIGGER ledger_entries_no_delete;
                 DROP TRIGGER ledger_entries_fit; DROP TRIGGER ledger_entries_count;
                 DROP TRIGGER ledger_accounts_follow; DROP TRIGGER ledger_postings_no_update;",
                "ALTER TABLE ledger_entries DISABLE TRIGGER USER; ALTER TABLE ledger_accounts DISABLE TRIGGER USER;
                 ALTER TABLE ledger_postings DISABLE TRIGGER USER;",
            )
            .await
        })
    })
    .await
    .unwrap();
}

#[rstest]
#[case("UPDATE ledger_accounts SET balance = balance + 1 WHERE kind = 'wallet'", "it holds 101")]
#[case("UPDATE ledger_accounts SET entries = 2 WHERE kind = 'wallet'", "it counts 2 entries")]
#[case("UPDATE ledger_entries SET amount = 99 WHERE amount > 0", "does not add up")]
#[case("UPDATE ledger_entries SET balance = 99 WHERE amount > 0", "does not add up")]
#[case("DELETE FROM ledger_entries WHERE amount > 0", "its entries sum to -100")]
#[case(
    "INSERT INTO ledger_entries SELECT account_id, 2, posting_id, amount, 2 * balance, 0 FROM ledger_entries",
    "it has 4 entries, it says 2"
)]
#[case("UPDATE ledger_postings SET entries = 3", "it has 2 entries, it says 3")]
#[tokio::test]
async fn what_was_changed_is_found(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[case] change: &str,
    #[case] fault: &str,
) {
    let (db, _folder) = database::open(engine).await;
    give(&db, user(1), 100).await;
    expect_sound(&db).await;
    drop_triggers(&db).await;
    by_hand(&db, change.into()).await.unwrap();
    for report in [verify(&db).await, verify_slice(&db).await] {
        assert!(report.faults.iter().any(|found| found.contains(fault)), "{:?}", report.faults);
    }
}

#[rstest]
#[tokio::test]
async fn blocked_money_without_a_hold_is_found(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let user = enrol(&db, &keys, 1, Role::Patient).await;
    give(&db, user, 100).await;
    post(&db, transfer("block", Account::wallet(user), Account::hold(user), 40)).await.unwrap();
    assert!(verify(&db).await.faults.iter().any(|found| found.contains("the open holds 0")));
    let hold = holds::Hold {
        id: unique(),
        user,
        amount: rials(40),
        status: holds::HoldStatus::Open,
        posted: Rials::ZERO,
        expires_at: None,
        unique_key: "block".into(),
        purpose: "test".into(),
        reference: None,
        created_at: now(),
        ended_at: None,
    };
    db.write(hold, |tx, hold| Box::pin(async move { holds::insert(tx, hold).await })).await.unwrap();
    expect_sound(&db).await;
    let row = wallet(&db, user).await;
    assert_eq!((row.available, row.blocked), (60, 40));
}
