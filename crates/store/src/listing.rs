//! Doctors as a search sees them: what it knows them by, what has changed lately, and what it shows.
//!
//! Each change of what is shown raises `doctors.version` and sets `changed_at`, in the transaction of the
//! change; the nodes' indexes (`domain::search`) follow these.

use db::{At, Conn, record, sql};
use domain::{
    Rials, Timestamp, doctor::Status, ids::UserId, practice::Practice, profile::Gender, search::Entry,
};
use uuid::Uuid;

use crate::{Error, Result, practices};

/// A doctor for the index, and whether they may be found.
#[derive(Clone, Debug)]
pub struct Listing {
    pub entry: Entry,
    pub is_active: bool,
}

/// What a search shows of a doctor.
#[derive(Clone, Debug)]
pub struct Card {
    pub id: UserId,
    pub first_name: String,
    pub last_name: String,
    pub specialty_code: String,
    /// In Persian; the code where the list of specialties has no such code.
    pub specialty_title: String,
    pub council_number: String,
    pub experience_years: i64,
    /// Sum of all scores, 1 to 5 each.
    pub rating_sum: i64,
    pub rating_count: i64,
    pub province: String,
    pub city: String,
    pub gender: Option<Gender>,
    pub languages: Vec<String>,
    /// Nothing is offered where nothing was ever set.
    pub practice: Practice,
    /// Not suspended.
    pub is_active: bool,
}

record! {
    struct EntryRow {
        id: Uuid,
        version: i64,
        first_name: String,
        last_name: String,
        specialty: String,
        title: Option<String>,
        title_en: Option<String>,
        province: String,
        city: String,
        gender: Option<String>,
        online: Option<bool>,
        in_person: Option<bool>,
        online_fee: Option<i64>,
        in_person_fee: Option<i64>,
        insurers: Option<String>,
        rating_sum: i64,
        rating_count: i64,
        experience_years: i64,
        council_number: String,
        status: String,
    }
}

record! {
    struct CardRow {
        id: Uuid,
        first_name: String,
        last_name: String,
        specialty_code: String,
        specialty_title: String,
        council_number: String,
        experience_years: i64,
        rating_sum: i64,
        rating_count: i64,
        province: String,
        city: String,
        gender: Option<String>,
        languages: String,
        status: String,
    }
}

fn texts(table: &'static str, column: &'static str, json: &str) -> Result<Vec<String>> {
    serde_json::from_str(json).map_err(|e| Error::Stored { table, column, cause: e.to_string() })
}

fn gender(name: Option<String>) -> Option<Gender> {
    name.and_then(|name| Gender::parse(&name).ok())
}

fn is_active(status: &str) -> bool {
    Status::parse(status) == Some(Status::Active)
}

fn listing(row: EntryRow) -> Result<Listing> {
    let (online, in_person) = (row.online.unwrap_or(false), row.in_person.unwrap_or(false));
    let fee = |is_offered: bool, fee: Option<i64>| fee.filter(|_| is_offered).and_then(Rials::new);
    let insurers = row.insurers.map(|json| texts("practices", "insurers", &json)).transpose()?;
    Ok(Listing {
        is_active: is_active(&row.status),
        entry: Entry {
            id: row.id,
            version: row.version,
            name: format!("{} {}", row.first_name, row.last_name),
            specialty: row.specialty,
            specialty_titles: row.title.into_iter().chain(row.title_en).collect(),
            province: row.province,
            city: row.city,
            gender: gender(row.gender),
            online,
            in_person,
            insurers: insurers.unwrap_or_default(),
            rating_sum: row.rating_sum,
            rating_count: row.rating_count,
            experience_years: row.experience_years,
            online_fee: fee(online, row.online_fee),
            in_person_fee: fee(in_person, row.in_person_fee),
            council_number: row.council_number,
        },
    })
}

/// Ids as the statements below take them.
fn json(ids: &[UserId]) -> String {
    let ids: Vec<String> = ids.iter().map(|id| id.0.simple().to_string()).collect();
    serde_json::Value::from(ids).to_string()
}

/// Lets searches notice that something about a doctor has changed (primary key).
pub async fn touch(tx: &Conn, doctor: UserId, now: Timestamp) -> Result<()> {
    tx.exec(
        sql!("UPDATE doctors SET version = version + 1, changed_at = ?2 WHERE user_id = ?1"),
        &[&doctor.0, &At(now)],
    )
    .await?;
    Ok(())
}

/// Who has changed from that moment on, suspended doctors included, and which version they have now; in the
/// order of the changes (the index `doctors_by_change` alone).
pub async fn changes(c: &Conn, since: Timestamp) -> Result<Vec<(UserId, i64)>> {
    let rows: Vec<(Uuid, i64)> = c
        .all(
            sql!(
                "SELECT user_id, version FROM doctors WHERE changed_at >= ?1
                 ORDER BY changed_at, user_id, version"
            ),
            &[&At(since)],
        )
        .await?;
    Ok(rows.into_iter().map(|(id, version)| (UserId(id), version)).collect())
}

