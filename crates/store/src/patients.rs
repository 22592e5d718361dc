//! Patients' profiles: sealed but for what lists need.

use db::{At, Conn, Db, FromRow, Place, record, sql};
use domain::{
    Date, NationalId, Phone, Timestamp,
    ids::UserId,
    profile::{Gender, Profile},
};
use uuid::Uuid;

use crate::{
    Error, Keyring, Result,
    accounts::{EMAIL, PHONE},
    keyring::Field,
};

pub(crate) const NATIONAL_ID: Field = field("national_id");
pub(crate) const ADDRESS: Field = field("address");
pub(crate) const EMERGENCY_CONTACT: Field = field("emergency_contact");
pub(crate) const MEDICAL_INFO: Field = field("medical_info");
pub(crate) const INSURANCE: Field = field("insurance");

const fn field(column: &'static str) -> Field {
    Field { table: "patients", column }
}

/// A patient's phone number and profile.
#[derive(Clone, Debug)]
pub struct Patient {
    pub id: UserId,
    pub phone: Phone,
    pub profile: Profile,
}

record! {
    struct Row {
        id: Uuid,
        phone: Vec<u8>,
        first_name: String,
        last_name: String,
        email: Option<Vec<u8>>,
        national_id: Option<Vec<u8>>,
        date_of_birth: Option<String>,
        gender: Option<String>,
        address: Option<Vec<u8>>,
        emergency_contact: Option<Vec<u8>>,
        medical_info: Option<Vec<u8>>,
        insurance: Option<Vec<u8>>,
    }
}

/// A patient, and in which rows of `SQLite` they are.
struct Located {
    row: Row,
    place: Place,
}

impl FromRow for Located {
    fn from_row(row: &db::Row<'_>) -> db::Result<Self> {
        Ok(Self { row: Row::from_row(row)?, place: [row.get(12)?, row.get(13)?] })
    }
}

fn patient(keys: &Keyring, row: Row) -> Result<Patient> {
    let id = row.id;
    let phone = keys.open_text(PHONE, id, Some(row.phone))?;
    let national_id = keys.open_text(NATIONAL_ID, id, row.national_id)?;
    let stored =
        |field: Field| move |cause: String| Error::Stored { table: field.table, column: field.column, cause };
    let profile = Profile {
        first_name: row.first_name,
        last_name: row.last_name,
        national_id: (!national_id.is_empty())
            .then(|| NationalId::parse(&national_id))
            .transpose()
            .map_err(|e| stored(NATIONAL_ID)(format!("{e:?}")))?,
        date_of_birth: row
            .date_of_birth
            .map(|day| day.parse::<Date>())
            .transpose()
            .map_err(|e| stored(field("date_of_birth"))(e.to_string()))?,
        gender: row.gender.and_then(|name| Gender::parse(&name).ok()),
        email: keys.open_text(EMAIL, id, row.email)?,
        address: keys.open_json(ADDRESS, id, row.address)?,
        emergency_contact: keys.open_json(EMERGENCY_CONTACT, id, row.emergency_contact)?,
        medical_info: keys.open_json(MEDICAL_INFO, id, row.medical_info)?,
        insurance: keys.open_json(INSURANCE, id, row.insurance)?,
    };
    Ok(Patient {
        id: UserId(id),
        phone: Phone::parse(&phone).map_err(|e| stored(PHONE)(format!("{e:?}")))?,
        profile,
    })
}

/// Gives a new user an empty profile; one that exists stays.
pub async fn insert_empty(c: &Conn, id: UserId) -> Result<()> {
    c.exec(sql!("INSERT INTO patients (user_id) VALUES (?1) ON CONFLICT (user_id) DO NOTHING"), &[&id.0])
        .await?;
    Ok(())
}

/// One patient, in one statement (primary keys; a patient who was read before is found without their indexes).
pub async fn by_id(db: &Db, keys: &Keyring, id: UserId) -> Result<Option<Patient>> {
    if let Some(row) = where_seen(db, id).await? {
        return patient(keys, row).map(Some);
    }
    let found: Option<Located> = db
        .one(
            sql!(
                sqlite: "SELECT u.id, u.phone, u.first_name, u.last_name, u.email, p.national_id, p.date_of_birth,
                                p.gender, p.address, p.emergency_contact, p.medical_info, p.insurance,
                                u.rowid, p.rowid
                         FROM users u JOIN patients p ON p.user_id = u.id WHERE u.id = ?1",
                postgres: "SELECT u.id, u.phone, u.first_name, u.last_name, u.email, p.national_id, p.date_of_birth,
                                p.gender, p.address, p.emergency_contact, p.medical_info, p.insurance,
                                0::bigint, 0::bigint
                         FROM users u JOIN patients p ON p.user_id = u.id WHERE u.id = $1"
            ),
            &[&id.0],
        )
        .await?;
    let Some(Located { row, place }) = found else { return Ok(None) };
    if let Some(places) = db.places() {
        places.remember(id.0, place);
    }
    patient(keys, row).map(Some)
}

