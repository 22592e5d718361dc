//! What must hold. After each step every new posting is looked at: it sums to zero, its entries follow those before,
//! nothing is negative, what a gateway has given is credited once, what is blocked is what the open holds say. Now and
//! then, and at the end, the whole ledger is proved, and compared with the visits, purchases and codes beside it.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use app::{App, Fault};
use db::{Sql, record};
use domain::{
    Timestamp,
    ids::UserId,
    ledger::{Account, AccountKind},
};
use store::ledger::account_id;
use uuid::Uuid;

use super::{
    chance::fold,
    gateway::{Bank, GATEWAYS, Key, authority},
};
use crate::Engine;

/// The owner of the clearing account that the simulation's own gifts come from.
pub(super) const GIFTS: &str = "simulation";

/// PostgreSQL knows no order of rows: what is so much older than the newest posting (in microseconds) is not new.
const MARGIN: i64 = 600_000_000;

// Not through `sql!`, whose statements are proven to go through no whole table: these do, on purpose, and nobody but the
// simulation uses them.

const NEW: Sql = Sql {
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

const fn both(text: &'static str) -> Sql {
    Sql { sqlite: text, postgres: text }
}

const ESCROW: Sql = both(
    "SELECT CAST(coalesce(sum(paid), 0) AS BIGINT) FROM visits WHERE status IN ('confirmed', 'in_progress')",
);
const SUBSCRIPTIONS: Sql = both(
    "SELECT CAST(coalesce(sum(total - returned), 0) AS BIGINT) FROM subscription_purchases WHERE status = 'paid'",
);
const MISCOUNTED_CODES: Sql = both(
    "SELECT count(*) FROM discount_codes d
     WHERE d.redeemed <> (SELECT count(*) FROM code_redemptions r WHERE r.code = d.code)
        OR (d.total_cap IS NOT NULL AND d.redeemed > d.total_cap)",
);
const CODES_USED_TOO_OFTEN: Sql = both(
    "SELECT count(*) FROM (SELECT code, user_id, count(*) AS times FROM code_redemptions GROUP BY code, user_id) u
     JOIN discount_codes d ON d.code = u.code WHERE u.times > d.per_user_cap",
);

// each payout's money is where its state says, and was posted as often as it says
const PAYOUTS_ASTRAY: Sql = both(
    "SELECT count(*) FROM payouts p JOIN holds h ON h.id = p.hold_id
     WHERE CASE
       WHEN h.user_id <> p.doctor_id OR h.amount <> p.amount THEN 1
       WHEN (SELECT count(*) FROM ledger_postings l WHERE l.reference = p.id AND l.kind = 'payout')
         <> CASE WHEN p.status IN ('exported', 'paid', 'returned') THEN 1 ELSE 0 END THEN 1
       WHEN (SELECT count(*) FROM ledger_postings l WHERE l.reference = p.id AND l.kind = 'payout_returned')
         <> CASE WHEN p.status = 'returned' THEN 1 ELSE 0 END THEN 1
       WHEN p.status IN ('requested', 'approved') AND h.status = 'open' THEN 0
       WHEN p.status IN ('exported', 'paid', 'returned') AND h.status = 'posted' AND h.posted = p.amount THEN 0
       WHEN p.status IN ('rejected', 'cancelled') AND h.status = 'voided' THEN 0
       ELSE 1 END = 1",
);
const PAID_OUT: Sql =
    both("SELECT CAST(coalesce(sum(amount), 0) AS BIGINT) FROM payouts WHERE status IN ('exported', 'paid')");
const MISCOUNTED_BATCHES: Sql = both(
    "SELECT count(*) FROM payout_batches b
     WHERE b.payouts <> (SELECT count(*) FROM payouts p WHERE p.batch_id = b.id)
        OR b.total <> (SELECT coalesce(sum(p.amount), 0) FROM payouts p WHERE p.batch_id = b.id)
        OR b.number > (SELECT count(*) FROM payout_batches)",
);
const REFUNDS_ASTRAY: Sql = both(
    "SELECT count(*) FROM charge_refunds r LEFT JOIN holds h ON h.id = r.hold_id
     WHERE CASE
       WHEN r.status = 'refunding' AND h.status = 'open' AND h.amount = r.amount THEN 0
       WHEN r.status = 'refunded' AND h.status = 'posted' AND h.posted = r.amount THEN 0
       WHEN r.status = 'in_wallet' AND (r.way = 'wallet' OR h.status = 'voided') THEN 0
       ELSE 1 END = 1",
);
const REFUNDED_TOO_MUCH: Sql = both(
    "SELECT count(*) FROM (SELECT charge_id, gateway, authority, sum(amount) AS given FROM charge_refunds
       WHERE status <> 'in_wallet' GROUP BY charge_id, gateway, authority) g
     JOIN charges c ON c.id = g.charge_id WHERE g.given > c.amount",
);
// of all that is blocked; of what payouts block; of what refunds block
const BLOCKED: Sql = both(
    "SELECT CAST((SELECT coalesce(sum(balance), 0) FROM ledger_accounts WHERE kind = 'hold')
       - (SELECT coalesce(sum(amount), 0) FROM holds WHERE status = 'open') AS BIGINT)",
);
const BLOCKED_BY_PAYOUTS: Sql = both(
    "SELECT CAST((SELECT coalesce(sum(amount), 0) FROM holds WHERE status = 'open' AND purpose = 'payout')
       - (SELECT coalesce(sum(amount), 0) FROM payouts WHERE status IN ('requested', 'approved')) AS BIGINT)",
);
const BLOCKED_BY_REFUNDS: Sql = both(
    "SELECT CAST((SELECT coalesce(sum(amount), 0) FROM holds WHERE status = 'open' AND purpose = 'charge_refund')
       - (SELECT coalesce(sum(amount), 0) FROM charge_refunds WHERE status = 'refunding') AS BIGINT)",
);
const YEARS_WITH_GAPS: Sql = both(
    "SELECT count(*) FROM invoice_years y
     WHERE y.last_number <> (SELECT count(*) FROM invoices i WHERE i.year = y.year)
        OR y.last_number <> (SELECT coalesce(max(i.number), 0) FROM invoices i WHERE i.year = y.year)",
);
// what was paid, or went back, and was never billed: jobs do that, so it holds only at the end
const UNBILLED: [(&str, Sql); 3] = [
    (
        "paid visits",
        both(
            "SELECT count(*) FROM visits
             WHERE paid > 0 AND id NOT IN (SELECT reference FROM invoices WHERE kind = 'visit')",
        ),
    ),
    (
        "visits that were given back",
        both(
            "SELECT count(*) FROM visits
             WHERE refunded > 0 AND id NOT IN (SELECT reference FROM invoices WHERE kind = 'credit_note')",
        ),
    ),
    (
        "purchases",
        both(
            "SELECT count(*) FROM subscription_purchases
             WHERE status = 'paid' AND (total > 0 OR returned > 0)
               AND id NOT IN (SELECT reference FROM invoices WHERE kind IN ('subscription', 'credit_note'))",
        ),
    ),
];
// what a gateway's payment has given back, and what of it is open; by the index on both
const GIVEN_BACK: Sql = Sql {
    sqlite: "SELECT CAST(coalesce(sum(CASE WHEN status = 'refunded' THEN amount ELSE 0 END), 0) AS BIGINT),
                    CAST(coalesce(sum(CASE WHEN status = 'refunding' THEN 1 ELSE 0 END), 0) AS BIGINT)
             FROM charge_refunds WHERE gateway = ?1 AND authority = ?2",
    postgres: "SELECT CAST(coalesce(sum(CASE WHEN status = 'refunded' THEN amount ELSE 0 END), 0) AS BIGINT),
                      CAST(coalesce(sum(CASE WHEN status = 'refunding' THEN 1 ELSE 0 END), 0) AS BIGINT)
               FROM charge_refunds WHERE gateway = $1 AND authority = $2",
};
const OPEN_REFUNDS: Sql =
    both("SELECT gateway, authority FROM charge_refunds WHERE status = 'refunding' ORDER BY created_at, id");
