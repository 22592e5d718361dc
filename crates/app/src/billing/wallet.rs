//! A user's own money: what there is, and what happened to it.

use domain::{Timestamp, ids::UserId};
use store::ledger::{self, Line};

use crate::{
    App, Fault,
    admin::{Page, Paged},
};

pub use store::ledger::{Line as Transaction, StatementFilter as Filter};

/// How many of the newest transactions come with the wallet (D32).
const RECENT: i64 = 10;

/// A wallet as its owner sees it. Amounts are whole Rials.
#[derive(Clone, Debug)]
pub struct Wallet {
    pub id: uuid::Uuid,
    /// What can be spent now.
    pub available: i64,
    /// What open holds have blocked.
    pub blocked: i64,
    /// When its money last changed; for a wallet that was never used, when its owner came.
    pub updated_at: Timestamp,
    /// The newest first.
    pub recent: Vec<Line>,
}

impl Wallet {
    /// All of the user's money.
    #[must_use]
    pub const fn balance(&self) -> i64 {
        self.available.saturating_add(self.blocked)
    }
}

/// The wallet of this user; everybody has one.
pub async fn read(app: &App, user: UserId) -> Result<Wallet, Fault> {
    let (row, recent) = ledger::overview(&app.db, user, RECENT).await?;
    let updated_at = match row.updated_at {
        Some(at) => at,
        None => came(app, user).await?,
    };
    Ok(Wallet { id: row.id, available: row.available, blocked: row.blocked, updated_at, recent })
}

async fn came(app: &App, user: UserId) -> Result<Timestamp, Fault> {
    let account = app
        .db
        .read((app, user), |c, (app, user)| {
            Box::pin(async move { store::accounts::by_id(c, &app.keys, *user).await.map_err(Fault::from) })
        })
        .await?;
    Ok(account.map_or_else(|| app.clock.now(), |account| account.created_at))
}

/// One page of the user's transactions, newest first.
pub async fn transactions(
    app: &App,
    user: UserId,
    filter: Filter,
    page: Page,
) -> Result<Paged<Transaction>, Fault> {
    let (count, items) = app
        .db
        .read((user, filter, page), |c, (user, filter, page)| {
            Box::pin(async move {
                let found = ledger::statement(c, *user, filter, page.size, page.offset()).await;
                found.map_err(Fault::from)
            })
        })
        .await?;
    Ok(Paged { count, items })
}

/// So many of the user's transactions below this number (`i64::MAX`: from the newest on), newest first.
pub async fn walk(
    app: &App,
    user: UserId,
    filter: Filter,
    below: i64,
    limit: i64,
) -> Result<Vec<Transaction>, Fault> {
    app.db
        .read((user, filter, below, limit), |c, (user, filter, below, limit)| {
            Box::pin(
                async move { ledger::lines(c, *user, filter, *below, *limit).await.map_err(Fault::from) },
            )
        })
        .await
}
