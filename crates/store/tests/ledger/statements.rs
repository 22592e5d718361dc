//! A wallet is read from its newest entry on, page by page and by what is asked for, as of one moment.

use db::Db;
use domain::{
    ids::UserId,
    ledger::{Account, Direction, Posting, PostingKind},
};
use helssa_store::ledger::{self, Line, StatementFilter};
use rstest::rstest;
use testkit::{Engine, database, database::unique};

use crate::{
    common::{later, user},
    give, post, post_at, rials, transfer, wallet,
};

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
