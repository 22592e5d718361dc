//! Visits paid from wallets by 64 clients at once, each durable when it is answered, beside plain inserts on the same
//! disk.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Instant,
};

use axum::http::{Method, StatusCode};
use tokio::task::{JoinSet, spawn_blocking};

use crate::{
    inserts::{self, CLIENTS, rate},
    node::{Node, answer, request},
    people::Unpaid,
    report::Paid,
};

const BODY: &str = r#"{"payment_method":"wallet"}"#;
/// For one insert of those that wait for their disk alone, so many that share a commit.
const FEWER: u32 = 8;

/// A patient's token, and where they pay.
type Order = (String, String);

/// All of these visits in so many rounds. `alone`: where to put the file of one commit each; none: not measured.
pub async fn measure(node: &Node, visits: &[Unpaid], rounds: u32, alone: Option<&Path>) -> Vec<Paid> {
    let orders: Vec<Order> = visits.iter().map(|visit| order(node, visit)).collect();
    let each = u32::try_from(orders.len()).unwrap() / rounds;
    inserts::table(&node.app).await;
    let mut all = Vec::new();
    for (round, orders) in (1..).zip(orders.chunks(each as usize)) {
        // who comes first changes
        let (payments, inserts) = if round % 2 == 1 {
            let payments = pay(node, orders.into()).await;
            (payments, inserts::insert(&node.app, each, round).await)
        } else {
            let inserts = inserts::insert(&node.app, each, round).await;
            (pay(node, orders.into()).await, inserts)
        };
        let alone = match alone {
            Some(file) => {
                let file: PathBuf = file.to_owned();
                let work = move || inserts::one_by_one(&file, each / FEWER, round);
                Some(spawn_blocking(work).await.unwrap())
            }
            None => None,
        };
        eprintln!("payments: round {round} of {rounds}");
        all.push(Paid { payments, inserts, alone });
    }
    all
}

fn order(node: &Node, unpaid: &Unpaid) -> Order {
    let path = format!("/api/v1/patients/encounters/{}/pay/", unpaid.visit);
    (node.sign(unpaid.patient.0), path)
}

/// Through the API; payments per second. What they leave to be done, texts to both, is done before anything else is
/// measured.
async fn pay(node: &Node, orders: Arc<[Order]>) -> f64 {
    let (next, count) = (Arc::new(AtomicUsize::new(0)), orders.len());
    let mut tasks = JoinSet::new();
    let started = Instant::now();
    for _ in 0..CLIENTS {
        let (frame, orders, next) = (node.frame.clone(), Arc::clone(&orders), Arc::clone(&next));
        tasks.spawn(async move {
            while let Some((token, path)) = orders.get(next.fetch_add(1, Relaxed)) {
                let asked = request(Method::POST, path, token, BODY.to_owned());
                let (status, said) = answer(&frame, asked).await;
                assert_eq!(status, StatusCode::OK, "{path}: {}", String::from_utf8_lossy(&said));
            }
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
    let rate = rate(u32::try_from(count).unwrap(), started.elapsed());
    app::jobs::run_due(&node.app).await.unwrap();
    rate
}
