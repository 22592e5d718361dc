//! Charges begin, are asked about and end.

use db::{At, Conn, sql};
use domain::Timestamp;
use uuid::Uuid;

use super::{Charge, ChargeStatus};
use crate::Result;

/// Writes a new charge down.
pub async fn insert(tx: &Conn, charge: &Charge) -> Result<()> {
    tx.exec(
        sql!(
            "INSERT INTO charges (id, user_id, purpose, reference, amount, gateway, return_url, status, created_at,
                                  expires_at, check_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'pending', ?8, ?9, ?10)"
        ),
        &[
            &charge.id,
            &charge.user.0,
            &charge.purpose.as_str(),
            &charge.purpose.reference(),
            &charge.amount.get(),
            &charge.gateway,
            &charge.return_url,
            &At(charge.created_at),
            &At(charge.expires_at),
            &charge.check_at.map(At),
        ],
    )
    .await?;
    Ok(())
}

/// Claims the right to ask the gateway: false where somebody has asked after `before`. Of many at once, one has it
/// (primary key).
pub async fn claim_check(tx: &Conn, id: Uuid, before: Timestamp, now: Timestamp) -> Result<bool> {
    let changed = tx
        .exec(
            sql!(
                "UPDATE charges SET checked_at = ?3
                 WHERE id = ?1 AND status <> 'completed' AND (checked_at IS NULL OR checked_at <= ?2)"
            ),
            &[&id, &At(before), &At(now)],
        )
        .await?;
    Ok(changed == 1)
}

/// The money is ours: the charge is completed with this authority. False when it was completed before (primary key). Fails
/// as not unique where a number of BitPay's has completed another charge ([`bitpay_has_paid`](super::bitpay_has_paid)).
pub async fn complete(
    tx: &Conn,
    id: Uuid,
    name: &str,
    gateway_reference: Option<&str>,
    now: Timestamp,
) -> Result<bool> {
    let changed = tx
        .exec(
            sql!(
                "UPDATE charges SET status = 'completed', credited_authority = ?2, gateway_reference = ?3,
                        verified_at = ?4, checked_at = ?4, check_at = NULL
                 WHERE id = ?1 AND status <> 'completed'"
            ),
            &[&id, &name, &gateway_reference, &At(now)],
        )
        .await?;
    Ok(changed == 1)
}

/// When to ask again about the other authorities of a charge that is completed; none: all are known (primary key).
pub async fn check_again(tx: &Conn, id: Uuid, check_at: Option<Timestamp>) -> Result<()> {
    tx.exec(
        sql!("UPDATE charges SET check_at = ?2 WHERE id = ?1 AND status = 'completed'"),
        &[&id, &check_at.map(At)],
    )
    .await?;
    Ok(())
}

/// The gateway was asked, and there is no money so far: what the charge is now, and when to ask again. False when it
/// was completed meanwhile (primary key).
pub async fn note(
    tx: &Conn,
    id: Uuid,
    status: ChargeStatus,
    check_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<bool> {
    let changed = tx
        .exec(
            sql!(
                "UPDATE charges SET status = ?2, check_at = ?3, checked_at = ?4
                 WHERE id = ?1 AND status <> 'completed'"
            ),
            &[&id, &status.as_str(), &check_at.map(At), &At(now)],
        )
        .await?;
    Ok(changed == 1)
}
