//! Charges as admins and payers look for them, the newest first: ids are in the order of time.

use db::{At, Conn, sql};
use domain::{Timestamp, ids::UserId};

use super::{Charge, ChargeStatus, Row, charge};
use crate::{Result, refunds::RefundStatus};

/// Which charges are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChargeFilter {
    /// As it is written down.
    pub status: Option<ChargeStatus>,
    pub gateway: Option<String>,
    pub user: Option<UserId>,
    /// Those with a refund that is in this state.
    pub refund: Option<RefundStatus>,
}

type Found = (Option<(i64,)>, Vec<Row>);

/// One page of the charges that match, and how many do (indexes `charges_by_user`,
/// `charge_refunds_by_status`, `charges_by_status`, `charges_by_gateway`, primary key: the first of them that fits).
pub async fn page(c: &Conn, filter: &ChargeFilter, limit: i64, offset: i64) -> Result<(i64, Vec<Charge>)> {
    let status = filter.status.map(ChargeStatus::as_str);
    let gateway = filter.gateway.as_deref();
    let refund = filter.refund.map(RefundStatus::as_str);
    let found = match (filter.user, refund, status, gateway) {
        (Some(user), refund, status, gateway) => {
            with_user(c, user, (status, gateway, refund), None, limit, offset).await?
        }
        (None, Some(refund), status, gateway) => {
            with_refund(c, refund, (status, gateway), limit, offset).await?
        }
        (None, None, Some(status), gateway) => of_status(c, status, gateway, limit, offset).await?,
        (None, None, None, Some(gateway)) => of_gateway(c, gateway, limit, offset).await?,
        (None, None, None, None) => all(c, limit, offset).await?,
    };
    read(found)
}

/// One page of a user's charges that are in this status now, as [`Charge::status_at`] tells it, and how many are (index
/// `charges_by_user`).
pub async fn of_user(
    c: &Conn,
    user: UserId,
    status: Option<ChargeStatus>,
    now: Timestamp,
    limit: i64,
    offset: i64,
) -> Result<(i64, Vec<Charge>)> {
    let status = status.map(ChargeStatus::as_str);
    read(with_user(c, user, (status, None, None), Some(At(now)), limit, offset).await?)
}

fn read((count, rows): Found) -> Result<(i64, Vec<Charge>)> {
    let charges = rows.into_iter().map(charge).collect::<Result<_>>()?;
    Ok((count.map_or(0, |(n,)| n), charges))
}

/// At a time, a pending charge that has ended by then counts as expired; without one, statuses are as they are written
/// down. The refunds of each charge are looked up (index `charge_refunds_by_status`).
async fn with_user(
    c: &Conn,
    user: UserId,
    (status, gateway, refund): (Option<&str>, Option<&str>, Option<&str>),
    at: Option<At>,
    limit: i64,
    offset: i64,
) -> Result<Found> {
    let count = c
        .one(
            sql!(
                "SELECT count(*) FROM charges
                 WHERE user_id = ?1
                   AND (CAST(?2 AS TEXT) IS NULL
                     OR CASE WHEN status = 'pending' AND expires_at <= ?4 THEN 'expired' ELSE status END = ?2)
                   AND (CAST(?3 AS TEXT) IS NULL OR gateway = ?3)
                   AND (CAST(?5 AS TEXT) IS NULL
                     OR EXISTS (SELECT 1 FROM charge_refunds r WHERE r.charge_id = charges.id AND r.status = ?5))"
            ),
            &[&user.0, &status, &gateway, &at, &refund],
        )
        .await?;
    let rows = c
        .all(
            sql!(
                "SELECT id, user_id, purpose, reference, amount, gateway, return_url, status, credited_authority,
                        gateway_reference, created_at, expires_at, checked_at, check_at, verified_at
                 FROM charges
                 WHERE user_id = ?1
                   AND (CAST(?2 AS TEXT) IS NULL
                     OR CASE WHEN status = 'pending' AND expires_at <= ?4 THEN 'expired' ELSE status END = ?2)
                   AND (CAST(?3 AS TEXT) IS NULL OR gateway = ?3)
                   AND (CAST(?5 AS TEXT) IS NULL
                     OR EXISTS (SELECT 1 FROM charge_refunds r WHERE r.charge_id = charges.id AND r.status = ?5))
                 ORDER BY created_at DESC, id DESC LIMIT ?6 OFFSET ?7"
            ),
            &[&user.0, &status, &gateway, &at, &refund, &limit, &offset],
        )
        .await?;
    Ok((count, rows))
}

