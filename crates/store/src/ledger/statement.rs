//! What happened to a wallet, newest first. Entries are numbered without a gap, so a page is found as quickly at the
//! end of a million entries as at their beginning.

use std::cmp::Reverse;

use db::{At, Conn, Db, record, sql};
use domain::{
    Timestamp,
    ids::UserId,
    ledger::{Account, Direction},
};
use uuid::Uuid;

use super::{WalletRow, account_id};
use crate::Result;

/// Which entries are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StatementFilter {
    pub direction: Option<Direction>,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Before that.
    pub to: Option<Timestamp>,
}

/// One entry of a wallet, and the posting that it is a part of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Of the entry; a wallet may have several of one posting.
    pub id: Uuid,
    pub seq: i64,
    pub posting: Uuid,
    /// As of `PostingKind::as_str`.
    pub kind: String,
    /// What is taken is negative.
    pub amount: i64,
    /// The wallet's, after it.
    pub balance: i64,
    pub description: String,
    /// The visit, charge, subscription, … that it is for.
    pub reference: Option<Uuid>,
    pub created_at: Timestamp,
}

record! {
    struct Row {
        seq: i64,
        posting_id: Uuid,
        kind: String,
        amount: i64,
        balance: i64,
        description: String,
        reference: Option<Uuid>,
        created_at: At,
    }
}

fn line(account: Uuid, row: Row) -> Line {
    Line {
        id: super::named_id(format!("ledger entry\n{}\n{}", account.simple(), row.seq).as_bytes()),
        seq: row.seq,
        posting: row.posting_id,
        kind: row.kind,
        amount: row.amount,
        balance: row.balance,
        description: row.description,
        reference: row.reference,
        created_at: row.created_at.0,
    }
}

/// The filter as the statements take it: -1, 0 or 1, and two moments.
fn bounds(filter: &StatementFilter) -> (i64, At, At) {
    let sign = match filter.direction {
        None => 0,
        Some(Direction::Credit) => 1,
        Some(Direction::Debit) => -1,
    };
    (sign, At(filter.from.unwrap_or(Timestamp::MIN)), At(filter.to.unwrap_or(Timestamp::MAX)))
}

record! {
    struct OverviewRow {
        account_id: Uuid,
        held: i64,
        entries: i64,
        updated_at: At,
        seq: Option<i64>,
        posting_id: Option<Uuid>,
        kind: Option<String>,
        amount: Option<i64>,
        balance: Option<i64>,
        description: Option<String>,
        reference: Option<Uuid>,
        created_at: Option<At>,
    }
}

impl OverviewRow {
    /// None: an account without entries that are asked for.
    fn line(self) -> Option<Line> {
        let row = Row {
            seq: self.seq?,
            posting_id: self.posting_id?,
            kind: self.kind?,
            amount: self.amount?,
            balance: self.balance?,
            description: self.description?,
            reference: self.reference,
            created_at: self.created_at?,
        };
        Some(line(self.account_id, row))
    }
}

/// What a user has, what of it is blocked, and the newest entries of the wallet, all as of one moment: one statement
/// (primary keys).
pub async fn overview(db: &Db, user: UserId, newest: i64) -> Result<(WalletRow, Vec<Line>)> {
    let (id, hold) = (account_id(&Account::wallet(user)), account_id(&Account::hold(user)));
    let mut rows: Vec<OverviewRow> = db
        .all(
            sql!(
                sqlite: "SELECT a.id, a.balance, a.entries, a.updated_at, e.seq, e.posting_id, p.kind, e.amount,
                        e.balance, p.description, p.reference, e.created_at
                 FROM ledger_accounts a
                 LEFT JOIN ledger_entries e ON e.account_id = a.id AND a.id = ?1 AND e.seq > a.entries - ?3
                 LEFT JOIN ledger_postings p ON p.id = e.posting_id
                 WHERE a.id IN (?1, ?2)",
                // which entries is known before the join begins; SQLite would materialise them
                postgres: "SELECT a.id, a.balance, a.entries, a.updated_at, r.seq, r.posting_id, r.kind, r.amount,
                        r.balance, r.description, r.reference, r.created_at
                 FROM ledger_accounts a
                 LEFT JOIN (
                   SELECT e.account_id, e.seq, e.posting_id, p.kind, e.amount, e.balance, p.description,
                          p.reference, e.created_at
                   FROM ledger_entries e JOIN ledger_postings p ON p.id = e.posting_id
                   WHERE e.account_id = $1
                     AND e.seq > (SELECT entries - $3 FROM ledger_accounts WHERE id = $1)
                 ) r ON r.account_id = a.id
                 WHERE a.id IN ($1, $2)"
            ),
            &[&id, &hold, &newest],
        )
        .await?;
    rows.sort_unstable_by_key(|row| Reverse(row.seq));
    let of = |id: Uuid| rows.iter().find(|row| row.account_id == id);
    let wallet = WalletRow {
        id,
        available: of(id).map_or(0, |row| row.held),
        blocked: of(hold).map_or(0, |row| row.held),
        entries: of(id).map_or(0, |row| row.entries),
        updated_at: rows.iter().map(|row| row.updated_at.0).max(),
    };
    Ok((wallet, rows.into_iter().filter_map(OverviewRow::line).collect()))
}

