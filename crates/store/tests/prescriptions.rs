//! Prescriptions, on both databases.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod common;

use std::sync::Arc;

use common::{contains, enrol, enrol_patient, files, keys, later, now, profile, ring, rows, user};
use db::{At, Db, Sql, sql};
use domain::{
    Role, Timestamp,
    ids::{PrescriptionId, UserId, VisitId},
    prescription::{Item, Status},
};
use helssa_store::{
    Error, Keyring, Result, accounts,
    doctors::{self, Entry},
    prescriptions::{self, New, Prescription},
};
use rstest::rstest;
use testkit::{Engine, database};
use tokio::task::JoinSet;
use uuid::Uuid;

const DOCTOR: u32 = 1;
const PATIENT: u32 = 2;

fn id(n: u128) -> PrescriptionId {
    PrescriptionId(Uuid::from_u128(0x1000 + n))
}

fn visit(n: u128) -> VisitId {
    VisitId(Uuid::from_u128(0x2000 + n))
}

fn visit_starts_at() -> Timestamp {
    "2024-01-20T09:00:00Z".parse().unwrap()
}

fn visit_ends_at() -> Timestamp {
    "2024-01-20T09:20:00Z".parse().unwrap()
}

fn item(name: &str) -> Item {
    Item {
        drug_code: Some("A1".into()),
        drug_name: name.into(),
        dosage: "517 mg".into(),
        frequency: "هر 8 ساعت".into(),
        duration: "7 روز".into(),
        instructions: "پس از غذا".into(),
    }
}

/// A completed visit of these two, written around the application.
async fn add_visit(db: &Db, id: VisitId, doctor: UserId, patient: UserId) {
    let text = format!("HLS-{}", id.0.simple());
    db.write((id, doctor, patient, text), |tx, (id, doctor, patient, reference)| {
        Box::pin(async move {
            let (sealed, from, to) = (vec![0_u8], At(visit_starts_at()), At(visit_ends_at()));
            tx.exec(
                sql!(
                    "INSERT INTO visits (id, doctor_id, patient_id, reference, visit_type, status, lane, starts_at,
                            ends_at, chief_complaint, description, total, insurance_share, patient_share,
                            policy_version, free_until, fee_percent, pay_token, paid, refunded, created_at, updated_at)
                     VALUES (?1, ?2, ?3, ?4, 'online', 'completed', 0, ?5, ?6, ?7, ?7, 0, 0, 0, 1, ?5, 50, ?1, 0, 0, ?5,
                             ?5)"
                ),
                &[&id.0, &doctor.0, &patient.0, reference, &from, &to, &sealed],
            )
            .await
            .map_err(Error::from)
        })
    })
    .await
    .unwrap();
}

async fn add_doctor(db: &Db, keys: &Arc<Keyring>, n: u32) -> UserId {
    let id = enrol(db, keys, n, Role::Patient).await;
    let entry = Entry {
        first_name: "سارا".into(),
        last_name: "احمدی".into(),
        council_number: format!("{n}"),
        specialty: "general".into(),
        province: "تهران".into(),
        city: "تهران".into(),
        gender: None,
        languages: vec![],
        experience_years: 8,
    };
    db.write(entry, move |tx, entry| {
        Box::pin(async move {
            accounts::appoint(tx, id, Role::Doctor, &entry.first_name, &entry.last_name, now()).await?;
            doctors::insert(tx, id, entry, now()).await
        })
    })
    .await
    .unwrap();
    id
}

/// A doctor, a patient and so many visits of theirs.
async fn clinic(db: &Db, keys: &Arc<Keyring>, visits: u128) {
    let doctor = add_doctor(db, keys, DOCTOR).await;
    let patient = enrol_patient(db, keys, PATIENT, &profile(PATIENT)).await;
    for n in 1..=visits {
        add_visit(db, visit(n), doctor, patient).await;
    }
}

