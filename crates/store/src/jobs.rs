//! Work that must happen later (jobs) and again and again (cron).
//!
//! A job is written in the transaction that needs it and done at least once: a worker takes it for a
//! while (its lease), and only that lease may end it. A worker that dies lets its lease run out, and
//! the next one takes the job again.

use db::{At, Conn, record, sql};
use domain::{SignedDuration, Timestamp, ids::JobId};
use serde_json::Value;
use uuid::Uuid;

use crate::{Error, Result};

/// Work on its way into the queue.
#[derive(Clone, Debug)]
pub struct NewJob<'a> {
    /// Which work; a name that stays, because queued jobs outlive a program.
    pub kind: &'static str,
    /// What the work needs to know: ids, nothing about anybody.
    pub payload: Value,
    pub run_at: Timestamp,
    /// Two jobs with one key are one job.
    pub unique_key: Option<&'a str>,
}

/// A job that a worker has taken.
#[derive(Clone, Debug)]
pub struct Job {
    pub id: JobId,
    pub kind: String,
    /// JSON as it was written.
    pub payload: String,
    /// This one included.
    pub attempts: i64,
    pub run_at: Timestamp,
}

/// What is to become of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It runs at its time, maybe right now.
    Queued,
    /// It failed for good; an admin can revive it.
    Dead,
}

impl Status {
    pub const NAMES: [&'static str; 2] = ["queued", "dead"];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Dead => "dead",
        }
    }

    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Queued, Self::Dead].into_iter().find(|status| status.as_str() == name)
    }
}

/// A job as admins see it: without its payload.
#[derive(Clone, Debug)]
pub struct Listed {
    pub id: JobId,
    pub kind: String,
    pub status: Status,
    pub run_at: Timestamp,
    pub attempts: i64,
    /// Why it failed the last time.
    pub last_error: Option<String>,
    pub created_at: Timestamp,
}

/// How many jobs there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub queued: i64,
    pub dead: i64,
}

record! {
    struct Taken {
        id: Uuid,
        kind: String,
        payload: String,
        attempts: i64,
        run_at: At,
    }
}

record! {
    struct Row {
        id: Uuid,
        kind: String,
        status: String,
        run_at: At,
        attempts: i64,
        last_error: Option<String>,
        created_at: At,
    }
}

fn listed(row: Row) -> Result<Listed> {
    let status = Status::parse(&row.status).ok_or_else(|| Error::Stored {
        table: "jobs",
        column: "status",
        cause: "unknown status".into(),
    })?;
    Ok(Listed {
        id: JobId(row.id),
        kind: row.kind,
        status,
        run_at: row.run_at.0,
        attempts: row.attempts,
        last_error: row.last_error,
        created_at: row.created_at.0,
    })
}

/// Puts a job into the queue; false when one with its key is there already, be it dead (unique index).
pub async fn enqueue(tx: &Conn, id: JobId, job: &NewJob<'_>, now: Timestamp) -> Result<bool> {
    let added = tx
        .exec(
            sql!(
                "INSERT INTO jobs (id, kind, payload, unique_key, status, run_at, attempts, created_at)
                 VALUES (?1, ?2, ?3, ?4, 'queued', ?5, 0, ?6) ON CONFLICT (unique_key) DO NOTHING"
            ),
            &[&id.0, &job.kind, &job.payload.to_string(), &job.unique_key, &At(job.run_at), &At(now)],
        )
        .await?;
    Ok(added == 1)
}

/// Takes jobs that are due and that nobody holds, the longest due first (index `jobs_by_time`). They are
/// this lease's until it is over. Each counts as an attempt, so that one that kills its worker is noticed.
pub async fn claim(
    tx: &Conn,
    now: Timestamp,
    lease_for: SignedDuration,
    limit: i64,
    lease: Uuid,
) -> Result<Vec<Job>> {
    let mut taken: Vec<Taken> = tx
        .all(
            sql!(
                sqlite: "UPDATE jobs SET attempts = attempts + 1, leased_until = ?2, lease = ?3
                         WHERE id IN (SELECT id FROM jobs
                                      WHERE status = 'queued' AND run_at <= ?1
                                        AND (leased_until IS NULL OR leased_until <= ?1)
                                      ORDER BY run_at, id LIMIT ?4)
                         RETURNING id, kind, payload, attempts, run_at",
                postgres: "WITH due AS MATERIALIZED
                             (SELECT id FROM jobs
                              WHERE status = 'queued' AND run_at <= $1
                                AND (leased_until IS NULL OR leased_until <= $1)
                              ORDER BY run_at, id LIMIT $4 FOR UPDATE SKIP LOCKED)
                           UPDATE jobs SET attempts = jobs.attempts + 1, leased_until = $2, lease = $3
                           FROM due WHERE jobs.id = due.id
                           RETURNING jobs.id, jobs.kind, jobs.payload, jobs.attempts, jobs.run_at"
            ),
            &[&At(now), &At(now + lease_for), &lease, &limit],
        )
        .await?;
    // what RETURNING gives has no order
    taken.sort_by_key(|job| (job.run_at, job.id));
    let job = |row: Taken| Job {
        id: JobId(row.id),
        kind: row.kind,
        payload: row.payload,
        attempts: row.attempts,
        run_at: row.run_at.0,
    };
    Ok(taken.into_iter().map(job).collect())
}

/// Removes a job that is done; false when this lease holds it no longer (primary key).
pub async fn done(tx: &Conn, id: JobId, lease: Uuid) -> Result<bool> {
    let removed = tx
        .exec(sql!("DELETE FROM jobs WHERE id = ?1 AND lease = ?2 AND status = 'queued'"), &[&id.0, &lease])
        .await?;
    Ok(removed == 1)
}

