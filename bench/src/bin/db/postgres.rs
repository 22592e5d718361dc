//! Bare tokio-postgres: deadpool as a pool with prepared statements, and nothing else.

use std::time::Duration;

use db::PostgresOptions;
use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod};
use tokio_postgres::{Config, NoTls, Row};
use uuid::Uuid;

use crate::{
    database::connect,
    workload::{Booking, CHANGE, DETAIL, NOTE, PAGE, POINT, Peer, ROWS, SCHEMA, Visit, visit},
};

/// For the report.
pub const HOW: &str = "a deadpool pool of 16 connections (the layer has as many), prepared statements, \
`transaction()`; the server's CPU is left out on both sides, since only this process is counted";

const CONNECTIONS: usize = 16;
/// Rows of one INSERT while the table is filled.
const BATCH: u64 = 10_000;

/// Makes and fills the tables.
pub async fn fill(url: &str) {
    let client = connect(url).await;
    client.batch_execute(SCHEMA.postgres).await.unwrap();
    for batch in 0..ROWS / BATCH {
        let visits: Vec<Visit> = (batch * BATCH..(batch + 1) * BATCH).map(visit).collect();
        let insert = "INSERT INTO visits SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::text[], \
                      $4::text[], $5::text[], $6::bigint[], $7::bigint[])";
        client
            .execute(
                insert,
                &[
                    &column(&visits, |v| v.id),
                    &column(&visits, |v| v.doctor),
                    &column(&visits, |v| v.patient.as_str()),
                    &column(&visits, |v| v.reason.as_str()),
                    &column(&visits, |v| v.status.as_str()),
                    &column(&visits, |v| v.price),
                    &column(&visits, |v| v.starts_at),
                ],
            )
            .await
            .unwrap();
    }
    client.batch_execute("VACUUM ANALYZE visits").await.unwrap();
}

fn column<'v, T>(visits: &'v [Visit], of: impl Fn(&'v Visit) -> T) -> Vec<T> {
    visits.iter().map(of).collect()
}

/// The layer's.
pub fn options(url: &str) -> PostgresOptions {
    PostgresOptions {
        url: url.to_owned(),
        connections: CONNECTIONS,
        ca_file: None,
        statement_timeout: Duration::from_secs(30),
        patience: Duration::from_secs(5),
    }
}

#[derive(Clone)]
pub struct Bare {
    pool: Pool,
}

impl Bare {
    pub fn open(url: &str) -> Self {
        let config: Config = url.parse().unwrap();
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_config(config, NoTls, recycling);
        Self { pool: Pool::builder(manager).max_size(CONNECTIONS).build().unwrap() }
    }
}

impl Peer for Bare {
    async fn point(&self, visit: Uuid) -> Visit {
        let client = self.pool.get().await.unwrap();
        let statement = client.prepare_cached(POINT.postgres).await.unwrap();
        visit_of(&client.query_one(&statement, &[&visit]).await.unwrap())
    }

    async fn page(&self, doctor: i64) -> Vec<Visit> {
        let client = self.pool.get().await.unwrap();
        let statement = client.prepare_cached(PAGE.postgres).await.unwrap();
        client.query(&statement, &[&doctor]).await.unwrap().iter().map(visit_of).collect()
    }

    async fn book(&self, booking: Booking) {
        let mut client = self.pool.get().await.unwrap();
        let tx = client.transaction().await.unwrap();
        let change = tx.prepare_cached(CHANGE.postgres).await.unwrap();
        tx.execute(&change, &[&booking.visit, &booking.price]).await.unwrap();
        let note = tx.prepare_cached(NOTE.postgres).await.unwrap();
        tx.execute(&note, &[&booking.event, &booking.visit, &booking.price, &DETAIL]).await.unwrap();
        tx.commit().await.unwrap();
    }
}

fn visit_of(row: &Row) -> Visit {
    Visit {
        id: row.get(0),
        doctor: row.get(1),
        patient: row.get(2),
        reason: row.get(3),
        status: row.get(4),
        price: row.get(5),
        starts_at: row.get(6),
    }
}
