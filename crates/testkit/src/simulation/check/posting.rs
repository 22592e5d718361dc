//! A posting by itself, and how its entries follow those before.

use db::{Sql, record};
use domain::ledger::AccountKind;
use uuid::Uuid;

use super::{Checker, GIFTS, Known, Seen};
use crate::simulation::{
    chance::fold,
    gateway::{Bank, GATEWAYS},
};

/// What was posted since, with its entries and what their accounts hold.
pub(super) const NEW: Sql = Sql {
    sqlite: "SELECT p.rowid, p.id, p.kind, p.unique_key, p.total, e.account_id, e.seq, e.amount, e.balance, a.kind, a.owner,
                    a.balance
             FROM ledger_postings p LEFT JOIN ledger_entries e ON e.posting_id = p.id
             LEFT JOIN ledger_accounts a ON a.id = e.account_id
             WHERE p.rowid > ?1 ORDER BY p.rowid",
    postgres: "SELECT p.created_at, p.id, p.kind, p.unique_key, p.total, e.account_id, e.seq, e.amount, e.balance, a.kind,
                      a.owner, a.balance
               FROM ledger_postings p LEFT JOIN ledger_entries e ON e.posting_id = p.id
               LEFT JOIN ledger_accounts a ON a.id = e.account_id
               WHERE p.created_at > $1 ORDER BY p.created_at, p.id",
};

record! {
    pub(super) struct Row {
        cursor: i64,
        id: Uuid,
        kind: String,
        unique_key: String,
        total: i64,
        account: Option<Uuid>,
        seq: Option<i64>,
        amount: Option<i64>,
        balance: Option<i64>,
        account_kind: Option<String>,
        owner: Option<String>,
        // what the account holds now
        holds: Option<i64>,
    }
}

impl Row {
    fn account_name(&self) -> String {
        let text = |part: &Option<String>| part.clone().unwrap_or_default();
        format!("{} of {}", text(&self.account_kind), text(&self.owner))
    }

    pub(super) fn is_of(&self, kind: AccountKind) -> bool {
        self.account_kind.as_deref() == Some(kind.as_str())
    }
}

impl Checker {
    /// Each entry follows the one before, none leaves less than nothing, and the last is what the account holds.
    pub(super) fn check_account(&mut self, account: Uuid, entries: &[&Row], seen: &mut Seen) {
        let known = self.accounts.entry(account).or_default();
        for entry in entries {
            let (Some(seq), Some(amount), Some(balance)) = (entry.seq, entry.amount, entry.balance) else {
                continue;
            };
            self.entries += 1;
            let name = || entry.account_name();
            if seq != known.seq + 1 {
                seen.wrong.push(format!("{}: entry {seq} comes after entry {}", name(), known.seq));
            }
            if balance != known.balance + amount {
                let before = known.balance;
                seen.wrong.push(format!("{}: {before} and {amount} are not {balance}", name()));
            }
            let kind = entry.account_kind.as_deref().and_then(AccountKind::parse);
            if balance < 0 && !kind.is_some_and(AccountKind::may_be_negative) {
                seen.wrong.push(format!("{}: it holds {balance}", name()));
            }
            if kind == Some(AccountKind::Wallet) {
                *seen.wallets.entry(entry.owner.clone().unwrap_or_default()).or_default() += amount;
            }
            *known = Known { seq, balance };
        }
        if let Some(last) = entries.last().filter(|last| last.holds != Some(known.balance)) {
            let (name, holds, said) = (last.account_name(), last.holds, known.balance);
            seen.wrong.push(format!("{name}: it holds {holds:?}, its entries say {said}"));
        }
    }
}

/// It sums to zero, and what it says a gateway has given the gateway has given.
pub(super) fn check_posting(posting: &[Row], bank: &Bank, seen: &mut Seen) {
    let first = &posting[0];
    let key = &first.unique_key;
    let mut amounts: Vec<i64> = posting.iter().filter_map(|row| row.amount).collect();
    let sum: i128 = amounts.iter().copied().map(i128::from).sum();
    if amounts.len() < 2 || sum != 0 || first.total != 0 {
        seen.wrong.push(format!("{key}: {} entries sum to {sum}, it says {}", amounts.len(), first.total));
    }
    amounts.sort_unstable();
    let digest = amounts.iter().fold(fold(0, first.kind.as_bytes()), |hash, n| fold(hash, &n.to_le_bytes()));
    seen.digest = seen.digest.wrapping_add(digest);
    for row in posting.iter().filter(|row| row.is_of(AccountKind::Clearing)) {
        let (Some(owner), Some(amount)) = (row.owner.as_deref(), row.amount) else { continue };
        let said = match GATEWAYS.iter().position(|name| *name == owner) {
            Some(gateway) if amount < 0 => bank.with(|truth| truth.credit(gateway, -amount, key)),
            Some(gateway) => bank.with(|truth| truth.refund(gateway, amount, key)),
            None if owner == GIFTS => Ok(()),
            None => Err(format!("{key}: money of a gateway {owner} that is not there")),
        };
        seen.wrong.extend(said.err());
    }
}