const REFUNDED: Sql = Sql {
    sqlite: "SELECT CAST(coalesce(sum(amount), 0) AS BIGINT) FROM charge_refunds
             WHERE gateway = ?1 AND status = 'refunded'",
    postgres: "SELECT CAST(coalesce(sum(amount), 0) AS BIGINT) FROM charge_refunds
               WHERE gateway = $1 AND status = 'refunded'",
};

record! {
    struct Row {
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

    fn is_of(&self, kind: AccountKind) -> bool {
        self.account_kind.as_deref() == Some(kind.as_str())
    }
}

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
            seen.wrong.extend(self.check_holds(app, &owner).await);
        }
        seen
    }

    /// Each entry follows the one before, none leaves less than nothing, and the last is what the account holds.
    fn check_account(&mut self, account: Uuid, entries: &[&Row], seen: &mut Seen) {
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

    /// What is blocked of a user's money is what the open holds say.
    async fn check_holds(&self, app: &Arc<App>, owner: &str) -> Option<String> {
        let Ok(user) = owner.parse::<Uuid>() else {
            return Some(format!("a hold of {owner}, who is nobody"));
        };
        let user = UserId(user);
        let open = app
            .db
            .read(user, |c, user| {
                Box::pin(async move { store::holds::open_total(c, *user).await.map_err(Fault::from) })
            })
            .await
            .unwrap();
        let blocked = self.balance(&Account::hold(user));
        (open != blocked).then(|| format!("of {user}, {blocked} is blocked, and the open holds say {open}"))
    }

    /// Everything, from the beginning.
    pub(super) async fn whole(&self, app: &Arc<App>, bank: &Bank) -> Vec<String> {
        let report = app::billing::verify(app).await.unwrap();
        let mut wrong = report.faults;
        if report.postings != self.postings {
            wrong.push(format!("{} postings are there, {} were seen", report.postings, self.postings));
        }
        let sums = [
            ("escrow", self.balance(&Account::escrow()), ESCROW, "visits"),
            ("subscriptions", self.balance(&Account::subscriptions()), SUBSCRIPTIONS, "purchases"),
            ("codes", 0, MISCOUNTED_CODES, "their redemptions"),
            ("codes", 0, CODES_USED_TOO_OFTEN, "their redemptions"),
            ("payouts", self.balance(&Account::payouts()), PAID_OUT, "what was exported and not returned"),
            ("payouts astray", 0, PAYOUTS_ASTRAY, "their states"),
            ("batches", 0, MISCOUNTED_BATCHES, "their payouts"),
            ("refunds astray", 0, REFUNDS_ASTRAY, "their holds"),
            ("refunds of more than was paid", 0, REFUNDED_TOO_MUCH, "their charges"),
            ("blocked", 0, BLOCKED, "open holds"),
            ("blocked by payouts", 0, BLOCKED_BY_PAYOUTS, "open payouts"),
            ("blocked by refunds", 0, BLOCKED_BY_REFUNDS, "open refunds"),
            ("years with gaps", 0, YEARS_WITH_GAPS, "their invoices"),
        ];
        for (what, holds, sum, of) in sums {
            let found: Option<(i64,)> = app.db.one(sum, &[]).await.unwrap();
            if found != Some((holds,)) {
                wrong.push(format!("{what}: {holds} in the ledger, {found:?} by {of}"));
            }
        }
        for (index, name) in GATEWAYS.iter().enumerate() {
            let (holds, said) =
                (self.balance(&Account::clearing(name)), bank.with(|truth| truth.clearing(index)));
            if holds != said {
                wrong.push(format!("clearing of {name}: it holds {holds} instead of {said}"));
            }
            let posted = bank.with(|truth| truth.refunded(index));
            let found: Option<(i64,)> = app.db.one(REFUNDED, &[name]).await.unwrap();
            if found != Some((posted,)) {
                wrong.push(format!("refunds of {name}: {posted} in the ledger, {found:?} by their rows"));
            }
        }
        wrong
    }
}