/// These doctors, in no particular order (primary keys).
pub async fn entries(c: &Conn, ids: &[UserId]) -> Result<Vec<Listing>> {
    let rows: Vec<EntryRow> = c
        .all(
            sql!(
                sqlite: "SELECT d.user_id, d.version, u.first_name, u.last_name, d.specialty, s.title, s.title_en,
                                d.province, d.city, d.gender, p.online_enabled, p.in_person_enabled, p.online_fee,
                                p.in_person_fee, p.insurers, d.rating_sum, d.rating_count, d.experience_years,
                                d.council_number, d.status
                         FROM doctors d JOIN users u ON u.id = d.user_id
                         LEFT JOIN practices p ON p.doctor_id = d.user_id
                         LEFT JOIN specialties s ON s.code = d.specialty
                         WHERE d.user_id IN (SELECT unhex(value) FROM json_each(?1))",
                postgres: "SELECT d.user_id, d.version, u.first_name, u.last_name, d.specialty, s.title, s.title_en,
                                d.province, d.city, d.gender, p.online_enabled, p.in_person_enabled, p.online_fee,
                                p.in_person_fee, p.insurers, d.rating_sum, d.rating_count, d.experience_years,
                                d.council_number, d.status
                         FROM doctors d JOIN users u ON u.id = d.user_id
                         LEFT JOIN practices p ON p.doctor_id = d.user_id
                         LEFT JOIN specialties s ON s.code = d.specialty
                         WHERE d.user_id = ANY (ARRAY(
                             SELECT CAST(id AS UUID)
                             FROM jsonb_array_elements_text(CAST(CAST($1 AS TEXT) AS jsonb)) AS ids (id)))"
            ),
            &[&json(ids)],
        )
        .await?;
    rows.into_iter().map(listing).collect()
}

/// The first active doctors after that id, in the order of their ids (index `doctors_by_status`).
pub async fn page(c: &Conn, after: Uuid, limit: i64) -> Result<Vec<Entry>> {
    let rows: Vec<EntryRow> = c
        .all(
            sql!(
                "SELECT d.user_id, d.version, u.first_name, u.last_name, d.specialty, s.title, s.title_en,
                        d.province, d.city, d.gender, p.online_enabled, p.in_person_enabled, p.online_fee,
                        p.in_person_fee, p.insurers, d.rating_sum, d.rating_count, d.experience_years,
                        d.council_number, d.status
                 FROM doctors d JOIN users u ON u.id = d.user_id
                 LEFT JOIN practices p ON p.doctor_id = d.user_id
                 LEFT JOIN specialties s ON s.code = d.specialty
                 WHERE d.status = 'active' AND d.user_id > ?1 ORDER BY d.user_id LIMIT ?2"
            ),
            &[&after, &limit],
        )
        .await?;
    rows.into_iter().map(|row| listing(row).map(|listing| listing.entry)).collect()
}

/// What is shown of these doctors, in no particular order (primary keys); two statements.
pub async fn cards(c: &Conn, ids: &[UserId]) -> Result<Vec<Card>> {
    if ids.is_empty() {
        return Ok(vec![]);
    }
    let rows: Vec<CardRow> = c
        .all(
            sql!(
                sqlite: "SELECT d.user_id, u.first_name, u.last_name, d.specialty, COALESCE(s.title, d.specialty),
                                d.council_number, d.experience_years, d.rating_sum, d.rating_count, d.province,
                                d.city, d.gender, d.languages, d.status
                         FROM doctors d JOIN users u ON u.id = d.user_id
                         LEFT JOIN specialties s ON s.code = d.specialty
                         WHERE d.user_id IN (SELECT unhex(value) FROM json_each(?1))",
                postgres: "SELECT d.user_id, u.first_name, u.last_name, d.specialty, COALESCE(s.title, d.specialty),
                                d.council_number, d.experience_years, d.rating_sum, d.rating_count, d.province,
                                d.city, d.gender, d.languages, d.status
                         FROM doctors d JOIN users u ON u.id = d.user_id
                         LEFT JOIN specialties s ON s.code = d.specialty
                         WHERE d.user_id = ANY (ARRAY(
                             SELECT CAST(id AS UUID)
                             FROM jsonb_array_elements_text(CAST(CAST($1 AS TEXT) AS jsonb)) AS ids (id)))"
            ),
            &[&json(ids)],
        )
        .await?;
    let mut practices = practices::of_many(c, ids).await?;
    let card = |row: CardRow| -> Result<Card> {
        let id = UserId(row.id);
        let practice = practices.iter().position(|(doctor, _)| *doctor == id);
        Ok(Card {
            id,
            first_name: row.first_name,
            last_name: row.last_name,
            specialty_code: row.specialty_code,
            specialty_title: row.specialty_title,
            council_number: row.council_number,
            experience_years: row.experience_years,
            rating_sum: row.rating_sum,
            rating_count: row.rating_count,
            province: row.province,
            city: row.city,
            gender: gender(row.gender),
            languages: texts("doctors", "languages", &row.languages)?,
            practice: practice.map(|at| practices.swap_remove(at).1).unwrap_or_default(),
            is_active: is_active(&row.status),
        })
    };
    rows.into_iter().map(card).collect()
}

/// What is shown of one doctor (primary keys).
pub async fn card(c: &Conn, id: UserId) -> Result<Option<Card>> {
    Ok(cards(c, &[id]).await?.pop())
}
