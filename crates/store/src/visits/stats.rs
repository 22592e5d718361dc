//! A doctor's day and week in numbers (D25).

use db::{At, Conn, record, sql};
use domain::{Rials, Timestamp, ids::UserId};

use super::rials;
use crate::Result;

/// Visits that start within a span, and what they brought. Holds that have ended were never appointments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    pub total: i64,
    pub completed: i64,
    /// Held, confirmed or in progress.
    pub pending: i64,
    pub cancelled: i64,
    pub no_show: i64,
    /// The fees of the completed ones.
    pub revenue: Rials,
    /// Ratings of these visits.
    pub rating_sum: i64,
    pub rating_count: i64,
}

record! {
    struct Row {
        total: i64,
        completed: i64,
        pending: i64,
        cancelled: i64,
        no_show: i64,
        revenue: i64,
        rating_sum: i64,
        rating_count: i64,
    }
}

/// Of a doctor's visits that start within `from..to`, in one statement (index `visits_by_doctor`).
pub async fn stats(
    c: &Conn,
    doctor: UserId,
    from: Timestamp,
    to: Timestamp,
    now: Timestamp,
) -> Result<Stats> {
    let row: Option<Row> = c
        .one(
            sql!(
                "SELECT count(*),
                        CAST(coalesce(sum(CASE WHEN v.status = 'completed' THEN 1 ELSE 0 END), 0) AS BIGINT),
                        CAST(coalesce(sum(CASE WHEN v.status IN ('pending', 'confirmed', 'in_progress') THEN 1 ELSE 0 END), 0) AS BIGINT),
                        CAST(coalesce(sum(CASE WHEN v.status = 'cancelled' THEN 1 ELSE 0 END), 0) AS BIGINT),
                        CAST(coalesce(sum(CASE WHEN v.status = 'no_show' THEN 1 ELSE 0 END), 0) AS BIGINT),
                        CAST(coalesce(sum(CASE WHEN v.status = 'completed' THEN v.total ELSE 0 END), 0) AS BIGINT),
                        CAST(coalesce(sum(r.score), 0) AS BIGINT), count(r.score)
                 FROM visits v LEFT JOIN ratings r ON r.visit_id = v.id
                 WHERE v.doctor_id = ?1 AND v.starts_at >= ?2 AND v.starts_at < ?3
                   AND NOT (v.status = 'pending' AND v.hold_until <= ?4)
                   AND NOT (v.status = 'cancelled' AND v.cancelled_by = 'expired')"
            ),
            &[&doctor.0, &At(from), &At(to), &At(now)],
        )
        .await?;
    let Some(row) = row else { return Ok(Stats::default()) };
    Ok(Stats {
        total: row.total,
        completed: row.completed,
        pending: row.pending,
        cancelled: row.cancelled,
        no_show: row.no_show,
        revenue: rials(row.revenue, "total")?,
        rating_sum: row.rating_sum,
        rating_count: row.rating_count,
    })
}