/// One page of a user's wallet, newest first, and how many entries match (primary key; with a filter, all entries of
/// this wallet are looked at).
pub async fn statement(
    c: &Conn,
    user: UserId,
    filter: &StatementFilter,
    limit: i64,
    offset: i64,
) -> Result<(i64, Vec<Line>)> {
    let account = account_id(&Account::wallet(user));
    if *filter == StatementFilter::default() {
        let count = entries(c, account).await?;
        let first = count.saturating_sub(offset);
        let found = if first > 0 { run(c, account, first + 1, limit).await? } else { vec![] };
        return Ok((count, found));
    }
    let (sign, from, to) = bounds(filter);
    let count: Option<(i64,)> = c
        .one(
            sql!(
                "SELECT count(*) FROM ledger_entries
                 WHERE account_id = ?1 AND amount * ?2 >= 0 AND created_at >= ?3 AND created_at < ?4"
            ),
            &[&account, &sign, &from, &to],
        )
        .await?;
    let rows: Vec<Row> = c
        .all(
            sql!(
                "SELECT e.seq, e.posting_id, p.kind, e.amount, e.balance, p.description, p.reference, e.created_at
                 FROM ledger_entries e JOIN ledger_postings p ON p.id = e.posting_id
                 WHERE e.account_id = ?1 AND e.amount * ?2 >= 0 AND e.created_at >= ?3 AND e.created_at < ?4
                 ORDER BY e.seq DESC LIMIT ?5 OFFSET ?6"
            ),
            &[&account, &sign, &from, &to, &limit, &offset],
        )
        .await?;
    Ok((count.map_or(0, |(n,)| n), rows.into_iter().map(|row| line(account, row)).collect()))
}

/// The next entries of a user's wallet below this number, newest first (primary key). For walks: `i64::MAX` begins
/// with the newest.
pub async fn lines(
    c: &Conn,
    user: UserId,
    filter: &StatementFilter,
    below: i64,
    limit: i64,
) -> Result<Vec<Line>> {
    let account = account_id(&Account::wallet(user));
    if *filter == StatementFilter::default() {
        let below = below.min(entries(c, account).await? + 1);
        return run(c, account, below, limit).await;
    }
    let (sign, from, to) = bounds(filter);
    let rows: Vec<Row> = c
        .all(
            sql!(
                "SELECT e.seq, e.posting_id, p.kind, e.amount, e.balance, p.description, p.reference, e.created_at
                 FROM ledger_entries e JOIN ledger_postings p ON p.id = e.posting_id
                 WHERE e.account_id = ?1 AND e.seq < ?2
                   AND e.amount * ?3 >= 0 AND e.created_at >= ?4 AND e.created_at < ?5
                 ORDER BY e.seq DESC LIMIT ?6"
            ),
            &[&account, &below, &sign, &from, &to, &limit],
        )
        .await?;
    Ok(rows.into_iter().map(|row| line(account, row)).collect())
}

/// How many a wallet has.
async fn entries(c: &Conn, account: Uuid) -> Result<i64> {
    let count: Option<(i64,)> =
        c.one(sql!("SELECT entries FROM ledger_accounts WHERE id = ?1"), &[&account]).await?;
    Ok(count.map_or(0, |(entries,)| entries))
}

/// So many of a wallet's entries below this number, newest first. Their numbers have no gaps, and both ends are named: a
/// planner that takes a long wallet for a usual one would read and sort all of it.
async fn run(c: &Conn, account: Uuid, below: i64, limit: i64) -> Result<Vec<Line>> {
    let rows: Vec<Row> = c
        .all(
            sql!(
                "SELECT e.seq, e.posting_id, p.kind, e.amount, e.balance, p.description, p.reference, e.created_at
                 FROM ledger_entries e JOIN ledger_postings p ON p.id = e.posting_id
                 WHERE e.account_id = ?1 AND e.seq < ?2 AND e.seq >= ?3
                 ORDER BY e.seq DESC"
            ),
            &[&account, &below, &below.saturating_sub(limit)],
        )
        .await?;
    Ok(rows.into_iter().map(|row| line(account, row)).collect())
}