/// The patient, if they are still where they were seen last. The ids are compared, so that nobody else is found there.
async fn where_seen(db: &Db, id: UserId) -> Result<Option<Row>> {
    let Some([user, patient]) = db.places().and_then(|places| places.of(id.0)) else { return Ok(None) };
    let row = db
        .one(
            sql!(
                // the pluses keep the indexes out
                sqlite: "SELECT u.id, u.phone, u.first_name, u.last_name, u.email, p.national_id, p.date_of_birth,
                                p.gender, p.address, p.emergency_contact, p.medical_info, p.insurance
                         FROM users u CROSS JOIN patients p
                         WHERE u.rowid = ?2 AND p.rowid = ?3 AND +u.id = ?1 AND +p.user_id = ?1",
                // never asked: PostgreSQL's rows move with each update
                postgres: "SELECT u.id, u.phone, u.first_name, u.last_name, u.email, p.national_id, p.date_of_birth,
                                p.gender, p.address, p.emergency_contact, p.medical_info, p.insurance
                         FROM users u JOIN patients p ON p.user_id = u.id
                         WHERE u.id = $1 AND $2::bigint = $3::bigint"
            ),
            &[&id.0, &user, &patient],
        )
        .await?;
    Ok(row)
}

/// The same on a connection that other statements share (primary keys).
pub async fn of(c: &Conn, keys: &Keyring, id: UserId) -> Result<Option<Patient>> {
    let row = c
        .one(
            sql!(
                "SELECT u.id, u.phone, u.first_name, u.last_name, u.email, p.national_id, p.date_of_birth, p.gender,
                        p.address, p.emergency_contact, p.medical_info, p.insurance
                 FROM users u JOIN patients p ON p.user_id = u.id WHERE u.id = ?1"
            ),
            &[&id.0],
        )
        .await?;
    row.map(|row| patient(keys, row)).transpose()
}

/// The same inside a transaction that will change it: nobody else changes it meanwhile.
pub async fn lock(tx: &Conn, keys: &Keyring, id: UserId) -> Result<Option<Patient>> {
    let row = tx
        .one(
            sql!(
                sqlite: "SELECT u.id, u.phone, u.first_name, u.last_name, u.email, p.national_id, p.date_of_birth,
                                p.gender, p.address, p.emergency_contact, p.medical_info, p.insurance
                         FROM users u JOIN patients p ON p.user_id = u.id WHERE u.id = ?1",
                postgres: "SELECT u.id, u.phone, u.first_name, u.last_name, u.email, p.national_id, p.date_of_birth,
                                p.gender, p.address, p.emergency_contact, p.medical_info, p.insurance
                         FROM users u JOIN patients p ON p.user_id = u.id WHERE u.id = $1 FOR UPDATE"
            ),
            &[&id.0],
        )
        .await?;
    row.map(|row| patient(keys, row)).transpose()
}

/// Writes the whole profile.
pub async fn save(tx: &Conn, keys: &Keyring, id: UserId, profile: &Profile, now: Timestamp) -> Result<()> {
    let row = id.0;
    let email =
        (!profile.email.is_empty()).then(|| keys.seal_text(EMAIL, row, &profile.email)).transpose()?;
    tx.exec(
        sql!("UPDATE users SET first_name = ?2, last_name = ?3, email = ?4, updated_at = ?5 WHERE id = ?1"),
        &[&row, &profile.first_name, &profile.last_name, &email, &At(now)],
    )
    .await?;
    let national_id = profile.national_id.as_ref();
    let sealed_id = national_id.map(|n| keys.seal_text(NATIONAL_ID, row, n.as_str())).transpose()?;
    tx.exec(
        sql!(
            "UPDATE patients SET national_id = ?2, national_id_index = ?3, date_of_birth = ?4, gender = ?5,
                    address = ?6, emergency_contact = ?7, medical_info = ?8, insurance = ?9
             WHERE user_id = ?1"
        ),
        &[
            &row,
            &sealed_id,
            &national_id.map(|n| keys.national_id_index(n)),
            &profile.date_of_birth.map(|day| day.to_string()),
            &profile.gender.map(Gender::as_str),
            &keys.seal_json(ADDRESS, row, &profile.address)?,
            &keys.seal_json(EMERGENCY_CONTACT, row, &profile.emergency_contact)?,
            &keys.seal_json(MEDICAL_INFO, row, &profile.medical_info)?,
            &keys.seal_json(INSURANCE, row, &profile.insurance)?,
        ],
    )
    .await?;
    Ok(())
}

/// Whether a profile is complete (D14), without opening it.
pub async fn is_complete(c: &Conn, id: UserId) -> Result<bool> {
    let found: Option<(bool,)> = c
        .one(
            sql!(
                "SELECT u.first_name <> '' AND u.last_name <> '' AND p.national_id IS NOT NULL
                        AND p.date_of_birth IS NOT NULL AND p.gender IS NOT NULL
                 FROM users u JOIN patients p ON p.user_id = u.id WHERE u.id = ?1"
            ),
            &[&id.0],
        )
        .await?;
    Ok(found.is_some_and(|(complete,)| complete))
}