async fn insert(db: &Db, keys: &Arc<Keyring>, n: u128, of: VisitId, items: &[Item], at: Timestamp) -> bool {
    db.write((Arc::clone(keys), items.to_vec()), move |tx, (keys, items)| {
        Box::pin(async move {
            let (doctor, patient) = (user(DOCTOR), user(PATIENT));
            let new = New { id: id(n), visit: of, doctor, patient, items, notes: "استراحت" };
            prescriptions::insert(tx, keys, &new, at).await
        })
    })
    .await
    .unwrap()
}

async fn save_draft(db: &Db, keys: &Arc<Keyring>, n: u128, items: &[Item], notes: &'static str) -> bool {
    db.write((Arc::clone(keys), items.to_vec()), move |tx, (keys, items)| {
        Box::pin(async move { prescriptions::save_draft(tx, keys, id(n), items, notes, later(60)).await })
    })
    .await
    .unwrap()
}

async fn sign(db: &Db, n: u128) -> bool {
    db.write((), move |tx, ()| Box::pin(prescriptions::sign(tx, id(n), later(120)))).await.unwrap()
}

async fn cancel(db: &Db, keys: &Arc<Keyring>, n: u128) -> bool {
    db.write(Arc::clone(keys), move |tx, keys| {
        Box::pin(async move {
            prescriptions::cancel(tx, keys, id(n), "اشتباه در دوز", later(180)).await
        })
    })
    .await
    .unwrap()
}

async fn by_id(db: &Db, keys: &Arc<Keyring>, n: u128) -> Option<Prescription> {
    db.read(Arc::clone(keys), move |c, keys| {
        Box::pin(async move { prescriptions::by_id(c, keys, id(n)).await })
    })
    .await
    .unwrap()
}

async fn of_visit(db: &Db, keys: &Arc<Keyring>, of: VisitId) -> Option<PrescriptionId> {
    let found = db
        .read(Arc::clone(keys), move |c, keys| {
            Box::pin(async move { prescriptions::of_visit(c, keys, of).await })
        })
        .await
        .unwrap();
    found.map(|prescription| prescription.id)
}

/// The count, and the ids of one page.
async fn page(db: &Db, keys: &Arc<Keyring>, limit: i64, offset: i64) -> (i64, Vec<PrescriptionId>) {
    let (count, found) = db
        .read(Arc::clone(keys), move |c, keys| {
            Box::pin(
                async move { prescriptions::page_of_patient(c, keys, user(PATIENT), limit, offset).await },
            )
        })
        .await
        .unwrap();
    (count, found.into_iter().map(|prescription| prescription.id).collect())
}

#[rstest]
#[tokio::test]
async fn a_draft_comes_back_as_it_was_written(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    clinic(&db, &keys, 1).await;
    let items = [item("آموکسی‌سیلین"), Item { drug_code: None, ..item("Vitamin D") }];
    assert!(insert(&db, &keys, 1, visit(1), &items, now()).await);
    let found = by_id(&db, &keys, 1).await.unwrap();
    assert_eq!((found.id, found.visit, found.status), (id(1), visit(1), Status::Draft));
    assert_eq!((found.visit_starts_at, found.visit_ends_at), (visit_starts_at(), visit_ends_at()));
    assert_eq!((found.doctor.id, found.patient.id), (user(DOCTOR), user(PATIENT)));
    assert_eq!((found.doctor.first_name, found.doctor.last_name), ("سارا".to_owned(), "احمدی".to_owned()));
    let named = profile(PATIENT);
    assert_eq!((found.patient.first_name, found.patient.last_name), (named.first_name, named.last_name));
    assert_eq!(found.items, items);
    assert_eq!((found.notes.as_str(), found.reason.as_str()), ("استراحت", ""));
    assert_eq!((found.created_at, found.signed_at, found.cancelled_at), (now(), None, None));
    assert!(by_id(&db, &keys, 2).await.is_none());
}

