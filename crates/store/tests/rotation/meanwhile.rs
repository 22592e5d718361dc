//! What is saved while values are sealed again is not lost.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use db::{Db, sql};
use helssa_store::{Error, patients, rotation::COLUMNS};
use rstest::rstest;
use testkit::{Engine, database};
use tokio::sync::Notify;
use uuid::Uuid;

use crate::{
    batch,
    common::{enrol_patient, later, profile, ring, user},
    email,
    filled::fill,
    walk,
};

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
