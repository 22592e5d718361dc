//! Doctors as searches see them, on both databases.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod common;

use std::sync::Arc;

use common::{by_hand, enrol, keys, later, now, user};
use db::{Db, sql};
use domain::{
    Rials, Role, doctor::Status, ids::UserId, practice::Practice, profile::Gender, search::Entry as Found,
};
use helssa_store::{
    Keyring, accounts,
    doctors::{self, Entry},
    listing::{self, Card, Listing},
    practices,
};
use rstest::rstest;
use testkit::{Engine, database};
use uuid::Uuid;

fn entry(n: u32) -> Entry {
    Entry {
        first_name: "مریم".into(),
        last_name: format!("رضایی {n}"),
        council_number: format!("{n}"),
        // a code that no list of specialties has
        specialty: "a_test_specialty".into(),
        province: "تهران".into(),
        city: "ری".into(),
        gender: Some(Gender::Female),
        languages: vec!["فارسی".into(), "English, \"British\"".into()],
        experience_years: 15,
    }
}

/// A user who is this doctor, without a practice.
async fn add(db: &Db, keys: &Arc<Keyring>, n: u32) -> UserId {
    let id = enrol(db, keys, n, Role::Patient).await;
    let registered = db
        .write(entry(n), move |tx, entry| {
            Box::pin(async move {
                accounts::appoint(tx, id, Role::Doctor, &entry.first_name, &entry.last_name, now()).await?;
                doctors::insert(tx, id, entry, now()).await
            })
        })
        .await;
    assert!(registered.unwrap());
    id
}

async fn save_practice(db: &Db, id: UserId, practice: Practice, seconds: i64) {
    db.write(practice, move |tx, practice| Box::pin(practices::save(tx, id, practice, later(seconds))))
        .await
        .unwrap();
}

async fn set_status(db: &Db, id: UserId, status: Status, seconds: i64) -> bool {
    db.write((), move |tx, ()| Box::pin(doctors::set_status(tx, id, status, later(seconds)))).await.unwrap()
}

async fn changes(db: &Db, seconds: i64) -> Vec<(UserId, i64)> {
    db.read((), move |c, ()| Box::pin(listing::changes(c, later(seconds)))).await.unwrap()
}

async fn entries(db: &Db, ids: Vec<UserId>) -> Vec<Listing> {
    let mut found =
        db.read(ids, |c, ids| Box::pin(async move { listing::entries(c, ids).await })).await.unwrap();
    found.sort_by_key(|listing| listing.entry.id);
    found
}

async fn page(db: &Db, after: Uuid, limit: i64) -> Vec<Found> {
    db.read((), move |c, ()| Box::pin(listing::page(c, after, limit))).await.unwrap()
}

async fn card(db: &Db, id: UserId) -> Option<Card> {
    db.read((), move |c, ()| Box::pin(listing::card(c, id))).await.unwrap()
}

fn practice() -> Practice {
    Practice {
        online_enabled: true,
        online_fee: Rials::new(600_000).unwrap(),
        in_person_fee: Rials::new(800_000).unwrap(),
        insurers: vec!["تامین اجتماعی".into(), "ایران".into()],
        address: "میدان ونک".into(),
        ..Practice::default()
    }
}

#[rstest]
#[tokio::test]
async fn each_change_raises_the_version(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let (one, other) = (add(&db, &keys, 1).await, add(&db, &keys, 2).await);
    assert_eq!(changes(&db, 0).await, [(one, 1), (other, 1)], "from that very moment on");
    assert!(changes(&db, 1).await.is_empty());

    db.write(entry(1), move |tx, entry| Box::pin(doctors::save(tx, one, entry, later(10)))).await.unwrap();
    assert_eq!(changes(&db, 1).await, [(one, 2)]);
    save_practice(&db, one, practice(), 20).await;
    assert_eq!(changes(&db, 20).await, [(one, 3)]);
    assert!(set_status(&db, other, Status::Suspended, 30).await);
    assert!(!set_status(&db, other, Status::Suspended, 99).await);
    assert_eq!(changes(&db, 1).await, [(one, 3), (other, 2)]);
    db.write((), move |tx, ()| Box::pin(listing::touch(tx, one, later(40)))).await.unwrap();
    assert_eq!(changes(&db, 1).await, [(other, 2), (one, 4)]);
    assert!(changes(&db, 41).await.is_empty());
}

