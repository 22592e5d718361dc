//! The register of doctors, on both databases.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod common;

use std::sync::Arc;

use common::{enrol, keys, later, now, phone, user};
use db::Db;
use domain::{Role, doctor::Status, ids::UserId, profile::Gender};
use helssa_store::{
    Error, Keyring, Result, accounts,
    doctors::{self, Doctor, Entry},
};
use rstest::rstest;
use testkit::{Engine, database};
use tokio::task::JoinSet;

fn entry(n: u32) -> Entry {
    Entry {
        first_name: "مریم".into(),
        last_name: format!("رضایی {n}"),
        council_number: format!("{n}"),
        specialty: "cardiology".into(),
        province: "تهران".into(),
        city: "ری".into(),
        gender: Some(Gender::Female),
        languages: vec!["فارسی".into(), "English, \"British\"".into()],
        experience_years: 15,
    }
}

/// Makes a user a doctor, as the use case does.
async fn register(db: &Db, id: UserId, entry: &Entry) -> Result<bool> {
    db.write(entry.clone(), move |tx, entry| {
        Box::pin(async move {
            accounts::appoint(tx, id, Role::Doctor, &entry.first_name, &entry.last_name, now()).await?;
            doctors::insert(tx, id, entry, now()).await
        })
    })
    .await
}

/// A user who is this doctor.
async fn add(db: &Db, keys: &Arc<Keyring>, n: u32, entry: &Entry) -> UserId {
    let id = enrol(db, keys, n, Role::Patient).await;
    assert!(register(db, id, entry).await.unwrap());
    id
}

async fn by_id(db: &Db, keys: &Arc<Keyring>, id: UserId) -> Option<Doctor> {
    db.read(Arc::clone(keys), move |c, keys| Box::pin(async move { doctors::by_id(c, keys, id).await }))
        .await
        .unwrap()
}

/// The count, and the ids of one page.
async fn page(
    db: &Db,
    keys: &Arc<Keyring>,
    status: Option<Status>,
    limit: i64,
    offset: i64,
) -> (i64, Vec<UserId>) {
    let (count, found) = db
        .read(Arc::clone(keys), move |c, keys| {
            Box::pin(async move { doctors::page(c, keys, status, limit, offset).await })
        })
        .await
        .unwrap();
    (count, found.into_iter().map(|doctor| doctor.id).collect())
}

async fn set_status(db: &Db, id: UserId, status: Status) -> bool {
    db.write((), move |tx, ()| Box::pin(doctors::set_status(tx, id, status, later(60)))).await.unwrap()
}

async fn save(db: &Db, id: UserId, entry: &Entry) -> Result<()> {
    db.write(entry.clone(), move |tx, entry| Box::pin(doctors::save(tx, id, entry, later(60)))).await
}

#[track_caller]
fn assert_same(found: &Entry, expected: &Entry) {
    let texts = |entry: &Entry| {
        let Entry { first_name, last_name, council_number, specialty, province, city, .. } = entry.clone();
        [first_name, last_name, council_number, specialty, province, city]
    };
    assert_eq!(texts(found), texts(expected));
    assert_eq!((found.gender, &found.languages), (expected.gender, &expected.languages));
    assert_eq!(found.experience_years, expected.experience_years);
}

#[rstest]
#[tokio::test]
async fn an_entry_comes_back_as_it_was_written(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let id = add(&db, &keys, 1, &entry(1)).await;
    let doctor = by_id(&db, &keys, id).await.unwrap();
    assert_eq!((doctor.id, doctor.phone, doctor.status), (id, phone(1), Status::Active));
    assert_eq!(doctor.created_at, now());
    assert_same(&doctor.entry, &entry(1));

    let other = add(&db, &keys, 2, &Entry { gender: None, languages: vec![], ..entry(2) }).await;
    let other = by_id(&db, &keys, other).await.unwrap().entry;
    assert_same(&other, &Entry { gender: None, languages: vec![], ..entry(2) });
    enrol(&db, &keys, 3, Role::Patient).await;
    assert!(by_id(&db, &keys, user(3)).await.is_none(), "a patient");
    assert!(by_id(&db, &keys, user(4)).await.is_none(), "nobody");
}

#[rstest]
#[tokio::test]
async fn a_council_number_belongs_to_one_doctor(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let (one, other) = (add(&db, &keys, 1, &entry(1)).await, enrol(&db, &keys, 2, Role::Patient).await);
    let is_taken = async |number: &'static str, by_other_than: UserId| {
        db.read((), move |c, ()| Box::pin(doctors::council_number_is_taken(c, number, by_other_than)))
            .await
            .unwrap()
    };
    assert!(is_taken("1", other).await);
    assert!(!is_taken("1", one).await, "it is this doctor's own");
    assert!(!is_taken("2", other).await);

    assert!(!register(&db, other, &entry(1)).await.unwrap());
    assert!(!register(&db, one, &entry(2)).await.unwrap(), "a doctor already");
    assert!(register(&db, other, &entry(2)).await.unwrap());
    let refused = save(&db, other, &Entry { council_number: "1".into(), ..entry(2) }).await;
    assert!(matches!(refused, Err(Error::Db(db::Error::Unique(_)))), "{refused:?}");
    assert_same(&by_id(&db, &keys, other).await.unwrap().entry, &entry(2));
}

