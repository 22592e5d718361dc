//! Seals old values again under the newest data key, a batch per transaction.

use db::{Conn, Param, Sql, sql};
use uuid::Uuid;

use crate::{
    Keyring, Result, accounts, keyring::Field, notifications, patients, payouts, prescriptions, ratings,
    visits,
};

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
    column!(
        visits::CHIEF_COMPLAINT,
        "SELECT id, chief_complaint FROM visits WHERE id > ?1 ORDER BY id LIMIT 200",
        "UPDATE visits SET chief_complaint = ?3 WHERE id = ?1 AND chief_complaint = ?2"
    ),
    column!(
        visits::DESCRIPTION,
        "SELECT id, description FROM visits WHERE id > ?1 ORDER BY id LIMIT 200",
        "UPDATE visits SET description = ?3 WHERE id = ?1 AND description = ?2"
    ),
    column!(
        visits::INSURANCE_NUMBER,
        "SELECT id, insurance_number FROM visits WHERE id > ?1 ORDER BY id LIMIT 200",
        "UPDATE visits SET insurance_number = ?3 WHERE id = ?1 AND insurance_number = ?2"
    ),
    column!(
        visits::REASON,
        "SELECT id, reason FROM visits WHERE id > ?1 ORDER BY id LIMIT 200",
        "UPDATE visits SET reason = ?3 WHERE id = ?1 AND reason = ?2"
    ),
    column!(
        ratings::COMMENT,
        "SELECT visit_id, comment FROM ratings WHERE visit_id > ?1 ORDER BY visit_id LIMIT 200",
        "UPDATE ratings SET comment = ?3 WHERE visit_id = ?1 AND comment = ?2"
    ),
    column!(
        notifications::MESSAGE,
        "SELECT id, message FROM notifications WHERE id > ?1 ORDER BY id LIMIT 200",
        "UPDATE notifications SET message = ?3 WHERE id = ?1 AND message = ?2"
    ),
    column!(
        prescriptions::ITEMS,
        "SELECT id, items FROM prescriptions WHERE id > ?1 ORDER BY id LIMIT 200",
        "UPDATE prescriptions SET items = ?3 WHERE id = ?1 AND items = ?2"
    ),
    column!(
        prescriptions::NOTES,
        "SELECT id, notes FROM prescriptions WHERE id > ?1 ORDER BY id LIMIT 200",
        "UPDATE prescriptions SET notes = ?3 WHERE id = ?1 AND notes = ?2"
    ),
    column!(
        prescriptions::REASON,
        "SELECT id, reason FROM prescriptions WHERE id > ?1 ORDER BY id LIMIT 200",
        "UPDATE prescriptions SET reason = ?3 WHERE id = ?1 AND reason = ?2"
    ),
    column!(
        payouts::IBAN,
        "SELECT id, iban FROM payouts WHERE id > ?1 ORDER BY id LIMIT 200",
        "UPDATE payouts SET iban = ?3 WHERE id = ?1 AND iban = ?2"
    ),
];

/// Seals one batch again; where to go on, or none at the end, and how many values were changed.
pub async fn batch(tx: &Conn, keys: &Keyring, column: &Column, after: Uuid) -> Result<(Option<Uuid>, u64)> {
    let rows: Vec<(Uuid, Option<Vec<u8>>)> = tx.all(column.page, &[&after]).await?;
    let last = rows.last().map(|(id, _)| *id);
    let mut changed = 0;
    for (id, value) in rows {
        let Some(old) = value.filter(|old| !keys.is_current(old)) else { continue };
        let plain = keys.open(column.field, id, old.as_slice())?;
        let new = keys.seal(column.field, id, &plain)?;
        let params: [&dyn Param; 3] = [&id, &old, &new];
        changed += tx.exec(column.replace, &params).await?;
    }
    Ok((last, changed))
}
