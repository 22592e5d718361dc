//! Fills a database: row by row through the layer, thousands of rows in a transaction.

use std::sync::Arc;

use app::App;
use db::Engine;
use tokio::task::JoinSet;

use crate::{
    agenda::{Agenda, BLOCK},
    clinic::Clinic,
    rows::{self, Row},
};

/// Rows of a transaction.
const BATCH: usize = 10_000;
/// Busy doctors who have been told something.
const TOLD: u32 = 500;

/// Everything that measurements find there.
pub async fn fill(app: &Arc<App>, clinic: &Arc<Clinic>) -> Agenda {
    let size = clinic.size;
    write(app, clinic, "patients", (0..size.patients).map(Row::Patient)).await;
    write(app, clinic, "doctors", (0..size.doctors).map(Row::Doctor)).await;
    write(app, clinic, "notices", clinic.busy_doctors(TOLD).map(Row::Notices)).await;
    let mut agenda = Agenda::new(Arc::clone(clinic));
    let blocks = 0..size.doctors.div_ceil(BLOCK);
    let visits = blocks.flat_map(|block| agenda.block(block)).map(Row::Visit);
    write(app, clinic, "visits", visits).await;
    agenda
}

async fn write(app: &Arc<App>, clinic: &Arc<Clinic>, what: &str, mut rows: impl Iterator<Item = Row>) {
    // SQLite has one writer, which is quickest when nobody else is in its group
    let at_once = if app.db.engine() == Engine::Sqlite { 1 } else { 8 };
    let (mut tasks, mut done) = (JoinSet::new(), 0);
    loop {
        // made while those before are written
        let batch: Vec<Row> = rows.by_ref().take(BATCH).collect();
        if batch.is_empty() {
            break;
        }
        if tasks.len() >= at_once {
            tasks.join_next().await.unwrap().unwrap();
        }
        let before = done / (BATCH * 10);
        done += batch.len();
        if done / (BATCH * 10) > before {
            eprintln!("{done} {what}");
        }
        tasks.spawn(transaction(Arc::clone(app), Arc::clone(clinic), batch));
    }
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
    eprintln!("{done} {what}, all of them");
}

async fn transaction(app: Arc<App>, clinic: Arc<Clinic>, batch: Vec<Row>) {
    let input = (Arc::clone(&app), clinic, batch);
    let written = app.db.write(input, |tx, (app, clinic, batch)| {
        Box::pin(async move {
            for row in batch {
                rows::add(tx, app, clinic, row).await?;
            }
            Ok::<_, store::Error>(())
        })
    });
    written.await.unwrap();
}
