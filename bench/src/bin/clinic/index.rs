//! The index alone, in memory: how a search grows with the number of doctors.

use std::{hint::black_box, time::Instant};

use domain::search::{Index, Query};

use crate::{
    measure::Times,
    people::Lists,
    report::{Grown, Spread},
    searches,
};

/// Every kind of search among so many doctors and among more of them, in turns.
pub fn compare(lists: &Lists, (few, many): (u32, u32), times: Times) -> Vec<Grown> {
    let (small, large) = (filled(lists, few), filled(lists, many));
    let searches = searches::all();
    let mut all: Vec<Grown> = searches
        .iter()
        .map(|search| {
            let found = (found(&small, &search.queries), found(&large, &search.queries));
            Grown { what: search.what, found, rounds: Vec::new() }
        })
        .collect();
    for round in 1..=times.rounds {
        for (search, grown) in searches.iter().zip(&mut all) {
            let ask = |index: &Index| spread(index, &search.queries, times.requests);
            // who comes first changes
            let pair = if round % 2 == 1 {
                let few = ask(&small);
                (few, ask(&large))
            } else {
                let many = ask(&large);
                (ask(&small), many)
            };
            grown.rounds.push(pair);
        }
        eprintln!("index: round {round} of {}", times.rounds);
    }
    all
}

fn filled(lists: &Lists, doctors: u32) -> Index {
    let mut index = Index::new();
    for n in 0..doctors {
        index.put(&lists.doctor(n).entry());
    }
    eprintln!("{} doctors in the index", index.len());
    index
}

/// How many each query finds on average.
fn found(index: &Index, queries: &[Query]) -> f64 {
    let counts = queries.iter().map(|query| f64::from(u32::try_from(index.search(query).count).unwrap()));
    counts.sum::<f64>() / f64::from(u32::try_from(queries.len()).unwrap())
}

fn spread(index: &Index, queries: &[Query], requests: u32) -> Spread {
    let ask = |query: &Query| {
        let started = Instant::now();
        black_box(index.search(black_box(query)));
        started.elapsed()
    };
    Spread::of(queries.iter().cycle().take(requests as usize).map(ask).collect())
}
