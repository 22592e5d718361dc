//! The table and the verdicts.

use crate::{compare::Compared, measure::Sample, median::median, workload::Case};

pub const SQLITE: &str = "SQLite";
pub const POSTGRES: &str = "PostgreSQL";

/// Ours may cost this much of the bare driver's CPU.
const CPU_AT_MOST: f64 = 1.20;
/// Group commit brings this many times the bare driver's durable writes.
const WRITES_AT_LEAST: f64 = 3.0;

const HEADINGS: [&str; 9] = [
    "database",
    "operation",
    "tasks",
    "ours, CPU µs",
    "bare, CPU µs",
    "ours / bare",
    "lowest to highest",
    "ours, ops/s",
    "bare, ops/s",
];

pub fn print(all: &[Compared]) {
    println!("\n| {} |", HEADINGS.join(" | "));
    println!("| --- | --- | --: | --: | --: | --: | --- | --: | --: |");
    for compared in all {
        println!("{}", row(compared));
    }
    println!("\nours / bare is the median of the rounds' ratios.\n");
    for compared in all {
        let ratio = median(&compared.ratios(|sample| sample.cpu));
        let what = named(compared);
        verdict(ratio <= CPU_AT_MOST, &format!("{what}: {ratio:.2} of the CPU, at most {CPU_AT_MOST:.2}"));
    }
    for compared in all {
        let together = compared.work.case == Case::Book && compared.work.tasks > 1;
        if together && compared.database == SQLITE {
            let ratio = median(&compared.ratios(|sample| sample.rate));
            let (ours, bare) = rates(compared);
            verdict(
                ratio >= WRITES_AT_LEAST,
                &format!(
                    "{}: group commit {ours:.0} durable writes/s, one commit each {bare:.0}, {ratio:.1} times, \
                     at least {WRITES_AT_LEAST:.1}",
                    named(compared)
                ),
            );
        }
    }
}

fn row(compared: &Compared) -> String {
    let cpu = |sample: Sample| sample.cpu;
    let ratios = compared.ratios(cpu);
    let (ours_rate, bare_rate) = rates(compared);
    format!(
        "| {} | {} | {} | {:.1} | {:.1} | {:.2} | {:.2} to {:.2} | {ours_rate:.0} | {bare_rate:.0} |",
        compared.database,
        compared.work.case.name(),
        compared.work.tasks,
        median(&compared.ours(cpu)),
        median(&compared.bare(cpu)),
        median(&ratios),
        ratios.iter().copied().fold(f64::INFINITY, f64::min),
        ratios.iter().copied().fold(0.0, f64::max),
    )
}

fn rates(compared: &Compared) -> (f64, f64) {
    let rate = |sample: Sample| sample.rate;
    (median(&compared.ours(rate)), median(&compared.bare(rate)))
}

fn named(compared: &Compared) -> String {
    let tasks = compared.work.tasks;
    let plural = if tasks == 1 { "" } else { "s" };
    format!("{}, {}, {tasks} task{plural}", compared.database, compared.work.case.name())
}

fn verdict(good: bool, text: &str) {
    println!("{} {text}", if good { "PASS" } else { "FAIL" });
}

impl Compared {
    fn ours(&self, what: fn(Sample) -> f64) -> Vec<f64> {
        self.rounds.iter().map(|(ours, _)| what(*ours)).collect()
    }

    fn bare(&self, what: fn(Sample) -> f64) -> Vec<f64> {
        self.rounds.iter().map(|(_, bare)| what(*bare)).collect()
    }

    /// Round by round, so that a noisy minute of the machine is on both sides.
    fn ratios(&self, what: fn(Sample) -> f64) -> Vec<f64> {
        self.rounds.iter().map(|(ours, bare)| what(*ours) / what(*bare)).collect()
    }
}
