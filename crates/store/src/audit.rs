//! The audit log: who did what to whom, in 16 append-only chains.
//!
//! Each entry's hash is an HMAC over the hash before it and its own content, under a key that the
//! database does not know: whoever can write the tables can neither change, reorder nor remove an
//! entry without breaking its chain. Sixteen chains, chosen by subject, keep writers out of each
//! other's way. What it can't notice by itself is the loss of a chain's newest entries together with
//! its head; for that, keep the digest that `helssa verify audit` prints.

use db::{At, Conn, record, sql};
use domain::{Timestamp, ids::UserId};
use uuid::Uuid;

use crate::{Keyring, Result};

const CHAINS: i64 = 16;

/// Who acts.
#[derive(Clone, Copy, Debug)]
pub enum Actor {
    User(UserId),
    /// Somebody at the server's command line.
    CommandLine,
    /// A worker, because the time for it had come or a job was queued: nobody asked for it at that moment.
    Worker,
    /// Whoever called an address that is open to everybody.
    Stranger,
}

/// One thing that happened. `detail` names fields and reasons, never their values.
#[derive(Clone, Debug)]
pub struct Event<'a> {
    pub actor: Actor,
    /// Such as `profile.update`.
    pub action: &'static str,
    /// The person it happened to.
    pub subject: Option<UserId>,
    pub detail: String,
    pub request_id: &'a str,
}

record! {
    struct Head {
        seq: i64,
        hash: Vec<u8>,
    }
}

record! {
    struct Entry {
        seq: i64,
        at: At,
        actor_id: Option<Uuid>,
        actor_kind: String,
        action: String,
        subject_id: Option<Uuid>,
        detail: String,
        request_id: String,
        hash: Vec<u8>,
    }
}

impl Entry {
    /// Length-prefixed, so that no two entries have the same bytes.
    fn bytes(&self, chain: i64) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(160);
        let mut put = |part: &[u8]| {
            bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
            bytes.extend_from_slice(part);
        };
        put(&chain.to_be_bytes());
        put(&self.seq.to_be_bytes());
        put(&self.at.0.as_microsecond().to_be_bytes());
        put(self.actor_id.as_ref().map_or(&[][..], |id| id.as_bytes()));
        put(self.actor_kind.as_bytes());
        put(self.action.as_bytes());
        put(self.subject_id.as_ref().map_or(&[][..], |id| id.as_bytes()));
        put(self.detail.as_bytes());
        put(self.request_id.as_bytes());
        bytes
    }
}

/// Appends an entry. Last in its transaction, because it locks its chain until the commit.
pub async fn append(tx: &Conn, keys: &Keyring, event: &Event<'_>, now: Timestamp) -> Result<()> {
    let (actor_id, actor_kind) = match event.actor {
        Actor::User(id) => (Some(id.0), "user"),
        Actor::CommandLine => (None, "command line"),
        Actor::Worker => (None, "worker"),
        Actor::Stranger => (None, "stranger"),
    };
    let chain = chain_of(event.subject.map(|id| id.0).or(actor_id));
    let genesis = genesis();
    // makes the head on first use, and locks it
    let head: Option<Head> = tx
        .one(
            sql!(
                "INSERT INTO audit_heads (chain, seq, hash) VALUES (?1, 1, ?2)
                 ON CONFLICT (chain) DO UPDATE SET seq = audit_heads.seq + 1
                 RETURNING seq, hash"
            ),
            &[&chain, &genesis],
        )
        .await?;
    let Some(head) = head else { return Err(db::Error::Doomed.into()) };
    let mut entry = Entry {
        seq: head.seq,
        at: At(now),
        actor_id,
        actor_kind: actor_kind.into(),
        action: event.action.into(),
        subject_id: event.subject.map(|id| id.0),
        detail: event.detail.clone(),
        request_id: event.request_id.into(),
        hash: vec![],
    };
    entry.hash = keys.chain(&head.hash, &entry.bytes(chain));
    tx.exec(
        sql!(
            "INSERT INTO audit_log (chain, seq, at, actor_id, actor_kind, action, subject_id, detail, request_id, hash)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"
        ),
        &[
            &chain,
            &entry.seq,
            &entry.at,
            &entry.actor_id,
            &entry.actor_kind,
            &entry.action,
            &entry.subject_id,
            &entry.detail,
            &entry.request_id,
            &entry.hash,
        ],
    )
    .await?;
    tx.exec(sql!("UPDATE audit_heads SET hash = ?2 WHERE chain = ?1"), &[&chain, &entry.hash]).await?;
    Ok(())
}

