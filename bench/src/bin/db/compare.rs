//! Two peers, round by round.

use crate::{
    measure::{Sample, run},
    workload::{Peer, Work, key},
};

/// One operation of two peers.
pub struct Compared {
    pub database: &'static str,
    pub work: Work,
    /// Ours and bare, measured one right after the other.
    pub rounds: Vec<(Sample, Sample)>,
}

/// Runs the whole plan `rounds` times.
pub async fn compare(
    database: &'static str,
    ours: &impl Peer,
    bare: &impl Peer,
    plan: &[Work],
    rounds: u32,
) -> Vec<Compared> {
    agree(ours, bare).await;
    let mut series = 0_u64;
    let mut next = || {
        series += 1;
        series
    };
    // connections, prepared statements, caches
    for work in plan {
        let few = Work { ops: work.ops / 20, ..*work };
        run(ours, few, 0, next()).await;
        run(bare, few, 0, next()).await;
    }
    let mut all: Vec<_> =
        plan.iter().map(|work| Compared { database, work: *work, rounds: Vec::new() }).collect();
    for round in 1..=rounds {
        for compared in &mut all {
            let (work, seed) = (compared.work, u64::from(round));
            // who comes first changes, so that neither always finds what the other has warmed
            let pair = if round % 2 == 1 {
                let ours = run(ours, work, seed, next()).await;
                (ours, run(bare, work, seed, next()).await)
            } else {
                let bare = run(bare, work, seed, next()).await;
                (run(ours, work, seed, next()).await, bare)
            };
            compared.rounds.push(pair);
        }
        eprintln!("{database}: round {round} of {rounds}");
    }
    all
}

/// Both read the same rows.
async fn agree(ours: &impl Peer, bare: &impl Peer) {
    assert_eq!(ours.point(key(4_711)).await, bare.point(key(4_711)).await);
    let (page, other) = (ours.page(7).await, bare.page(7).await);
    assert_eq!(page.len(), 20);
    assert_eq!(page, other);
}