/// It sums to zero, and what it says a gateway has given the gateway has given.
fn check_posting(posting: &[Row], bank: &Bank, seen: &mut Seen) {
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

/// Whether the program says of a payment what its gateway says: credited or not.
pub(super) async fn check_authority(app: &Arc<App>, key: Key, is_verified: bool) -> Option<String> {
    let (gateway, name) = (GATEWAYS[key.0], authority(key.1));
    let found = app
        .db
        .read(name.clone(), move |c, name| {
            Box::pin(async move { store::charges::by_authority(c, gateway, name).await.map_err(Fault::from) })
        })
        .await
        .unwrap();
    let is_credited = found.is_some_and(|found| found.status.is_credited());
    let said = |yes: bool| if yes { "money" } else { "no money" };
    (is_credited != is_verified).then(|| {
        format!("{gateway} {name} is {} by the gateway, {} by us", said(is_verified), said(is_credited))
    })
}

/// What the program has given back of a payment, compared with what its gateway has.
#[derive(Debug)]
pub(super) enum Back {
    Right,
    /// The program still asks.
    Open,
    Wrong(String),
}

impl Back {
    pub(super) fn wrong(self) -> Option<String> {
        match self {
            Self::Wrong(text) => Some(text),
            Self::Right | Self::Open => None,
        }
    }

    /// Nothing is open any more but what the gateway never answers.
    pub(super) fn at_the_end(self, bank: &Bank, key: Key) -> Option<String> {
        let is_mute = || bank.with(|truth| truth.order(key).is_some_and(|order| order.is_mute));
        match self {
            Self::Open if !is_mute() => {
                Some(format!("{} {}: a refund never ends", GATEWAYS[key.0], authority(key.1)))
            }
            other => other.wrong(),
        }
    }
}

/// Whether what a gateway gave back of a payment was posted, and nothing else was.
pub(super) async fn check_given_back(app: &Arc<App>, bank: &Bank, key: Key) -> Back {
    let (gateway, name) = (GATEWAYS[key.0], authority(key.1));
    let given = bank.with(|truth| truth.order(key).map_or(0, |order| order.given));
    let found: Option<(i64, i64)> = app.db.one(GIVEN_BACK, &[&gateway, &name]).await.unwrap();
    let (posted, open) = found.unwrap_or_default();
    if open > 0 {
        Back::Open
    } else if posted == given {
        Back::Right
    } else {
        Back::Wrong(format!("{gateway} {name} gave {given} Rials back, {posted} were posted"))
    }
}

/// At the end: open refunds whose payment no gateway knows any more, and what was never billed.
pub(super) async fn check_rest(app: &Arc<App>, bank: &Bank) -> Vec<String> {
    let mut wrong = vec![];
    let open: Vec<(String, String)> = app.db.all(OPEN_REFUNDS, &[]).await.unwrap();
    for (gateway, name) in open {
        let is_known = bank.with(|truth| {
            truth.orders().any(|(key, _)| GATEWAYS[key.0] == gateway && authority(key.1) == name)
        });
        if !is_known {
            wrong.push(format!("{gateway} {name}: a refund of a payment that is forgotten"));
        }
    }
    for (what, sum) in UNBILLED {
        let found: Option<(i64,)> = app.db.one(sum, &[]).await.unwrap();
        if found != Some((0,)) {
            wrong.push(format!("{what} without an invoice: {found:?}"));
        }
    }
    wrong
}

/// Open holds whose time was over at this moment.
pub(super) async fn check_ends(app: &Arc<App>, at: Timestamp) -> Option<String> {
    let due = app
        .db
        .read(at, |c, at| Box::pin(async move { store::holds::due(c, *at, 10).await.map_err(Fault::from) }))
        .await
        .unwrap();
    (!due.is_empty()).then(|| format!("holds outlive their end: {due:?}"))
}
