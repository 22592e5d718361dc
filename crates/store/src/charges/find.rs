//! Charges found by what they are for, by a gateway's number, or because they are due.

use db::{At, Conn, sql};
use domain::Timestamp;
use uuid::Uuid;

use super::{Charge, Row, by_id, charge};
use crate::Result;

/// The newest charge for this visit or purchase (index `charges_by_reference`).
pub async fn newest_for(c: &Conn, reference: Uuid) -> Result<Option<Charge>> {
    let found: Option<(Uuid,)> = c
        .one(
            sql!("SELECT id FROM charges WHERE reference = ?1 ORDER BY created_at DESC, id DESC LIMIT 1"),
            &[&reference],
        )
        .await?;
    match found {
        Some((id,)) => by_id(c, id).await,
        None => Ok(None),
    }
}

/// Charges for this visit or purchase that wait for their payer, the newest first, at most 20 (indexes
/// `charges_by_reference`, `charge_authorities_by_charge`). Those without an authority count while their gateway may still
/// be asked, if they began after `asking_since`.
pub async fn open_for(
    c: &Conn,
    reference: Uuid,
    now: Timestamp,
    asking_since: Timestamp,
) -> Result<Vec<Charge>> {
    let rows: Vec<Row> = c
        .all(
            sql!(
                "SELECT id, user_id, purpose, reference, amount, gateway, return_url, status, credited_authority,
                        gateway_reference, created_at, expires_at, checked_at, check_at, verified_at
                 FROM charges
                 WHERE reference = ?1 AND status = 'pending' AND expires_at > ?2
                   AND (created_at > ?3
                        OR EXISTS (SELECT 1 FROM charge_authorities WHERE charge_id = charges.id))
                 ORDER BY created_at DESC, id DESC LIMIT 20"
            ),
            &[&reference, &At(now), &At(asking_since)],
        )
        .await?;
    rows.into_iter().map(charge).collect()
}

/// Whether a payment with this number of BitPay's has completed a charge (index `charges_once_by_bitpay`).
pub async fn bitpay_has_paid(c: &Conn, reference: &str) -> Result<bool> {
    let found: Option<(Uuid,)> = c
        .one(
            sql!(
                "SELECT id FROM charges
                 WHERE gateway = 'bitpay' AND gateway_reference = ?1 AND status = 'completed'"
            ),
            &[&reference],
        )
        .await?;
    Ok(found.is_some())
}

/// Charges that the sweep looks at now, those that wait longest first (index `charges_due`).
pub async fn due(c: &Conn, now: Timestamp, limit: i64) -> Result<Vec<Uuid>> {
    let found: Vec<(Uuid,)> = c
        .all(
            sql!(
                "SELECT id FROM charges WHERE check_at IS NOT NULL AND check_at <= ?1
                 ORDER BY check_at LIMIT ?2"
            ),
            &[&At(now), &limit],
        )
        .await?;
    Ok(found.into_iter().map(|(id,)| id).collect())
}
