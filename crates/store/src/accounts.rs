//! Users: who has which phone number and role.

use db::{At, Conn, record, sql};
use domain::{NationalId, Phone, Role, Timestamp, ids::UserId};
use uuid::Uuid;

use crate::{Keyring, Result, keyring::Field};

pub(crate) const PHONE: Field = Field { table: "users", column: "phone" };
pub(crate) const EMAIL: Field = Field { table: "users", column: "email" };

/// A user as everybody may see themself.
#[derive(Clone, Debug)]
pub struct Account {
    pub id: UserId,
    pub role: Role,
    pub phone: Phone,
    pub first_name: String,
    pub last_name: String,
    pub email: String,
    pub created_at: Timestamp,
    /// The phone number may not log in.
    pub is_blocked: bool,
}

record! {
    struct Row {
        id: Uuid,
        role: String,
        phone: Vec<u8>,
        first_name: String,
        last_name: String,
        email: Option<Vec<u8>>,
        created_at: At,
        is_blocked: bool,
    }
}

fn account(keys: &Keyring, row: Row) -> Result<Account> {
    let stored =
        |cause: &str| crate::Error::Stored { table: "users", column: "role, phone", cause: cause.into() };
    let phone = keys.open_text(PHONE, row.id, Some(&row.phone))?;
    Ok(Account {
        id: UserId(row.id),
        role: Role::parse(&row.role).ok_or_else(|| stored("unknown role"))?,
        phone: Phone::parse(&phone).map_err(|_| stored("not a phone number"))?,
        first_name: row.first_name,
        last_name: row.last_name,
        email: keys.open_text(EMAIL, row.id, row.email.as_deref())?,
        created_at: row.created_at.0,
        is_blocked: row.is_blocked,
    })
}

fn first(keys: &Keyring, row: Option<Row>) -> Result<Option<Account>> {
    row.map(|row| account(keys, row)).transpose()
}

/// The user with this phone number (unique index on `phone_index`).
pub async fn by_phone(c: &Conn, keys: &Keyring, phone: &Phone) -> Result<Option<Account>> {
    let row = c
        .one(
            sql!(
                "SELECT u.id, u.role, u.phone, u.first_name, u.last_name, u.email, u.created_at,
                        b.phone_index IS NOT NULL
                 FROM users u LEFT JOIN phone_blocks b ON b.phone_index = u.phone_index
                 WHERE u.phone_index = ?1"
            ),
            &[&keys.phone_index(phone)],
        )
        .await?;
    first(keys, row)
}

/// The user with this id (primary key).
pub async fn by_id(c: &Conn, keys: &Keyring, id: UserId) -> Result<Option<Account>> {
    let row = c
        .one(
            sql!(
                "SELECT u.id, u.role, u.phone, u.first_name, u.last_name, u.email, u.created_at,
                        b.phone_index IS NOT NULL
                 FROM users u LEFT JOIN phone_blocks b ON b.phone_index = u.phone_index
                 WHERE u.id = ?1"
            ),
            &[&id.0],
        )
        .await?;
    first(keys, row)
}

/// Which users a list shows.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub role: Option<Role>,
    pub phone: Option<Phone>,
    pub national_id: Option<NationalId>,
}

/// One page of users, newest last, and how many there are.
pub async fn page(
    c: &Conn,
    keys: &Keyring,
    filter: &Filter,
    limit: i64,
    offset: i64,
) -> Result<(i64, Vec<Account>)> {
    let role = filter.role.map(Role::as_str);
    let phone = filter.phone.map(|p| keys.phone_index(&p));
    let national_id = filter.national_id.as_ref().map(|id| keys.national_id_index(id));
    let count: Option<(i64,)> = c
        .one(
            sql!(
                "SELECT count(*) FROM users u
                 WHERE (CAST(?1 AS TEXT) IS NULL OR u.role = ?1)
                   AND (CAST(?2 AS BYTEA) IS NULL OR u.phone_index = ?2)
                   AND (CAST(?3 AS BYTEA) IS NULL
                        OR u.id IN (SELECT p.user_id FROM patients p WHERE p.national_id_index = ?3))"
            ),
            &[&role, &phone, &national_id],
        )
        .await?;
    let rows: Vec<Row> = c
        .all(
            sql!(
                "SELECT u.id, u.role, u.phone, u.first_name, u.last_name, u.email, u.created_at,
                        b.phone_index IS NOT NULL
                 FROM users u LEFT JOIN phone_blocks b ON b.phone_index = u.phone_index
                 WHERE (CAST(?1 AS TEXT) IS NULL OR u.role = ?1)
                   AND (CAST(?2 AS BYTEA) IS NULL OR u.phone_index = ?2)
                   AND (CAST(?3 AS BYTEA) IS NULL
                        OR u.id IN (SELECT p.user_id FROM patients p WHERE p.national_id_index = ?3))
                 ORDER BY u.id LIMIT ?4 OFFSET ?5"
            ),
            &[&role, &phone, &national_id, &limit, &offset],
        )
        .await?;
    let accounts = rows.into_iter().map(|row| account(keys, row)).collect::<Result<_>>()?;
    Ok((count.map_or(0, |(n,)| n), accounts))
}

/// Adds a user; false when the phone number has one already (another login was faster).
pub async fn insert(
    c: &Conn,
    keys: &Keyring,
    id: UserId,
    role: Role,
    phone: &Phone,
    now: Timestamp,
) -> Result<bool> {
    let added = c
        .exec(
            sql!(
                "INSERT INTO users (id, role, phone, phone_index, first_name, last_name, created_at, updated_at)
                 VALUES (?1, ?2, ?3, ?4, '', '', ?5, ?5) ON CONFLICT (phone_index) DO NOTHING"
            ),
            &[
                &id.0,
                &role.as_str(),
                &keys.seal_text(PHONE, id.0, &phone.e164())?,
                &keys.phone_index(phone),
                &At(now),
            ],
        )
        .await?;
    Ok(added == 1)
}

/// Gives a user another role and name.
pub async fn appoint(
    c: &Conn,
    id: UserId,
    role: Role,
    first_name: &str,
    last_name: &str,
    now: Timestamp,
) -> Result<()> {
    c.exec(
        sql!("UPDATE users SET role = ?2, first_name = ?3, last_name = ?4, updated_at = ?5 WHERE id = ?1"),
        &[&id.0, &role.as_str(), &first_name, &last_name, &At(now)],
    )
    .await?;
    Ok(())
}

/// Whether any user exists: an empty database may be filled with demo data.
pub async fn any(c: &Conn) -> Result<bool> {
    let found: Option<(i64,)> = c.one(sql!("SELECT CAST(1 AS BIGINT) FROM users LIMIT 1"), &[]).await?;
    Ok(found.is_some())
}
