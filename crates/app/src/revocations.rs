//! Ended logins, known to every node within a second.
//!
//! The database is the truth. Each node asks it a few times a second for the logins that ended lately,
//! and keeps them for as long as an access token lives; a check is then a look into a set. A node whose
//! knowledge is older than [`FRESH`] (the database was slow or away) asks for each request instead, so it
//! can be late only by saying no.

use std::{collections::HashMap, time::Duration};

use db::Db;
use domain::{SignedDuration, Timestamp, ids::SessionId};
use parking_lot::RwLock;
use tokio::time::Instant;

/// How often the database is asked.
pub const EVERY: Duration = Duration::from_millis(250);
/// Knowledge of this age is as good as new.
const FRESH: Duration = Duration::from_millis(700);
/// A transaction that ends logins may commit this long after its moment was taken, at most
/// (statement timeout and clock skew between nodes, with room).
const OVERLAP: SignedDuration = SignedDuration::from_mins(2);
/// Longer than an access token lives.
const KEEP: SignedDuration = SignedDuration::from_mins(70);

#[derive(Default)]
pub struct Revocations {
    known: RwLock<Known>,
}

#[derive(Default)]
struct Known {
    ended: HashMap<SessionId, Timestamp>,
    /// When the last answer was asked for, by both clocks; none before the first.
    asked_at: Option<(Instant, Timestamp)>,
}

impl Revocations {
    /// Notes what this node itself has just ended.
    pub(crate) fn note(&self, sessions: impl IntoIterator<Item = SessionId>, now: Timestamp) {
        self.known.write().ended.extend(sessions.into_iter().map(|id| (id, now)));
    }

    /// Asks the database what has ended lately.
    pub async fn refresh(&self, db: &Db, now: Timestamp) -> store::Result<()> {
        // from the last answer on, however long ago it was; all of it, where the clock has gone back
        let since = match self.known.read().asked_at {
            Some((_, last)) if last <= now => (last - OVERLAP).max(now - KEEP),
            _ => now - KEEP,
        };
        let asked_at = Instant::now();
        let ended = store::sessions::revoked_since(db, since).await?;
        let mut known = self.known.write();
        known.ended.extend(ended);
        known.ended.retain(|_, at| *at > now - KEEP);
        known.asked_at = Some((asked_at, now));
        Ok(())
    }

    /// Whether this login has ended.
    pub(crate) async fn contains(&self, db: &Db, id: SessionId, now: Timestamp) -> store::Result<bool> {
        {
            let known = self.known.read();
            if known.ended.contains_key(&id) {
                return Ok(true);
            }
            if known.asked_at.is_some_and(|(at, _)| at.elapsed() < FRESH) {
                return Ok(false);
            }
        }
        self.refresh(db, now).await?;
        Ok(self.known.read().ended.contains_key(&id))
    }
}
