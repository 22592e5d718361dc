//! Quotas (D34): what a user may use by the plan they have, or by the `free` one. Other parts ask here, in the
//! transaction of what they do.
//!
//! `ai_queries` and `storage_mb` are enforced ([`take`]). `monthly_consultations` is counted and shown ([`count_visit`]),
//! and forbids nothing: every visit is paid on its own.

use db::Conn;
use domain::{
    Date, SignedDuration, Timestamp, days,
    ids::{UserId, VisitId},
    subscription::{self, FREE, Limits, Period, Plan},
};
use store::subscriptions::Subscription;

use crate::{App, Fault, fault::faults};

pub use domain::subscription::Quota;

/// For so long after its end a subscription is named as what is missing.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(24 * 30);

#[derive(Debug, thiserror::Error)]
pub enum QuotaError {
    /// That would be more than the plan allows. Wait for the next period, free some, or buy another plan.
    #[error("quota exceeded")]
    Exceeded {
        quota: Quota,
        /// As the plan says it.
        limit: i64,
        /// The first day of the next period.
        resets_on: Option<Date>,
    },
    /// The same, where a subscription that ended lately would have allowed more.
    #[error("subscription expired")]
    SubscriptionExpired,
    #[error(transparent)]
    Fault(Fault),
}
faults!(QuotaError);

/// What was counted, and in which period: for [`give_back`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    quota: Quota,
    period: Date,
    n: i64,
}

/// What a user may use now.
pub(super) struct Allowance {
    pub(super) held: Option<(Subscription, Plan)>,
    pub(super) limits: Limits,
}

impl Allowance {
    pub(super) fn period(&self, quota: Quota, now: Timestamp) -> Period {
        let since = self.held.as_ref().map(|(subscription, _)| subscription.start);
        quota.period(since, days::tehran_today(now))
    }
}

/// The plan that a user has, or the free one.
pub(super) async fn allowance(c: &Conn, user: UserId, now: Timestamp) -> Result<Allowance, Fault> {
    let current = store::subscriptions::current(c, user).await?.filter(|held| held.is_live(now));
    let Some(subscription) = current else {
        return Ok(Allowance { held: None, limits: plan(c, FREE).await?.limits });
    };
    let plan = plan(c, &subscription.plan).await?;
    Ok(Allowance { limits: plan.limits, held: Some((subscription, plan)) })
}

async fn plan(c: &Conn, id: &str) -> Result<Plan, Fault> {
    store::plans::by_id(c, id).await?.ok_or_else(|| Fault::Internal("a plan is missing".into()))
}

/// Counts `n` more (queries; bytes of [`Quota::StorageMb`]) if the user's plan allows them. Exact, however many ask at
/// once. A refusal leaves the transaction usable.
pub async fn take(
    tx: &Conn,
    user: UserId,
    quota: Quota,
    n: i64,
    now: Timestamp,
) -> Result<Taken, QuotaError> {
    let allowance = allowance(tx, user, now).await?;
    let period = allowance.period(quota, now);
    let limit = allowance.limits.counted(quota);
    if store::quotas::take(tx, user, (quota, period.start), n, limit).await? {
        return Ok(Taken { quota, period: period.start, n });
    }
    if allowance.held.is_none() && had_more(tx, user, quota, &allowance.limits, now).await? {
        return Err(QuotaError::SubscriptionExpired);
    }
    let limit = allowance.limits.of(quota);
    Err(QuotaError::Exceeded { quota, limit, resets_on: period.resets_on })
}

/// Whether a subscription that ended lately allowed more than that.
async fn had_more(
    c: &Conn,
    user: UserId,
    quota: Quota,
    now_has: &Limits,
    now: Timestamp,
) -> Result<bool, Fault> {
    let Some(last) = store::subscriptions::latest(c, user).await? else { return Ok(false) };
    if now.duration_since(subscription::ends_at(last.end)) > REMEMBERED {
        return Ok(false);
    }
    let had = plan(c, &last.plan).await?.limits.counted(quota);
    Ok(now_has.counted(quota).is_some_and(|has| had.is_none_or(|had| had > has)))
}

/// Counts `n` more, whatever the limit: what is shown, and forbids nothing.
pub async fn note(tx: &Conn, user: UserId, quota: Quota, n: i64, now: Timestamp) -> Result<Taken, Fault> {
    let period = allowance(tx, user, now).await?.period(quota, now).start;
    store::quotas::take(tx, user, (quota, period), n, None).await?;
    Ok(Taken { quota, period, n })
}

/// Takes back what was counted for something that did not happen.
pub async fn give_back(tx: &Conn, user: UserId, taken: Taken) -> Result<(), Fault> {
    Ok(store::quotas::give_back(tx, user, (taken.quota, taken.period), taken.n).await?)
}

/// Counts a visit of this patient's, and keeps with it in which period.
pub async fn count_visit(tx: &Conn, patient: UserId, visit: VisitId, now: Timestamp) -> Result<(), Fault> {
    let noted = note(tx, patient, Quota::MonthlyConsultations, 1, now).await?;
    Ok(store::visits::count_in(tx, visit, noted.period).await?)
}

/// Takes back a visit that does not take place, in the period that it was counted in: the patient may have subscribed
/// since. Without effect where none is kept.
pub async fn uncount_visit(tx: &Conn, patient: UserId, visit: VisitId) -> Result<(), Fault> {
    let Some(period) = store::visits::uncount(tx, visit).await? else { return Ok(()) };
    give_back(tx, patient, Taken { quota: Quota::MonthlyConsultations, period, n: 1 }).await
}

/// Takes back the bytes of what was deleted.
pub async fn free_storage(tx: &Conn, user: UserId, bytes: i64) -> Result<(), Fault> {
    // counted for good: its one period is the same for everybody, always
    let period = Quota::StorageMb.period(None, Date::MIN).start;
    Ok(store::quotas::give_back(tx, user, (Quota::StorageMb, period), bytes).await?)
}

/// What was used of one quota.
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    pub quota: Quota,
    /// In the units of the plan; a megabyte that was begun counts.
    pub used: i64,
    /// −1: unlimited.
    pub limit: i64,
    /// When the count starts anew.
    pub resets_at: Option<Timestamp>,
}

/// What was used of every quota.
pub(super) async fn usage(
    c: &Conn,
    user: UserId,
    allowance: &Allowance,
    now: Timestamp,
) -> Result<Vec<Usage>, Fault> {
    let mut all = Vec::with_capacity(Quota::ALL.len());
    for quota in Quota::ALL {
        let period = allowance.period(quota, now);
        let counted = store::quotas::used(c, user, (quota, period.start)).await?;
        all.push(Usage {
            quota,
            used: quota.shown(counted),
            limit: allowance.limits.of(quota),
            resets_at: period.resets_on.map(days::tehran_midnight),
        });
    }
    Ok(all)
}

/// What a user has used of every quota now.
pub async fn usage_of(app: &App, user: UserId) -> Result<Vec<Usage>, Fault> {
    app.db
        .read((user, app.clock.now()), |c, (user, now)| {
            Box::pin(async move {
                let allowance = allowance(c, *user, *now).await?;
                usage(c, *user, &allowance, *now).await
            })
        })
        .await
}