/// An event as it is on record.
#[derive(Clone, Debug)]
pub struct Recorded {
    pub at: Timestamp,
    /// None: no [`Actor::User`].
    pub actor_id: Option<UserId>,
    /// In the words that [`append`] has for it.
    pub actor_kind: String,
    pub action: String,
    pub detail: String,
    pub request_id: String,
}

record! {
    struct Row {
        at: At,
        actor_id: Option<Uuid>,
        actor_kind: String,
        action: String,
        detail: String,
        request_id: String,
    }
}

/// One page of the entries about a person, newest first, and how many there are (index
/// `audit_log_by_subject`). They are all in one chain, so `seq` orders those of one moment.
pub async fn about(c: &Conn, subject: UserId, limit: i64, offset: i64) -> Result<(i64, Vec<Recorded>)> {
    let count: Option<(i64,)> =
        c.one(sql!("SELECT count(*) FROM audit_log WHERE subject_id = ?1"), &[&subject.0]).await?;
    let rows: Vec<Row> = c
        .all(
            sql!(
                "SELECT at, actor_id, actor_kind, action, detail, request_id FROM audit_log
                 WHERE subject_id = ?1 ORDER BY at DESC, seq DESC LIMIT ?2 OFFSET ?3"
            ),
            &[&subject.0, &limit, &offset],
        )
        .await?;
    let recorded = |row: Row| Recorded {
        at: row.at.0,
        actor_id: row.actor_id.map(UserId),
        actor_kind: row.actor_kind,
        action: row.action,
        detail: row.detail,
        request_id: row.request_id,
    };
    Ok((count.map_or(0, |(n,)| n), rows.into_iter().map(recorded).collect()))
}

/// What a verification found.
#[derive(Debug, Default)]
pub struct Report {
    pub entries: u64,
    /// One sentence per break.
    pub faults: Vec<String>,
    /// Of all heads: changes with every entry; keep it elsewhere to notice a cut-off end.
    pub digest: Vec<u8>,
}

/// Walks every chain from its first entry to its head.
pub async fn verify(c: &Conn, keys: &Keyring) -> Result<Report> {
    let mut report = Report::default();
    for chain in 0..CHAINS {
        let head: Option<Head> =
            c.one(sql!("SELECT seq, hash FROM audit_heads WHERE chain = ?1"), &[&chain]).await?;
        // what is appended while this walks is the next walk's
        let head = head.map_or((0, genesis()), |head| (head.seq, head.hash));
        let (mut seq, mut hash) = (0, genesis());
        loop {
            let entries: Vec<Entry> = c
                .all(
                    sql!(
                        "SELECT seq, at, actor_id, actor_kind, action, subject_id, detail, request_id, hash
                         FROM audit_log WHERE chain = ?1 AND seq > ?2 AND seq <= ?3 ORDER BY seq LIMIT 1000"
                    ),
                    &[&chain, &seq, &head.0],
                )
                .await?;
            if entries.is_empty() {
                break;
            }
            for entry in entries {
                if entry.seq != seq + 1 {
                    report.faults.push(format!("chain {chain}: entry {} is missing", seq + 1));
                }
                let expected = keys.chain(&hash, &entry.bytes(chain));
                if expected != entry.hash {
                    report.faults.push(format!("chain {chain}: entry {} was changed", entry.seq));
                }
                report.entries += 1;
                seq = entry.seq;
                hash = entry.hash;
            }
        }
        if head != (seq, hash) {
            report.faults.push(format!("chain {chain}: its end is not entry {}", head.0));
        }
        report.digest = keys.chain(&report.digest, &head.1);
    }
    // in one statement, and so of one moment: no entry lies outside what the heads tell
    let outside: Option<(i64,)> = c
        .one(
            sql!(
                "SELECT count(*) FROM audit_log l LEFT JOIN audit_heads h ON h.chain = l.chain
                 WHERE h.chain IS NULL OR l.seq > h.seq"
            ),
            &[],
        )
        .await?;
    if let Some((outside @ 1..,)) = outside {
        report.faults.push(format!("{outside} entries lie beyond the end of their chain"));
    }
    Ok(report)
}

/// How many entries with this action there are; for tests.
pub async fn count(c: &Conn, action: &str) -> Result<i64> {
    let found: Option<(i64,)> =
        c.one(sql!("SELECT count(*) FROM audit_log WHERE action = ?1"), &[&action]).await?;
    Ok(found.map_or(0, |(n,)| n))
}

fn genesis() -> Vec<u8> {
    vec![0; 32]
}

/// By the random end of the id, so that people spread evenly.
fn chain_of(subject: Option<Uuid>) -> i64 {
    subject.map_or(0, |id| i64::from(id.as_bytes()[15]) % CHAINS)
}
