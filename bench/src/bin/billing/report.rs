//! Tables and verdicts.

use crate::median::median;

/// Of the profile reads per second.
const SHARE_AT_LEAST: f64 = 0.40;
/// Payments per second on `SQLite`.
const PAYMENTS_AT_LEAST: f64 = 1_000.0;
/// A long wallet beside its peer.
const TIMES_AT_MOST: f64 = 1.5;

/// A round of reads: per second.
pub struct Share {
    pub wallets: f64,
    pub profiles: f64,
}

/// One kind of request: the medians of the rounds in milliseconds.
pub struct Length {
    pub what: &'static str,
    /// The line that it is compared with.
    pub peer: usize,
    pub rounds: Vec<f64>,
}

/// A round of payments and plain inserts: per second.
pub struct Paid {
    pub payments: f64,
    pub inserts: f64,
    pub alone: Option<f64>,
}

pub fn shares(database: &str, all: &[Share]) {
    println!("\n### Wallets beside profiles, {database}\n");
    println!("| round | wallet reads/s | profile reads/s | wallets / profiles |");
    println!("| --: | --: | --: | --: |");
    for (round, Share { wallets, profiles }) in (1..).zip(all) {
        println!("| {round} | {wallets:.0} | {profiles:.0} | {:.3} |", wallets / profiles);
    }
    let of = |what: fn(&Share) -> f64| median(&all.iter().map(what).collect::<Vec<_>>());
    let ratio = of(|share| share.wallets / share.profiles);
    let (wallets, profiles) = (of(|share| share.wallets), of(|share| share.profiles));
    println!("| median | {wallets:.0} | {profiles:.0} | {ratio:.3} |\n");
    let text = format!("wallet reads / profile reads, {database}: {ratio:.3} (target >= {SHARE_AT_LEAST})");
    verdict(ratio >= SHARE_AT_LEAST, &text);
}

pub fn lengths(database: &str, entries: u32, all: &[Length]) {
    println!("\n### A wallet with {entries} entries, {database}\n");
    println!("| request | median, ms | times its peer | peer |");
    println!("| --- | --: | --: | --- |");
    let times = |length: &Length| {
        let ratios = length.rounds.iter().zip(&all[length.peer].rounds).map(|(one, peer)| one / peer);
        median(&ratios.collect::<Vec<_>>())
    };
    for (n, length) in all.iter().enumerate() {
        let peer = if n == length.peer { "itself" } else { all[length.peer].what };
        println!("| {} | {:.3} | {:.2} | {peer} |", length.what, median(&length.rounds), times(length));
    }
    println!();
    for length in all.iter().filter(|length| length.what.ends_with("long")) {
        let (ratio, peer) = (times(length), all[length.peer].what);
        let text =
            format!("{}, {database}: {ratio:.2} times \"{peer}\" (target <= {TIMES_AT_MOST})", length.what);
        verdict(ratio <= TIMES_AT_MOST, &text);
    }
}

pub fn payments(database: &str, is_sqlite: bool, all: &[Paid]) {
    println!("\n### Visits paid from wallets, {database}\n");
    println!(
        "| round | payments/s | inserts/s, sharing commits | inserts/s, one commit each | payments / inserts |"
    );
    println!("| --: | --: | --: | --: | --: |");
    for (round, paid) in (1..).zip(all) {
        println!("| {round} | {} |", row(paid));
    }
    let of = |what: fn(&Paid) -> f64| median(&all.iter().map(what).collect::<Vec<_>>());
    let alone: Vec<f64> = all.iter().filter_map(|paid| paid.alone).collect();
    let middle = Paid {
        payments: of(|paid| paid.payments),
        inserts: of(|paid| paid.inserts),
        alone: (!alone.is_empty()).then(|| median(&alone)),
    };
    println!("| median | {} |\n", row(&middle));
    if is_sqlite {
        let good = middle.payments >= PAYMENTS_AT_LEAST;
        let text = format!("payments/s, {database}: {:.0} (target >= {PAYMENTS_AT_LEAST})", middle.payments);
        verdict(good, &text);
    }
}

fn row(paid: &Paid) -> String {
    let alone = paid.alone.map_or_else(|| "-".to_owned(), |rate| format!("{rate:.0}"));
    let Paid { payments, inserts, .. } = paid;
    format!("{payments:.0} | {inserts:.0} | {alone} | {:.3}", payments / inserts)
}

fn verdict(good: bool, text: &str) {
    println!("- {} {text}", if good { "PASS" } else { "FAIL" });
}
