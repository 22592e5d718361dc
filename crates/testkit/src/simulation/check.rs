//! What must hold. After each step every new posting is looked at: it sums to zero, its entries follow those before,
//! nothing is negative, what a gateway has given is credited once, what is blocked is what the open holds say. Now and
//! then, and at the end, the whole ledger is proved, and compared with the visits, purchases and codes beside it.

mod payments;
mod posting;
mod rest;
mod sums;
mod whole;

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use app::App;
use db::Sql;
use domain::{
    ids::UserId,
    ledger::{Account, AccountKind},
};
use store::ledger::account_id;
use uuid::Uuid;

use self::posting::{NEW, Row, check_posting};
use super::gateway::Bank;
use crate::Engine;

pub(super) use payments::{Back, check_authority, check_given_back};
pub(super) use rest::{check_ends, check_rest};

/// The owner of the clearing account that the simulation's own gifts come from.
pub(super) const GIFTS: &str = "simulation";

/// PostgreSQL knows no order of rows: what is so much older than the newest posting (in microseconds) is not new.
const MARGIN: i64 = 600_000_000;

// Here and below, statements are not made by `sql!`, whose statements are proven to go through no whole table: these do,
// on purpose, and nobody but the simulation uses them.

const fn both(text: &'static str) -> Sql {
    Sql { sqlite: text, postgres: text }
}

// what is blocked of a user's money, and what the open holds say; in one statement, which sees both at one moment: on
// PostgreSQL a node may be at work between two
const BLOCKED: Sql = Sql {
    sqlite: "SELECT CAST(coalesce((SELECT balance FROM ledger_accounts WHERE id = ?1), 0) AS BIGINT),
                    (SELECT CAST(coalesce(sum(amount), 0) AS BIGINT) FROM holds
                     WHERE user_id = ?2 AND status = 'open')",
    postgres: "SELECT CAST(coalesce((SELECT balance FROM ledger_accounts WHERE id = $1), 0) AS BIGINT),
                      (SELECT CAST(coalesce(sum(amount), 0) AS BIGINT) FROM holds
                       WHERE user_id = $2 AND status = 'open')",
};

/// An account, reckoned from its entries as they came.
#[derive(Clone, Copy, Debug, Default)]
struct Known {
    seq: i64,
    balance: i64,
}

/// What a step has posted.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) postings: u64,
    /// Rials more or less, by the wallet's owner.
    pub(super) wallets: BTreeMap<String, i64>,
    /// Of kinds and amounts, in whatever order they were posted.
    pub(super) digest: u64,
    pub(super) wrong: Vec<String>,
}

/// What is known of the ledger so far.
pub(super) struct Checker {
    engine: Engine,
    cursor: i64,
    /// On PostgreSQL: what was looked at.
    looked_at: HashSet<Uuid>,
    accounts: HashMap<Uuid, Known>,
    pub(super) postings: u64,
    pub(super) entries: u64,
}

impl Checker {
    pub(super) fn new(engine: Engine) -> Self {
        let (looked_at, accounts) = (HashSet::new(), HashMap::new());
        Self { engine, cursor: i64::MIN, looked_at, accounts, postings: 0, entries: 0 }
    }

    /// What an account holds, by its entries.
    pub(super) fn balance(&self, account: &Account) -> i64 {
        self.accounts.get(&account_id(account)).map_or(0, |known| known.balance)
    }

    /// Looks at what was posted since the last look.
    pub(super) async fn look(&mut self, app: &Arc<App>, bank: &Bank) -> Seen {
        let since = match self.engine {
            Engine::Sqlite => self.cursor,
            Engine::Postgres => self.cursor.saturating_sub(MARGIN),
        };
        let rows: Vec<Row> = app.db.all(NEW, &[&since]).await.unwrap();
        let mut seen = Seen::default();
        let mut touched: BTreeMap<Uuid, Vec<&Row>> = BTreeMap::new();
        for posting in rows.chunk_by(|one, next| one.id == next.id) {
            let first = &posting[0];
            self.cursor = self.cursor.max(first.cursor);
            if self.engine == Engine::Postgres && !self.looked_at.insert(first.id) {
                continue;
            }
            self.postings += 1;
            seen.postings += 1;
            check_posting(posting, bank, &mut seen);
            for row in posting {
                if let Some(account) = row.account {
                    touched.entry(account).or_default().push(row);
                }
            }
        }
        let mut blocked = vec![];
        for (account, mut entries) in touched {
            entries.sort_by_key(|entry| entry.seq);
            self.check_account(account, &entries, &mut seen);
            if let Some(entry) = entries.first().filter(|entry| entry.is_of(AccountKind::Hold)) {
                blocked.extend(entry.owner.clone());
            }
        }
        for owner in blocked {
            seen.wrong.extend(check_holds(app, &owner).await);
        }
        seen
    }
}

/// What is blocked of a user's money, which was compared with its entries, is what the open holds say.
async fn check_holds(app: &Arc<App>, owner: &str) -> Option<String> {
    let Ok(user) = owner.parse::<Uuid>() else {
        return Some(format!("a hold of {owner}, who is nobody"));
    };
    let account = account_id(&Account::hold(UserId(user)));
    let found: Option<(i64, i64)> = app.db.one(BLOCKED, &[&account, &user]).await.unwrap();
    let (blocked, open) = found.unwrap_or_default();
    (open != blocked).then(|| format!("of {user}, {blocked} is blocked, and the open holds say {open}"))
}
