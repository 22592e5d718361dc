//! Sealing under a new key, on both databases.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod common;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use common::{enrol_patient, later, national_id, now, phone, profile, ring, user};
use db::{Db, Sql, sql};
use domain::{Role, profile::Profile};
use helssa_store::{
    Error, Keyring, Result, accounts,
    keyring::Field,
    patients,
    rotation::{self, COLUMNS, Column},
};
use rstest::rstest;
use testkit::{Engine, database};
use tokio::sync::Notify;
use uuid::Uuid;

/// More than one batch of 200.
const PATIENTS: u32 = 250;

/// Every fifth has neither an address of mail nor a national id.
fn expected(n: u32) -> Profile {
    let mut profile = profile(n);
    if n.is_multiple_of(5) {
        profile.email.clear();
        profile.national_id = None;
    }
    profile
}

/// So many patients, sealed with this ring.
async fn fill(db: &Db, keys: &Arc<Keyring>, count: u32) {
    db.write(Arc::clone(keys), move |tx, keys| {
        Box::pin(async move {
            for n in 1..=count {
                accounts::insert(tx, keys, user(n), Role::Patient, &phone(n), now()).await?;
                patients::insert_empty(tx, user(n)).await?;
                patients::save(tx, keys, user(n), &expected(n), now()).await?;
            }
            Ok::<_, Error>(())
        })
    })
    .await
    .unwrap();
}

async fn batch(
    db: &Db,
    keys: &Arc<Keyring>,
    column: &'static Column,
    after: Uuid,
) -> Result<(Option<Uuid>, u64)> {
    db.write(Arc::clone(keys), move |tx, keys| {
        Box::pin(async move { rotation::batch(tx, keys, column, after).await })
    })
    .await
}

/// Goes through a column to its end; how many values each batch sealed again.
async fn walk(db: &Db, keys: &Arc<Keyring>, column: &'static Column) -> Vec<u64> {
    let (mut after, mut changed) = (Some(Uuid::nil()), vec![]);
    while let Some(id) = after {
        let (next, n) = batch(db, keys, column, id).await.unwrap();
        after = next;
        changed.push(n);
    }
    changed
}

/// All sealed values of a column.
async fn sealed(db: &Db, field: Field) -> Vec<Vec<u8>> {
    let Field { table, column } = field;
    let text: &'static str = format!("SELECT {column} FROM {table} WHERE {column} IS NOT NULL").leak();
    let values: Vec<(Vec<u8>,)> = db.all(Sql { sqlite: text, postgres: text }, &[]).await.unwrap();
    values.into_iter().map(|(value,)| value).collect()
}

fn email() -> &'static Column {
    COLUMNS.iter().find(|column| column.field.column == "email").unwrap()
}

#[rstest]
#[tokio::test]
async fn every_value_is_sealed_again_in_batches(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let (old, both, new) = (ring(&["old"]), ring(&["new", "old"]), ring(&["new"]));
    fill(&db, &old, PATIENTS).await;
    for column in COLUMNS {
        let before = sealed(&db, column.field).await;
        assert!(before.iter().all(|value| old.is_current(value) && !both.is_current(value)));
        // the ones without a value are passed over
        let is_sparse = ["email", "national_id"].contains(&column.field.column);
        let expected = if is_sparse { [160, 40, 0] } else { [200, 50, 0] };
        assert_eq!(walk(&db, &both, column).await, expected, "{:?}", column.field);
        let after = sealed(&db, column.field).await;
        assert_eq!(after.len(), before.len());
        assert!(after.iter().all(|value| both.is_current(value)), "{:?}", column.field);
        assert_eq!(walk(&db, &both, column).await, [0, 0, 0], "nothing is left to do");
    }
    for n in 1..=PATIENTS {
        let patient = patients::by_id(&db, &new, user(n)).await.unwrap().unwrap();
        assert!(patient.phone == phone(n) && patient.profile == expected(n), "without the old key: {n}");
    }
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
        assert!(patients::by_id(&db, &old, user(n)).await.unwrap().unwrap().profile == expected(n));
    }
}

