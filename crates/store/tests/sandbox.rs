//! What the development gateway keeps of an order that is to be paid late, on both databases.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod common;

use common::{later, now};
use db::Db;
use domain::Rials;
use helssa_store::charges::sandbox::{self, SandboxRow};
use rstest::rstest;
use testkit::{Engine, database};
use uuid::Uuid;

async fn open(db: &Db, charge: u128) -> String {
    let row = SandboxRow {
        authority: String::new(),
        charge: Uuid::from_u128(charge),
        amount: Rials::new(5_000).unwrap(),
        description: "شارژ".into(),
        callback_url: "https://helssa.ir/back/".into(),
        status: "pending".into(),
        verified: false,
    };
    db.write(row, |tx, row| {
        Box::pin(
            async move { sandbox::open_order(tx, row, |charge, nth| format!("{nth}-{charge}"), now()).await },
        )
    })
    .await
    .unwrap()
}

async fn put_off(db: &Db, name: &str) -> bool {
    let put_off =
        db.write(name.to_owned(), |tx, name| Box::pin(async move { sandbox::put_off(tx, name).await }));
    put_off.await.unwrap()
}

/// Pays late what was opened up to so many seconds after the beginning.
async fn pay_late(db: &Db, name: &str, seconds: i64) -> bool {
    let paid = db.write(name.to_owned(), move |tx, name| {
        Box::pin(async move { sandbox::pay_late(tx, name, later(seconds)).await })
    });
    paid.await.unwrap()
}

async fn status(db: &Db, name: &str) -> String {
    let name = name.to_owned();
    let row = db.read(name, |c, name| Box::pin(async move { sandbox::order(c, name).await })).await;
    row.unwrap().unwrap().status
}

#[rstest]
#[tokio::test]
async fn what_is_put_off_is_paid_in_its_time_and_once(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let (name, other) = (open(&db, 1).await, open(&db, 2).await);
    assert!(!pay_late(&db, &name, 0).await, "nobody wants to pay late");
    assert!(put_off(&db, &name).await && !put_off(&db, &name).await);
    assert!(!pay_late(&db, &name, -1).await, "too early");
    assert_eq!(status(&db, &name).await, "late");
    assert!(pay_late(&db, &name, 0).await && !pay_late(&db, &name, 0).await);
    assert_eq!(status(&db, &name).await, "succeeded");
    assert!(!put_off(&db, &name).await, "paid is paid");
    assert_eq!(status(&db, &other).await, "pending");
}
