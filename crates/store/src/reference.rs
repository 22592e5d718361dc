//! What can be chosen from: specialties, cities and insurers. Tables of a few hundred rows, shipped with
//! the schema (migration 8) and edited by admins; they are read whole.

use db::{At, Conn, record, sql};
use domain::Timestamp;

use crate::{Error, Result};

/// A field of medicine that doctors practise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Specialty {
    /// Such as `cardiology`; doctors have it in their entry.
    pub code: String,
    pub title: String,
    pub title_en: String,
    /// Whether it can be chosen; an inactive one still names the doctors who have it.
    pub is_active: bool,
}

/// A city in its province.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct City {
    pub province: String,
    pub city: String,
    pub is_active: bool,
}

/// Who pays a part of a doctor's fee (D20).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Insurer {
    pub name: String,
    /// Of the fee, 0 to 100.
    pub coverage_percent: u8,
    pub is_active: bool,
}

record! {
    struct SpecialtyRow {
        code: String,
        title: String,
        title_en: String,
        is_active: bool,
    }
}

impl From<SpecialtyRow> for Specialty {
    fn from(row: SpecialtyRow) -> Self {
        Self { code: row.code, title: row.title, title_en: row.title_en, is_active: row.is_active }
    }
}

/// All specialties by their title (the whole of a small table).
pub async fn specialties(c: &Conn) -> Result<Vec<Specialty>> {
    let rows: Vec<SpecialtyRow> = c
        .all(sql!("SELECT code, title, title_en, is_active FROM specialties ORDER BY title, code"), &[])
        .await?;
    Ok(rows.into_iter().map(Specialty::from).collect())
}

/// One specialty (primary key).
pub async fn specialty(c: &Conn, code: &str) -> Result<Option<Specialty>> {
    let row: Option<SpecialtyRow> = c
        .one(sql!("SELECT code, title, title_en, is_active FROM specialties WHERE code = ?1"), &[&code])
        .await?;
    Ok(row.map(Specialty::from))
}

/// Adds a specialty or changes it. Its doctors are shown with its titles, so a change raises their versions
/// for the search (index `doctors_by_specialty`).
pub async fn save_specialty(tx: &Conn, specialty: &Specialty, now: Timestamp) -> Result<()> {
    let code = &specialty.code;
    if self::specialty(tx, code).await?.as_ref() == Some(specialty) {
        return Ok(());
    }
    tx.exec(
        sql!(
            "INSERT INTO specialties (code, title, title_en, is_active, updated_at) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (code) DO UPDATE SET title = excluded.title, title_en = excluded.title_en,
                is_active = excluded.is_active, updated_at = excluded.updated_at"
        ),
        &[code, &specialty.title, &specialty.title_en, &specialty.is_active, &At(now)],
    )
    .await?;
    tx.exec(
        sql!("UPDATE doctors SET version = version + 1, changed_at = ?2 WHERE specialty = ?1"),
        &[code, &At(now)],
    )
    .await?;
    Ok(())
}

/// The cities of one province, or all of them (primary key, or the whole of a small table).
pub async fn cities(c: &Conn, province: Option<&str>) -> Result<Vec<City>> {
    let rows: Vec<(String, String, bool)> = match province {
        Some(province) => {
            c.all(
                sql!("SELECT province, city, is_active FROM cities WHERE province = ?1 ORDER BY city"),
                &[&province],
            )
            .await?
        }
        None => {
            c.all(sql!("SELECT province, city, is_active FROM cities ORDER BY province, city"), &[]).await?
        }
    };
    Ok(rows.into_iter().map(|(province, city, is_active)| City { province, city, is_active }).collect())
}

/// Adds a city, or says whether it can be chosen.
pub async fn save_city(tx: &Conn, city: &City, now: Timestamp) -> Result<()> {
    tx.exec(
        sql!(
            "INSERT INTO cities (province, city, is_active, updated_at) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (province, city) DO UPDATE SET is_active = excluded.is_active,
                updated_at = excluded.updated_at"
        ),
        &[&city.province, &city.city, &city.is_active, &At(now)],
    )
    .await?;
    Ok(())
}

fn read_insurer((name, coverage, is_active): (String, i64, bool)) -> Result<Insurer> {
    let coverage_percent = u8::try_from(coverage).map_err(|_| Error::Stored {
        table: "insurers",
        column: "coverage_percent",
        cause: "not a percentage".into(),
    })?;
    Ok(Insurer { name, coverage_percent, is_active })
}

/// All insurers by their name (the whole of a small table).
pub async fn insurers(c: &Conn) -> Result<Vec<Insurer>> {
    let rows: Vec<(String, i64, bool)> =
        c.all(sql!("SELECT name, coverage_percent, is_active FROM insurers ORDER BY name"), &[]).await?;
    rows.into_iter().map(read_insurer).collect()
}

/// The insurer of exactly this name (primary key).
pub async fn insurer(c: &Conn, name: &str) -> Result<Option<Insurer>> {
    let row: Option<(String, i64, bool)> = c
        .one(sql!("SELECT name, coverage_percent, is_active FROM insurers WHERE name = ?1"), &[&name])
        .await?;
    row.map(read_insurer).transpose()
}

/// Adds an insurer or changes it. Visits that are booked keep the share that they were booked with.
pub async fn save_insurer(tx: &Conn, insurer: &Insurer, now: Timestamp) -> Result<()> {
    tx.exec(
        sql!(
            "INSERT INTO insurers (name, coverage_percent, is_active, updated_at) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (name) DO UPDATE SET coverage_percent = excluded.coverage_percent,
                is_active = excluded.is_active, updated_at = excluded.updated_at"
        ),
        &[&insurer.name, &i64::from(insurer.coverage_percent), &insurer.is_active, &At(now)],
    )
    .await?;
    Ok(())
}