#[rstest]
#[tokio::test]
async fn a_visit_has_one_that_counts(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    clinic(&db, &keys, 2).await;
    assert_eq!(of_visit(&db, &keys, visit(1)).await, None);
    assert!(insert(&db, &keys, 1, visit(1), &[item("A")], now()).await);
    assert!(!insert(&db, &keys, 2, visit(1), &[item("B")], now()).await, "there is a draft");
    assert!(insert(&db, &keys, 3, visit(2), &[item("C")], now()).await, "another visit's");
    assert!(sign(&db, 1).await);
    assert!(!insert(&db, &keys, 2, visit(1), &[item("B")], now()).await, "there is a signed one");
    assert_eq!(of_visit(&db, &keys, visit(1)).await, Some(id(1)));
    assert!(cancel(&db, &keys, 1).await);
    assert_eq!(of_visit(&db, &keys, visit(1)).await, None);
    assert!(insert(&db, &keys, 2, visit(1), &[item("B")], now()).await);
    assert_eq!(of_visit(&db, &keys, visit(1)).await, Some(id(2)));
}

#[rstest]
#[tokio::test]
async fn of_twenty_for_one_visit_one_is_written(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    clinic(&db, &keys, 1).await;
    let mut all = JoinSet::new();
    for n in 1..=20 {
        let (db, keys) = (db.clone(), Arc::clone(&keys));
        all.spawn(async move { insert(&db, &keys, n, visit(1), &[item("A")], now()).await });
    }
    assert_eq!(all.join_all().await.into_iter().filter(|written| *written).count(), 1);
    assert_eq!(rows(&db, "prescriptions").await, 1);
}

#[rstest]
#[tokio::test]
async fn a_draft_can_be_written_anew_until_it_is_signed(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    clinic(&db, &keys, 1).await;
    assert!(insert(&db, &keys, 1, visit(1), &[item("A")], now()).await);
    assert!(save_draft(&db, &keys, 1, &[], "").await);
    let empty = by_id(&db, &keys, 1).await.unwrap();
    assert!(empty.items.is_empty() && empty.notes.is_empty());
    assert!(!sign(&db, 1).await, "nothing is prescribed");

    assert!(save_draft(&db, &keys, 1, &[item("B"), item("C")], "آزمایش مجدد").await);
    assert!(sign(&db, 1).await);
    assert!(!sign(&db, 1).await, "once");
    assert!(!save_draft(&db, &keys, 1, &[item("D"), item("E")], "").await, "it stays as it is");
    let signed = by_id(&db, &keys, 1).await.unwrap();
    assert_eq!((signed.status, signed.signed_at), (Status::Signed, Some(later(120))));
    assert_eq!(signed.items, [item("B"), item("C")]);
    assert_eq!(signed.notes, "آزمایش مجدد");
    assert!(!save_draft(&db, &keys, 2, &[], "").await, "there is none");
}

#[rstest]
#[tokio::test]
async fn a_cancelled_one_stays_cancelled(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    clinic(&db, &keys, 2).await;
    for n in [1, 2] {
        assert!(insert(&db, &keys, n, visit(n), &[item("A")], now()).await);
    }
    assert!(sign(&db, 2).await);
    for n in [1, 2] {
        assert!(cancel(&db, &keys, n).await);
        assert!(!cancel(&db, &keys, n).await && !sign(&db, n).await);
        assert!(!save_draft(&db, &keys, n, &[item("B")], "").await);
        let found = by_id(&db, &keys, n).await.unwrap();
        assert_eq!((found.status, found.cancelled_at), (Status::Cancelled, Some(later(180))));
        assert_eq!(found.reason, "اشتباه در دوز");
        assert_eq!(found.items, [item("A")]);
    }
    assert!(by_id(&db, &keys, 2).await.unwrap().signed_at.is_some(), "it was signed once");
}

