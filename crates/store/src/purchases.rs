//! What was bought of subscriptions, with its price as it was then.

use db::{At, Conn, record, sql};
use domain::{Date, Rials, Timestamp, ids::UserId, subscription::Stretch};
use uuid::Uuid;

use crate::{
    Result,
    subscriptions::{day, rials, stored},
};

const TABLE: &str = "subscription_purchases";

/// What a purchase does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Begin,
    Extend,
    Upgrade,
    Renewal,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Begin, Self::Extend, Self::Upgrade, Self::Renewal];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Begin => "begin",
            Self::Extend => "extend",
            Self::Upgrade => "upgrade",
            Self::Renewal => "renewal",
        }
    }
}

/// What has become of a purchase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Waits for a gateway.
    Pending,
    Paid,
    /// Nobody paid in time, or it could not be done any more.
    Abandoned,
}

impl Status {
    const ALL: [Self; 3] = [Self::Pending, Self::Paid, Self::Abandoned];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Paid => "paid",
            Self::Abandoned => "abandoned",
        }
    }
}

/// What was bought, with its price as it was then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purchase {
    /// Also the id of the ledger's posting.
    pub id: Uuid,
    pub subscription: Uuid,
    pub user: UserId,
    pub plan: String,
    pub kind: Kind,
    pub status: Status,
    pub months: i64,
    /// From the wallet; otherwise through a gateway.
    pub from_wallet: bool,
    pub amount: Rials,
    pub discount: Rials,
    pub credit: Rials,
    pub returned: Rials,
    pub total: Rials,
    pub code: Option<String>,
    pub auto_renew: bool,
    /// The subscription that it replaces, and the end that its credit was reckoned with.
    pub base: Option<(Uuid, Date)>,
    pub start: Date,
    pub end: Date,
    pub created_at: Timestamp,
    /// A pending one is abandoned then.
    pub due_at: Option<Timestamp>,
}

record! {
    struct Row {
        id: Uuid,
        subscription_id: Uuid,
        user_id: Uuid,
        plan_id: String,
        kind: String,
        status: String,
        months: i64,
        method: String,
        amount: i64,
        discount: i64,
        credit: i64,
        returned: i64,
        total: i64,
        code: Option<String>,
        auto_renew: bool,
        base_id: Option<Uuid>,
        base_end: Option<String>,
        start_date: String,
        end_date: String,
        created_at: At,
        due_at: Option<At>,
    }
}

fn read(row: Row) -> Result<Purchase> {
    let money = |column, amount| rials(TABLE, column, amount);
    let kind = Kind::ALL.into_iter().find(|kind| kind.as_str() == row.kind);
    let status = Status::ALL.into_iter().find(|status| status.as_str() == row.status);
    let base = match (row.base_id, row.base_end) {
        (Some(id), Some(end)) => Some((id, day(TABLE, "base_end", &end)?)),
        _ => None,
    };
    Ok(Purchase {
        id: row.id,
        subscription: row.subscription_id,
        user: UserId(row.user_id),
        plan: row.plan_id,
        kind: kind.ok_or_else(|| stored(TABLE, "kind", "unknown kind".into()))?,
        status: status.ok_or_else(|| stored(TABLE, "status", "unknown status".into()))?,
        months: row.months,
        from_wallet: row.method == "wallet",
        amount: money("amount", row.amount)?,
        discount: money("discount", row.discount)?,
        credit: money("credit", row.credit)?,
        returned: money("returned", row.returned)?,
        total: money("total", row.total)?,
        code: row.code,
        auto_renew: row.auto_renew,
        base,
        start: day(TABLE, "start_date", &row.start_date)?,
        end: day(TABLE, "end_date", &row.end_date)?,
        created_at: row.created_at.0,
        due_at: row.due_at.map(|At(at)| at),
    })
}

/// Writes down what is bought.
pub async fn insert(tx: &Conn, purchase: &Purchase) -> Result<()> {
    tx.exec(
        sql!(
            "INSERT INTO subscription_purchases (id, subscription_id, user_id, plan_id, kind, status, months, method,
                amount, discount, credit, returned, total, code, auto_renew, base_id, base_end, start_date, end_date,
                created_at, due_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21)"
        ),
        &[
            &purchase.id,
            &purchase.subscription,
            &purchase.user.0,
            &purchase.plan,
            &purchase.kind.as_str(),
            &purchase.status.as_str(),
            &purchase.months,
            &if purchase.from_wallet { "wallet" } else { "online" },
            &purchase.amount.get(),
            &purchase.discount.get(),
            &purchase.credit.get(),
            &purchase.returned.get(),
            &purchase.total.get(),
            &purchase.code,
            &purchase.auto_renew,
            &purchase.base.map(|(id, _)| id),
            &purchase.base.map(|(_, end)| end.to_string()),
            &purchase.start.to_string(),
            &purchase.end.to_string(),
            &At(purchase.created_at),
            &purchase.due_at.map(At),
        ],
    )
    .await?;
    Ok(())
}

