//! Users: who has which phone number and role.

use db::{At, Conn, record, sql};
use domain::{NationalId, Phone, Role, Timestamp, ids::UserId};
use uuid::Uuid;

use crate::{Keyring, Result, keyring::Field};

pub(crate) const PHONE: Field = Field { table: "users", column: "phone" };
pub(crate) const EMAIL: Field = Field { table: "users", column: "email" };

/// A user as everybody may see themself.
#[derive(Clone)]
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

domain::blank_debug!(Account);

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
    let phone = keys.open_text(PHONE, row.id, Some(row.phone))?;
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

/// One page of users in the order of their ids, and how many there are.
pub async fn page(
    c: &Conn,
    keys: &Keyring,
    filter: &Filter,
    limit: i64,
    offset: i64,
) -> Result<(i64, Vec<Account>)> {
    if let Some(phone) = &filter.phone {
        return by_number(c, keys, phone, filter, limit, offset).await;
    }
    let role = filter.role.map(Role::as_str);
    let (count, rows) = match (&filter.national_id, role) {
        (Some(national_id), role) => {
            by_national_id(c, &keys.national_id_index(national_id), role, limit, offset).await?
        }
        (None, Some(role)) => by_role(c, role, limit, offset).await?,
        (None, None) => everybody(c, limit, offset).await?,
    };
    let accounts = rows.into_iter().map(|row| account(keys, row)).collect::<Result<_>>()?;
    Ok((count.map_or(0, |(n,)| n), accounts))
}

type Found = (Option<(i64,)>, Vec<Row>);

/// At most one: a number belongs to one user (unique index on `phone_index`).
async fn by_number(
    c: &Conn,
    keys: &Keyring,
    phone: &Phone,
    filter: &Filter,
    limit: i64,
    offset: i64,
) -> Result<(i64, Vec<Account>)> {
    let mut found =
        by_phone(c, keys, phone).await?.filter(|user| filter.role.is_none_or(|role| role == user.role));
    if let (Some(user), Some(national_id)) = (&found, &filter.national_id) {
        let row: Option<(Uuid,)> = c
            .one(
                sql!("SELECT user_id FROM patients WHERE user_id = ?1 AND national_id_index = ?2"),
                &[&user.id.0, &keys.national_id_index(national_id)],
            )
            .await?;
        found = found.filter(|_| row.is_some());
    }
    let count = i64::from(found.is_some());
    Ok((count, found.into_iter().filter(|_| offset == 0 && limit > 0).collect()))
}

/// Index `patients_by_national_id`; few have the same.
async fn by_national_id(
    c: &Conn,
    index: &[u8],
    role: Option<&str>,
    limit: i64,
    offset: i64,
) -> Result<Found> {
    let count = c
        .one(
            sql!(
                "SELECT count(*) FROM patients p JOIN users u ON u.id = p.user_id
                 WHERE p.national_id_index = ?1 AND (CAST(?2 AS TEXT) IS NULL OR u.role = ?2)"
            ),
            &[&index, &role],
        )
        .await?;
    let rows = c
        .all(
            sql!(
                "SELECT u.id, u.role, u.phone, u.first_name, u.last_name, u.email, u.created_at,
                        b.phone_index IS NOT NULL
                 FROM patients p JOIN users u ON u.id = p.user_id
                 LEFT JOIN phone_blocks b ON b.phone_index = u.phone_index
                 WHERE p.national_id_index = ?1 AND (CAST(?2 AS TEXT) IS NULL OR u.role = ?2)
                 ORDER BY u.id LIMIT ?3 OFFSET ?4"
            ),
            &[&index, &role, &limit, &offset],
        )
        .await?;
    Ok((count, rows))
}

/// Index `users_by_role`.
async fn by_role(c: &Conn, role: &str, limit: i64, offset: i64) -> Result<Found> {
    let count = c.one(sql!("SELECT count(*) FROM users WHERE role = ?1"), &[&role]).await?;
    let rows = c
        .all(
            sql!(
                "SELECT u.id, u.role, u.phone, u.first_name, u.last_name, u.email, u.created_at,
                        b.phone_index IS NOT NULL
                 FROM users u LEFT JOIN phone_blocks b ON b.phone_index = u.phone_index
                 WHERE u.role = ?1 ORDER BY u.id LIMIT ?2 OFFSET ?3"
            ),
            &[&role, &limit, &offset],
        )
        .await?;
    Ok((count, rows))
}

/// Primary key.
async fn everybody(c: &Conn, limit: i64, offset: i64) -> Result<Found> {
    let count = c.one(sql!("SELECT count(*) FROM users"), &[]).await?;
    let rows = c
        .all(
            sql!(
                "SELECT u.id, u.role, u.phone, u.first_name, u.last_name, u.email, u.created_at,
                        b.phone_index IS NOT NULL
                 FROM users u LEFT JOIN phone_blocks b ON b.phone_index = u.phone_index
                 ORDER BY u.id LIMIT ?1 OFFSET ?2"
            ),
            &[&limit, &offset],
        )
        .await?;
    Ok((count, rows))
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