#[rstest]
#[tokio::test]
async fn an_entry_has_what_a_search_goes_by(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let (one, other) = (add(&db, &keys, 1).await, add(&db, &keys, 2).await);
    add(&db, &keys, 3).await;
    save_practice(&db, one, practice(), 10).await;
    by_hand(&db, sql!("UPDATE doctors SET rating_sum = 9, rating_count = 2 WHERE council_number = '1'"))
        .await
        .unwrap();
    assert!(set_status(&db, other, Status::Suspended, 20).await);

    let found = entries(&db, vec![other, one, user(9)]).await;
    let [first, second] = &found[..] else { panic!("{found:?}") };
    let expected = Found {
        id: one.0,
        version: 2,
        name: "مریم رضایی 1".into(),
        specialty: "a_test_specialty".into(),
        specialty_titles: vec![],
        province: "تهران".into(),
        city: "ری".into(),
        gender: Some(Gender::Female),
        online: true,
        in_person: false,
        insurers: vec!["تامین اجتماعی".into(), "ایران".into()],
        rating_sum: 9,
        rating_count: 2,
        experience_years: 15,
        online_fee: Rials::new(600_000),
        in_person_fee: None,
        council_number: "1".into(),
    };
    assert_eq!((&first.entry, first.is_active), (&expected, true));
    assert_eq!((second.entry.id, second.is_active), (other.0, false));
    assert!(!second.entry.online && second.entry.online_fee.is_none() && second.entry.insurers.is_empty());
    assert!(entries(&db, vec![]).await.is_empty());
}

#[rstest]
#[tokio::test]
async fn a_specialty_is_found_by_its_titles(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let id = add(&db, &keys(), 1).await;
    let listed = sql!(
        "INSERT INTO specialties (code, title, title_en, is_active, updated_at)
         VALUES ('a_test_specialty', 'متخصص قلب و عروق', 'Cardiologist', TRUE, 0)"
    );
    by_hand(&db, listed).await.unwrap();
    let found = entries(&db, vec![id]).await;
    assert_eq!(found[0].entry.specialty_titles, ["متخصص قلب و عروق", "Cardiologist"]);
    assert_eq!(card(&db, id).await.unwrap().specialty_title, "متخصص قلب و عروق");
}

#[rstest]
#[tokio::test]
async fn pages_hold_all_active_doctors_once(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    for n in [4, 2, 5, 1, 3] {
        add(&db, &keys, n).await;
    }
    enrol(&db, &keys, 6, Role::Patient).await;
    assert!(set_status(&db, user(2), Status::Suspended, 10).await);
    let (mut after, mut seen) = (Uuid::nil(), vec![]);
    loop {
        let found = page(&db, after, 2).await;
        let Some(last) = found.last() else { break };
        after = last.id;
        seen.extend(found.into_iter().map(|entry| UserId(entry.id)));
    }
    assert_eq!(seen, [1, 3, 4, 5].map(user));
}

#[rstest]
#[tokio::test]
async fn a_card_has_what_a_search_shows(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let (one, other) = (add(&db, &keys, 1).await, add(&db, &keys, 2).await);
    save_practice(&db, one, practice(), 10).await;
    assert!(set_status(&db, other, Status::Suspended, 20).await);

    let shown = card(&db, one).await.unwrap();
    assert_eq!((shown.id, shown.is_active), (one, true));
    assert_eq!((&*shown.first_name, &*shown.last_name), ("مریم", "رضایی 1"));
    assert_eq!((&*shown.specialty_code, &*shown.specialty_title), ("a_test_specialty", "a_test_specialty"));
    assert_eq!((&*shown.council_number, shown.experience_years), ("1", 15));
    assert_eq!((shown.rating_sum, shown.rating_count), (0, 0));
    assert_eq!((&*shown.province, &*shown.city, shown.gender), ("تهران", "ری", Some(Gender::Female)));
    assert_eq!(shown.languages, entry(1).languages);
    assert_eq!(shown.practice, practice());
    assert!(card(&db, user(9)).await.is_none());

    let ids = vec![one, other, user(9)];
    let cards = db.read(ids, |c, ids| Box::pin(async move { listing::cards(c, ids).await })).await.unwrap();
    assert_eq!(cards.len(), 2);
    let suspended = cards.into_iter().find(|card| card.id == other).unwrap();
    assert!(!suspended.is_active);
    assert_eq!(suspended.practice, Practice::default());
}
