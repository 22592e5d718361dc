//! What doctors offer: fees, working time, insurers.

use db::{At, Conn, record, sql};
use domain::{Rials, Timestamp, ids::UserId, practice::Practice};
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::{Error, Result, listing};

record! {
    struct Row {
        doctor_id: Uuid,
        online_enabled: bool,
        in_person_enabled: bool,
        online_fee: i64,
        in_person_fee: i64,
        schedule: String,
        preferences: String,
        insurers: String,
        address: String,
        about: String,
    }
}

const fn stored(column: &'static str, cause: String) -> Error {
    Error::Stored { table: "practices", column, cause }
}

fn json<T: DeserializeOwned>(column: &'static str, text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|e| stored(column, e.to_string()))
}

fn fee(column: &'static str, amount: i64) -> Result<Rials> {
    Rials::new(amount).ok_or_else(|| stored(column, "negative".into()))
}

fn practice(row: Row) -> Result<(UserId, Practice)> {
    let practice = Practice {
        online_enabled: row.online_enabled,
        in_person_enabled: row.in_person_enabled,
        online_fee: fee("online_fee", row.online_fee)?,
        in_person_fee: fee("in_person_fee", row.in_person_fee)?,
        schedule: json("schedule", &row.schedule)?,
        preferences: json("preferences", &row.preferences)?,
        insurers: json("insurers", &row.insurers)?,
        address: row.address,
        about: row.about,
    };
    Ok((UserId(row.doctor_id), practice))
}

/// What a doctor offers (primary key); none when nothing was ever set.
pub async fn of(c: &Conn, doctor: UserId) -> Result<Option<Practice>> {
    let row = c
        .one(
            sql!(
                "SELECT doctor_id, online_enabled, in_person_enabled, online_fee, in_person_fee, schedule,
                        preferences, insurers, address, about
                 FROM practices WHERE doctor_id = ?1"
            ),
            &[&doctor.0],
        )
        .await?;
    Ok(row.map(practice).transpose()?.map(|(_, practice)| practice))
}

/// The same inside a transaction that will change it, or that depends on it: nobody else changes it
/// meanwhile. What is locked is the doctor (primary key), because there may be no practice yet.
pub async fn lock(tx: &Conn, doctor: UserId) -> Result<Option<Practice>> {
    let _held: Option<(Uuid,)> = tx
        .one(
            sql!(
                sqlite: "SELECT user_id FROM doctors WHERE user_id = ?1",
                postgres: "SELECT user_id FROM doctors WHERE user_id = $1 FOR UPDATE"
            ),
            &[&doctor.0],
        )
        .await?;
    of(tx, doctor).await
}

/// Writes the whole practice (primary key), and lets searches notice.
pub async fn save(tx: &Conn, doctor: UserId, practice: &Practice, now: Timestamp) -> Result<()> {
    let text = |column, json: serde_json::Result<String>| json.map_err(|e| stored(column, e.to_string()));
    tx.exec(
        sql!(
            "INSERT INTO practices (doctor_id, online_enabled, in_person_enabled, online_fee, in_person_fee,
                                    schedule, preferences, insurers, address, about, updated_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
             ON CONFLICT (doctor_id) DO UPDATE SET
                 online_enabled = excluded.online_enabled, in_person_enabled = excluded.in_person_enabled,
                 online_fee = excluded.online_fee, in_person_fee = excluded.in_person_fee,
                 schedule = excluded.schedule, preferences = excluded.preferences,
                 insurers = excluded.insurers, address = excluded.address, about = excluded.about,
                 updated_at = excluded.updated_at"
        ),
        &[
            &doctor.0,
            &practice.online_enabled,
            &practice.in_person_enabled,
            &practice.online_fee.get(),
            &practice.in_person_fee.get(),
            &text("schedule", serde_json::to_string(&practice.schedule))?,
            &text("preferences", serde_json::to_string(&practice.preferences))?,
            &text("insurers", serde_json::to_string(&practice.insurers))?,
            &practice.address,
            &practice.about,
            &At(now),
        ],
    )
    .await?;
    listing::touch(tx, doctor, now).await
}

/// What each of these doctors offers, in one statement (primary key), in no particular order; those who
/// never set anything are left out.
pub async fn of_many(c: &Conn, doctors: &[UserId]) -> Result<Vec<(UserId, Practice)>> {
    if doctors.is_empty() {
        return Ok(vec![]);
    }
    let ids: Vec<String> = doctors.iter().map(|id| id.0.simple().to_string()).collect();
    let ids = serde_json::Value::from(ids).to_string();
    let rows: Vec<Row> = c
        .all(
            sql!(
                sqlite: "SELECT doctor_id, online_enabled, in_person_enabled, online_fee, in_person_fee, schedule,
                                preferences, insurers, address, about
                         FROM practices WHERE doctor_id IN (SELECT unhex(value) FROM json_each(?1))",
                postgres: "SELECT doctor_id, online_enabled, in_person_enabled, online_fee, in_person_fee, schedule,
                                preferences, insurers, address, about
                         FROM practices WHERE doctor_id IN (
                             SELECT CAST(id AS UUID)
                             FROM jsonb_array_elements_text(CAST(CAST($1 AS TEXT) AS jsonb)) AS ids (id))"
            ),
            &[&ids],
        )
        .await?;
    rows.into_iter().map(practice).collect()
}
