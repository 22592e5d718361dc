//! Tables and verdicts.

use std::time::Duration;

use crate::median::median;

/// Bookings per second on `SQLite`.
const BOOKINGS_AT_LEAST: f64 = 1_000.0;
/// With ten times as many doctors.
const GROWN: Limits = Limits { median: 10.0, p99: Some(50.0) };

/// What a request may take: milliseconds.
#[derive(Clone, Copy)]
pub struct Limits {
    pub median: f64,
    pub p99: Option<f64>,
}

/// What the requests of a round took: milliseconds.
#[derive(Clone, Copy)]
pub struct Spread {
    median: f64,
    p99: f64,
}

/// One kind of request.
pub struct Measured {
    what: &'static str,
    results: f64,
    most: Option<Limits>,
    pub rounds: Vec<Spread>,
}

/// A round of bookings and plain inserts: per second.
pub struct Booked {
    pub bookings: f64,
    pub inserts: f64,
    pub alone: Option<f64>,
}

/// One kind of search, among few doctors and among many.
pub struct Grown {
    pub what: &'static str,
    pub found: (f64, f64),
    pub rounds: Vec<(Spread, Spread)>,
}

impl Spread {
    pub fn of(mut took: Vec<Duration>) -> Self {
        took.sort_unstable();
        let at = |part: usize| took[(took.len() * part / 100).min(took.len() - 1)].as_secs_f64() * 1e3;
        Self { median: at(50), p99: at(99) }
    }

    /// The medians of the rounds.
    fn of_all(rounds: &[Self]) -> Self {
        let of = |what: fn(&Self) -> f64| median(&rounds.iter().map(what).collect::<Vec<_>>());
        Self { median: of(|round| round.median), p99: of(|round| round.p99) }
    }
}

impl Measured {
    pub const fn new(what: &'static str, results: f64, most: Option<Limits>) -> Self {
        Self { what, results, most, rounds: Vec::new() }
    }
}

pub fn reads(database: &str, all: &[Measured]) {
    println!("\n### Single requests, {database}\n");
    println!("| request | results | median, ms | 99 of 100 within, ms | the slowest round's, ms |");
    println!("| --- | --: | --: | --: | --: |");
    for measured in all {
        let Spread { median, p99 } = Spread::of_all(&measured.rounds);
        let worst = measured.rounds.iter().map(|round| round.p99).fold(0.0, f64::max);
        let Measured { what, results, .. } = measured;
        println!("| {what} | {results:.1} | {median:.3} | {p99:.3} | {worst:.3} |");
    }
    println!();
    for measured in all {
        if let Some(most) = measured.most {
            judge(&format!("{}, {database}", measured.what), Spread::of_all(&measured.rounds), most);
        }
    }
}

pub fn bookings(database: &str, is_sqlite: bool, all: &[Booked]) {
    println!("\n### Bookings, {database}\n");
    println!(
        "| round | bookings/s | inserts/s, sharing commits | inserts/s, one commit each | bookings / inserts |"
    );
    println!("| --: | --: | --: | --: | --: |");
    for (round, booked) in (1..).zip(all) {
        println!("| {round} | {} |", row(booked));
    }
    let of = |what: fn(&Booked) -> f64| median(&all.iter().map(what).collect::<Vec<_>>());
    let alone: Vec<f64> = all.iter().filter_map(|booked| booked.alone).collect();
    let middle = Booked {
        bookings: of(|booked| booked.bookings),
        inserts: of(|booked| booked.inserts),
        alone: (!alone.is_empty()).then(|| median(&alone)),
    };
    println!("| median | {} |\n", row(&middle));
    if is_sqlite {
        let good = middle.bookings >= BOOKINGS_AT_LEAST;
        verdict(
            good,
            &format!("bookings/s, {database}: {:.0} (target >= {BOOKINGS_AT_LEAST})", middle.bookings),
        );
    }
}

fn row(booked: &Booked) -> String {
    let alone = booked.alone.map_or_else(|| "-".to_owned(), |rate| format!("{rate:.0}"));
    let Booked { bookings, inserts, .. } = booked;
    format!("{bookings:.0} | {inserts:.0} | {alone} | {:.3}", bookings / inserts)
}

pub fn index((few, many): (u32, u32), all: &[Grown]) {
    println!("\n## The index alone, {few} and {many} doctors\n");
    println!(
        "| search | found | median, ms | 99 of 100, ms | found | median, ms | 99 of 100, ms | times as long |"
    );
    println!("| --- | --: | --: | --: | --: | --: | --: | --: |");
    let sides = |grown: &Grown| {
        let (few, many): (Vec<_>, Vec<_>) = grown.rounds.iter().copied().unzip();
        (Spread::of_all(&few), Spread::of_all(&many))
    };
    for grown in all {
        let (small, large) = sides(grown);
        println!(
            "| {} | {:.0} | {:.3} | {:.3} | {:.0} | {:.3} | {:.3} | {:.1} |",
            grown.what,
            grown.found.0,
            small.median,
            small.p99,
            grown.found.1,
            large.median,
            large.p99,
            large.median / small.median,
        );
    }
    println!();
    for grown in all {
        judge(&format!("{}, index of {many}", grown.what), sides(grown).1, GROWN);
    }
}

fn judge(what: &str, took: Spread, most: Limits) {
    let good = took.median <= most.median && most.p99.is_none_or(|p99| took.p99 <= p99);
    let Spread { median, p99 } = took;
    let target = most.p99.map_or_else(String::new, |p99| format!(" (target <= {p99})"));
    let most = most.median;
    let text =
        format!("{what}, ms: median {median:.3} (target <= {most}), 99 of 100 within {p99:.3}{target}");
    verdict(good, &text);
}

fn verdict(good: bool, text: &str) {
    println!("- {} {text}", if good { "PASS" } else { "FAIL" });
}
