//! Who has subscribed to what (D34).

use db::{At, Conn, Db, record, sql};
use domain::{Date, Rials, Timestamp, ids::UserId, subscription::Status};
use uuid::Uuid;

use crate::{Error, Result};

pub(crate) const fn stored(table: &'static str, column: &'static str, cause: String) -> Error {
    Error::Stored { table, column, cause }
}

/// A day as it is stored, ISO.
pub(crate) fn day(table: &'static str, column: &'static str, text: &str) -> Result<Date> {
    text.parse().map_err(|_| stored(table, column, "not a day".into()))
}

pub(crate) fn rials(table: &'static str, column: &'static str, amount: i64) -> Result<Rials> {
    Rials::new(amount).ok_or_else(|| stored(table, column, "negative".into()))
}

/// Who has subscribed to what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    pub id: Uuid,
    pub user: UserId,
    pub plan: String,
    pub status: Status,
    /// All months that were bought: the end is so many calendar months after the start.
    pub months: i64,
    pub start: Date,
    pub end: Date,
    pub auto_renew: bool,
    /// Its plan's limits apply until then.
    pub live_until: Timestamp,
    /// When somebody must look after it; none once it has ended.
    pub due_at: Option<Timestamp>,
    pub created_at: Timestamp,
}

impl Subscription {
    /// Whether its plan can be used.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.status.is_live() && now < self.live_until
    }
}

record! {
    struct Row {
        id: Uuid,
        user_id: Uuid,
        plan_id: String,
        status: String,
        months: i64,
        start_date: String,
        end_date: String,
        auto_renew: bool,
        live_until: At,
        due_at: Option<At>,
        created_at: At,
    }
}

fn read(row: Row) -> Result<Subscription> {
    let table = "subscriptions";
    let status =
        Status::parse(&row.status).ok_or_else(|| stored(table, "status", "unknown status".into()))?;
    Ok(Subscription {
        id: row.id,
        user: UserId(row.user_id),
        plan: row.plan_id,
        status,
        months: row.months,
        start: day(table, "start_date", &row.start_date)?,
        end: day(table, "end_date", &row.end_date)?,
        auto_renew: row.auto_renew,
        live_until: row.live_until.0,
        due_at: row.due_at.map(|At(at)| at),
        created_at: row.created_at.0,
    })
}

/// Until the end of the transaction nobody else buys, renews or ends a subscription of this user (primary key of the
/// user, because there may be no subscription yet).
pub async fn lock(tx: &Conn, user: UserId) -> Result<()> {
    let _held: Option<(Uuid,)> = tx
        .one(
            sql!(
                sqlite: "SELECT id FROM users WHERE id = ?1",
                postgres: "SELECT id FROM users WHERE id = $1 FOR NO KEY UPDATE"
            ),
            &[&user.0],
        )
        .await?;
    Ok(())
}

/// The subscription that a user has, be its time over and nobody has written it down yet (unique index
/// `subscriptions_one_live`).
pub async fn current(c: &Conn, user: UserId) -> Result<Option<Subscription>> {
    let row: Option<Row> = c
        .one(
            sql!(
                "SELECT id, user_id, plan_id, status, months, start_date, end_date, auto_renew, live_until, due_at,
                        created_at
                 FROM subscriptions WHERE user_id = ?1 AND status IN ('active', 'past_due')"
            ),
            &[&user.0],
        )
        .await?;
    row.map(read).transpose()
}

/// The newest subscription that a user has had (index `subscriptions_by_user`).
pub async fn latest(c: &Conn, user: UserId) -> Result<Option<Subscription>> {
    let row: Option<Row> = c
        .one(
            sql!(
                "SELECT id, user_id, plan_id, status, months, start_date, end_date, auto_renew, live_until, due_at,
                        created_at
                 FROM subscriptions WHERE user_id = ?1 ORDER BY created_at DESC, id DESC LIMIT 1"
            ),
            &[&user.0],
        )
        .await?;
    row.map(read).transpose()
}

/// One subscription (primary key).
pub async fn by_id(c: &Conn, id: Uuid) -> Result<Option<Subscription>> {
    let row: Option<Row> = c
        .one(
            sql!(
                "SELECT id, user_id, plan_id, status, months, start_date, end_date, auto_renew, live_until, due_at,
                        created_at
                 FROM subscriptions WHERE id = ?1"
            ),
            &[&id],
        )
        .await?;
    row.map(read).transpose()
}

/// A new one. The transaction is lost when its user has another that lives.
pub async fn insert(tx: &Conn, subscription: &Subscription) -> Result<()> {
    tx.exec(
        sql!(
            "INSERT INTO subscriptions (id, user_id, plan_id, status, months, start_date, end_date, auto_renew,
                                        live_until, due_at, created_at, updated_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?11)"
        ),
        &[
            &subscription.id,
            &subscription.user.0,
            &subscription.plan,
            &subscription.status.as_str(),
            &subscription.months,
            &subscription.start.to_string(),
            &subscription.end.to_string(),
            &subscription.auto_renew,
            &At(subscription.live_until),
            &subscription.due_at.map(At),
            &At(subscription.created_at),
        ],
    )
    .await?;
    Ok(())
}

/// Writes how a subscription stands now (primary key); false when it has ended already: what has ended stays so.
pub async fn save(tx: &Conn, subscription: &Subscription, now: Timestamp) -> Result<bool> {
    let changed = tx
        .exec(
            sql!(
                "UPDATE subscriptions SET status = ?2, months = ?3, end_date = ?4, auto_renew = ?5, live_until = ?6,
                        due_at = ?7, updated_at = ?8
                 WHERE id = ?1 AND status IN ('active', 'past_due')"
            ),
            &[
                &subscription.id,
                &subscription.status.as_str(),
                &subscription.months,
                &subscription.end.to_string(),
                &subscription.auto_renew,
                &At(subscription.live_until),
                &subscription.due_at.map(At),
                &At(now),
            ],
        )
        .await?;
    Ok(changed == 1)
}

/// Some that are to be renewed, tried again or ended, the longest due first (index `subscriptions_due`).
pub async fn due(c: &Conn, now: Timestamp, limit: i64) -> Result<Vec<(Uuid, UserId)>> {
    let rows: Vec<(Uuid, Uuid)> = c
        .all(
            sql!(
                "SELECT id, user_id FROM subscriptions WHERE due_at IS NOT NULL AND due_at <= ?1
                 ORDER BY due_at LIMIT ?2"
            ),
            &[&At(now), &limit],
        )
        .await?;
    Ok(rows.into_iter().map(|(id, user)| (id, UserId(user))).collect())
}

/// Until when a user has the premium rate limit; none: they don't (unique index `subscriptions_one_live`).
pub async fn premium_until(db: &Db, user: UserId, now: Timestamp) -> Result<Option<Timestamp>> {
    let row: Option<(At, bool)> = db
        .one(
            sql!(
                "SELECT s.live_until, p.is_premium FROM subscriptions s JOIN plans p ON p.id = s.plan_id
                 WHERE s.user_id = ?1 AND s.status IN ('active', 'past_due') AND s.live_until > ?2"
            ),
            &[&user.0, &At(now)],
        )
        .await?;
    Ok(row.and_then(|(At(until), is_premium)| is_premium.then_some(until)))
}
