//! The ledger: what it promises, and that nobody gets around it.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod common;

use std::path::Path;

use common::{enrol, keys, later, now, rows, user};
use db::{Db, Location, sql};
use domain::{
    Rials, Role, Timestamp,
    ids::UserId,
    ledger::{Account, Direction, Posting, PostingKind},
};
use helssa_store::{
    Error, MIGRATIONS, holds,
    ledger::{self, Line, PostError, Posted, Report, StatementFilter, WalletRow, account_id},
};
use rstest::rstest;
use testkit::{Engine, database, database::unique, services};
use tokio::task::JoinSet;
use uuid::Uuid;

fn rials(amount: i64) -> Rials {
    Rials::new(amount).unwrap()
}

fn transfer(key: &str, from: Account, to: Account, amount: i64) -> Posting {
    Posting::transfer(PostingKind::Adjustment, key, None, "انتقال", (from, to, rials(amount))).unwrap()
}

async fn post_at(db: &Db, posting: Posting, at: Timestamp) -> Result<Posted, PostError> {
    db.write((unique(), posting), move |tx, (id, posting)| {
        Box::pin(async move { ledger::post(tx, *id, posting, at).await })
    })
    .await
}

async fn post(db: &Db, posting: Posting) -> Result<Posted, PostError> {
    post_at(db, posting, now()).await
}

/// Whoever is told to try again does.
async fn insist(db: &Db, posting: Posting) -> Result<Posted, PostError> {
    loop {
        match post(db, posting.clone()).await {
            Err(PostError::Store(Error::Db(e))) if e.is_temporary() => {}
            ended => return ended,
        }
    }
}

/// Money out of nowhere.
async fn give(db: &Db, to: UserId, amount: i64) {
    let key = unique().to_string();
    post(db, transfer(&key, Account::clearing("test"), Account::wallet(to), amount)).await.unwrap();
}

async fn balance(db: &Db, account: Account) -> i64 {
    db.read(account, |c, account| Box::pin(async move { ledger::balance(c, account).await })).await.unwrap()
}

async fn wallet(db: &Db, of: UserId) -> WalletRow {
    db.read((), move |c, ()| Box::pin(ledger::wallet(c, of))).await.unwrap()
}

async fn statement(
    db: &Db,
    of: UserId,
    filter: StatementFilter,
    limit: i64,
    offset: i64,
) -> (i64, Vec<Line>) {
    db.read(filter, move |c, filter| {
        Box::pin(async move { ledger::statement(c, of, filter, limit, offset).await })
    })
    .await
    .unwrap()
}

async fn verify(db: &Db) -> Report {
    db.read_slow((), |c, ()| Box::pin(ledger::verify(c))).await.unwrap()
}

async fn verify_slice(db: &Db) -> Report {
    db.read_slow((), |c, ()| Box::pin(ledger::verify_slice(c, Uuid::nil(), 100))).await.unwrap()
}

async fn expect_sound(db: &Db) {
    let (whole, slice) = (verify(db).await, verify_slice(db).await);
    assert!(whole.faults.is_empty(), "{:?}", whole.faults);
    assert!(slice.faults.is_empty(), "{:?}", slice.faults);
}

/// Around the application, the same script on either database.
async fn by_hand(db: &Db, script: String) -> Result<(), Error> {
    db.write(script, |tx, script| {
        Box::pin(async move { tx.script(script, script).await.map_err(Error::from) })
    })
    .await
}

/// A UUID as the database's own text has it.
fn literal(engine: Engine, id: Uuid) -> String {
    match engine {
        Engine::Sqlite => format!("X'{}'", id.simple()),
        Engine::Postgres => format!("'{id}'"),
    }
}

/// As it was written before postings said how many entries they have: two, where nobody says.
fn insert_posting(engine: Engine, id: Uuid) -> String {
    format!(
        "INSERT INTO ledger_postings (id, kind, unique_key, reference, description, created_at, total)
         VALUES ({}, 'adjustment', '{id}', NULL, '', 0, 0);",
        literal(engine, id)
    )
}