/// Where a change and a batch meet on `PostgreSQL`.
#[derive(Default)]
struct Meeting {
    written: Notify,
    go_on: Notify,
}

async fn until_somebody_waits_for_a_row(db: &Db) {
    let started = Instant::now();
    loop {
        let waiting: Option<(i64,)> = db
            .one(
                sql!(
                    sqlite: "SELECT 1",
                    postgres: "SELECT count(*) FROM pg_stat_activity
                               WHERE datname = current_database() AND wait_event_type = 'Lock'"
                ),
                &[],
            )
            .await
            .unwrap();
        if waiting.is_some_and(|(n,)| n > 0) {
            return;
        }
        assert!(started.elapsed() < Duration::from_secs(20), "nobody waits");
    }
}

/// A change is written but not committed when the batch reads the value; the batch then waits for the row,
/// and must see that the value is no longer the one that it opened. On `SQLite`, where nothing happens
/// meanwhile, the batch comes after the change.
#[rstest]
#[tokio::test]
async fn a_value_that_changes_meanwhile_is_not_overwritten(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let (old, both) = (ring(&["old"]), ring(&["new", "old"]));
    let mut changed = profile(1);
    enrol_patient(&db, &old, 1, &changed).await;
    changed.email = "changed@example.com".into();

    let meets = engine == Engine::Postgres;
    let meeting = Arc::new(Meeting::default());
    let saving = tokio::spawn({
        let input = (Arc::clone(&both), changed.clone(), Arc::clone(&meeting), meets);
        let db = db.clone();
        async move {
            db.write(input, |tx, (keys, profile, meeting, meets)| {
                Box::pin(async move {
                    patients::save(tx, keys, user(1), profile, later(60)).await?;
                    if *meets {
                        meeting.written.notify_one();
                        meeting.go_on.notified().await;
                    }
                    Ok::<_, Error>(())
                })
            })
            .await
        }
    });
    if meets {
        meeting.written.notified().await;
    }
    let sealing = tokio::spawn({
        let (db, both) = (db.clone(), Arc::clone(&both));
        async move { batch(&db, &both, email(), Uuid::nil()).await }
    });
    if meets {
        until_somebody_waits_for_a_row(&db).await;
        meeting.go_on.notify_one();
    }
    saving.await.unwrap().unwrap();
    let (next, sealed_again) = sealing.await.unwrap().unwrap();
    assert_eq!(next, Some(user(1).0));
    if meets {
        assert_eq!(sealed_again, 0);
    }
    assert!(patients::by_id(&db, &both, user(1)).await.unwrap().unwrap().profile == changed);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_is_saved_during_a_rotation_is_lost(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    const ROUNDS: u32 = 10;
    let (db, _folder) = database::open(engine).await;
    let (old, both) = (ring(&["old"]), ring(&["new", "old"]));
    fill(&db, &old, 10).await;
    let in_round = |n: u32, round: u32| {
        let mut profile = profile(n);
        profile.email = format!("round{round}@example.com");
        profile.insurance.number = format!("{round}");
        profile
    };
    // a node that doesn't know the new key yet
    let saving = tokio::spawn({
        let db = db.clone();
        async move {
            for round in 1..=ROUNDS {
                for n in 1..=10 {
                    db.write((Arc::clone(&old), in_round(n, round)), move |tx, (keys, profile)| {
                        Box::pin(async move { patients::save(tx, keys, user(n), profile, later(60)).await })
                    })
                    .await?;
                }
            }
            Ok::<_, Error>(())
        }
    });
    // it reads none of the values, so it goes on while the others are sealed with the new key
    while !saving.is_finished() {
        for column in COLUMNS {
            walk(&db, &both, column).await;
        }
    }
    saving.await.unwrap().unwrap();
    for n in 1..=10 {
        let patient = patients::by_id(&db, &both, user(n)).await.unwrap().unwrap();
        assert!(patient.profile == in_round(n, ROUNDS), "{n}");
    }
}
