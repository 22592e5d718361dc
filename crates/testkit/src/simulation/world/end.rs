//! The end: everything comes to rest, and must be where it belongs.

use std::sync::Arc;

use domain::{Clock as _, SignedDuration};

use super::World;
use crate::simulation::{
    acts::{payers, workers},
    check::{check_authority, check_ends, check_given_back, check_rest},
    drive::{self, Ended, Work},
    gateway::{GATEWAYS, Key, params},
};

/// Minutes between the rounds in which everything comes to rest: within a charge's life, after it, and so far later that
/// whatever is still asked about has been asked about.
const ROUNDS: [i64; 16] =
    [0, 1, 1, 5, 11, 11, 31, 61, 120, 360, 1_440, 4_320, 14_400, 43_200, 86_400, 172_800];

impl World {
    /// Nothing goes wrong any more, time passes, workers work; then everything must be where it belongs.
    pub(in crate::simulation) async fn finish(&mut self) -> Result<(), Vec<String>> {
        self.bank.calm();
        let mut wrong = vec![];
        for (key, claims_ok) in std::mem::take(&mut self.returning) {
            let app = Arc::clone(&self.nodes[0]);
            let back = payers::callback(app, GATEWAYS[key.0], params(key, claims_ok, 0)).await;
            wrong.extend(back.wrong);
        }
        for minutes in ROUNDS {
            self.clock.advance(SignedDuration::from_mins(minutes));
            self.bank.begin_step();
            for number in 0..self.nodes.len() {
                wrong.extend(self.round(number).await);
            }
            wrong.extend(payers::insist(&self.nodes[0], &self.bank).await);
            wrong.extend(self.checker.look(&self.nodes[0], &self.bank).await.wrong);
            wrong.extend(self.bank.with(|truth| std::mem::take(&mut truth.wrong)));
        }
        let now = self.clock.now();
        wrong.extend(check_ends(&self.nodes[0], now).await);
        wrong.extend(self.bank.with(|truth| truth.unsettled(now)));
        let known: Vec<(Key, bool)> =
            self.bank.with(|truth| truth.orders().map(|(key, order)| (*key, order.is_verified)).collect());
        for (key, is_verified) in known {
            wrong.extend(check_authority(&self.nodes[0], key, is_verified).await);
            wrong.extend(check_given_back(&self.nodes[0], &self.bank, key).await.at_the_end(&self.bank, key));
        }
        wrong.extend(check_rest(&self.nodes[0], &self.bank).await);
        wrong.extend(self.check_whole().await.err().unwrap_or_default());
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }

    /// What workers do, once on this node.
    async fn round(&self, number: usize) -> Vec<String> {
        let app = || Arc::clone(&self.nodes[number]);
        let all: [Work; 8] = [
            Box::pin(workers::sweep(app())),
            Box::pin(workers::finish_refunds(app())),
            Box::pin(workers::expire_holds(app())),
            Box::pin(workers::expire_visits(app())),
            Box::pin(workers::renew(app())),
            Box::pin(workers::give_up(app())),
            Box::pin(workers::jobs(app())),
            Box::pin(workers::cron(app())),
        ];
        let mut wrong = vec![];
        for work in all {
            if let Ended::With(outcome) = drive::alone(&self.bank.baton, work, None).await {
                wrong.extend(outcome.wrong);
            }
        }
        wrong
    }
}
