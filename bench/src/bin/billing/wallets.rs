//! Wallets of three lengths, and twenty entries for everybody else.
//!
//! The long one is written in bulk, past the program and not past the schema: its triggers see every entry, and check
//! that it follows the one before. Every entry has a posting of its own, as in life.

use std::sync::Arc;

use app::{App, Fault};
use db::{Conn, Engine, sql};
use domain::{
    Rials, Timestamp,
    ids::UserId,
    ledger::{Account, Posting, PostingKind},
};
use store::ledger::account_id;
use uuid::Uuid;

/// Which readers have which wallet.
pub const LONG: usize = 0;
pub const EMPTY: usize = 1;
pub const SHORT: usize = 2;

/// Entries of the others: more than a wallet shows.
const USUAL: u32 = 20;
/// Entries of the short one: more than a page shows.
const FEW: u32 = 100;

/// Where the long wallet's money comes from: an account that nobody else uses.
const SOURCE: &str = "bench-long";
/// Its first entry; then 1,000 less and 2,000 more in turns.
const FIRST: i64 = 2_000;

pub async fn fill(app: &Arc<App>, readers: &[UserId], entries: u32) {
    for (n, reader) in readers.iter().enumerate() {
        match n {
            EMPTY => {}
            LONG => long(app, *reader, entries).await,
            SHORT => short(app, *reader, FEW).await,
            _ => short(app, *reader, USUAL).await,
        }
    }
}

/// Through the ledger as the program does it.
async fn short(app: &Arc<App>, user: UserId, entries: u32) {
    let now = app.clock.now();
    let written = app.db.write((Arc::clone(app), user, now), move |tx, (app, user, now)| {
        Box::pin(async move {
            for n in 0..entries {
                let money = (Account::clearing("bench"), Account::wallet(*user), Rials::new(FIRST).unwrap());
                let key = format!("bench:{user}:{n}");
                let posting = Posting::transfer(PostingKind::Charge, key, None, "شارژ کیف پول", money)?;
                app::billing::post(tx, app, &posting, *now).await?;
            }
            Ok::<_, Fault>(())
        })
    });
    written.await.unwrap();
}

/// The first entry through the ledger, which makes the accounts; the others in bulk.
async fn long(app: &Arc<App>, user: UserId, entries: u32) {
    let now = app.clock.now();
    let first = app.db.write((Arc::clone(app), user, now), |tx, (app, user, now)| {
        Box::pin(async move {
            let money = (Account::clearing(SOURCE), Account::wallet(*user), Rials::new(FIRST).unwrap());
            let posting = Posting::transfer(PostingKind::Charge, "bench:1", None, "شارژ کیف پول", money)?;
            app::billing::post(tx, app, &posting, *now).await?;
            prepare(tx).await?;
            Ok::<_, Fault>(())
        })
    });
    first.await.unwrap();
    let accounts = (account_id(&Account::clearing(SOURCE)), account_id(&Account::wallet(user)));
    // a row of PostgreSQL that is changed a thousand times in one transaction is looked for among as many
    let is_sqlite = app.db.engine() == Engine::Sqlite;
    let batch = if is_sqlite { 10_000 } else { 500 };
    let (mut from, last) = (2, i64::from(entries));
    while from <= last {
        let to = (from + batch - 1).min(last);
        let written = app.db.write((accounts, from, to, now), move |tx, (accounts, from, to, now)| {
            Box::pin(async move {
                if is_sqlite {
                    in_rows(tx, *accounts, (*from, *to), *now).await
                } else {
                    by_function(tx, *accounts, (*from, *to), *now).await
                }
            })
        });
        written.await.unwrap();
        if to / 100_000 > (from - 1) / 100_000 {
            eprintln!("{to} entries");
        }
        from = to + 1;
    }
}

