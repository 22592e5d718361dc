//! What the simulation tells: its progress, its result, and where it has failed.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt::{self, Write as _},
    time::Instant,
};

use domain::Timestamp;

/// Operations that are shown at a failure.
const SHOWN: usize = 50;

/// What has happened lately; it outlives a simulation that panics.
#[derive(Debug, Default)]
pub(super) struct Log {
    lines: VecDeque<String>,
    pub(super) step: u64,
    pub(super) operation: u64,
}

impl Log {
    pub(super) fn note(&mut self, line: String) {
        if self.lines.len() == SHOWN {
            self.lines.pop_front();
        }
        self.lines.push_back(line);
    }

    pub(super) fn lines(&self) -> Vec<String> {
        self.lines.iter().cloned().collect()
    }
}

/// How a simulation went.
#[derive(Clone, Debug)]
pub struct Report {
    pub seed: u64,
    pub operations: u64,
    pub steps: u64,
    /// How often each kind of operation ended how.
    pub counts: BTreeMap<(&'static str, &'static str), u64>,
    /// How often what went wrong on purpose.
    pub faults: BTreeMap<&'static str, u64>,
    pub postings: u64,
    pub entries: u64,
    /// Rials that gateways have given and the ledger has credited.
    pub credited: i64,
    /// Rials that went back to payers because somebody asked, as the ledger says.
    pub given_back: i64,
    /// Payments that gateways gave back by themselves because nobody had asked about them.
    pub returned: u64,
    /// The same for the same seed, where nothing raced.
    pub trace: u64,
    /// Whether some operations raced each other, so that the trace is not the same every time.
    pub raced: bool,
    /// The simulated time at the end.
    pub clock: Timestamp,
    /// Real milliseconds.
    pub millis: u128,
}

impl Report {
    /// One line.
    #[must_use]
    pub fn line(&self) -> String {
        let rate = u128::from(self.operations) * 1_000 / self.millis.max(1);
        let mishaps: u64 = self.faults.values().sum();
        format!(
            "seed {} · {} operations in {} s ({rate}/s) · {} postings · {} Rials credited, \
             {} given back · {mishaps} mishaps · clock {}",
            self.seed,
            self.operations,
            self.millis / 1_000,
            self.postings,
            self.credited,
            self.given_back,
            self.clock.strftime("%F %T"),
        )
    }

    /// One line for each kind of operation, with how it ended how often; then the mishaps.
    #[must_use]
    pub fn table(&self) -> String {
        let mut kinds: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for ((kind, ended), times) in &self.counts {
            kinds.entry(*kind).or_default().push(format!("{ended} {times}"));
        }
        let mut text = String::new();
        for (kind, ended) in kinds {
            let _ = writeln!(text, "  {kind:<24} {}", ended.join(", "));
        }
        for (fault, times) in &self.faults {
            let _ = writeln!(text, "  ! {fault:<40} {times}");
        }
        text
    }

    /// How often this kind of operation was tried.
    #[must_use]
    pub fn tried(&self, kind: &str) -> u64 {
        self.counts.iter().filter(|((known, _), _)| *known == kind).map(|(_, times)| times).sum()
    }
}

/// What went wrong, and how to see it again.
#[derive(Clone, Debug)]
pub struct Failure {
    pub seed: u64,
    pub step: u64,
    pub operation: u64,
    pub wrong: Vec<String>,
    /// The newest operations, the last one last.
    pub last: Vec<String>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, step, operation, wrong, last } = self;
        writeln!(f, "the money is wrong: seed {seed}, step {step}, operation {operation}")?;
        for text in wrong {
            writeln!(f, "  × {text}")?;
        }
        writeln!(f, "the last {} operations:", last.len())?;
        for line in last {
            writeln!(f, "  {line}")?;
        }
        write!(f, "again: simulate --seed {seed} --operations {operation}")
    }
}

impl std::error::Error for Failure {}

/// Real time since the beginning.
#[derive(Clone, Copy, Debug)]
pub(super) struct Watch(Instant);

impl Watch {
    pub(super) fn start() -> Self {
        Self(Instant::now())
    }

    pub(super) fn millis(self) -> u128 {
        self.0.elapsed().as_millis()
    }
}
