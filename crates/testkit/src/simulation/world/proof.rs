//! What is looked at now and then: the whole ledger, and payments before they are forgotten.

use db::{Db, sql};
use domain::Clock as _;

use super::World;
use crate::{
    Engine,
    simulation::check::{Back, check_authority, check_given_back},
};

impl World {
    /// Forgets payments that came to their end long ago, once more comparing what both sides say of them.
    pub(super) async fn tidy(&mut self) -> Result<(), Vec<String>> {
        let now = self.clock.now();
        let old = self.bank.with(|truth| truth.old(now));
        let mut wrong = vec![];
        for (key, is_verified) in old {
            let back = check_given_back(&self.nodes[0], &self.bank, key).await;
            if matches!(back, Back::Open) {
                continue;
            }
            wrong.extend(back.wrong());
            wrong.extend(check_authority(&self.nodes[0], key, is_verified).await);
            self.bank.with(|truth| truth.forget(key));
        }
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }

    /// The whole ledger, and what it is compared with.
    pub(in crate::simulation) async fn check_whole(&mut self) -> Result<(), Vec<String>> {
        if self.engine == Engine::Postgres {
            until_nothing_runs(&self.nodes[0].db).await;
        }
        let seen = self.checker.look(&self.nodes[0], &self.bank).await;
        let mut wrong = seen.wrong;
        wrong.extend(self.checker.whole(&self.nodes[0], &self.bank).await);
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }
}

/// Waits until no session of this `PostgreSQL` database is at work or within a transaction.
pub(super) async fn until_nothing_runs(db: &Db) {
    let busy = sql!(
        sqlite: "SELECT 0",
        postgres: "SELECT count(*) FROM pg_stat_activity
                   WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'"
    );
    while db.one::<(i64,)>(busy, &[]).await.unwrap() != Some((0,)) {
        tokio::task::yield_now().await;
    }
}
