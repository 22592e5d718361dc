//! Proves balances from entries: whole, for `helssa verify ledger`, and in slices, for a clock that asks all day. What
//! is posted meanwhile is left out: an account is looked at up to the entry that it had.

use db::{Conn, record, sql};
use domain::ledger::AccountKind;
use uuid::Uuid;

use crate::Result;

/// Rows that one statement reads.
const BATCH: i64 = 1_000;
/// Entries of an account that a slice looks at: the newest.
const NEWEST: i64 = 200;

/// What a verification found.
#[derive(Debug, Default)]
pub struct Report {
    pub accounts: u64,
    pub postings: u64,
    pub entries: u64,
    /// One sentence per break.
    pub faults: Vec<String>,
}

record! {
    struct Account {
        id: Uuid,
        kind: String,
        owner: String,
        balance: i64,
        entries: i64,
        // the number of its newest entry
        newest: i64,
    }
}

record! {
    struct Entry {
        seq: i64,
        amount: i64,
        balance: i64,
    }
}

record! {
    struct Written {
        id: Uuid,
        // what it says of itself
        total: i64,
        entries: i64,
        missing: i64,
        // what its entries say
        sum: i64,
        count: i64,
    }
}

impl Account {
    fn name(&self) -> String {
        format!("{} of {}", self.kind, self.owner)
    }

    fn may_be_negative(&self) -> bool {
        AccountKind::parse(&self.kind).is_some_and(AccountKind::may_be_negative)
    }
}

/// Everything: each account entry by entry, each posting, the whole, and what holds have blocked.
pub async fn verify(c: &Conn) -> Result<Report> {
    let mut report = Report::default();
    let mut found = accounts(c, Uuid::nil(), BATCH).await?;
    while let Some(last) = found.last() {
        let last = last.id;
        for account in &found {
            check(c, account, 0, &mut report).await?;
        }
        found = accounts(c, last, BATCH).await?;
    }
    postings(c, &mut report).await?;
    // one statement, and so of one moment
    let whole: Option<(i64,)> =
        c.one(sql!("SELECT CAST(coalesce(sum(balance), 0) AS BIGINT) FROM ledger_accounts"), &[]).await?;
    if let Some((sum,)) = whole.filter(|(sum,)| *sum != 0) {
        report.faults.push(format!("all accounts together hold {sum} instead of nothing"));
    }
    Ok(report)
}

/// So many accounts after this id, each by its newest entries, and the newest postings: a little of everything, in a
/// millisecond or two. Account ids are evenly spread, so a random `after` finds every account sooner or later.
pub async fn verify_slice(c: &Conn, after: Uuid, limit: i64) -> Result<Report> {
    let mut report = Report::default();
    for account in &accounts(c, after, limit).await? {
        check(c, account, account.entries - NEWEST, &mut report).await?;
    }
    let newest: Vec<Written> = c
        .all(
            sql!(
                "SELECT p.id, p.total, p.entries, coalesce(p.missing, p.entries),
                        (SELECT CAST(coalesce(sum(e.amount), 0) AS BIGINT) FROM ledger_entries e WHERE e.posting_id = p.id),
                        (SELECT count(*) FROM ledger_entries e WHERE e.posting_id = p.id)
                 FROM ledger_postings p ORDER BY p.id DESC LIMIT ?1"
            ),
            &[&NEWEST],
        )
        .await?;
    whole(&newest, &mut report);
    Ok(report)
}

/// In the order of their ids (primary key); each with its newest entry, seen in one moment.
async fn accounts(c: &Conn, after: Uuid, limit: i64) -> Result<Vec<Account>> {
    let found = c
        .all(
            sql!(
                "SELECT a.id, a.kind, a.owner, a.balance, a.entries,
                        coalesce((SELECT max(e.seq) FROM ledger_entries e WHERE e.account_id = a.id), 0)
                 FROM ledger_accounts a WHERE a.id > ?1 ORDER BY a.id LIMIT ?2"
            ),
            &[&after, &limit],
        )
        .await?;
    Ok(found)
}