#[rstest]
#[tokio::test]
async fn patients_page_through_what_was_signed(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    clinic(&db, &keys, 5).await;
    for n in 1..=5_u32 {
        let at = later(i64::from(n));
        assert!(insert(&db, &keys, n.into(), visit(n.into()), &[item("A")], at).await);
    }
    for n in [1, 2, 4] {
        assert!(sign(&db, n).await);
    }
    // one after it was signed, one that never was
    assert!(cancel(&db, &keys, 2).await && cancel(&db, &keys, 3).await);
    assert_eq!(page(&db, &keys, 2, 0).await, (3, vec![id(4), id(2)]));
    assert_eq!(page(&db, &keys, 2, 2).await, (3, vec![id(1)]));
    let other = db
        .read(Arc::clone(&keys), |c, keys| {
            Box::pin(async move { prescriptions::page_of_patient(c, keys, user(9), 10, 0).await })
        })
        .await
        .unwrap();
    assert_eq!((other.0, other.1.len()), (0, 0));
}

/// One transaction that depends on what it has read.
async fn one_item_more(db: &Db, keys: &Arc<Keyring>) -> Result<bool> {
    db.write(Arc::clone(keys), |tx, keys| {
        Box::pin(async move {
            let mut items = prescriptions::lock(tx, keys, id(1)).await?.unwrap().items;
            items.push(item("A"));
            prescriptions::save_draft(tx, keys, id(1), &items, "", later(60)).await
        })
    })
    .await
}

#[rstest]
#[tokio::test]
async fn of_twenty_changes_at_once_none_is_lost(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    clinic(&db, &keys, 1).await;
    assert!(insert(&db, &keys, 1, visit(1), &[], now()).await);
    let mut changes = JoinSet::new();
    for _ in 0..20 {
        let (db, keys) = (db.clone(), Arc::clone(&keys));
        changes.spawn(async move { one_item_more(&db, &keys).await });
    }
    for changed in changes.join_all().await {
        assert!(changed.unwrap());
    }
    assert_eq!(by_id(&db, &keys, 1).await.unwrap().items.len(), 20);
}

#[rstest]
#[tokio::test]
async fn the_database_refuses_to_change_a_signed_one(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, _folder) = database::open(engine).await;
    let keys = keys();
    clinic(&db, &keys, 1).await;
    assert!(insert(&db, &keys, 1, visit(1), &[item("A")], now()).await);
    assert!(sign(&db, 1).await);
    let both = |text: &'static str| Sql { sqlite: text, postgres: text };
    for text in [
        "UPDATE prescriptions SET status = 'draft'",
        "UPDATE prescriptions SET items_count = 2",
        "UPDATE prescriptions SET items_count = 51",
    ] {
        assert!(common::by_hand(&db, both(text)).await.is_err(), "{text}");
    }
    assert!(cancel(&db, &keys, 1).await);
    assert!(common::by_hand(&db, both("UPDATE prescriptions SET status = 'signed'")).await.is_err());
}

#[rstest]
#[tokio::test]
async fn nothing_of_a_prescription_is_kept_in_plain(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let (db, folder) = database::open(engine).await;
    let keys = keys();
    clinic(&db, &keys, 1).await;
    assert!(insert(&db, &keys, 1, visit(1), &[item("Zzsealedol")], now()).await);
    assert!(save_draft(&db, &keys, 1, &[item("Zzsealedol")], "Sealed note").await);
    assert!(cancel(&db, &keys, 1).await);
    let kept: Vec<(Option<Vec<u8>>,)> = db
        .all(
            sql!(
                "SELECT items FROM prescriptions UNION ALL SELECT notes FROM prescriptions
                 UNION ALL SELECT reason FROM prescriptions"
            ),
            &[],
        )
        .await
        .unwrap();
    let mut kept: Vec<u8> = kept.into_iter().filter_map(|(value,)| value).flatten().collect();
    kept.extend(files(folder.path()));
    for text in ["Zzsealedol", "\"instructions\"", "517 mg", "Sealed note", "اشتباه در دوز"] {
        assert!(!contains(&kept, text), "{text}");
    }
    let other = db
        .read(ring(&["k2"]), |c, keys| Box::pin(async move { prescriptions::by_id(c, keys, id(1)).await }))
        .await;
    assert!(
        matches!(other, Err(Error::Stored { table: "prescriptions", .. })),
        "without the key it does not open"
    );
}
