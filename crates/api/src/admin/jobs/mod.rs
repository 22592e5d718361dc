//! The queue of jobs, and those that failed for good. For admins; staff may read it.

pub(crate) mod list;
pub(crate) mod retry;

use app::jobs::Listed;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::time::rfc3339;

/// A job, without what it is about.
#[derive(Serialize, ToSchema)]
pub(crate) struct JobItem {
    #[schema(example = "018d2f6a-3c5e-7b1a-9f00-1c2d3e4f5a6b")]
    id: Uuid,
    /// Which work.
    #[schema(example = "notifications.send_sms")]
    kind: String,
    #[schema(value_type = JobStatus, example = "dead")]
    status: &'static str,
    /// Not before then; of a dead job, when it was last due.
    #[schema(example = "2024-01-20T15:30:00Z", format = "date-time")]
    run_at: String,
    /// How often it was tried; the eighth failure is the last.
    #[schema(example = 8)]
    attempts: i64,
    /// Why it failed the last time, if it did.
    #[schema(example = "temporary: status 409")]
    last_error: Option<String>,
    #[schema(example = "2024-01-20T12:10:00Z", format = "date-time")]
    created_at: String,
}

/// Queued jobs run by themselves; dead ones failed for good, until an admin retries them.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "describes the wire; the value itself is the store's")]
pub(crate) enum JobStatus {
    Queued,
    Dead,
}

fn body(job: Listed) -> JobItem {
    JobItem {
        id: job.id.0,
        kind: job.kind,
        status: job.status.as_str(),
        run_at: rfc3339(job.run_at),
        attempts: job.attempts,
        last_error: job.last_error,
        created_at: rfc3339(job.created_at),
    }
}
