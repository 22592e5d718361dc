//! Doctors as admins keep them. Each change raises the version that searches go by (`listing.rs`).

use db::{At, Conn, record, sql};
use domain::{Phone, Timestamp, doctor::Status, ids::UserId, profile::Gender};
use uuid::Uuid;

use crate::{Error, Keyring, Result, accounts::PHONE};

/// A doctor's entry in the register.
#[derive(Clone, Debug)]
pub struct Doctor {
    pub id: UserId,
    pub phone: Phone,
    pub entry: Entry,
    pub status: Status,
    pub created_at: Timestamp,
}

/// What an admin writes down.
#[derive(Clone, Debug)]
pub struct Entry {
    pub first_name: String,
    pub last_name: String,
    pub council_number: String,
    pub specialty: String,
    pub province: String,
    pub city: String,
    pub gender: Option<Gender>,
    pub languages: Vec<String>,
    pub experience_years: i64,
}

record! {
    struct Row {
        id: Uuid,
        phone: Vec<u8>,
        first_name: String,
        last_name: String,
        council_number: String,
        specialty: String,
        province: String,
        city: String,
        gender: Option<String>,
        languages: String,
        experience_years: i64,
        status: String,
        created_at: At,
    }
}

fn doctor(keys: &Keyring, row: Row) -> Result<Doctor> {
    let stored =
        |column: &'static str| Error::Stored { table: "doctors", column, cause: "not readable".into() };
    let phone = keys.open_text(PHONE, row.id, Some(row.phone))?;
    Ok(Doctor {
        id: UserId(row.id),
        phone: Phone::parse(&phone).map_err(|_| stored("phone"))?,
        entry: Entry {
            first_name: row.first_name,
            last_name: row.last_name,
            council_number: row.council_number,
            specialty: row.specialty,
            province: row.province,
            city: row.city,
            gender: row.gender.and_then(|name| Gender::parse(&name).ok()),
            languages: serde_json::from_str(&row.languages).map_err(|_| stored("languages"))?,
            experience_years: row.experience_years,
        },
        status: Status::parse(&row.status).ok_or_else(|| stored("status"))?,
        created_at: row.created_at.0,
    })
}

/// One doctor (primary key).
pub async fn by_id(c: &Conn, keys: &Keyring, id: UserId) -> Result<Option<Doctor>> {
    let row = c
        .one(
            sql!(
                "SELECT d.user_id, u.phone, u.first_name, u.last_name, d.council_number, d.specialty, d.province,
                        d.city, d.gender, d.languages, d.experience_years, d.status, d.created_at
                 FROM doctors d JOIN users u ON u.id = d.user_id WHERE d.user_id = ?1"
            ),
            &[&id.0],
        )
        .await?;
    row.map(|row| doctor(keys, row)).transpose()
}

/// The same inside a transaction that will change it: nobody else changes it meanwhile.
pub async fn lock(tx: &Conn, keys: &Keyring, id: UserId) -> Result<Option<Doctor>> {
    let _held: Option<(Uuid,)> = tx
        .one(
            sql!(
                sqlite: "SELECT user_id FROM doctors WHERE user_id = ?1",
                postgres: "SELECT user_id FROM doctors WHERE user_id = $1 FOR UPDATE"
            ),
            &[&id.0],
        )
        .await?;
    by_id(tx, keys, id).await
}