/// One purchase (primary key).
pub async fn by_id(c: &Conn, id: Uuid) -> Result<Option<Purchase>> {
    let row: Option<Row> = c
        .one(
            sql!(
                "SELECT id, subscription_id, user_id, plan_id, kind, status, months, method, amount, discount, credit,
                        returned, total, code, auto_renew, base_id, base_end, start_date, end_date, created_at, due_at
                 FROM subscription_purchases WHERE id = ?1"
            ),
            &[&id],
        )
        .await?;
    row.map(read).transpose()
}

/// A pending purchase is paid: these are its days, of this subscription. False when it isn't pending any more (primary
/// key).
pub async fn pay(
    tx: &Conn,
    id: Uuid,
    subscription: Uuid,
    kind: Kind,
    (start, end): (Date, Date),
) -> Result<bool> {
    let changed = tx
        .exec(
            sql!(
                "UPDATE subscription_purchases SET status = 'paid', due_at = NULL, subscription_id = ?2, kind = ?3,
                        start_date = ?4, end_date = ?5
                 WHERE id = ?1 AND status = 'pending'"
            ),
            &[&id, &subscription, &kind.as_str(), &start.to_string(), &end.to_string()],
        )
        .await?;
    Ok(changed == 1)
}

/// A pending purchase waits for its money until then, or longer if it does already; false when it isn't pending any more
/// (primary key).
pub async fn wait_until(tx: &Conn, id: Uuid, until: Timestamp) -> Result<bool> {
    let changed = tx
        .exec(
            sql!(
                "UPDATE subscription_purchases SET due_at = CASE WHEN due_at < ?2 THEN ?2 ELSE due_at END
                 WHERE id = ?1 AND status = 'pending'"
            ),
            &[&id, &At(until)],
        )
        .await?;
    Ok(changed == 1)
}

/// A pending purchase is given up; with `due_by` only if its time was over then: it may have been given more. False when
/// it was not, or isn't pending any more (primary key).
pub async fn abandon(tx: &Conn, id: Uuid, due_by: Option<Timestamp>) -> Result<bool> {
    let changed = tx
        .exec(
            sql!(
                "UPDATE subscription_purchases SET status = 'abandoned', due_at = NULL
                 WHERE id = ?1 AND status = 'pending' AND (CAST(?2 AS BIGINT) IS NULL OR due_at <= ?2)"
            ),
            &[&id, &due_by.map(At)],
        )
        .await?;
    Ok(changed == 1)
}

/// How many purchases of a user wait for their money and still have time (index `subscription_purchases_pending`).
pub async fn pending_of(c: &Conn, user: UserId, now: Timestamp) -> Result<i64> {
    let found: Option<(i64,)> = c
        .one(
            sql!(
                "SELECT count(*) FROM subscription_purchases
                 WHERE user_id = ?1 AND status = 'pending' AND due_at > ?2"
            ),
            &[&user.0, &At(now)],
        )
        .await?;
    Ok(found.map_or(0, |(n,)| n))
}

/// What was paid of a subscription, the latest days first (index `subscription_purchases_by_subscription`).
pub async fn paid_of(c: &Conn, subscription: Uuid) -> Result<Vec<Purchase>> {
    let rows: Vec<Row> = c
        .all(
            sql!(
                "SELECT id, subscription_id, user_id, plan_id, kind, status, months, method, amount, discount, credit,
                        returned, total, code, auto_renew, base_id, base_end, start_date, end_date, created_at, due_at
                 FROM subscription_purchases WHERE subscription_id = ?1 AND status = 'paid'
                 ORDER BY start_date DESC"
            ),
            &[&subscription],
        )
        .await?;
    rows.into_iter().map(read).collect()
}

/// Some pending purchases whose time is over, the oldest first (index `subscription_purchases_due`).
pub async fn unpaid(c: &Conn, now: Timestamp, limit: i64) -> Result<Vec<Uuid>> {
    let rows: Vec<(Uuid,)> = c
        .all(
            sql!(
                "SELECT id FROM subscription_purchases WHERE due_at IS NOT NULL AND due_at <= ?1
                 ORDER BY due_at LIMIT ?2"
            ),
            &[&At(now), &limit],
        )
        .await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// The days of a subscription that were paid, and with how much, credit included; only those that end after that day
/// (index `subscription_purchases_by_subscription`).
pub async fn stretches(c: &Conn, subscription: Uuid, after: Date) -> Result<Vec<Stretch>> {
    let rows: Vec<(String, String, i64)> = c
        .all(
            sql!(
                "SELECT start_date, end_date, total + credit FROM subscription_purchases
                 WHERE subscription_id = ?1 AND status = 'paid' AND end_date > ?2 ORDER BY start_date"
            ),
            &[&subscription, &after.to_string()],
        )
        .await?;
    let stretch = |(start, end, worth): (String, String, i64)| -> Result<Stretch> {
        Ok(Stretch {
            start: day(TABLE, "start_date", &start)?,
            end: day(TABLE, "end_date", &end)?,
            worth: rials(TABLE, "total", worth)?,
        })
    };
    rows.into_iter().map(stretch).collect()
}
