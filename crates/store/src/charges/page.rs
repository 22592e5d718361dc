//! Charges as admins and payers look for them, the newest first: ids are in the order of time.

use db::{At, Conn, sql};
use domain::{Timestamp, ids::UserId};

use super::{Charge, ChargeStatus, Row, charge};
use crate::Result;

/// Which charges are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChargeFilter {
    /// As it is written down.
    pub status: Option<ChargeStatus>,
    pub gateway: Option<String>,
    pub user: Option<UserId>,
}

type Found = (Option<(i64,)>, Vec<Row>);

/// One page of the charges that match, and how many do (indexes `charges_by_user`, `charges_by_status`,
/// `charges_by_gateway`, primary key: the first of them that fits).
pub async fn page(c: &Conn, filter: &ChargeFilter, limit: i64, offset: i64) -> Result<(i64, Vec<Charge>)> {
    let status = filter.status.map(ChargeStatus::as_str);
    let gateway = filter.gateway.as_deref();
    let found = match (filter.user, status, gateway) {
        (Some(user), status, gateway) => with_user(c, user, (status, gateway), None, limit, offset).await?,
        (None, Some(status), gateway) => of_status(c, status, gateway, limit, offset).await?,
        (None, None, Some(gateway)) => of_gateway(c, gateway, limit, offset).await?,
        (None, None, None) => all(c, limit, offset).await?,
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
    read(with_user(c, user, (status, None), Some(At(now)), limit, offset).await?)
}

fn read((count, rows): Found) -> Result<(i64, Vec<Charge>)> {
    let charges = rows.into_iter().map(charge).collect::<Result<_>>()?;
    Ok((count.map_or(0, |(n,)| n), charges))
}

/// At a time, a pending charge that has ended by then counts as expired; without one, statuses are as they are written
/// down.
async fn with_user(
    c: &Conn,
    user: UserId,
    (status, gateway): (Option<&str>, Option<&str>),
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
                   AND (CAST(?3 AS TEXT) IS NULL OR gateway = ?3)"
            ),
            &[&user.0, &status, &gateway, &at],
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
                 ORDER BY created_at DESC, id DESC LIMIT ?5 OFFSET ?6"
            ),
            &[&user.0, &status, &gateway, &at, &limit, &offset],
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
