//! Work that happens later: the kinds of jobs there are, and how they are run.
//!
//! A job is queued in the transaction that needs it, and run at least once: every kind must be safe to run
//! twice. Workers (`worker.rs`) take jobs under a lease; what fails waits (`backoff.rs`) and is tried again,
//! what can't succeed is dead until an admin revives it (`dead.rs`).

mod backoff;
mod cron;
mod dead;
mod failure;
mod run;
mod worker;

use db::Conn;
use domain::{
    Timestamp,
    ids::{JobId, NotificationId, UserId, VisitId},
};
use serde::{Deserialize, Serialize};

use crate::{App, Fault};

pub use cron::run_cron;
pub use dead::{RetryJobError, list, retry};
pub(crate) use failure::Failure;
pub use run::run_due;
pub use store::jobs::{Listed, Status};
pub use worker::work;

/// Everything that can be done later. Names and fields stay as they are: queued jobs outlive the program
/// that queued them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// See [`Remind`].
    Remind,
    /// See [`SendSms`].
    SendSms,
    /// See [`WithdrawVisits`].
    WithdrawVisits,
    /// See [`crate::billing::invoices::IssueInvoice`].
    IssueInvoice,
}

impl Kind {
    pub const ALL: [Self; 4] = [Self::Remind, Self::SendSms, Self::WithdrawVisits, Self::IssueInvoice];

    /// The name in the queue.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Remind => "visits.remind",
            Self::SendSms => "notifications.send_sms",
            Self::WithdrawVisits => "visits.withdraw",
            Self::IssueInvoice => "billing.issue_invoice",
        }
    }

    /// None where a newer (or much older) program queued it.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// Reminds of a visit that starts in so many minutes (1440 or 30), unless it has moved since.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remind {
    pub visit: VisitId,
    pub starts_at: Timestamp,
    pub minutes: i64,
}

/// Sends a notification as a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendSms {
    pub notification: NotificationId,
}

/// Cancels what lies ahead of a doctor who was suspended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WithdrawVisits {
    pub doctor: UserId,
}

/// Queues a job; false when one with this key is there already. The payload holds ids, nothing about anybody.
pub(crate) async fn enqueue(
    tx: &Conn,
    app: &App,
    (kind, payload): (Kind, &(impl Serialize + Sync)),
    run_at: Timestamp,
    unique_key: Option<&str>,
    now: Timestamp,
) -> Result<bool, Fault> {
    let payload = serde_json::to_value(payload).map_err(|e| Fault::Internal(e.to_string()))?;
    let new = store::jobs::NewJob { kind: kind.as_str(), payload, run_at, unique_key };
    Ok(store::jobs::enqueue(tx, JobId::new(now, &*app.rng), &new, now).await?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ID: &str = "018d2f6a-3c5e-7b1a-9f00-1c2d3e4f5a6b";

    #[test]
    fn what_is_queued_today_is_read_by_every_later_program() {
        let remind = json!({ "visit": ID, "starts_at": "2024-01-20T10:00:00Z", "minutes": 30 });
        let read: Remind = serde_json::from_value(remind.clone()).unwrap();
        assert_eq!((read.visit.to_string().as_str(), read.minutes), (ID, 30));
        assert_eq!(serde_json::to_value(read).unwrap(), remind);
        let sms = json!({ "notification": ID });
        let read: SendSms = serde_json::from_value(sms.clone()).unwrap();
        assert_eq!(serde_json::to_value(read).unwrap(), sms);
    }

    #[test]
    fn each_kind_has_its_name() {
        for kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.as_str()), Some(kind));
        }
        assert_eq!(Kind::parse("visits.forget"), None);
    }
}
