//! What the store's tests share: keys, people, the time, a look at what is really kept.
#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]
#![allow(dead_code, reason = "each test binary uses its part")]

pub mod clinic;
pub mod source;

use std::{path::Path, sync::Arc};

use db::{Db, Sql, sql};
use domain::{
    NationalId, Phone, Role, Secret, SignedDuration, Timestamp,
    ids::UserId,
    profile::{Address, EmergencyContact, Gender, Insurance, MedicalInfo, Profile},
};
use helssa_store::{
    Error, Keyring, accounts,
    keyring::{Key, Secrets},
    patients,
};
use testkit::clock::SeededRng;
use uuid::Uuid;

/// A ring with one data key.
pub fn keys() -> Arc<Keyring> {
    ring(&["k1"])
}

/// A ring with these data keys, newest first; all rings have the same index key.
pub fn ring(kids: &[&str]) -> Arc<Keyring> {
    ring_with_index(kids, "index")
}

/// The same with another index key.
pub fn ring_with_index(kids: &[&str], index: &str) -> Arc<Keyring> {
    let key = |kid: &str| {
        let byte = kid.bytes().fold(7_u8, u8::wrapping_add);
        Key { kid: kid.into(), secret: Secret::new([byte; 32]) }
    };
    let secrets = Secrets {
        token_keys: vec![],
        data_keys: kids.iter().map(|kid| key(kid)).collect(),
        index_key: key(index),
    };
    Arc::new(Keyring::new(&secrets, Arc::new(SeededRng::new(1))))
}

/// When these tests begin.
pub fn now() -> Timestamp {
    "2024-01-20T10:00:00.123456Z".parse().unwrap()
}

/// So many seconds after that.
pub fn later(seconds: i64) -> Timestamp {
    now() + SignedDuration::from_secs(seconds)
}

pub fn user(n: u32) -> UserId {
    UserId(Uuid::from_u128(n.into()))
}

pub fn phone(n: u32) -> Phone {
    Phone::parse(&format!("912{n:07}")).unwrap()
}

/// The one number that begins like this and has a right check digit.
pub fn national_id(n: u32) -> NationalId {
    (0..10).find_map(|check| NationalId::parse(&format!("{:09}{check}", 1_234_567 + n)).ok()).unwrap()
}

/// A profile in which nothing is empty.
pub fn profile(n: u32) -> Profile {
    Profile {
        first_name: "علی".into(),
        last_name: format!("محمدی {n}"),
        national_id: Some(national_id(n)),
        date_of_birth: Some("1991-03-21".parse().unwrap()),
        gender: Some(Gender::Male),
        email: format!("patient{n}@example.com"),
        address: Address {
            province: "تهران".into(),
            city: "ری".into(),
            postal_code: format!("1{n:09}"),
            address: format!("خیابان ولیعصر، پلاک {n}"),
        },
        emergency_contact: EmergencyContact {
            name: "خانواده محمدی".into(),
            relationship: "برادر".into(),
            phone_number: format!("+98913{n:07}"),
        },
        medical_info: MedicalInfo {
            blood_type: "AB-".into(),
            height: Some(175.5),
            weight: Some(70.3),
            allergies: vec!["پنی‌سیلین".into()],
            chronic_diseases: vec!["دیابت نوع 2".into(), "asthma".into()],
            current_medications: vec!["متفورمین".into()],
        },
        insurance: Insurance {
            provider: "تامین اجتماعی".into(),
            number: format!("1402{n:06}"),
            expiry_date: Some("2028-03-19".parse().unwrap()),
        },
    }
}

/// Adds the user of that number, without a profile.
pub async fn enrol(db: &Db, keys: &Arc<Keyring>, n: u32, role: Role) -> UserId {
    let added = db.write(Arc::clone(keys), move |tx, keys| {
        Box::pin(async move { accounts::insert(tx, keys, user(n), role, &phone(n), now()).await })
    });
    assert!(added.await.unwrap());
    user(n)
}

/// Adds a patient with this profile.
pub async fn enrol_patient(db: &Db, keys: &Arc<Keyring>, n: u32, profile: &Profile) -> UserId {
    let id = enrol(db, keys, n, Role::Patient).await;
    db.write((Arc::clone(keys), profile.clone()), move |tx, (keys, profile)| {
        Box::pin(async move {
            patients::insert_empty(tx, id).await?;
            patients::save(tx, keys, id, profile, now()).await
        })
    })
    .await
    .unwrap();
    id
}

/// Runs one statement around the application.
pub async fn by_hand(db: &Db, statement: Sql) -> Result<u64, Error> {
    db.write(statement, |tx, statement| {
        Box::pin(async move { tx.exec(*statement, &[]).await.map_err(Error::from) })
    })
    .await
}

/// How many rows a table has.
pub async fn rows(db: &Db, table: &str) -> i64 {
    let text: &'static str = format!("SELECT count(*) FROM {table}").leak();
    let found: Option<(i64,)> = db.one(Sql { sqlite: text, postgres: text }, &[]).await.unwrap();
    found.unwrap().0
}

/// All bytes of the sealed and hashed columns about people, one after the other.
pub async fn raw(db: &Db) -> Vec<u8> {
    let values: Vec<(Option<Vec<u8>>,)> = db
        .all(
            sql!(
                "SELECT phone FROM users
                 UNION ALL SELECT phone_index FROM users
                 UNION ALL SELECT email FROM users
                 UNION ALL SELECT national_id FROM patients
                 UNION ALL SELECT national_id_index FROM patients
                 UNION ALL SELECT address FROM patients
                 UNION ALL SELECT emergency_contact FROM patients
                 UNION ALL SELECT medical_info FROM patients
                 UNION ALL SELECT insurance FROM patients
                 UNION ALL SELECT phone_index FROM phone_blocks
                 UNION ALL SELECT answer FROM idempotency_keys"
            ),
            &[],
        )
        .await
        .unwrap();
    values.into_iter().filter_map(|(value,)| value).flatten().collect()
}

/// All that a database in this folder has on the disk: everything of `SQLite`, nothing of `PostgreSQL`.
pub fn files(folder: &Path) -> Vec<u8> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries.flat_map(|entry| std::fs::read(entry.unwrap().path()).unwrap()).collect()
}

pub fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}