/// A charge with several such refunds is there once.
async fn with_refund(
    c: &Conn,
    refund: &str,
    (status, gateway): (Option<&str>, Option<&str>),
    limit: i64,
    offset: i64,
) -> Result<Found> {
    let count = c
        .one(
            sql!(
                "SELECT count(*) FROM charges
                 WHERE id IN (SELECT r.charge_id FROM charge_refunds r WHERE r.status = ?1)
                   AND (CAST(?2 AS TEXT) IS NULL OR status = ?2)
                   AND (CAST(?3 AS TEXT) IS NULL OR gateway = ?3)"
            ),
            &[&refund, &status, &gateway],
        )
        .await?;
    let rows = c
        .all(
            sql!(
                "SELECT id, user_id, purpose, reference, amount, gateway, return_url, status, credited_authority,
                        gateway_reference, created_at, expires_at, checked_at, check_at, verified_at
                 FROM charges
                 WHERE id IN (SELECT r.charge_id FROM charge_refunds r WHERE r.status = ?1)
                   AND (CAST(?2 AS TEXT) IS NULL OR status = ?2)
                   AND (CAST(?3 AS TEXT) IS NULL OR gateway = ?3)
                 ORDER BY id DESC LIMIT ?4 OFFSET ?5"
            ),
            &[&refund, &status, &gateway, &limit, &offset],
        )
        .await?;
    Ok((count, rows))
}

async fn of_status(c: &Conn, status: &str, gateway: Option<&str>, limit: i64, offset: i64) -> Result<Found> {
    let count = c
        .one(
            sql!(
                "SELECT count(*) FROM charges
                 WHERE status = ?1 AND (CAST(?2 AS TEXT) IS NULL OR gateway = ?2)"
            ),
            &[&status, &gateway],
        )
        .await?;
    let rows = c
        .all(
            sql!(
                "SELECT id, user_id, purpose, reference, amount, gateway, return_url, status, credited_authority,
                        gateway_reference, created_at, expires_at, checked_at, check_at, verified_at
                 FROM charges WHERE status = ?1 AND (CAST(?2 AS TEXT) IS NULL OR gateway = ?2)
                 ORDER BY id DESC LIMIT ?3 OFFSET ?4"
            ),
            &[&status, &gateway, &limit, &offset],
        )
        .await?;
    Ok((count, rows))
}

async fn of_gateway(c: &Conn, gateway: &str, limit: i64, offset: i64) -> Result<Found> {
    let count = c.one(sql!("SELECT count(*) FROM charges WHERE gateway = ?1"), &[&gateway]).await?;
    let rows = c
        .all(
            sql!(
                "SELECT id, user_id, purpose, reference, amount, gateway, return_url, status, credited_authority,
                        gateway_reference, created_at, expires_at, checked_at, check_at, verified_at
                 FROM charges WHERE gateway = ?1 ORDER BY id DESC LIMIT ?2 OFFSET ?3"
            ),
            &[&gateway, &limit, &offset],
        )
        .await?;
    Ok((count, rows))
}

async fn all(c: &Conn, limit: i64, offset: i64) -> Result<Found> {
    let count = c.one(sql!("SELECT count(*) FROM charges"), &[]).await?;
    let rows = c
        .all(
            sql!(
                "SELECT id, user_id, purpose, reference, amount, gateway, return_url, status, credited_authority,
                        gateway_reference, created_at, expires_at, checked_at, check_at, verified_at
                 FROM charges ORDER BY id DESC LIMIT ?1 OFFSET ?2"
            ),
            &[&limit, &offset],
        )
        .await?;
    Ok((count, rows))
}