/// One page of all doctors in the order of their ids, and how many there are.
pub async fn page(
    c: &Conn,
    keys: &Keyring,
    status: Option<Status>,
    limit: i64,
    offset: i64,
) -> Result<(i64, Vec<Doctor>)> {
    let status = status.map(Status::as_str);
    let count: Option<(i64,)> = c
        .one(sql!("SELECT count(*) FROM doctors WHERE CAST(?1 AS TEXT) IS NULL OR status = ?1"), &[&status])
        .await?;
    let rows: Vec<Row> = c
        .all(
            sql!(
                "SELECT d.user_id, u.phone, u.first_name, u.last_name, d.council_number, d.specialty, d.province,
                        d.city, d.gender, d.languages, d.experience_years, d.status, d.created_at
                 FROM doctors d JOIN users u ON u.id = d.user_id
                 WHERE CAST(?1 AS TEXT) IS NULL OR d.status = ?1
                 ORDER BY d.user_id LIMIT ?2 OFFSET ?3"
            ),
            &[&status, &limit, &offset],
        )
        .await?;
    let doctors = rows.into_iter().map(|row| doctor(keys, row)).collect::<Result<_>>()?;
    Ok((count.map_or(0, |(n,)| n), doctors))
}

/// Whether another doctor has this council number (unique index).
pub async fn council_number_is_taken(c: &Conn, number: &str, by_other_than: UserId) -> Result<bool> {
    let found: Option<(Uuid,)> = c
        .one(
            sql!("SELECT user_id FROM doctors WHERE council_number = ?1 AND user_id <> ?2"),
            &[&number, &by_other_than.0],
        )
        .await?;
    Ok(found.is_some())
}

/// Adds the entry of a user who has become a doctor; false when the council number was taken meanwhile.
pub async fn insert(tx: &Conn, id: UserId, entry: &Entry, now: Timestamp) -> Result<bool> {
    let added = tx
        .exec(
            sql!(
                "INSERT INTO doctors (user_id, council_number, specialty, province, city, gender, languages,
                                      experience_years, status, created_at, updated_at, changed_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'active', ?9, ?9, ?9) ON CONFLICT DO NOTHING"
            ),
            &[
                &id.0,
                &entry.council_number,
                &entry.specialty,
                &entry.province,
                &entry.city,
                &entry.gender.map(Gender::as_str),
                &languages(entry),
                &entry.experience_years,
                &At(now),
            ],
        )
        .await?;
    Ok(added == 1)
}

/// Whether there is such a doctor who may be booked (primary key).
pub async fn is_active(c: &Conn, id: UserId) -> Result<bool> {
    let found: Option<(Uuid,)> =
        c.one(sql!("SELECT user_id FROM doctors WHERE user_id = ?1 AND status = 'active'"), &[&id.0]).await?;
    Ok(found.is_some())
}

/// Writes the whole entry, name included.
pub async fn save(tx: &Conn, id: UserId, entry: &Entry, now: Timestamp) -> Result<()> {
    tx.exec(
        sql!("UPDATE users SET first_name = ?2, last_name = ?3, updated_at = ?4 WHERE id = ?1"),
        &[&id.0, &entry.first_name, &entry.last_name, &At(now)],
    )
    .await?;
    tx.exec(
        sql!(
            "UPDATE doctors SET council_number = ?2, specialty = ?3, province = ?4, city = ?5, gender = ?6,
                    languages = ?7, experience_years = ?8, updated_at = ?9, version = version + 1, changed_at = ?9
             WHERE user_id = ?1"
        ),
        &[
            &id.0,
            &entry.council_number,
            &entry.specialty,
            &entry.province,
            &entry.city,
            &entry.gender.map(Gender::as_str),
            &languages(entry),
            &entry.experience_years,
            &At(now),
        ],
    )
    .await?;
    Ok(())
}

/// Suspends or reinstates; false when the doctor has that status already.
pub async fn set_status(tx: &Conn, id: UserId, status: Status, now: Timestamp) -> Result<bool> {
    let changed = tx
        .exec(
            sql!(
                "UPDATE doctors SET status = ?2, updated_at = ?3, version = version + 1, changed_at = ?3
                 WHERE user_id = ?1 AND status <> ?2"
            ),
            &[&id.0, &status.as_str(), &At(now)],
        )
        .await?;
    Ok(changed == 1)
}

fn languages(entry: &Entry) -> String {
    serde_json::Value::from(entry.languages.clone()).to_string()
}