/// Puts a job back until then; false when this lease holds it no longer (primary key).
pub async fn retry(tx: &Conn, id: JobId, lease: Uuid, run_at: Timestamp, error: &str) -> Result<bool> {
    let changed = tx
        .exec(
            sql!(
                "UPDATE jobs SET run_at = ?3, last_error = ?4, leased_until = NULL, lease = NULL
                 WHERE id = ?1 AND lease = ?2 AND status = 'queued'"
            ),
            &[&id.0, &lease, &At(run_at), &error],
        )
        .await?;
    Ok(changed == 1)
}

/// Gives a job up; false when this lease holds it no longer (primary key).
pub async fn bury(tx: &Conn, id: JobId, lease: Uuid, error: &str) -> Result<bool> {
    let changed = tx
        .exec(
            sql!(
                "UPDATE jobs SET status = 'dead', last_error = ?3, leased_until = NULL, lease = NULL
                 WHERE id = ?1 AND lease = ?2 AND status = 'queued'"
            ),
            &[&id.0, &lease, &error],
        )
        .await?;
    Ok(changed == 1)
}

/// Removes a queued job with this key, if there is one (unique index). One that is running runs to its end.
pub async fn forget(tx: &Conn, unique_key: &str) -> Result<()> {
    tx.exec(sql!("DELETE FROM jobs WHERE unique_key = ?1 AND status = 'queued'"), &[&unique_key]).await?;
    Ok(())
}

/// Queues a dead job for now, as if it had never been tried; false when it isn't dead (primary key).
pub async fn revive(tx: &Conn, id: JobId, now: Timestamp) -> Result<bool> {
    let changed = tx
        .exec(
            sql!(
                "UPDATE jobs SET status = 'queued', attempts = 0, run_at = ?2
                 WHERE id = ?1 AND status = 'dead'"
            ),
            &[&id.0, &At(now)],
        )
        .await?;
    Ok(changed == 1)
}

/// One job (primary key).
pub async fn by_id(c: &Conn, id: JobId) -> Result<Option<Listed>> {
    let row: Option<Row> = c
        .one(
            sql!("SELECT id, kind, status, run_at, attempts, last_error, created_at FROM jobs WHERE id = ?1"),
            &[&id.0],
        )
        .await?;
    row.map(listed).transpose()
}

/// One page of jobs, the dead ones first, then in the order of their times, and how many there are
/// (index `jobs_by_time`).
pub async fn page(c: &Conn, status: Option<Status>, limit: i64, offset: i64) -> Result<(i64, Vec<Listed>)> {
    let (count, rows): (Option<(i64,)>, Vec<Row>) = if let Some(status) = status {
        let status = status.as_str();
        let count = c.one(sql!("SELECT count(*) FROM jobs WHERE status = ?1"), &[&status]).await?;
        let rows = c
            .all(
                sql!(
                    "SELECT id, kind, status, run_at, attempts, last_error, created_at FROM jobs
                     WHERE status = ?1 ORDER BY run_at, id LIMIT ?2 OFFSET ?3"
                ),
                &[&status, &limit, &offset],
            )
            .await?;
        (count, rows)
    } else {
        let count = c.one(sql!("SELECT count(*) FROM jobs"), &[]).await?;
        let rows = c
            .all(
                sql!(
                    "SELECT id, kind, status, run_at, attempts, last_error, created_at FROM jobs
                     ORDER BY status, run_at, id LIMIT ?1 OFFSET ?2"
                ),
                &[&limit, &offset],
            )
            .await?;
        (count, rows)
    };
    let jobs = rows.into_iter().map(listed).collect::<Result<_>>()?;
    Ok((count.map_or(0, |(n,)| n), jobs))
}

/// How many are queued, and how many are dead (index `jobs_by_time`).
pub async fn counts(c: &Conn) -> Result<Counts> {
    let rows: Vec<(String, i64)> =
        c.all(sql!("SELECT status, count(*) FROM jobs GROUP BY status"), &[]).await?;
    let of = |status: Status| rows.iter().find(|(name, _)| name == status.as_str()).map_or(0, |(_, n)| *n);
    Ok(Counts { queued: of(Status::Queued), dead: of(Status::Dead) })
}

/// The last moment that a run may wait for. What waits for a later one was taken by a clock that was ahead: it would
/// wait for as long as that was. Two periods, because clocks of two nodes may differ a little.
fn latest(now: Timestamp, next: Timestamp) -> Timestamp {
    next + next.duration_since(now)
}

/// Whether [`tick`] may win: a look that takes no lock (primary key).
pub async fn is_due(c: &Conn, name: &str, now: Timestamp, next: Timestamp) -> Result<bool> {
    let later: Option<(String,)> = c
        .one(
            sql!("SELECT name FROM cron WHERE name = ?1 AND next_at > ?2 AND next_at <= ?3"),
            &[&name, &At(now), &At(latest(now, next))],
        )
        .await?;
    Ok(later.is_none())
}

/// Takes one run of what happens again and again; the next one is due at `next`, a period from now. False when it isn't
/// due, or another node has taken it (primary key). One that waits for more than two periods is due.
pub async fn tick(tx: &Conn, name: &str, now: Timestamp, next: Timestamp) -> Result<bool> {
    let taken = tx
        .exec(
            sql!(
                "INSERT INTO cron (name, next_at) VALUES (?1, ?3)
                 ON CONFLICT (name) DO UPDATE SET next_at = excluded.next_at
                 WHERE cron.next_at <= ?2 OR cron.next_at > ?4"
            ),
            &[&name, &At(now), &At(next), &At(latest(now, next))],
        )
        .await?;
    Ok(taken == 1)
}
