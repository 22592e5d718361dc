//! Patients' profiles, on both databases.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod common;

use std::sync::Arc;

use common::{
    contains, enrol, enrol_patient, files, keys, later, national_id, phone, profile, raw, ring, user,
};
use db::{Db, sql};
use domain::{
    Role,
    ids::UserId,
    profile::{Gender, Profile},
};
use helssa_store::{Error, Keyring, Result, accounts, patients};
use rstest::rstest;
use testkit::{Engine, database};
use tokio::task::JoinSet;

async fn save(db: &Db, keys: &Arc<Keyring>, id: UserId, profile: &Profile) {
    db.write((Arc::clone(keys), profile.clone()), move |tx, (keys, profile)| {
        Box::pin(async move { patients::save(tx, keys, id, profile, later(60)).await })
    })
    .await
    .unwrap();
}

async fn found(db: &Db, keys: &Keyring, id: UserId) -> Profile {
    patients::by_id(db, keys, id).await.unwrap().unwrap().profile
}

async fn is_complete(db: &Db, id: UserId) -> bool {
    db.read((), move |c, ()| Box::pin(patients::is_complete(c, id))).await.unwrap()
}

#[rstest]
#[tokio::test]
async fn a_new_patient_has_an_empty_profile(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let id = enrol(&db, &keys, 1, Role::Patient).await;
    assert!(patients::by_id(&db, &keys, id).await.unwrap().is_none(), "a user without a profile");
    db.write((), move |tx, ()| Box::pin(patients::insert_empty(tx, id))).await.unwrap();
    let patient = patients::by_id(&db, &keys, id).await.unwrap().unwrap();
    assert_eq!((patient.id, patient.phone), (id, phone(1)));
    assert!(patient.profile == Profile::default());
    assert!(patients::by_id(&db, &keys, user(2)).await.unwrap().is_none());
}

#[rstest]
#[tokio::test]
async fn a_patient_is_found_whatever_is_remembered_of_their_place(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let one = enrol_patient(&db, &keys, 1, &profile(1)).await;
    let two = enrol_patient(&db, &keys, 2, &profile(2)).await;
    for _ in 0..2 {
        assert!(found(&db, &keys, one).await == profile(1) && found(&db, &keys, two).await == profile(2));
    }
    let Some(places) = db.places() else { return };
    let (first, second) = (places.of(one.0).unwrap(), places.of(two.0).unwrap());
    assert_ne!(first, second);
    for wrong in [second, [first[0], second[1]], [second[0], first[1]], [4_711, 4_711], [-1, i64::MIN]] {
        places.remember(one.0, wrong);
        assert!(found(&db, &keys, one).await == profile(1), "{wrong:?}");
        assert_eq!(places.of(one.0), Some(first), "and the place is known again");
    }
    save(&db, &keys, one, &profile(3)).await;
    assert!(found(&db, &keys, one).await == profile(3));
    assert!(patients::by_id(&db, &keys, user(9)).await.unwrap().is_none());
}

#[rstest]
#[tokio::test]
async fn a_full_profile_comes_back_as_it_was_saved(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let (id, other) = (
        enrol_patient(&db, &keys, 1, &Profile::default()).await,
        enrol_patient(&db, &keys, 2, &profile(2)).await,
    );
    save(&db, &keys, id, &profile(1)).await;
    assert!(found(&db, &keys, id).await == profile(1));
    let locked = db
        .write(Arc::clone(&keys), move |tx, keys| Box::pin(async move { patients::lock(tx, keys, id).await }))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((locked.id, locked.phone), (id, phone(1)));
    assert!(locked.profile == profile(1));
    let read = db
        .read(Arc::clone(&keys), move |c, keys| Box::pin(async move { patients::of(c, keys, id).await }))
        .await
        .unwrap();
    assert!(read.is_some_and(|patient| patient.id == id && patient.profile == profile(1)));
    assert!(found(&db, &keys, other).await == profile(2), "somebody else's stays");

    db.write((), move |tx, ()| Box::pin(patients::insert_empty(tx, id))).await.unwrap();
    assert!(found(&db, &keys, id).await == profile(1), "a profile that exists stays");
}

#[rstest]
#[tokio::test]
async fn what_is_emptied_is_gone(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let id = enrol_patient(&db, &keys, 1, &profile(1)).await;
    save(&db, &keys, id, &Profile::default()).await;
    assert!(found(&db, &keys, id).await == Profile::default());
    let kept: Option<(i64,)> = db
        .one(
            sql!(
                "SELECT count(*) FROM users u JOIN patients p ON p.user_id = u.id
                 WHERE u.email IS NOT NULL OR p.national_id IS NOT NULL OR p.national_id_index IS NOT NULL"
            ),
            &[],
        )
        .await
        .unwrap();
    assert_eq!(kept, Some((0,)));
}

#[rstest]
#[tokio::test]
async fn nobody_without_a_profile_can_be_locked(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    enrol(&db, &keys, 1, Role::Doctor).await;
    for id in [user(1), user(2)] {
        let locked = db
            .write(Arc::clone(&keys), move |tx, keys| {
                Box::pin(async move { patients::lock(tx, keys, id).await })
            })
            .await
            .unwrap();
        assert!(locked.is_none());
    }
}

/// One transaction that depends on what it has read.
async fn one_kilogram_more(db: &Db, keys: &Arc<Keyring>, id: UserId) -> Result<()> {
    db.write(Arc::clone(keys), move |tx, keys| {
        Box::pin(async move {
            let mut profile = patients::lock(tx, keys, id).await?.unwrap().profile;
            profile.medical_info.weight = profile.medical_info.weight.map(|weight| weight + 1.0);
            patients::save(tx, keys, id, &profile, later(60)).await
        })
    })
    .await
}

