//! Seals old values again under the newest data key, a batch per transaction.

use db::{Conn, Param, Sql, sql};
use uuid::Uuid;

use crate::{Keyring, Result, accounts, keyring::Field, patients};

/// One sealed column: how to walk its rows in the order of their keys, and how to replace a value
/// (only if nobody changed it meanwhile).
pub struct Column {
    pub field: Field,
    page: Sql,
    replace: Sql,
}

macro_rules! column {
    ($field:expr, $page:literal, $replace:literal) => {
        Column { field: $field, page: sql!($page), replace: sql!($replace) }
    };
}

/// Every sealed column that outlives a day. A test finds the ones that are missing here.
pub const COLUMNS: &[Column] = &[
    column!(
        accounts::PHONE,
        "SELECT id, phone FROM users WHERE id > ?1 ORDER BY id LIMIT 200",
        "UPDATE users SET phone = ?3 WHERE id = ?1 AND phone = ?2"
    ),
    column!(
        accounts::EMAIL,
        "SELECT id, email FROM users WHERE id > ?1 ORDER BY id LIMIT 200",
        "UPDATE users SET email = ?3 WHERE id = ?1 AND email = ?2"
    ),
    column!(
        patients::NATIONAL_ID,
        "SELECT user_id, national_id FROM patients WHERE user_id > ?1 ORDER BY user_id LIMIT 200",
        "UPDATE patients SET national_id = ?3 WHERE user_id = ?1 AND national_id = ?2"
    ),
    column!(
        patients::ADDRESS,
        "SELECT user_id, address FROM patients WHERE user_id > ?1 ORDER BY user_id LIMIT 200",
        "UPDATE patients SET address = ?3 WHERE user_id = ?1 AND address = ?2"
    ),
    column!(
        patients::EMERGENCY_CONTACT,
        "SELECT user_id, emergency_contact FROM patients WHERE user_id > ?1 ORDER BY user_id LIMIT 200",
        "UPDATE patients SET emergency_contact = ?3 WHERE user_id = ?1 AND emergency_contact = ?2"
    ),
    column!(
        patients::MEDICAL_INFO,
        "SELECT user_id, medical_info FROM patients WHERE user_id > ?1 ORDER BY user_id LIMIT 200",
        "UPDATE patients SET medical_info = ?3 WHERE user_id = ?1 AND medical_info = ?2"
    ),
    column!(
        patients::INSURANCE,
        "SELECT user_id, insurance FROM patients WHERE user_id > ?1 ORDER BY user_id LIMIT 200",
        "UPDATE patients SET insurance = ?3 WHERE user_id = ?1 AND insurance = ?2"
    ),
];

/// Seals one batch again; where to go on, or none at the end, and how many values were changed.
pub async fn batch(tx: &Conn, keys: &Keyring, column: &Column, after: Uuid) -> Result<(Option<Uuid>, u64)> {
    let rows: Vec<(Uuid, Option<Vec<u8>>)> = tx.all(column.page, &[&after]).await?;
    let last = rows.last().map(|(id, _)| *id);
    let mut changed = 0;
    for (id, value) in rows {
        let Some(old) = value.filter(|old| !keys.is_current(old)) else { continue };
        let plain = keys.open(column.field, id, &old)?;
        let new = keys.seal(column.field, id, &plain)?;
        let params: [&dyn Param; 3] = [&id, &old, &new];
        changed += tx.exec(column.replace, &params).await?;
    }
    Ok((last, changed))
}