#[rstest]
#[tokio::test]
async fn of_twenty_with_one_council_number_one_is_registered(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    for n in 1..=20 {
        enrol(&db, &keys, n, Role::Patient).await;
    }
    let mut all = JoinSet::new();
    for n in 1..=20 {
        let db = db.clone();
        all.spawn(async move { register(&db, user(n), &entry(1)).await.unwrap() });
    }
    assert_eq!(all.join_all().await.into_iter().filter(|registered| *registered).count(), 1);
    assert_eq!(page(&db, &keys, None, 100, 0).await.0, 1);
}

#[rstest]
#[tokio::test]
async fn a_change_writes_the_whole_entry_and_the_name(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let (id, other) = (add(&db, &keys, 1, &entry(1)).await, add(&db, &keys, 2, &entry(2)).await);
    let changed = Entry {
        first_name: "سارا".into(),
        last_name: "احمدی".into(),
        council_number: "77".into(),
        specialty: "general".into(),
        province: "فارس".into(),
        city: "شیراز".into(),
        gender: None,
        languages: vec!["کردی".into()],
        experience_years: 80,
    };
    save(&db, id, &changed).await.unwrap();
    let doctor = by_id(&db, &keys, id).await.unwrap();
    assert_same(&doctor.entry, &changed);
    assert_eq!((doctor.status, doctor.created_at), (Status::Active, now()));
    assert_same(&by_id(&db, &keys, other).await.unwrap().entry, &entry(2));
    for years in [-1, 81] {
        let refused = save(&db, id, &Entry { experience_years: years, ..entry(1) }).await;
        assert!(matches!(refused, Err(Error::Db(db::Error::Constraint(_)))), "{refused:?}");
    }
    assert_same(&by_id(&db, &keys, id).await.unwrap().entry, &changed);
}

#[rstest]
#[tokio::test]
async fn a_status_changes_once(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let (id, other) = (add(&db, &keys, 1, &entry(1)).await, add(&db, &keys, 2, &entry(2)).await);
    assert!(!set_status(&db, id, Status::Active).await);
    assert!(set_status(&db, id, Status::Suspended).await);
    assert!(!set_status(&db, id, Status::Suspended).await);
    assert_eq!(by_id(&db, &keys, id).await.unwrap().status, Status::Suspended);
    assert_eq!(by_id(&db, &keys, other).await.unwrap().status, Status::Active);
    assert!(set_status(&db, id, Status::Active).await);
    assert!(!set_status(&db, user(9), Status::Active).await, "nobody");
}

#[rstest]
#[tokio::test]
async fn pages_follow_the_ids_and_can_show_one_status(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    for n in [4, 2, 5, 1, 3] {
        add(&db, &keys, n, &entry(n)).await;
    }
    enrol(&db, &keys, 6, Role::Patient).await;
    for n in [2, 4] {
        assert!(set_status(&db, user(n), Status::Suspended).await);
    }
    let users = |numbers: &[u32]| numbers.iter().map(|n| user(*n)).collect::<Vec<_>>();
    assert_eq!(page(&db, &keys, None, 3, 0).await, (5, users(&[1, 2, 3])));
    assert_eq!(page(&db, &keys, None, 3, 3).await, (5, users(&[4, 5])));
    assert_eq!(page(&db, &keys, None, 3, 6).await, (5, users(&[])));
    assert_eq!(page(&db, &keys, Some(Status::Active), 2, 0).await, (3, users(&[1, 3])));
    assert_eq!(page(&db, &keys, Some(Status::Active), 2, 2).await, (3, users(&[5])));
    assert_eq!(page(&db, &keys, Some(Status::Suspended), 10, 0).await, (2, users(&[2, 4])));
}

/// One transaction that depends on what it has read.
async fn one_year_more(db: &Db, keys: &Arc<Keyring>, id: UserId) -> Result<()> {
    db.write(Arc::clone(keys), move |tx, keys| {
        Box::pin(async move {
            let mut entry = doctors::lock(tx, keys, id).await?.unwrap().entry;
            entry.experience_years += 1;
            doctors::save(tx, id, &entry, later(60)).await
        })
    })
    .await
}

#[rstest]
#[tokio::test]
async fn of_fifty_changes_at_once_none_is_lost(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let id = add(&db, &keys, 1, &Entry { experience_years: 0, ..entry(1) }).await;
    let mut changes = JoinSet::new();
    for _ in 0..50 {
        let (db, keys) = (db.clone(), Arc::clone(&keys));
        changes.spawn(async move { one_year_more(&db, &keys, id).await });
    }
    for changed in changes.join_all().await {
        changed.unwrap();
    }
    assert_eq!(by_id(&db, &keys, id).await.unwrap().entry.experience_years, 50);
}

#[rstest]
#[tokio::test]
async fn the_suspended_and_strangers_are_not_active(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let id = add(&db, &keys, 1, &entry(1)).await;
    let is_active = async |id: UserId| {
        db.read(id, |c, id| Box::pin(async move { doctors::is_active(c, *id).await })).await.unwrap()
    };
    assert!(is_active(id).await);
    assert!(!is_active(user(2)).await);
    let suspended =
        db.write((), move |tx, ()| Box::pin(doctors::set_status(tx, id, Status::Suspended, later(60))));
    assert!(suspended.await.unwrap());
    assert!(!is_active(id).await);
}

#[rstest]
#[tokio::test]
async fn nobody_but_a_doctor_can_be_locked(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    enrol(&db, &keys, 1, Role::Patient).await;
    for id in [user(1), user(2)] {
        let locked = db
            .write(Arc::clone(&keys), move |tx, keys| {
                Box::pin(async move { doctors::lock(tx, keys, id).await })
            })
            .await
            .unwrap();
        assert!(locked.is_none());
    }
}
