//! What the development gateway keeps of its orders.

use domain::Rials;
use helssa_store::charges::sandbox::{self, SandboxRow};
use rstest::rstest;
use testkit::{Engine, database};

use crate::{common::now, id};

#[rstest]
#[tokio::test]
async fn the_development_gateway_keeps_its_orders(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let row = SandboxRow {
        authority: String::new(),
        charge: id(1),
        amount: Rials::new(5_000).unwrap(),
        description: "شارژ".into(),
        callback_url: "https://helssa.ir/back/".into(),
        status: "pending".into(),
        verified: false,
    };
    let open = || {
        db.write(row.clone(), |tx, row| {
            Box::pin(async move {
                sandbox::open_order(tx, row, |charge, nth| format!("{nth}-{charge}"), now()).await
            })
        })
    };
    let first = open().await.unwrap();
    let second = open().await.unwrap();
    assert_eq!((first.as_str(), second.as_str()), (&*format!("1-{}", id(1)), &*format!("2-{}", id(1))));
    let of = |name: String| db.read(name, |c, name| Box::pin(async move { sandbox::order(c, name).await }));
    assert_eq!(
        of(first.clone()).await.unwrap(),
        Some(SandboxRow { authority: first.clone(), ..row.clone() })
    );
    assert_eq!(of("none".into()).await.unwrap(), None);

    let set = |succeeded: bool| {
        db.write(first.clone(), move |tx, name| {
            Box::pin(async move { sandbox::set_order(tx, name, succeeded).await })
        })
    };
    let verify =
        || db.write(first.clone(), |tx, name| Box::pin(async move { sandbox::verify_order(tx, name).await }));
    let reverse = || {
        db.write(first.clone(), |tx, name| Box::pin(async move { sandbox::reverse_order(tx, name).await }))
    };
    assert!(!verify().await.unwrap() && !reverse().await.unwrap());
    assert!(set(false).await.unwrap() && set(true).await.unwrap(), "one may try again");
    assert!(!set(false).await.unwrap(), "paid is paid");
    assert!(verify().await.unwrap() && !verify().await.unwrap());
    assert!(reverse().await.unwrap() && !reverse().await.unwrap());
    assert_eq!(of(first).await.unwrap().unwrap().status, "reversed");
    assert_eq!(of(second).await.unwrap().unwrap().status, "pending");
}
