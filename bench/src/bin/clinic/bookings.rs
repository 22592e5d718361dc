//! Bookings by 64 clients at once, each durable when it is answered, beside plain inserts on the same disk.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Instant,
};

use axum::http::{Method, StatusCode};
use serde_json::json;
use tokio::task::{JoinSet, spawn_blocking};

use crate::{
    agenda::{Agenda, Wish},
    inserts::{CLIENTS, insert, one_by_one, rate, table},
    node::{Node, answer, request},
    people::{DOCTORS, PATIENTS, id},
    report::Booked,
};

/// For one insert of those that wait for their disk alone, so many that share a commit.
const FEWER: u32 = 8;

/// A patient's token and what they ask for.
type Order = (String, String);

/// So many bookings in so many rounds. `alone`: where to put the file of one commit each; none: not measured.
pub async fn measure(
    node: &Node,
    agenda: &Agenda,
    count: u32,
    rounds: u32,
    alone: Option<&Path>,
) -> Vec<Booked> {
    let each = count / rounds;
    let orders: Vec<Order> = agenda.wishes(each * rounds).iter().map(|wish| order(node, wish)).collect();
    table(&node.app).await;
    let mut all = Vec::new();
    for (round, orders) in (1..).zip(orders.chunks(each as usize)) {
        // who comes first changes
        let (bookings, inserts) = if round % 2 == 1 {
            let bookings = book(node, orders.into()).await;
            (bookings, insert(&node.app, each, round).await)
        } else {
            let inserts = insert(&node.app, each, round).await;
            (book(node, orders.into()).await, inserts)
        };
        let alone = match alone {
            Some(file) => {
                let file: PathBuf = file.to_owned();
                Some(spawn_blocking(move || one_by_one(&file, each / FEWER, round)).await.unwrap())
            }
            None => None,
        };
        eprintln!("bookings: round {round} of {rounds}");
        all.push(Booked { bookings, inserts, alone });
    }
    all
}

fn order(node: &Node, wish: &Wish) -> Order {
    let body = json!({
        "doctor_id": id(DOCTORS, wish.doctor).hyphenated().to_string(),
        "scheduled_at": wish.starts_at.to_string(),
        "visit_type": wish.kind.as_str(),
        "chief_complaint": "درد قفسه سینه",
        "description": "از دو روز پیش درد خفیفی در قفسه سینه دارم",
    });
    (node.sign(id(PATIENTS, wish.patient)), body.to_string())
}

/// Through the API; bookings per second.
async fn book(node: &Node, orders: Arc<[Order]>) -> f64 {
    let (next, count) = (Arc::new(AtomicUsize::new(0)), orders.len());
    let mut tasks = JoinSet::new();
    let started = Instant::now();
    for _ in 0..CLIENTS {
        let (frame, orders, next) = (node.frame.clone(), Arc::clone(&orders), Arc::clone(&next));
        tasks.spawn(async move {
            while let Some((token, body)) = orders.get(next.fetch_add(1, Relaxed)) {
                let asked = request(Method::POST, "/api/v1/patients/encounters/book/", token, body.clone());
                let (status, said) = answer(&frame, asked).await;
                assert_eq!(status, StatusCode::CREATED, "{body}: {}", String::from_utf8_lossy(&said));
            }
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
    rate(u32::try_from(count).unwrap(), started.elapsed())
}
