//! Specialties, cities and insurers: what is shipped, and what admins make of it, on both databases.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod common;

use std::collections::BTreeSet;

use common::{enrol, keys, later, now, user};
use db::{At, Db, sql};
use domain::{Role, Timestamp, profile::Gender};
use helssa_store::{
    Error, accounts,
    doctors::{self, Entry},
    reference::{self, City, Insurer, Specialty},
};
use rstest::rstest;
use testkit::{Engine, database};

async fn specialties(db: &Db) -> Vec<Specialty> {
    db.read((), |c, ()| Box::pin(reference::specialties(c))).await.unwrap()
}

async fn specialty(db: &Db, code: &'static str) -> Option<Specialty> {
    db.read((), move |c, ()| Box::pin(reference::specialty(c, code))).await.unwrap()
}

async fn save_specialty(db: &Db, specialty: Specialty, now: Timestamp) {
    db.write(specialty, move |tx, specialty| Box::pin(reference::save_specialty(tx, specialty, now)))
        .await
        .unwrap();
}

async fn cities(db: &Db, province: Option<&'static str>) -> Vec<City> {
    db.read((), move |c, ()| Box::pin(reference::cities(c, province))).await.unwrap()
}

async fn insurer(db: &Db, name: &'static str) -> Option<Insurer> {
    db.read((), move |c, ()| Box::pin(reference::insurer(c, name))).await.unwrap()
}

async fn save_insurer(db: &Db, insurer: Insurer) -> Result<(), Error> {
    db.write(insurer, |tx, insurer| Box::pin(reference::save_insurer(tx, insurer, now()))).await
}

#[rstest]
#[tokio::test]
async fn the_specialties_are_there(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let all = specialties(&db).await;
    assert!(all.len() >= 45, "{}", all.len());
    assert!(all.iter().all(|specialty| specialty.is_active));
    for (code, title) in [("general", "پزشک عمومی"), ("cardiology", "متخصص قلب و عروق")]
    {
        assert_eq!(specialty(&db, code).await.unwrap().title, title);
    }
    for specialty in &all {
        assert_eq!(domain::doctor::specialty(&specialty.code).as_ref(), Ok(&specialty.code));
    }
    let titles: BTreeSet<_> = all.iter().map(|specialty| &specialty.title).collect();
    assert_eq!(titles.len(), all.len(), "no two have one title");
    assert_eq!(specialty(&db, "alchemy").await, None);
}

#[rstest]
#[tokio::test]
async fn the_cities_of_all_provinces_are_there(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let all = cities(&db, None).await;
    assert!(all.len() >= 350, "{}", all.len());
    let provinces: BTreeSet<_> = all.iter().map(|city| city.province.as_str()).collect();
    assert_eq!(provinces.len(), 31);
    for (province, city) in [("تهران", "ری"), ("البرز", "کرج"), ("فارس", "شیراز"), ("مازندران", "ساری")]
    {
        let listed = City { province: province.into(), city: city.into(), is_active: true };
        assert!(cities(&db, Some(province)).await.contains(&listed), "{city}");
    }
    let of_fars = cities(&db, Some("فارس")).await;
    assert!(of_fars.iter().all(|city| city.province == "فارس") && of_fars.len() < all.len());
    assert!(cities(&db, Some("آتلانتیس")).await.is_empty());
}

#[rstest]
#[tokio::test]
async fn the_insurers_are_there(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let all = db.read((), |c, ()| Box::pin(reference::insurers(c))).await.unwrap();
    assert!(all.len() >= 25, "{}", all.len());
    assert!(all.iter().all(|insurer| insurer.is_active && insurer.coverage_percent == 60));
    // what the reference's samples name
    for name in ["تامین اجتماعی", "ایران", "آسیا"] {
        assert_eq!(insurer(&db, name).await.unwrap().name, name);
    }
    assert_eq!(insurer(&db, "هیچ").await, None);
}

#[rstest]
#[tokio::test]
async fn a_city_is_added_once_and_can_be_switched_off(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let before = cities(&db, Some("یزد")).await.len();
    for is_active in [true, false] {
        let city = City { province: "یزد".into(), city: "شهر نو".into(), is_active };
        db.write(city.clone(), |tx, city| Box::pin(reference::save_city(tx, city, now()))).await.unwrap();
        let after = cities(&db, Some("یزد")).await;
        assert_eq!(after.len(), before + 1);
        assert!(after.contains(&city));
    }
}

#[rstest]
#[tokio::test]
async fn an_insurer_is_added_and_changed(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    for (coverage_percent, is_active) in [(90, true), (0, false), (100, true)] {
        let saved = Insurer { name: "بیمه نو".into(), coverage_percent, is_active };
        save_insurer(&db, saved.clone()).await.unwrap();
        assert_eq!(insurer(&db, "بیمه نو").await, Some(saved));
    }
    let refused =
        save_insurer(&db, Insurer { name: "x".into(), coverage_percent: 101, is_active: true }).await;
    assert!(matches!(refused, Err(Error::Db(db::Error::Constraint(_)))), "{refused:?}");
}

/// A doctor's version, and when it was raised.
async fn version(db: &Db, n: u32) -> (i64, Timestamp) {
    let found: Option<(i64, At)> = db
        .one(sql!("SELECT version, changed_at FROM doctors WHERE user_id = ?1"), &[&user(n).0])
        .await
        .unwrap();
    let (version, changed_at) = found.unwrap();
    (version, changed_at.0)
}

#[rstest]
#[tokio::test]
async fn a_changed_specialty_touches_its_doctors_and_no_others(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    for (n, specialty) in [(1, "cardiology"), (2, "neurology")] {
        let id = enrol(&db, &keys, n, Role::Patient).await;
        let entry = Entry {
            first_name: "مریم".into(),
            last_name: "رضایی".into(),
            council_number: n.to_string(),
            specialty: specialty.into(),
            province: "تهران".into(),
            city: "تهران".into(),
            gender: Some(Gender::Female),
            languages: vec![],
            experience_years: 1,
        };
        let added = db.write(entry, move |tx, entry| {
            Box::pin(async move {
                accounts::appoint(tx, id, Role::Doctor, &entry.first_name, &entry.last_name, now()).await?;
                doctors::insert(tx, id, entry, now()).await
            })
        });
        assert!(added.await.unwrap());
    }
    let (one, other) = (version(&db, 1).await, version(&db, 2).await);

    let same = specialty(&db, "cardiology").await.unwrap();
    save_specialty(&db, same.clone(), later(60)).await;
    assert_eq!(version(&db, 1).await, one, "nothing has changed");

    let changed = Specialty { title: "متخصص قلب".into(), is_active: false, ..same };
    save_specialty(&db, changed.clone(), later(60)).await;
    assert_eq!(specialty(&db, "cardiology").await, Some(changed));
    assert_eq!(version(&db, 1).await, (one.0 + 1, later(60)));
    assert_eq!(version(&db, 2).await, other);

    let before = specialties(&db).await.len();
    let new = Specialty {
        code: "space_medicine".into(),
        title: "متخصص طب فضا".into(),
        title_en: "Space Medicine".into(),
        is_active: true,
    };
    save_specialty(&db, new.clone(), now()).await;
    assert_eq!(specialties(&db).await.len(), before + 1);
    assert_eq!(specialty(&db, "space_medicine").await, Some(new));
}