/// `PostgreSQL` fires triggers behind a statement's last row: there, each entry is a statement of a function.
async fn prepare(tx: &Conn) -> db::Result<()> {
    tx.script(
        "",
        "CREATE FUNCTION bench_fill(n BIGINT, m BIGINT, began BIGINT, source UUID, wallet UUID)
         RETURNS BIGINT LANGUAGE plpgsql AS $$
         DECLARE p UUID; a BIGINT; b BIGINT; moment BIGINT;
         BEGIN
           FOR i IN n..m LOOP
             p := CAST('01900000-0000-7000-8000-' || lpad(to_hex(i), 12, '0') AS UUID);
             a := CASE WHEN i % 2 = 1 THEN 2000 ELSE -1000 END;
             b := CAST(i AS BIGINT) / 2 * 1000 + i % 2 * 2000;
             moment := began + i;
             INSERT INTO ledger_postings (id, kind, unique_key, reference, description, created_at, total)
             VALUES (p, CASE WHEN a > 0 THEN 'charge' ELSE 'visit_payment' END, 'bench:' || i, NULL,
                     CASE WHEN a > 0 THEN 'شارژ کیف پول' ELSE 'پرداخت هزینه ویزیت' END, moment, 0);
             INSERT INTO ledger_entries (account_id, seq, posting_id, amount, balance, created_at)
             VALUES (source, i, p, -a, -b, moment);
             INSERT INTO ledger_entries (account_id, seq, posting_id, amount, balance, created_at)
             VALUES (wallet, i, p, a, b, moment);
           END LOOP;
           RETURN m;
         END $$",
    )
    .await
}

/// Entries of these numbers, both included, of the source and of the wallet; on `PostgreSQL`.
async fn by_function(
    tx: &Conn,
    (source, wallet): (Uuid, Uuid),
    (from, to): (i64, i64),
    now: Timestamp,
) -> db::Result<()> {
    let fill = sql!(sqlite: "", postgres: "SELECT bench_fill($1, $2, $3, $4, $5)");
    let _last: Option<(i64,)> = tx.one(fill, &[&from, &to, &now.as_microsecond(), &source, &wallet]).await?;
    Ok(())
}

/// The same on `SQLite`, row by row of a statement.
async fn in_rows(
    tx: &Conn,
    (source, wallet): (Uuid, Uuid),
    (from, to): (i64, i64),
    now: Timestamp,
) -> db::Result<()> {
    let began = now.as_microsecond();
    tx.exec(
        sql!(
            sqlite: "INSERT INTO ledger_postings (id, kind, unique_key, reference, description, created_at, total)
                     WITH RECURSIVE n (i) AS (SELECT ?1 UNION ALL SELECT i + 1 FROM n WHERE i < ?2)
                     SELECT unhex('01900000000070008000' || printf('%012x', i)),
                            CASE i % 2 WHEN 1 THEN 'charge' ELSE 'visit_payment' END, 'bench:' || i, NULL,
                            CASE i % 2 WHEN 1 THEN 'شارژ کیف پول' ELSE 'پرداخت هزینه ویزیت' END, ?3 + i, 0
                     FROM n",
            postgres: ""
        ),
        &[&from, &to, &began],
    )
    .await?;
    tx.exec(
        sql!(
            sqlite: "INSERT INTO ledger_entries (account_id, seq, posting_id, amount, balance, created_at)
                     WITH RECURSIVE n (i) AS (SELECT ?1 UNION ALL SELECT i + 1 FROM n WHERE i < ?2)
                     SELECT CASE side WHEN 1 THEN ?5 ELSE ?4 END, i,
                            unhex('01900000000070008000' || printf('%012x', i)),
                            side * CASE i % 2 WHEN 1 THEN 2000 ELSE -1000 END,
                            side * (i / 2 * 1000 + i % 2 * 2000), ?3 + i
                     FROM n, (SELECT -1 AS side UNION ALL SELECT 1) ORDER BY i, side",
            postgres: ""
        ),
        &[&from, &to, &began, &source, &wallet],
    )
    .await?;
    Ok(())
}