#[rstest]
#[tokio::test]
async fn of_fifty_changes_at_once_none_is_lost(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let mut before = profile(1);
    before.medical_info.weight = Some(50.0);
    let id = enrol_patient(&db, &keys, 1, &before).await;
    let mut changes = JoinSet::new();
    for _ in 0..50 {
        let (db, keys) = (db.clone(), Arc::clone(&keys));
        changes.spawn(async move { one_kilogram_more(&db, &keys, id).await });
    }
    for changed in changes.join_all().await {
        changed.unwrap();
    }
    before.medical_info.weight = Some(100.0);
    assert!(found(&db, &keys, id).await == before);
}

#[rstest]
#[tokio::test]
async fn a_profile_is_complete_with_five_fields(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let five = || Profile {
        first_name: "علی".into(),
        last_name: "محمدی".into(),
        national_id: Some(national_id(1)),
        date_of_birth: Some("1991-03-21".parse().unwrap()),
        gender: Some(Gender::Female),
        ..Profile::default()
    };
    let id = enrol_patient(&db, &keys, 1, &five()).await;
    assert!(is_complete(&db, id).await);
    let without: [fn(&mut Profile); 5] = [
        |profile| profile.first_name.clear(),
        |profile| profile.last_name.clear(),
        |profile| profile.national_id = None,
        |profile| profile.date_of_birth = None,
        |profile| profile.gender = None,
    ];
    for (n, take_out) in without.into_iter().enumerate() {
        let mut four = five();
        take_out(&mut four);
        assert!(!four.is_complete());
        save(&db, &keys, id, &four).await;
        assert!(!is_complete(&db, id).await, "without field {n}");
    }
    save(&db, &keys, id, &five()).await;
    assert!(is_complete(&db, id).await);
    enrol(&db, &keys, 2, Role::Doctor).await;
    assert!(!is_complete(&db, user(2)).await, "a user without a profile");
    assert!(!is_complete(&db, user(3)).await, "nobody");
}

#[rstest]
#[tokio::test]
async fn a_list_finds_a_patient_by_the_national_id_that_was_saved_last(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let id = enrol_patient(&db, &keys, 1, &profile(1)).await;
    let mut changed = profile(1);
    changed.national_id = Some(national_id(2));
    save(&db, &keys, id, &changed).await;
    for (n, expected) in [(1, 0), (2, 1)] {
        let (count, _) = db
            .read(Arc::clone(&keys), move |c, keys| {
                Box::pin(async move {
                    let filter =
                        accounts::Filter { national_id: Some(national_id(n)), ..accounts::Filter::default() };
                    accounts::page(c, keys, &filter, 10, 0).await
                })
            })
            .await
            .unwrap();
        assert_eq!(count, expected);
    }
}

#[rstest]
#[tokio::test]
async fn nothing_of_a_profile_is_kept_in_plain(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, folder) = database::open(engine).await;
    let keys = keys();
    let mut profile = profile(7_654_321);
    profile.address.address = "No 12 Sealed Street".into();
    // words that the shipped lists of drugs, insurers and cities don't have
    profile.medical_info.chronic_diseases = vec!["Zzdisease".into()];
    profile.medical_info.current_medications = vec!["Zzmedication".into()];
    profile.insurance.provider = "Zzinsurer".into();
    enrol_patient(&db, &keys, 7_654_321, &profile).await;
    let mut kept = raw(&db).await;
    kept.extend(files(folder.path()));
    let national_id = profile.national_id.unwrap();
    for text in [
        "9127654321",
        "patient7654321@example.com",
        national_id.as_str(),
        "No 12 Sealed Street",
        profile.address.postal_code.as_str(),
        profile.emergency_contact.name.as_str(),
        profile.emergency_contact.phone_number.as_str(),
        "blood_type",
        "Zzdisease",
        "Zzmedication",
        "Zzinsurer",
        profile.insurance.number.as_str(),
    ] {
        assert!(!contains(&kept, text), "{text}");
    }
}

#[rstest]
#[tokio::test]
async fn a_value_that_was_copied_to_another_patient_does_not_open(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    let one = enrol_patient(&db, &keys, 1, &profile(1)).await;
    let other = enrol_patient(&db, &keys, 2, &profile(2)).await;
    db.write((one, other), |tx, (one, other)| {
        Box::pin(async move {
            tx.exec(
                sql!(
                    "UPDATE patients SET medical_info = (SELECT p.medical_info FROM patients p WHERE p.user_id = ?2)
                     WHERE user_id = ?1"
                ),
                &[&one.0, &other.0],
            )
            .await
        })
    })
    .await
    .unwrap();
    let opened = patients::by_id(&db, &keys, one).await;
    assert!(
        matches!(opened, Err(Error::Stored { table: "patients", column: "medical_info", .. })),
        "it opened elsewhere"
    );
    assert!(found(&db, &keys, other).await == profile(2));
}

#[rstest]
#[tokio::test]
async fn without_its_key_a_profile_does_not_open(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let id = enrol_patient(&db, &ring(&["k1"]), 1, &profile(1)).await;
    assert!(patients::by_id(&db, &ring(&["k2"]), id).await.is_err());
    assert!(found(&db, &ring(&["k2", "k1"]), id).await == profile(1));
}
