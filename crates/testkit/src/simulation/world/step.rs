//! The step: one thing happens or several at once, some are cut off, and what comes of it is looked at.

use super::{World, opening::node, proof::until_nothing_runs};
use crate::{
    Engine,
    simulation::{
        drive::{self, Cut, Ended},
        operations::{Again, Kind},
    },
};

/// Steps between two looks for what can be forgotten.
const TIDY_EVERY: u64 = 500;

/// An operation without its work.
pub(super) struct Meta {
    pub(super) kind: Kind,
    pub(super) node: usize,
    pub(super) about: String,
    pub(super) again: Option<Again>,
}

/// How the operations of a step stood to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Alone,
    /// In an order that the seed has decided.
    Interleaved,
    /// In whatever order it came.
    Raced,
}

impl World {
    /// Does one thing, or several at once, and looks at what has come of it.
    pub(in crate::simulation) async fn step(&mut self) -> Result<(), Vec<String>> {
        self.steps += 1;
        self.bank.begin_step();
        if self.steps.is_multiple_of(TIDY_EVERY) {
            self.tidy().await?;
        }
        match self.dice.below(100) {
            0..70 => self.one(false).await,
            70..85 => self.one(true).await,
            _ => self.several().await,
        }
    }

    /// At some place; what starts tasks of its own, at their first.
    fn some_cut(&mut self, kind: Kind) -> Cut {
        match self.dice.between(1, 8) {
            still @ 1..=2 => Cut::Still(u32::try_from(still).unwrap()),
            still @ 3..=4 if kind.is_social() => Cut::Still(u32::try_from(still).unwrap()),
            _ => Cut::Unheard,
        }
    }

    async fn one(&mut self, is_cut: bool) -> Result<(), Vec<String>> {
        self.focus = None;
        let (meta, work) = self.some_plan(|_| true);
        let cut = (is_cut && meta.kind.may_be_cut()).then(|| self.some_cut(meta.kind));
        let ended = drive::alone(&self.bank.baton, work, cut).await;
        if matches!(ended, Ended::Cut) {
            self.bank.count("cut off");
            self.settle_down(meta.node).await;
        }
        self.after(vec![(meta, ended)], Way::Alone).await
    }

    /// Two to eight at once, over both nodes, most of the time about the same thing.
    async fn several(&mut self) -> Result<(), Vec<String>> {
        let size = 2 + self.dice.below(7);
        let plans = match self.dice.below(10) {
            0..2 => self.twins(size),
            2..4 => {
                self.focus = None;
                (0..size).map(|_| self.some_plan(Kind::is_social)).collect()
            }
            _ => {
                self.focus = Some(self.dice.throw());
                self.themed(size)
            }
        };
        self.focus = None;
        if plans.is_empty() {
            return self.one(false).await;
        }
        let (mut metas, mut works) = (vec![], vec![]);
        for (meta, work) in plans {
            let is_cut = meta.kind.may_be_cut() && self.dice.chance(10);
            let cut = is_cut.then(|| self.some_cut(meta.kind));
            metas.push(meta);
            works.push((work, cut));
        }
        let way = if self.races { Way::Raced } else { Way::Interleaved };
        let ended = if self.races {
            self.raced = true;
            drive::racing(works).await
        } else {
            drive::interleaved(&self.bank.baton, works, &mut self.dice).await
        };
        if ended.iter().any(|ended| matches!(ended, Ended::Cut)) {
            self.bank.count("cut off among others");
            let node = self.dice.below(self.nodes.len());
            self.settle_down(node).await;
        }
        self.after(metas.into_iter().zip(ended).collect(), way).await
    }

    /// Whatever a node had handed over when it was cut off comes to its end; then it goes on, or begins anew with an
    /// empty memory.
    async fn settle_down(&mut self, number: usize) {
        if self.engine == Engine::Postgres {
            until_nothing_runs(&self.nodes[0].db).await;
            self.unsettled = 10;
        }
        for node in &self.nodes {
            // one queue: what was in it before is done before
            let waited: db::Result<()> =
                node.db.write((), |_, ()| Box::pin(std::future::ready(Ok::<_, db::Error>(())))).await;
            waited.unwrap();
        }
        if self.dice.chance(10) {
            self.bank.count("node restarted");
            let seed = self.dice.throw();
            self.nodes[number] = node(&self.settings, &self.clock, seed, &self.bank).await;
            self.bank.know(&self.nodes);
        }
    }
}
