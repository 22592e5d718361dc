//! Sealing under a new key, on both databases.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod common;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use common::{
    clinic::{entry, paid, visit_id},
    enrol_patient, later, national_id, now, phone, profile, ring, user,
};
use db::{Conn, Db, Sql, sql};
use domain::{
    Rials, Role,
    iban::Sheba,
    ids::{NotificationId, PrescriptionId},
    prescription::Item,
    profile::Profile,
    visit::CancelledBy,
};
use helssa_store::{
    Error, Keyring, Result, accounts, doctors,
    holds::{self, Hold, HoldStatus},
    keyring::Field,
    notifications::{self, NewNotification},
    patients, payouts, prescriptions,
    ratings::{self, Rating},
    rotation::{self, COLUMNS, Column},
    visits::{self, Visit},
};
use rstest::rstest;
use testkit::{Engine, database};
use tokio::sync::Notify;
use uuid::Uuid;

/// More than one batch of 200.
const PATIENTS: u32 = 250;
/// The doctor of all of them; no patient.
const DOCTOR: u32 = 1_000;
/// What every fifth has nothing in.
const SPARSE: [&str; 6] = ["email", "national_id", "insurance_number", "reason", "comment", "notes"];

/// What somebody says, unless this is a fifth one.
fn sparse(n: u32, text: &str) -> String {
    if n.is_multiple_of(5) { String::new() } else { format!("{text} {n}") }
}

/// Every fifth has neither an address of mail nor a national id.
fn expected(n: u32) -> Profile {
    let mut profile = profile(n);
    if n.is_multiple_of(5) {
        profile.email.clear();
        profile.national_id = None;
    }
    profile
}

/// That patient's visit, as it was booked.
fn booked(n: u32) -> Visit {
    let visit = paid(n, user(DOCTOR), user(n), 30 * i64::from(n));
    Visit { insurance_number: sparse(n, "number"), ..visit }
}

fn items(n: u32) -> Vec<Item> {
    vec![Item { drug_name: format!("drug {n}"), ..Item::default() }]
}

/// So many patients, sealed with this ring, and to each a visit with all that can belong to it.
async fn fill(db: &Db, keys: &Arc<Keyring>, count: u32) {
    db.write(Arc::clone(keys), move |tx, keys| {
        Box::pin(async move {
            accounts::insert(tx, keys, user(DOCTOR), Role::Doctor, &phone(DOCTOR), now()).await?;
            doctors::insert(tx, user(DOCTOR), &entry(DOCTOR), now()).await?;
            for n in 1..=count {
                accounts::insert(tx, keys, user(n), Role::Patient, &phone(n), now()).await?;
                patients::insert_empty(tx, user(n)).await?;
                patients::save(tx, keys, user(n), &expected(n), now()).await?;
                visit(tx, keys, n).await?;
            }
            Ok::<_, Error>(())
        })
    })
    .await
    .unwrap();
}

/// A visit that was cancelled, prescription and all, and talked about.
async fn visit(tx: &Conn, keys: &Keyring, n: u32) -> Result<()> {
    let visit = booked(n);
    let (id, doctor, patient) = (visit.id, visit.doctor, visit.patient);
    visits::insert(tx, keys, &visit).await?.unwrap();
    let reason = sparse(n, "why");
    visits::cancel(tx, keys, id, CancelledBy::Doctor, Rials::ZERO, &reason, later(60)).await?;
    let rating =
        Rating { visit: id, doctor, patient, score: 3, comment: sparse(n, "comment"), created_at: now() };
    ratings::insert(tx, keys, &rating).await?;
    let (items, notes) = (items(n), sparse(n, "notes"));
    let new = prescriptions::New {
        id: PrescriptionId(id.0),
        visit: id,
        doctor,
        patient,
        items: &items,
        notes: &notes,
    };
    prescriptions::insert(tx, keys, &new, now()).await?;
    prescriptions::cancel(tx, keys, new.id, &reason, later(60)).await?;
    let (message, unique_key) = (format!("message {n}"), format!("key {n}"));
    let new = NewNotification {
        user: patient,
        kind: "test",
        message: &message,
        visit: Some(id),
        unique_key: &unique_key,
    };
    notifications::insert(tx, keys, NotificationId(id.0), &new, now()).await?;
    payout(tx, keys, n).await
}

async fn payout(tx: &Conn, keys: &Keyring, n: u32) -> Result<()> {
    let (doctor, amount) = (user(n), Rials::new(1_000_000).unwrap());
    let hold = Hold {
        id: visit_id(n).0,
        user: doctor,
        amount,
        status: HoldStatus::Open,
        posted: Rials::ZERO,
        expires_at: None,
        unique_key: format!("payout {n}"),
        purpose: "payout".into(),
        reference: None,
        created_at: now(),
        ended_at: None,
    };
    holds::insert(tx, &hold).await?;
    let iban = Sheba::parse("IR580540105180021273113007").unwrap();
    let id = hold.id;
    let new =
        payouts::New {
            id, doctor, hold: id, amount, iban: &iban, account_holder: "سارا احمدی", at: now()
        };
    payouts::insert(tx, keys, &new).await?;
    Ok(())
}

/// All that the ring opens of a patient and of their visit is what was sealed.
async fn assert_kept(db: &Db, keys: &Arc<Keyring>, n: u32) {
    let patient = patients::by_id(db, keys, user(n)).await.unwrap().unwrap();
    assert!(patient.phone == phone(n) && patient.profile == expected(n), "{n}");
    let (visit, prescription, notification) = db
        .read(Arc::clone(keys), move |c, keys| {
            Box::pin(async move {
                let id = visit_id(n);
                let visit = visits::by_id(c, keys, id).await?.unwrap();
                let prescription = prescriptions::by_id(c, keys, PrescriptionId(id.0)).await?.unwrap();
                let notification = notifications::by_id(c, keys, NotificationId(id.0)).await?.unwrap();
                Ok::<_, Error>((visit, prescription, notification))
            })
        })
        .await
        .unwrap();
    let booked = booked(n);
    assert_eq!((visit.chief_complaint, visit.description), (booked.chief_complaint, booked.description));
    assert_eq!((visit.insurance_number, visit.reason), (sparse(n, "number"), sparse(n, "why")));
    assert_eq!((prescription.notes, prescription.reason), (sparse(n, "notes"), sparse(n, "why")));
    assert_eq!((prescription.items, notification.message), (items(n), format!("message {n}")));
}

/// The comments about the doctor, in the order of the visits.
async fn comments(db: &Db, keys: &Arc<Keyring>) -> Vec<String> {
    let (_, mut ratings) = db
        .read(Arc::clone(keys), |c, keys| {
            Box::pin(async move { ratings::of_doctor(c, keys, user(DOCTOR), 1_000, 0).await })
        })
        .await
        .unwrap();
    ratings.sort_by_key(|rating| rating.visit);
    ratings.into_iter().map(|rating| rating.comment).collect()
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
