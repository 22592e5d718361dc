//! What doctors offer, on both databases.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod common;

use std::sync::Arc;

use common::{by_hand, enrol, keys, later, now, rows, user};
use db::{Db, sql};
use domain::{
    Rials, Role, days,
    ids::UserId,
    practice::{Practice, Preferences},
    schedule::{Break, Leave, Schedule, TimeOfDay, Weekday},
};
use helssa_store::{Error, Keyring, Result, accounts, doctors, practices};
use rstest::rstest;
use testkit::{Engine, database};
use tokio::task::JoinSet;

/// A practice in which nothing is as it is by default.
fn practice() -> Practice {
    let time = |text| TimeOfDay::parse_end(text).unwrap();
    let (first, last) = (days::parse("1402-12-29").unwrap(), days::parse("1403-01-13").unwrap());
    Practice {
        online_enabled: true,
        in_person_enabled: true,
        online_fee: Rials::new(600_000).unwrap(),
        in_person_fee: Rials::new(Rials::MOST).unwrap(),
        schedule: Schedule {
            duration: 45,
            buffer: 0,
            days: vec![Weekday::Saturday, Weekday::Friday],
            start: time("07:05"),
            end: time("24:00"),
            breaks: vec![Break::new(time("12:00"), time("13:00")).unwrap()],
            days_off: vec![first],
            leaves: vec![Leave::new(first, last).unwrap()],
        },
        preferences: Preferences { cancellations: false, ..Preferences::default() },
        insurers: vec!["تامین اجتماعی".into(), "a \"quoted\" one".into()],
        address: "خیابان ولیعصر\nپلاک ۱۲۳".into(),
        about: "می‌بیند و می‌شنود".into(),
    }
}

/// Makes the user of that number a doctor.
async fn add(db: &Db, keys: &Arc<Keyring>, n: u32) -> UserId {
    let id = enrol(db, keys, n, Role::Patient).await;
    let entry = doctors::Entry {
        first_name: "مریم".into(),
        last_name: "رضایی".into(),
        council_number: n.to_string(),
        specialty: "cardiology".into(),
        province: "تهران".into(),
        city: "ری".into(),
        gender: None,
        languages: vec![],
        experience_years: 15,
    };
    let registered = db.write(entry, move |tx, entry| {
        Box::pin(async move {
            accounts::appoint(tx, id, Role::Doctor, &entry.first_name, &entry.last_name, now()).await?;
            doctors::insert(tx, id, entry, now()).await
        })
    });
    assert!(registered.await.unwrap());
    id
}

async fn of(db: &Db, doctor: UserId) -> Option<Practice> {
    db.read((), move |c, ()| Box::pin(practices::of(c, doctor))).await.unwrap()
}

async fn save(db: &Db, doctor: UserId, practice: &Practice) -> Result<()> {
    db.write(practice.clone(), move |tx, practice| Box::pin(practices::save(tx, doctor, practice, later(60))))
        .await
}

/// What is found of these, in the order of their ids.
async fn of_many(db: &Db, doctors: &[UserId]) -> Vec<(UserId, Practice)> {
    let mut found =
        db.read(doctors.to_vec(), |c, doctors| Box::pin(practices::of_many(c, doctors))).await.unwrap();
    found.sort_by_key(|(id, _)| *id);
    found
}

async fn version(db: &Db, doctor: UserId) -> (i64, i64) {
    let found: Option<(i64, i64)> = db
        .one(sql!("SELECT version, changed_at FROM doctors WHERE user_id = ?1"), &[&doctor.0])
        .await
        .unwrap();
    found.unwrap()
}

#[rstest]
#[tokio::test]
async fn a_practice_comes_back_as_it_was_written(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let (id, other) = (add(&db, &keys, 1).await, add(&db, &keys, 2).await);
    assert_eq!(of(&db, id).await, None);
    save(&db, id, &practice()).await.unwrap();
    assert_eq!(of(&db, id).await, Some(practice()));
    assert_eq!(of(&db, other).await, None);
    save(&db, id, &Practice::default()).await.unwrap();
    assert_eq!(of(&db, id).await, Some(Practice::default()));
    assert_eq!(rows(&db, "practices").await, 1);
}

#[rstest]
#[tokio::test]
async fn a_search_can_notice_what_was_saved(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let (id, other) = (add(&db, &keys, 1).await, add(&db, &keys, 2).await);
    let (before, untouched) = (version(&db, id).await.0, version(&db, other).await);
    save(&db, id, &practice()).await.unwrap();
    assert_eq!(version(&db, id).await, (before + 1, later(60).as_microsecond()));
    assert_eq!(version(&db, other).await, untouched);
}

#[rstest]
#[tokio::test]
async fn many_are_read_at_once(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    for n in 1..=4 {
        add(&db, &keys, n).await;
    }
    for n in [1, 2, 3] {
        let named = Practice { about: n.to_string(), ..practice() };
        save(&db, user(n), &named).await.unwrap();
    }
    let found = of_many(&db, &[user(3), user(1), user(4), user(9), user(1)]).await;
    let names: Vec<_> = found.iter().map(|(id, practice)| (*id, practice.about.as_str())).collect();
    assert_eq!(names, [(user(1), "1"), (user(3), "3")]);
    assert_eq!(found[0].1, Practice { about: "1".into(), ..practice() });
    assert!(of_many(&db, &[]).await.is_empty());
}

#[rstest]
#[tokio::test]
async fn nobody_but_a_doctor_has_one(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let patient = enrol(&db, &keys, 1, Role::Patient).await;
    assert!(save(&db, patient, &practice()).await.is_err());
    assert_eq!(of(&db, patient).await, None);
}

#[rstest]
#[tokio::test]
async fn what_is_damaged_is_not_read(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let id = add(&db, &keys, 1).await;
    save(&db, id, &practice()).await.unwrap();
    by_hand(&db, sql!("UPDATE practices SET schedule = '{\"start\": \"9 am\"}'")).await.unwrap();
    let read = db.read((), move |c, ()| Box::pin(practices::of(c, id))).await;
    assert!(matches!(read, Err(Error::Stored { table: "practices", column: "schedule", .. })), "{read:?}");
    // what an older version wrote has the defaults of what it didn't know
    by_hand(&db, sql!("UPDATE practices SET schedule = '{}', preferences = '{}'")).await.unwrap();
    let read = of(&db, id).await.unwrap();
    assert_eq!((read.schedule, read.preferences), (Schedule::default(), Preferences::default()));
}

/// One transaction that depends on what it has read.
async fn one_insurer_more(db: &Db, doctor: UserId, n: usize) -> Result<()> {
    db.write((), move |tx, ()| {
        Box::pin(async move {
            let mut practice = practices::lock(tx, doctor).await?.unwrap_or_default();
            practice.insurers.push(n.to_string());
            practices::save(tx, doctor, &practice, later(60)).await
        })
    })
    .await
}

#[rstest]
#[tokio::test]
async fn of_twenty_changes_at_once_none_is_lost(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let id = add(&db, &keys, 1).await;
    let mut changes = JoinSet::new();
    for n in 0..20 {
        let db = db.clone();
        changes.spawn(async move { one_insurer_more(&db, id, n).await });
    }
    for changed in changes.join_all().await {
        changed.unwrap();
    }
    assert_eq!(of(&db, id).await.unwrap().insurers.len(), 20);
}
