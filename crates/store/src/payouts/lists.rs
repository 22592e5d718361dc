//! Pages of payouts: a doctor's own, and those that admins work through.

use db::{Conn, sql};
use domain::{ids::UserId, payout::Status};

use super::{Payout, Row, payout};
use crate::Result;

/// One page of a doctor's, newest first, and how many there are (index `payouts_by_doctor`, covering).
pub async fn of_doctor(
    c: &Conn,
    doctor: UserId,
    status: Option<Status>,
    limit: i64,
    offset: i64,
) -> Result<(i64, Vec<Payout>)> {
    let status = status.map(Status::as_str);
    let count: Option<(i64,)> = c
        .one(
            sql!(
                "SELECT count(*) FROM payouts
                 WHERE doctor_id = ?1 AND (CAST(?2 AS TEXT) IS NULL OR status = ?2)"
            ),
            &[&doctor.0, &status],
        )
        .await?;
    let rows: Vec<Row> = c
        .all(
            sql!(
                "SELECT p.id, p.doctor_id, u.first_name, u.last_name, p.hold_id, p.amount, p.iban_masked,
                        p.account_holder, p.status, p.batch_id, p.reason, p.created_at, p.approved_at, p.exported_at,
                        p.paid_at, p.closed_at
                 FROM (SELECT id AS page_id FROM payouts
                   WHERE doctor_id = ?1 AND (CAST(?2 AS TEXT) IS NULL OR status = ?2)
                   ORDER BY created_at DESC, id DESC LIMIT ?3 OFFSET ?4) page
                 JOIN payouts p ON p.id = page.page_id JOIN users u ON u.id = p.doctor_id
                 ORDER BY p.created_at DESC, p.id DESC"
            ),
            &[&doctor.0, &status, &limit, &offset],
        )
        .await?;
    Ok((count.map_or(0, |(n,)| n), rows.into_iter().map(payout).collect::<Result<_>>()?))
}

/// One page of those in this status, oldest first, and how many there are (index `payouts_by_status`, covering).
pub async fn by_status(c: &Conn, status: Status, limit: i64, offset: i64) -> Result<(i64, Vec<Payout>)> {
    let count = count(c, status).await?;
    let rows: Vec<Row> = c
        .all(
            sql!(
                "SELECT p.id, p.doctor_id, u.first_name, u.last_name, p.hold_id, p.amount, p.iban_masked,
                        p.account_holder, p.status, p.batch_id, p.reason, p.created_at, p.approved_at, p.exported_at,
                        p.paid_at, p.closed_at
                 FROM (SELECT id AS page_id FROM payouts WHERE status = ?1
                   ORDER BY created_at, id LIMIT ?2 OFFSET ?3) page
                 JOIN payouts p ON p.id = page.page_id JOIN users u ON u.id = p.doctor_id
                 ORDER BY p.created_at, p.id"
            ),
            &[&status.as_str(), &limit, &offset],
        )
        .await?;
    Ok((count, rows.into_iter().map(payout).collect::<Result<_>>()?))
}

/// How many are in this status (index `payouts_by_status`, covering).
pub async fn count(c: &Conn, status: Status) -> Result<i64> {
    let count: Option<(i64,)> =
        c.one(sql!("SELECT count(*) FROM payouts WHERE status = ?1"), &[&status.as_str()]).await?;
    Ok(count.map_or(0, |(n,)| n))
}