/// Of so many entries, of which so many are missing.
fn insert_sized(engine: Engine, id: Uuid, (entries, missing): (i64, i64)) -> String {
    format!(
        "INSERT INTO ledger_postings (id, kind, unique_key, reference, description, created_at, total, entries,
                missing)
         VALUES ({}, 'adjustment', '{id}', NULL, '', 0, 0, {entries}, {missing});",
        literal(engine, id)
    )
}

fn insert_entry(
    engine: Engine,
    account: &Account,
    posting: Uuid,
    (seq, amount, balance): (i64, i64, i64),
) -> String {
    format!(
        "INSERT INTO ledger_entries (account_id, seq, posting_id, amount, balance, created_at)
         VALUES ({}, {seq}, {}, {amount}, {balance}, 0);",
        literal(engine, account_id(account)),
        literal(engine, posting)
    )
}

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

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_hundred_spends_of_money_for_a_hundred_a_hundred_are_done(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    give(&db, user(1), 1_000).await;
    let mut spends = JoinSet::new();
    for n in 0..200 {
        let db = db.clone();
        spends.spawn(async move {
            let (wallet, escrow) = (Account::wallet(user(1)), Account::escrow());
            insist(&db, transfer(&format!("spend {n}"), wallet, escrow, 10)).await
        });
    }
    let (mut done, mut refused) = (0, 0);
    for result in spends.join_all().await {
        match result {
            Ok(Posted::Done(_)) => done += 1,
            Err(PostError::Insufficient) => refused += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((done, refused), (100, 100));
    assert_eq!((wallet(&db, user(1)).await.available, balance(&db, Account::escrow()).await), (0, 1_000));
    expect_sound(&db).await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_key_is_posted_once_however_often_it_is_tried(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    // money for one alone: whoever comes later is told that it was done, not that there is too little
    give(&db, user(1), 10).await;
    let mut tries = JoinSet::new();
    for _ in 0..50 {
        let db = db.clone();
        tries.spawn(async move {
            insist(&db, transfer("once", Account::wallet(user(1)), Account::escrow(), 10)).await.unwrap()
        });
    }
    let all = tries.join_all().await;
    let done: Vec<Uuid> = all
        .iter()
        .filter_map(|posted| if let Posted::Done(id) = posted { Some(*id) } else { None })
        .collect();
    let [id] = done[..] else { panic!("{all:?}") };
    assert_eq!(all.iter().filter(|posted| **posted == Posted::Before(id)).count(), 49);
    // the same key for something else is not posted either
    let other = transfer("once", Account::clearing("test"), Account::fees(), 3);
    assert_eq!(post(&db, other).await.unwrap(), Posted::Before(id));
    assert_eq!((balance(&db, Account::escrow()).await, rows(&db, "ledger_postings").await), (10, 2));
    expect_sound(&db).await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn opposite_transfers_don_t_wait_for_each_other(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    give(&db, user(1), 1_000).await;
    give(&db, user(2), 1_000).await;
    let mut transfers = JoinSet::new();
    for n in 0..100 {
        let db = db.clone();
        transfers.spawn(async move {
            let (mut from, mut to) = (Account::wallet(user(1)), Account::wallet(user(2)));
            if n % 2 == 0 {
                std::mem::swap(&mut from, &mut to);
            }
            insist(&db, transfer(&n.to_string(), from, to, 7)).await.unwrap()
        });
    }
    let all = transfers.join_all().await;
    assert!(all.iter().all(|posted| matches!(posted, Posted::Done(_))));
    assert_eq!((wallet(&db, user(1)).await.available, wallet(&db, user(2)).await.available), (1_000, 1_000));
    expect_sound(&db).await;
    if engine == Engine::Postgres {
        // where a transaction that was run again would hide them
        let deadlocks: Option<(i64,)> = db
            .one(
                sql!(
                    sqlite: "SELECT 0",
                    postgres: "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
                ),
                &[],
            )
            .await
            .unwrap();
        assert_eq!(deadlocks, Some((0,)));
    }
}

#[rstest]
#[tokio::test]
async fn a_statement_is_read_from_its_newest_entry_on(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let (mine, fees) = (Account::wallet(user(1)), Account::fees());
    let reference = unique();
    for n in 1..=5 {
        let moved = (Account::clearing("test"), mine.clone(), rials(100 * n));
        let charge = Posting::transfer(PostingKind::Charge, format!("c{n}"), Some(reference), "شارژ", moved);
        post_at(&db, charge.unwrap(), later(10 * n)).await.unwrap();
        let fee = transfer(&format!("f{n}"), mine.clone(), fees.clone(), n);
        post_at(&db, fee, later(10 * n + 5)).await.unwrap();
    }
    // somebody else's
    give(&db, user(2), 7).await;
    let all = StatementFilter::default();
    let (count, page) = statement(&db, user(1), all, 3, 0).await;
    assert_eq!((count, page.len()), (10, 3));
    assert_eq!(
        page.iter().map(|line| (line.seq, line.amount)).collect::<Vec<_>>(),
        [(10, -5), (9, 500), (8, -4)]
    );
    let newest = &page[0];
    assert_eq!(
        (newest.balance, newest.description.as_str(), newest.kind.as_str()),
        (1_485, "انتقال", "adjustment")
    );
    assert_eq!((newest.created_at, newest.reference, page[1].reference), (later(55), None, Some(reference)));
    assert!(page[0].id != page[1].id && page[0].posting != page[1].posting);
    let (_, last) = statement(&db, user(1), all, 3, 9).await;
    assert_eq!(last.iter().map(|line| line.seq).collect::<Vec<_>>(), [1]);
    assert_eq!(statement(&db, user(1), all, 3, 10).await, (10, vec![]));
    assert_eq!(statement(&db, user(9), all, 3, 0).await, (0, vec![]));

    let credits = StatementFilter { direction: Some(Direction::Credit), ..all };
    let (count, page) = statement(&db, user(1), credits, 2, 1).await;
    assert_eq!((count, page.iter().map(|line| line.amount).collect::<Vec<_>>()), (5, vec![400, 300]));
    let debits =
        StatementFilter { direction: Some(Direction::Debit), from: Some(later(25)), to: Some(later(45)) };
    let (count, page) = statement(&db, user(1), debits, 10, 0).await;
    assert_eq!((count, page.iter().map(|line| line.amount).collect::<Vec<_>>()), (2, vec![-3, -2]));

    let walk = db.read((), move |c, ()| {
        Box::pin(async move { ledger::lines(c, user(1), &StatementFilter::default(), 4, 2).await })
    });
    assert_eq!(walk.await.unwrap().iter().map(|line| line.seq).collect::<Vec<_>>(), [3, 2]);
}

#[rstest]
#[tokio::test]
async fn a_wallet_and_its_newest_entries_are_read_as_of_one_moment(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    for amount in [10, 20, 30] {
        give(&db, user(1), amount).await;
    }
    post(&db, transfer("block", Account::wallet(user(1)), Account::hold(user(1)), 25)).await.unwrap();
    give(&db, user(2), 7).await;
    for newest in [0, 1, 3, 10] {
        let (row, recent) = ledger::overview(&db, user(1), newest).await.unwrap();
        assert_eq!(row, wallet(&db, user(1)).await);
        assert_eq!((row.available, row.blocked, row.entries), (35, 25, 4));
        let (_, page) = statement(&db, user(1), StatementFilter::default(), newest, 0).await;
        assert_eq!(recent, page);
    }
    let (never_used, none) = ledger::overview(&db, user(9), 10).await.unwrap();
    assert_eq!((never_used, none), (wallet(&db, user(9)).await, vec![]));
}

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

#[test]
fn ids_of_accounts_are_made_from_what_they_are() {
    let id = account_id(&Account::wallet(user(1)));
    assert_eq!(id, account_id(&Account::wallet(user(1))));
    assert_eq!(id.get_version_num(), 8);
    for other in [Account::hold(user(1)), Account::wallet(user(2)), Account::clearing("zarinpal")] {
        assert_ne!(id, account_id(&other));
    }
}