/// Walks an account from this entry (not included) to its end: no gap, each balance the one before and the amount,
/// the last one the account's.
async fn check(c: &Conn, account: &Account, from: i64, report: &mut Report) -> Result<()> {
    report.accounts += 1;
    if account.entries != account.newest {
        report.faults.push(format!(
            "{}: it counts {} entries, and the last is number {}",
            account.name(),
            account.entries,
            account.newest
        ));
    }
    let mut seq = from.max(0);
    let mut balance = before(c, account.id, seq).await?;
    loop {
        let entries: Vec<Entry> = c
            .all(
                sql!(
                    "SELECT seq, amount, balance FROM ledger_entries
                     WHERE account_id = ?1 AND seq > ?2 AND seq <= ?3 ORDER BY seq LIMIT ?4"
                ),
                &[&account.id, &seq, &account.entries, &BATCH],
            )
            .await?;
        if entries.is_empty() {
            break;
        }
        for entry in entries {
            if entry.seq != seq + 1 {
                report.faults.push(format!("{}: entry {} is missing", account.name(), seq + 1));
            }
            if balance.checked_add(entry.amount) != Some(entry.balance) {
                report.faults.push(format!("{}: entry {} does not add up", account.name(), entry.seq));
            }
            if entry.balance < 0 && !account.may_be_negative() {
                report.faults.push(format!("{}: negative after entry {}", account.name(), entry.seq));
            }
            report.entries += 1;
            (seq, balance) = (entry.seq, entry.balance);
        }
    }
    if (seq, balance) != (account.entries, account.balance) {
        let name = account.name();
        report.faults.push(format!("{name}: it holds {}, its entries say {balance}", account.balance));
    }
    if account.kind == AccountKind::Hold.as_str() {
        blocked(c, account, report).await?;
    }
    Ok(())
}

/// What an account held after this entry; nothing before the first.
async fn before(c: &Conn, account: Uuid, seq: i64) -> Result<i64> {
    let found: Option<(i64,)> = c
        .one(sql!("SELECT balance FROM ledger_entries WHERE account_id = ?1 AND seq = ?2"), &[&account, &seq])
        .await?;
    Ok(found.map_or(0, |(balance,)| balance))
}

/// What is blocked of a user's money is what the open holds say (index `holds_by_user`).
async fn blocked(c: &Conn, account: &Account, report: &mut Report) -> Result<()> {
    let Ok(user) = account.owner.parse::<Uuid>() else {
        report.faults.push(format!("{}: nobody's", account.name()));
        return Ok(());
    };
    let found: Option<(i64, i64)> = c
        .one(
            sql!(
                "SELECT a.balance,
                        (SELECT CAST(coalesce(sum(h.amount), 0) AS BIGINT) FROM holds h
                         WHERE h.user_id = ?2 AND h.status = 'open')
                 FROM ledger_accounts a WHERE a.id = ?1"
            ),
            &[&account.id, &user],
        )
        .await?;
    if let Some((balance, open)) = found.filter(|(balance, open)| balance != open) {
        report.faults.push(format!("{}: it holds {balance}, the open holds {open}", account.name()));
    }
    Ok(())
}

/// Every posting sums to zero and has the entries that it says, no more and no fewer (primary key; entries by
/// `ledger_entries_by_posting`).
async fn postings(c: &Conn, report: &mut Report) -> Result<()> {
    let mut after = Uuid::nil();
    loop {
        let found: Vec<Written> = c
            .all(
                sql!(
                    "SELECT p.id, p.total, p.entries, coalesce(p.missing, p.entries),
                            (SELECT CAST(coalesce(sum(e.amount), 0) AS BIGINT) FROM ledger_entries e WHERE e.posting_id = p.id),
                            (SELECT count(*) FROM ledger_entries e WHERE e.posting_id = p.id)
                     FROM ledger_postings p WHERE p.id > ?1 ORDER BY p.id LIMIT ?2"
                ),
                &[&after, &BATCH],
            )
            .await?;
        let Some(last) = found.last() else { return Ok(()) };
        after = last.id;
        whole(&found, report);
    }
}

fn whole(found: &[Written], report: &mut Report) {
    for Written { id, total, entries, missing, sum, count } in found {
        report.postings += 1;
        if (*total, *sum) != (0, 0) {
            report.faults.push(format!("posting {id}: its entries sum to {sum}, it says {total}"));
        }
        if (*entries, *missing) != (*count, 0) {
            report.faults.push(format!(
                "posting {id}: it has {count} entries, it says {entries} and that {missing} are missing"
            ));
        }
    }
}
