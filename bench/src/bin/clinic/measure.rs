//! Single requests, one after the other.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use axum::http::{Method, StatusCode};
use db::sql;
use serde_json::Value;

use crate::{
    cases::{Asked, Case},
    clinic::Clinic,
    draw::Draw,
    node::{Node, answer, request},
    people::{PATIENTS, id, index},
    report::{Measured, Spread},
};

/// How often each case is asked.
#[derive(Clone, Copy)]
pub struct Times {
    pub rounds: u32,
    pub requests: u32,
}

/// All cases, and before them a point read through the same layer, to compare with.
pub async fn reads(node: &Node, clinic: &Clinic, cases: &[Case], times: Times) -> Vec<Measured> {
    let mut all = vec![Measured::new("one row by its key, through the data layer", 1.0, None)];
    for case in cases {
        all.push(Measured::new(case.what, warm_up(node, case).await, Some(case.most)));
    }
    for round in 1..=times.rounds {
        all[0].rounds.push(points(node, clinic, times.requests, round).await);
        for (case, measured) in cases.iter().zip(&mut all[1..]) {
            measured.rounds.push(case_once(node, case, times.requests).await);
        }
        eprintln!("reads: round {round} of {}", times.rounds);
    }
    all
}

/// Asks each once; how many results there are on average.
async fn warm_up(node: &Node, case: &Case) -> f64 {
    let mut results = 0;
    for one in &case.asked {
        let body: Value = serde_json::from_slice(&ask(node, one).await.1).unwrap();
        let listed = ["results", "upcoming_appointments"].into_iter().find_map(|name| body[name].as_array());
        let listed = u32::try_from(listed.map_or(0, Vec::len)).unwrap();
        results += body["count"].as_u64().map_or(listed, |count| u32::try_from(count).unwrap());
    }
    assert!(results > 0, "{}: nothing is found", case.what);
    f64::from(results) / f64::from(u32::try_from(case.asked.len()).unwrap())
}

async fn case_once(node: &Node, case: &Case, requests: u32) -> Spread {
    let mut took = Vec::new();
    for one in case.asked.iter().cycle().take(requests as usize) {
        took.push(ask(node, one).await.0);
    }
    Spread::of(took)
}

/// How long it took, and the body.
async fn ask(node: &Node, asked: &Asked) -> (Duration, Vec<u8>) {
    let request = request(Method::GET, &asked.path, &asked.token, String::new());
    let started = Instant::now();
    let (status, body) = answer(&node.frame, request).await;
    let took = started.elapsed();
    assert_eq!(status, StatusCode::OK, "{}: {}", asked.path, String::from_utf8_lossy(&body));
    (took, body.into())
}

async fn points(node: &Node, clinic: &Clinic, reads: u32, seed: u32) -> Spread {
    let mut draw = Draw::new(u64::from(seed));
    let mut took = Vec::new();
    for _ in 0..reads {
        let patient = u32::try_from(index(&mut draw, clinic.size.patients as usize)).unwrap();
        let key = id(PATIENTS, patient);
        let started = Instant::now();
        let name: Option<(String,)> =
            node.app.db.one(sql!("SELECT first_name FROM users WHERE id = ?1"), &[&key]).await.unwrap();
        took.push(started.elapsed());
        assert!(black_box(name).is_some());
    }
    Spread::of(took)
}
