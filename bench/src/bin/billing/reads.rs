//! Reading wallets: beside reading profiles, and long ones beside those that hold nothing.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use axum::http::{Method, StatusCode};
use serde_json::Value;
use tokio::task::JoinSet;

use crate::{
    Times,
    inserts::rate,
    median::median,
    node::{Node, answer, request},
    report::{Length, Share},
    wallets::{EMPTY, LONG, SHORT},
};

const WALLET: &str = "/api/v1/billing/wallet/";
const PROFILE: &str = "/api/v1/patients/profile/";
const LIST: &str = "/api/v1/billing/wallet/transactions/";
/// Results on a page unless it says otherwise.
const PAGE: u32 = 20;
/// Requests on their way at once where they are counted per second; as many connections as `bench/http` has.
const AT_ONCE: usize = 32;
/// For each request that is timed alone, so many that are counted.
const MORE: u32 = 50;

/// Wallet reads and profile reads per second, in turns, of the same people.
pub async fn shares(node: &Node, tokens: &[Arc<str>], times: Times) -> Vec<Share> {
    // the long, the empty and the short one are no usual wallets
    let people: Arc<[Arc<str>]> = tokens[SHORT + 1..].into();
    let count = times.requests * MORE;
    let both = |path: &'static str| per_second(node, path, &people, count);
    both(WALLET).await;
    both(PROFILE).await;
    let mut all = Vec::new();
    for round in 1..=times.rounds {
        // who comes first changes
        let share = if round % 2 == 1 {
            let wallets = both(WALLET).await;
            Share { wallets, profiles: both(PROFILE).await }
        } else {
            let profiles = both(PROFILE).await;
            Share { wallets: both(WALLET).await, profiles }
        };
        eprintln!("wallets and profiles: round {round} of {}", times.rounds);
        all.push(share);
    }
    all
}

async fn per_second(node: &Node, path: &'static str, people: &Arc<[Arc<str>]>, count: u32) -> f64 {
    let (next, all) = (Arc::new(AtomicUsize::new(0)), usize::try_from(count).unwrap());
    let mut tasks = JoinSet::new();
    let started = Instant::now();
    for _ in 0..AT_ONCE {
        let (frame, people, next) = (node.frame.clone(), Arc::clone(people), Arc::clone(&next));
        tasks.spawn(async move {
            loop {
                let n = next.fetch_add(1, Relaxed);
                if n >= all {
                    return;
                }
                let asked = request(Method::GET, path, &people[n % people.len()], String::new());
                let (status, said) = answer(&frame, asked).await;
                assert_eq!(status, StatusCode::OK, "{path}: {}", String::from_utf8_lossy(&said));
            }
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
    rate(count, started.elapsed())
}

/// What is asked of which wallet.
struct Case {
    what: &'static str,
    /// What the others are compared with.
    peer: usize,
    whose: usize,
    path: String,
    results: usize,
}

fn cases(entries: u32) -> Vec<Case> {
    let case = |what, peer, whose, path: String, results| Case { what, peer, whose, path, results };
    let wallet = || WALLET.to_owned();
    let page = |n: u32| format!("{LIST}?page={n}");
    let left = usize::try_from((entries - 1) % PAGE + 1).unwrap();
    vec![
        case("wallet, no entries", 0, EMPTY, wallet(), 0),
        case("wallet, 100 entries", 0, SHORT, wallet(), 10),
        case("wallet, long", 0, LONG, wallet(), 10),
        case("statement's page, no entries", 3, EMPTY, page(1), 0),
        case("statement's first page, 100 entries", 4, SHORT, page(1), 20),
        case("statement's first page, long", 4, LONG, page(1), 20),
        case("statement's last page, long", 4, LONG, page(entries.div_ceil(PAGE)), left),
    ]
}

/// Single requests, one after the other, of each wallet in turns: medians in milliseconds, and how they compare.
pub async fn lengths(node: &Node, tokens: &[Arc<str>], entries: u32, times: Times) -> Vec<Length> {
    let cases = cases(entries);
    let mut all: Vec<Length> =
        cases.iter().map(|case| Length { what: case.what, peer: case.peer, rounds: Vec::new() }).collect();
    for case in &cases {
        let (_, body) = ask(node, case, tokens).await;
        let told: Value = serde_json::from_slice(&body).unwrap();
        let listed = ["results", "recent_transactions"].into_iter().find_map(|name| told[name].as_array());
        assert_eq!(listed.map(Vec::len), Some(case.results), "{}: {told}", case.what);
    }
    for round in 1..=times.rounds {
        let mut took = vec![Vec::new(); cases.len()];
        for n in 0..times.requests as usize {
            // who comes first changes with every request
            for i in 0..cases.len() {
                let i = (i + n) % cases.len();
                took[i].push(ask(node, &cases[i], tokens).await.0.as_secs_f64() * 1e3);
            }
        }
        for (length, took) in all.iter_mut().zip(&took) {
            length.rounds.push(median(took));
        }
        eprintln!("long wallets: round {round} of {}", times.rounds);
    }
    all
}

/// How long it took, and the body.
async fn ask(node: &Node, case: &Case, tokens: &[Arc<str>]) -> (Duration, Vec<u8>) {
    let request = request(Method::GET, &case.path, &tokens[case.whose], String::new());
    let started = Instant::now();
    let (status, body) = answer(&node.frame, request).await;
    let took = started.elapsed();
    assert_eq!(status, StatusCode::OK, "{}: {}", case.path, String::from_utf8_lossy(&body));
    (took, body.into())
}
