//! Money under everything that goes wrong, simulated: a short run here, by `simulate` as long as one likes
//! (`docs/SIMULATION.md`).

use rstest::rstest;
use testkit::{
    Engine,
    simulation::{self, FAULTS, Kind, Options, Report},
};

const SEEDS: [u64; 3] = [2, 3, 4];
const OPERATIONS: u64 = 900;

fn run(seed: u64, engine: Engine) -> Report {
    let options = Options { seed, operations: OPERATIONS, engine, check_every: 150, ..Options::default() };
    simulation::run(&options, |_| {}).unwrap_or_else(|failure| panic!("{failure}"))
}

#[rstest]
fn money_is_never_wrong(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let reports: Vec<Report> = SEEDS.iter().map(|seed| run(*seed, engine)).collect();
    for kind in Kind::ALL {
        let tried: u64 = reports.iter().map(|report| report.tried(kind.name())).sum();
        assert!(tried > 0, "{} never happened", kind.name());
    }
    for report in &reports {
        assert!(
            report.operations >= OPERATIONS && report.postings > 100 && report.credited > 0,
            "{report:?}"
        );
    }
    if engine == Engine::Postgres {
        // there operations race, and what comes about is not the seed's alone to say
        return;
    }
    for fault in FAULTS {
        let times: u64 = reports.iter().filter_map(|report| report.faults.get(fault)).sum();
        assert!(times > 0, "{fault} never went wrong");
    }
    // what was tried has also come about
    let came_about = [
        ("charge", "done"),
        ("pay at the gateway", "paid"),
        ("callback", "sent back"),
        ("forged callback", "not found"),
        ("the same again", "replayed"),
        ("the same again", "mismatch"),
        ("pay a visit", "done"),
        ("pay a visit", "insufficient balance"),
        ("pay a visit online", "done"),
        ("cancel a visit", "done"),
        ("complete a visit", "done"),
        ("buy a plan", "done"),
        ("order a plan online", "done"),
        ("pay a plan online", "done"),
        ("place a hold", "done"),
        ("post a hold", "done"),
        ("void a hold", "done"),
        ("ask for a payout", "done"),
        ("ask for a payout", "insufficient balance"),
        ("approve a payout", "done"),
        ("reject a payout", "done"),
        ("cancel a payout", "done"),
        ("batch of payouts", "done"),
        ("payout paid", "done"),
        ("payout returned", "done"),
        ("refund a charge", "refunded"),
        ("refund a charge", "refunding"),
        ("refund a charge", "in the wallet"),
        ("finish refunds", "done"),
        ("bad charge", "refused"),
        ("read another's charge", "not found"),
    ];
    for (kind, ended) in came_about {
        let times: u64 = reports.iter().filter_map(|report| report.counts.get(&(kind, ended))).sum();
        assert!(times > 0, "{kind} never ended with: {ended}");
    }
}

#[test]
fn the_same_seed_is_the_same_story() {
    let (first, again, other) = (run(4, Engine::Sqlite), run(4, Engine::Sqlite), run(5, Engine::Sqlite));
    assert!(!first.raced);
    assert_eq!((first.trace, &first.counts, &first.faults), (again.trace, &again.counts, &again.faults));
    assert_eq!((first.postings, first.credited, first.clock), (again.postings, again.credited, again.clock));
    assert_ne!(first.trace, other.trace);
}
