//! This node's index of doctors, brought up to date before each search: a doctor saved a moment ago, on any
//! node, is found (D17).

use std::{
    collections::HashMap,
    sync::atomic::{AtomicU64, Ordering::SeqCst},
};

use db::Db;
use domain::{
    SignedDuration, Timestamp,
    ids::UserId,
    search::{Found, Index, Query},
};
use parking_lot::RwLock;
use store::listing;
use tokio::sync::Mutex;
use uuid::Uuid;

use crate::Fault;

/// A change may become visible this long after its moment, at most: the moment is taken before the
/// transaction begins, and clocks of nodes differ.
const OVERLAP: SignedDuration = SignedDuration::from_secs(60);
/// Doctors that are read at once.
const PAGE: i64 = 2_000;
const CHUNK: usize = 1_000;

/// All doctors who can be found. Empty until the first search, which reads them all.
#[derive(Default)]
pub struct DoctorIndex {
    index: RwLock<Index>,
    last: Mutex<Last>,
    /// How many refreshes have begun.
    begun: AtomicU64,
}

/// The last refresh that succeeded.
#[derive(Default)]
struct Last {
    /// Of those that have begun; 0: none yet.
    number: u64,
    /// When changes were last asked for; none: nothing is loaded yet.
    asked_at: Option<Timestamp>,
    /// Doctors who are no longer found, and the version that said so.
    gone: HashMap<UserId, i64>,
}

impl DoctorIndex {
    /// Makes sure that whatever was committed before this call is in the index. Searches that wait for the
    /// same refresh share it.
    pub(crate) async fn refresh(&self, db: &Db, now: Timestamp) -> Result<(), Fault> {
        let wanted = self.begun.load(SeqCst) + 1;
        let mut last = self.last.lock().await;
        if last.number >= wanted {
            return Ok(());
        }
        let number = self.begun.fetch_add(1, SeqCst) + 1;
        let since = if let Some(asked_at) = last.asked_at {
            asked_at.min(now) - OVERLAP
        } else {
            let loaded = load(db).await?;
            *self.index.write() = loaded;
            now - OVERLAP
        };
        self.follow(db, since, &mut last.gone).await?;
        last.asked_at = Some(now);
        last.number = number;
        Ok(())
    }

    /// Takes over what has changed from that moment on.
    async fn follow(&self, db: &Db, since: Timestamp, gone: &mut HashMap<UserId, i64>) -> Result<(), Fault> {
        let changes =
            db.read(since, |c, since| Box::pin(async move { listing::changes(c, *since).await })).await?;
        let stale: Vec<UserId> = {
            let index = self.index.read();
            let is_stale = |(id, version): &(UserId, i64)| {
                let known = index.version_of(id.0).or_else(|| gone.get(id).copied());
                known.is_none_or(|known| known < *version)
            };
            changes.into_iter().filter(is_stale).map(|(id, _)| id).collect()
        };
        for chunk in stale.chunks(CHUNK) {
            let listings = db
                .read_slow(chunk.to_vec(), |c, ids| Box::pin(async move { listing::entries(c, ids).await }))
                .await?;
            let mut index = self.index.write();
            for listing in listings {
                let id = listing.entry.id;
                if listing.is_active {
                    gone.remove(&UserId(id));
                    index.put(&listing.entry);
                } else {
                    gone.insert(UserId(id), listing.entry.version);
                    index.remove(id);
                }
            }
        }
        Ok(())
    }

    /// One page of those found, by what is known here.
    pub(crate) fn find(&self, query: &Query) -> Found {
        self.index.read().search(query)
    }
}

/// Everybody who can be found.
async fn load(db: &Db) -> Result<Index, Fault> {
    let mut index = Index::new();
    let mut after = Uuid::nil();
    loop {
        let entries = db
            .read_slow(after, |c, after| Box::pin(async move { listing::page(c, *after, PAGE).await }))
            .await?;
        let Some(last) = entries.last() else { return Ok(index) };
        after = last.id;
        for entry in &entries {
            index.put(entry);
        }
    }
}
