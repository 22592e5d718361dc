//! What happens next: the next of the deck, several about one thing, or one request several times.

use std::sync::Arc;

use super::{REMEMBERED, Saved, World, step::Meta};
use crate::simulation::{
    drive::Work,
    operations::{Kind, Plan, THEMES, deck},
    requests::{Sent, send},
};

impl World {
    /// The same request, under the same key, several times.
    pub(super) fn twins(&mut self, size: usize) -> Vec<(Meta, Work)> {
        self.focus = None;
        let kind = self.dice.one(&[
            Kind::Charge,
            Kind::PayVisit,
            Kind::Buy,
            Kind::Book,
            Kind::CancelVisit,
            Kind::AskPayout,
            Kind::ApprovePayout,
            Kind::ExportPayouts,
            Kind::PayoutReturned,
            Kind::Refund,
            Kind::Refund,
        ]);
        let before = self.counter;
        let planned = self.plan(kind);
        // a key of its own was made last, if it has one
        if planned.is_none() || self.counter == before {
            return vec![];
        }
        let Some(Saved { key, request, .. }) = self.saved.last().cloned() else { return vec![] };
        let mut all = vec![];
        for number in 0..size {
            let node = number % self.nodes.len();
            let sent = Sent { request: request.clone(), key: Some(key.clone()), other_body: false };
            let meta = Meta { kind, node, about: format!("twin under {key}: {request:?}"), again: None };
            all.push((meta, send(Arc::clone(&self.nodes[node]), sent)));
        }
        all
    }

    pub(super) fn themed(&mut self, size: usize) -> Vec<(Meta, Work)> {
        let theme = self.dice.one(THEMES);
        let mut all = vec![];
        for _ in 0..size {
            let kind = self.dice.one(theme);
            all.extend(self.plan(kind).map(apart));
        }
        all
    }

    /// The next of the deck that can be done now; what can't be waits below the others.
    pub(super) fn some_plan(&mut self, fits: impl Fn(Kind) -> bool) -> (Meta, Work) {
        let mut waiting = vec![];
        let plan = loop {
            let Some(kind) = self.deck.pop() else {
                self.deck = deck();
                self.dice.shuffle(&mut self.deck);
                continue;
            };
            // there is always somebody to give money to
            match self.plan_if(fits(kind), kind) {
                Some(plan) => break plan,
                None => waiting.push(kind),
            }
        };
        waiting.truncate(REMEMBERED);
        self.deck.splice(0..0, waiting);
        apart(plan)
    }

    fn plan_if(&mut self, it_fits: bool, kind: Kind) -> Option<Plan> {
        if it_fits { self.plan(kind) } else { None }
    }
}

fn apart(plan: Plan) -> (Meta, Work) {
    let Plan { kind, node, about, work, again } = plan;
    (Meta { kind, node, about, again }, work)
}
