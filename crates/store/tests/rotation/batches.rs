//! Every sealed value of every column, batch after batch; people are found meanwhile, and without the old key nothing
//! is touched.

use std::sync::Arc;

use helssa_store::{Error, accounts, patients, rotation::COLUMNS};
use rstest::rstest;
use testkit::{Engine, database};
use uuid::Uuid;

use crate::{
    batch,
    common::{national_id, phone, ring, user},
    filled::{SPARSE, assert_kept, comments, fill, sparse},
    sealed, walk,
};

/// More than one batch of 200.
const PATIENTS: u32 = 250;

#[rstest]
#[tokio::test]
async fn every_value_is_sealed_again_in_batches(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let (old, both, new) = (ring(&["old"]), ring(&["new", "old"]), ring(&["new"]));
    fill(&db, &old, PATIENTS).await;
    for column in COLUMNS {
        let before = sealed(&db, column.field).await;
        assert!(before.iter().all(|value| old.is_current(value) && !both.is_current(value)));
        let expected = match (column.field.table, column.field.column) {
            // the ones without a value are passed over
            (_, column) if SPARSE.contains(&column) => [160, 40, 0],
            // and the doctor's
            ("users", "phone") => [200, 51, 0],
            _ => [200, 50, 0],
        };
        assert_eq!(walk(&db, &both, column).await, expected, "{:?}", column.field);
        let after = sealed(&db, column.field).await;
        assert_eq!(after.len(), before.len());
        assert!(after.iter().all(|value| both.is_current(value)), "{:?}", column.field);
        assert_eq!(walk(&db, &both, column).await, [0, 0, 0], "nothing is left to do");
    }
    // without the old key
    for n in 1..=PATIENTS {
        assert_kept(&db, &new, n).await;
    }
    assert_eq!(comments(&db, &new).await, (1..=PATIENTS).map(|n| sparse(n, "comment")).collect::<Vec<_>>());
    assert!(patients::by_id(&db, &old, user(1)).await.is_err(), "the old key alone opens nothing");
}

#[rstest]
#[tokio::test]
async fn people_are_found_by_number_before_and_after(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let both = ring(&["new", "old"]);
    fill(&db, &ring(&["old"]), 3).await;
    for keys in [Arc::clone(&both), ring(&["new"])] {
        let (account, (count, _)) = db
            .read(keys, |c, keys| {
                Box::pin(async move {
                    let filter =
                        accounts::Filter { national_id: Some(national_id(2)), ..accounts::Filter::default() };
                    let account = accounts::by_phone(c, keys, &phone(2)).await?;
                    Ok::<_, Error>((account, accounts::page(c, keys, &filter, 10, 0).await?))
                })
            })
            .await
            .unwrap();
        assert_eq!((account.unwrap().id, count), (user(2), 1));
        for column in COLUMNS {
            walk(&db, &both, column).await;
        }
    }
}

#[rstest]
#[tokio::test]
async fn without_the_old_key_nothing_is_touched(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let old = ring(&["old"]);
    fill(&db, &old, 3).await;
    for column in COLUMNS {
        let refused = batch(&db, &ring(&["new"]), column, Uuid::nil()).await;
        assert!(matches!(refused, Err(Error::Stored { .. })), "{refused:?}");
    }
    for n in 1..=3 {
        assert_kept(&db, &old, n).await;
    }
    assert_eq!(comments(&db, &old).await, ["comment 1", "comment 2", "comment 3"]);
}
