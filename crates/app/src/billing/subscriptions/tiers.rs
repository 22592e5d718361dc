//! Who has the premium rate limit (D6). Every request asks, so that answers are kept for a minute: a purchase is seen at
//! once on the node that made it, and within that minute on the others.

use std::collections::HashMap;

use db::Db;
use domain::{SignedDuration, Timestamp, ids::UserId};
use parking_lot::RwLock;

/// An answer is good for so long.
const KEEP: SignedDuration = SignedDuration::from_mins(1);
/// More answers than that are not kept.
const MOST: usize = 100_000;

/// What this node knows of its callers.
#[derive(Default)]
pub struct Tiers(RwLock<HashMap<UserId, Known>>);

#[derive(Clone, Copy)]
struct Known {
    asked_at: Timestamp,
    premium_until: Option<Timestamp>,
}

impl Known {
    fn is_fresh(&self, now: Timestamp) -> bool {
        // nor is one good that a wrong clock has left in the future
        self.asked_at <= now && now < self.asked_at + KEEP
    }
}

impl Tiers {
    /// Whether this user is premium; asks the database at most once a minute.
    pub(crate) async fn is_premium(&self, db: &Db, user: UserId, now: Timestamp) -> store::Result<bool> {
        let known = self.0.read().get(&user).copied().filter(|known| known.is_fresh(now));
        let premium_until = if let Some(known) = known {
            known.premium_until
        } else {
            let premium_until = store::subscriptions::premium_until(db, user, now).await?;
            self.keep(user, Known { asked_at: now, premium_until });
            premium_until
        };
        Ok(premium_until.is_some_and(|until| now < until))
    }

    fn keep(&self, user: UserId, answer: Known) {
        let mut all = self.0.write();
        if all.len() >= MOST {
            all.retain(|_, known| known.is_fresh(answer.asked_at));
        }
        if all.len() >= MOST {
            all.clear();
        }
        all.insert(user, answer);
    }

    /// What this user has was changed.
    pub(crate) fn forget(&self, user: UserId) {
        self.0.write().remove(&user);
    }
}
