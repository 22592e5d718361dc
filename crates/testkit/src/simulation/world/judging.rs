//! What a step has posted, held against how its operations ended.

use domain::Clock as _;

use super::{
    World,
    step::{Meta, Way},
};
use crate::simulation::{
    chance::fold,
    check::Seen,
    drive::Ended,
    outcome::{Expect, Outcome},
};

impl World {
    /// Looks at what the step has posted, and learns from how it ended.
    pub(super) async fn after(&mut self, done: Vec<(Meta, Ended)>, way: Way) -> Result<(), Vec<String>> {
        let seen = self.checker.look(&self.nodes[0], &self.bank).await;
        let mut wrong = self.bank.with(|truth| std::mem::take(&mut truth.wrong));
        wrong.extend(seen.wrong.iter().cloned());
        let is_sure = way == Way::Alone && self.unsettled == 0;
        self.unsettled = self.unsettled.saturating_sub(1);
        for (meta, ended) in done {
            self.operations += 1;
            match ended {
                Ended::Cut => self.note(&meta, "cut off", way),
                Ended::With(outcome) => {
                    self.note(&meta, outcome.label, way);
                    wrong.extend(self.judge(&meta, outcome, &seen, (is_sure, way)));
                }
            }
        }
        if way != Way::Raced {
            self.trace = fold(self.trace, &seen.digest.to_le_bytes());
        }
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }

    /// What is wrong with how an operation ended.
    fn judge(
        &mut self,
        meta: &Meta,
        outcome: Outcome,
        seen: &Seen,
        (is_sure, way): (bool, Way),
    ) -> Vec<String> {
        let Outcome { label, expect, learned, wrong } = outcome;
        let name = meta.kind.name();
        let mut all: Vec<String> = wrong.into_iter().map(|text| format!("{name}: {text}")).collect();
        if is_sure && let Some(text) = unexpected(expect, seen) {
            all.push(format!("{name}, {label}: {text}"));
        }
        if let Some(again) = meta.again.filter(|again| again.was_answered) {
            let right = if again.other_body { "mismatch" } else { "replayed" };
            if ![right, "still running", "unavailable"].contains(&label) {
                all.push(format!("{name}: {label} instead of {right}"));
            }
        }
        for learned in learned {
            let way = if is_sure { way } else { Way::Raced };
            all.extend(self.learn(learned, way));
        }
        all
    }

    fn note(&mut self, meta: &Meta, label: &'static str, way: Way) {
        let Meta { kind, node, about, .. } = meta;
        *self.counts.entry((kind.name(), label)).or_default() += 1;
        if way != Way::Raced {
            let text = format!("{} {node} {label}", kind.name());
            self.trace = fold(self.trace, text.as_bytes());
        }
        let beside = match way {
            Way::Alone => "",
            Way::Interleaved | Way::Raced => " (at once)",
        };
        let (steps, now) = (self.steps, self.clock.now());
        let mut log = self.log.lock();
        (log.step, log.operation) = (steps, self.operations);
        let name = kind.name();
        log.note(format!("{steps:>8} {now} node {node}{beside} {name} [{about}]: {label}"));
    }
}

/// What a step that nothing else happened beside has posted, and should not have.
fn unexpected(expect: Expect, seen: &Seen) -> Option<String> {
    match expect {
        Expect::Any => None,
        Expect::Nothing => (seen.postings > 0).then(|| format!("{} postings", seen.postings)),
        Expect::Wallet(user, rials) => {
            let moved = seen.wallets.get(&user.to_string()).copied().unwrap_or_default();
            (moved != rials).then(|| format!("{moved} Rials in the wallet of {user} instead of {rials}"))
        }
    }
}
