//! Going around the application, nothing is changed, skipped, overdrawn or unbalanced at the commit.

use domain::ledger::Account;
use helssa_store::{Error, ledger::account_id};
use rstest::rstest;
use testkit::{Engine, database, database::unique};

use crate::{
    balance, by_hand,
    common::{rows, user},
    expect_sound, give, insert_entry, insert_posting, literal,
};

#[rstest]
#[tokio::test]
async fn an_unbalanced_posting_is_refused_at_the_commit(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    give(&db, user(1), 100).await;
    let (wallet, id) = (Account::wallet(user(1)), unique());
    let alone = insert_posting(engine, id) + &insert_entry(engine, &wallet, id, (2, 5, 105));
    by_hand(&db, alone.clone()).await.unwrap_err();
    // in the transaction it is possible; it is the commit that is not
    let entered = db
        .write(alone.clone(), |tx, script| {
            Box::pin(async move {
                tx.script(script, script).await?;
                Err::<(), Error>(Error::Db(db::Error::Schema("entered".into())))
            })
        })
        .await;
    assert!(matches!(entered, Err(Error::Db(db::Error::Schema(text))) if text == "entered"));
    assert_eq!((balance(&db, wallet.clone()).await, rows(&db, "ledger_postings").await), (100, 1));
    // with its other half it is a posting
    let whole = alone + &insert_entry(engine, &Account::clearing("test"), id, (2, -5, -105));
    by_hand(&db, whole).await.unwrap();
    assert_eq!(balance(&db, wallet).await, 105);
    expect_sound(&db).await;
}

#[rstest]
#[tokio::test]
async fn nobody_gets_around_the_ledger(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    give(&db, user(1), 100).await;
    let (wallet, id, other) = (Account::wallet(user(1)), unique(), unique());
    let posting = insert_posting(engine, id);
    let of_wallet = format!("id = {}", literal(engine, account_id(&wallet)));
    let new_account = |kind: &str, balance: i64, entries: i64, may_be_negative: &str| {
        format!(
            "INSERT INTO ledger_accounts (id, kind, owner, balance, entries, may_be_negative, updated_at)
             VALUES ({}, '{kind}', 'me', {balance}, {entries}, {may_be_negative}, 0)",
            literal(engine, other)
        )
    };
    let (yes, no) = if engine == Engine::Sqlite { ("1", "0") } else { ("true", "false") };
    let refused = [
        // entries that don't follow the one before
        posting.clone() + &insert_entry(engine, &wallet, id, (3, 5, 105)),
        posting.clone() + &insert_entry(engine, &wallet, id, (1, 5, 105)),
        posting.clone() + &insert_entry(engine, &wallet, id, (2, 5, 106)),
        posting.clone() + &insert_entry(engine, &Account::wallet(user(9)), id, (1, 5, 5)),
        // of nothing, of no posting
        posting.clone() + &insert_entry(engine, &wallet, id, (2, 0, 100)),
        insert_entry(engine, &wallet, other, (2, 5, 105)),
        // below zero, balanced or not
        posting.clone()
            + &insert_entry(engine, &wallet, id, (2, -101, -1))
            + &insert_entry(engine, &Account::clearing("test"), id, (2, 101, 1)),
        // edits and deletes
        "UPDATE ledger_entries SET amount = amount + 1".into(),
        "UPDATE ledger_entries SET created_at = 1".into(),
        "DELETE FROM ledger_entries".into(),
        "UPDATE ledger_postings SET description = 'x'".into(),
        "UPDATE ledger_postings SET total = 1".into(),
        "UPDATE ledger_postings SET reference = id".into(),
        "UPDATE ledger_postings SET unique_key = 'x'".into(),
        "DELETE FROM ledger_postings".into(),
        format!("UPDATE ledger_accounts SET balance = 1000 WHERE {of_wallet}"),
        format!("UPDATE ledger_accounts SET balance = 1000, entries = 2 WHERE {of_wallet}"),
        format!("UPDATE ledger_accounts SET entries = 0 WHERE {of_wallet}"),
        format!("UPDATE ledger_accounts SET may_be_negative = {yes} WHERE {of_wallet}"),
        format!("UPDATE ledger_accounts SET owner = 'me' WHERE {of_wallet}"),
        format!("UPDATE ledger_accounts SET updated_at = 1 WHERE {of_wallet}"),
        "DELETE FROM ledger_accounts".into(),
        // accounts that begin with something, or may what their kind may not
        new_account("wallet", 5, 0, no),
        new_account("wallet", 0, 1, no),
        new_account("wallet", 0, 0, yes),
        new_account("clearing", 0, 0, no),
        new_account("till", 0, 0, no),
    ];
    for script in refused {
        assert!(by_hand(&db, script.clone()).await.is_err(), "{script}");
    }
    if engine == Engine::Sqlite {
        let replace = "INSERT OR REPLACE INTO ledger_entries SELECT account_id, seq, posting_id, 7, 7, 0 FROM ledger_entries";
        assert!(by_hand(&db, replace.into()).await.is_err());
        let overdrawn = insert_entry(engine, &wallet, id, (2, -101, -1))
            + &insert_entry(engine, &Account::clearing("test"), id, (2, 101, 1));
        let ignored = posting + &overdrawn.replace("INSERT INTO", "INSERT OR IGNORE INTO");
        assert!(by_hand(&db, ignored).await.is_err());
    } else {
        for table in ["ledger_entries", "ledger_postings", "ledger_accounts"] {
            assert!(by_hand(&db, format!("TRUNCATE {table} CASCADE")).await.is_err());
        }
    }
    assert_eq!(balance(&db, wallet).await, 100);
    let counts = (rows(&db, "ledger_postings").await, rows(&db, "ledger_entries").await);
    assert_eq!((counts, rows(&db, "ledger_accounts").await), ((1, 2), 2));
    expect_sound(&db).await;
}
