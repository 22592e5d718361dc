//! The simulated world: two nodes over one database, gateways, people and what they know, and the step that moves it.

mod choosing;
mod end;
mod judging;
mod learning;
mod opening;
mod people;
mod proof;
mod step;

use std::{collections::BTreeMap, sync::Arc};

use app::App;
use domain::{
    Clock as _, Timestamp,
    ids::{UserId, VisitId},
    payout::Status,
};
use parking_lot::Mutex;
use serde_json::Value;
use server::settings::Settings;
use tempfile::TempDir;
use uuid::Uuid;

use super::{
    chance::Dice,
    check::Checker,
    gateway::{Bank, Key},
    operations::Kind,
    outcome::Stage,
    report::{Log, Report, Watch},
    requests::Request,
};
use crate::{Engine, MovableClock};

/// Things of a kind that are remembered, to do something to them later.
const REMEMBERED: usize = 80;

/// A charge, and one of its payments.
#[derive(Clone, Copy, Debug)]
pub(super) struct Charge {
    pub(super) id: Uuid,
    pub(super) user: UserId,
    pub(super) key: Key,
    pub(super) at: Timestamp,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Visit {
    pub(super) id: VisitId,
    pub(super) patient: UserId,
    pub(super) doctor: UserId,
    pub(super) token: Uuid,
    pub(super) share: i64,
    pub(super) stage: Stage,
    pub(super) starts_at: Timestamp,
}

/// A doctor's payout, as far as the simulation knows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Payout {
    pub(super) id: Uuid,
    pub(super) doctor: UserId,
    pub(super) status: Status,
}

/// What a client has asked for under a key, and heard.
#[derive(Clone, Debug)]
pub(super) struct Saved {
    pub(super) key: String,
    pub(super) request: Request,
    pub(super) at: Timestamp,
    pub(super) answer: Option<Value>,
    /// The answer is that to the other body.
    pub(super) other_body: bool,
}

pub(super) struct World {
    seed: u64,
    engine: Engine,
    /// Whether operations at once may race.
    races: bool,
    pub(super) clock: Arc<MovableClock>,
    pub(super) dice: Dice,
    pub(super) nodes: Vec<Arc<App>>,
    pub(super) bank: Arc<Bank>,
    pub(super) checker: Checker,
    pub(super) patients: Vec<UserId>,
    pub(super) doctors: Vec<UserId>,
    pub(super) admin: UserId,
    /// Pages of gateways that are open in somebody's browser.
    pub(super) pages: Vec<Key>,
    /// Browsers on their way back, and what they claim.
    pub(super) returning: Vec<(Key, bool)>,
    pub(super) charges: Vec<Charge>,
    pub(super) visits: Vec<Visit>,
    pub(super) purchases: Vec<(Uuid, UserId)>,
    pub(super) codes: Vec<String>,
    pub(super) holds: Vec<(Uuid, UserId, i64)>,
    pub(super) payouts: Vec<Payout>,
    pub(super) saved: Vec<Saved>,
    /// Where several things happen to one at once: which one.
    pub(super) focus: Option<u64>,
    pub(super) deck: Vec<Kind>,
    counter: u64,
    counts: BTreeMap<(&'static str, &'static str), u64>,
    steps: u64,
    operations: u64,
    trace: u64,
    raced: bool,
    /// On PostgreSQL: so many steps in which what was cut off may still come to its end.
    unsettled: u32,
    settings: Settings,
    log: Arc<Mutex<Log>>,
    watch: Watch,
    _folder: TempDir,
}

impl World {
    pub(super) const fn operations(&self) -> u64 {
        self.operations
    }

    pub(super) fn count_up(&mut self) -> u64 {
        self.counter += 1;
        self.counter
    }

    pub(super) fn new_key(&mut self) -> String {
        format!("key-{}", self.count_up())
    }

    /// Remembers what was asked for under a key.
    pub(super) fn save(&mut self, key: &str, request: &Request) {
        let (key, request, at) = (key.to_owned(), request.clone(), self.clock.now());
        let saved = Saved { key, request, at, answer: None, other_body: false };
        keep(&mut self.saved, saved);
    }

    pub(super) fn report(&self) -> Report {
        let (faults, credited, returned) =
            self.bank.with(|truth| (truth.faults.clone(), truth.credited(), truth.returned));
        let given_back = self.bank.with(|truth| truth.given_back());
        Report {
            seed: self.seed,
            operations: self.operations,
            steps: self.steps,
            counts: self.counts.clone(),
            faults,
            postings: self.checker.postings,
            entries: self.checker.entries,
            credited,
            given_back,
            returned,
            trace: self.trace,
            raced: self.raced,
            clock: self.clock.now(),
            millis: self.watch.millis(),
        }
    }
}

/// The newest of a kind.
fn keep<T>(all: &mut Vec<T>, one: T) {
    if all.len() == REMEMBERED {
        all.remove(0);
    }
    all.push(one);
}
