//! A posting keeps the entries that it was committed with, also one from before it said how many they are.

use std::path::Path;

use db::{Db, Location, sql};
use domain::ledger::Account;
use helssa_store::{
    MIGRATIONS,
    ledger::{Posted, account_id},
};
use rstest::rstest;
use testkit::{Engine, database, database::unique, services};
use uuid::Uuid;

use crate::{
    balance, by_hand,
    common::{rows, user},
    expect_sound, insert_entry, insert_posting, literal, post, transfer,
};

/// Of so many entries, of which so many are missing.
fn insert_sized(engine: Engine, id: Uuid, (entries, missing): (i64, i64)) -> String {
    format!(
        "INSERT INTO ledger_postings (id, kind, unique_key, reference, description, created_at, total, entries,
                missing)
         VALUES ({}, 'adjustment', '{id}', NULL, '', 0, 0, {entries}, {missing});",
        literal(engine, id)
    )
}

#[rstest]
#[tokio::test]
async fn a_posting_keeps_the_entries_that_it_was_committed_with(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let (wallet, source) = (Account::wallet(user(1)), Account::clearing("test"));
    let (old, new) = (unique(), unique());
    // all money of the wallet is the source's: each has what the other lacks
    let pair = |posting: Uuid, seq: i64, amount: i64, balance: i64| {
        insert_entry(engine, &wallet, posting, (seq, amount, balance))
            + &insert_entry(engine, &source, posting, (seq, -amount, -balance))
    };
    let posted = post(&db, transfer("program", source.clone(), wallet.clone(), 100)).await.unwrap();
    let Posted::Done(program) = posted else { panic!("{posted:?}") };
    by_hand(&db, insert_posting(engine, old) + &pair(old, 2, 5, 105)).await.unwrap();
    let sized = |entries: i64, missing: i64| insert_sized(engine, new, (entries, missing));
    let refused = [
        // two more that sum to zero
        pair(old, 3, 7, 112),
        pair(program, 3, 7, 112),
        // more than it says, and fewer
        insert_posting(engine, new) + &pair(new, 3, 7, 112) + &pair(new, 4, 7, 119),
        sized(3, 3) + &pair(new, 3, 7, 112) + &pair(new, 4, 7, 119),
        sized(1, 1) + &pair(new, 3, 7, 112),
        sized(3, 3) + &pair(new, 3, 7, 112),
        sized(2, 2),
        insert_posting(engine, new),
        // as many as it says, but not zero
        sized(1, 1) + &insert_entry(engine, &wallet, new, (3, 7, 112)),
        // what can't be said
        sized(0, 0),
        sized(-1, -1),
        sized(2, 0) + &pair(new, 3, 7, 112),
        sized(4, 2) + &pair(new, 3, 7, 112),
        sized(2, 4) + &pair(new, 3, 7, 112),
        // another time
        "UPDATE ledger_postings SET entries = 4".into(),
        "UPDATE ledger_postings SET missing = 2".into(),
        "UPDATE ledger_postings SET missing = NULL".into(),
        "UPDATE ledger_postings SET entries = 4, missing = 2".into(),
    ];
    for script in refused {
        assert!(by_hand(&db, script.clone()).await.is_err(), "{script}");
    }
    expect_sound(&db).await;
    by_hand(&db, sized(4, 4) + &pair(new, 3, 7, 112) + &pair(new, 4, 7, 119)).await.unwrap();
    assert_eq!((balance(&db, wallet.clone()).await, rows(&db, "ledger_entries").await), (119, 8));
    expect_sound(&db).await;
}

/// Where a database without any table is.
async fn empty(engine: Engine, folder: &Path) -> Location {
    match engine {
        Engine::Sqlite => Location::Sqlite { path: folder.join("empty.db"), readers: 2 },
        Engine::Postgres => {
            let base = services::postgres_url();
            let name = format!("test_{}", unique().simple());
            let admin = Db::open(&database::postgres(&format!("{base}/postgres"))).unwrap();
            let create = format!("CREATE DATABASE {name}");
            admin
                .read(create, |c, create| Box::pin(async move { c.script("", create).await }))
                .await
                .unwrap();
            database::postgres(&format!("{base}/{name}"))
        }
    }
}

#[rstest]
#[tokio::test]
async fn a_posting_from_before_it_said_how_many_entries_it_has_keeps_those_that_it_has(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let folder = tempfile::tempdir().unwrap();
    let db = Db::open(&empty(engine, folder.path()).await).unwrap();
    let step = MIGRATIONS.iter().position(|step| step.name == "0017_posting_size").unwrap();
    db.migrate(&MIGRATIONS[..step]).await.unwrap();
    let (wallet, source, escrow) = (Account::wallet(user(1)), Account::clearing("test"), Account::escrow());
    let opened = [&wallet, &source, &escrow].map(|account| {
        format!(
            "INSERT INTO ledger_accounts (id, kind, owner, balance, entries, may_be_negative, updated_at)
             VALUES ({}, '{}', '{}', 0, 0, {}, 0);",
            literal(engine, account_id(account)),
            account.kind.as_str(),
            account.owner,
            account.kind.may_be_negative()
        )
    });
    let old = unique();
    let of_three = insert_posting(engine, old)
        + &insert_entry(engine, &source, old, (1, -10, -10))
        + &insert_entry(engine, &wallet, old, (1, 7, 7))
        + &insert_entry(engine, &escrow, old, (1, 3, 3));
    by_hand(&db, opened.concat() + &of_three).await.unwrap();

    db.migrate(MIGRATIONS).await.unwrap();
    let says: Option<(i64, i64)> =
        db.one(sql!("SELECT entries, missing FROM ledger_postings"), &[]).await.unwrap();
    assert_eq!(says, Some((3, 0)));
    let more =
        insert_entry(engine, &source, old, (2, -5, -15)) + &insert_entry(engine, &wallet, old, (2, 5, 12));
    by_hand(&db, more).await.unwrap_err();
    post(&db, transfer("after", wallet.clone(), escrow, 7)).await.unwrap();
    assert_eq!(balance(&db, wallet).await, 0);
    expect_sound(&db).await;
}
