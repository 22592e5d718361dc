//! The table, the statements and the operations: the same for every peer.

use db::{Sql, record, sql};
use uuid::Uuid;

use crate::draw::mix;

pub const ROWS: u64 = 100_000;
pub const DOCTORS: u64 = 1_000;

pub const SCHEMA: Sql = sql!(
    sqlite: "CREATE TABLE visits (id BLOB NOT NULL PRIMARY KEY, doctor INTEGER NOT NULL, patient TEXT NOT NULL,
               reason TEXT NOT NULL, status TEXT NOT NULL, price INTEGER NOT NULL, starts_at INTEGER NOT NULL) STRICT;
             CREATE INDEX visits_by_doctor ON visits (doctor, starts_at);
             CREATE TABLE events (id BLOB NOT NULL PRIMARY KEY, visit BLOB NOT NULL, price INTEGER NOT NULL,
               detail TEXT NOT NULL) STRICT;",
    postgres: "CREATE TABLE visits (id UUID NOT NULL PRIMARY KEY, doctor BIGINT NOT NULL, patient TEXT NOT NULL,
                 reason TEXT NOT NULL, status TEXT NOT NULL, price BIGINT NOT NULL, starts_at BIGINT NOT NULL);
               CREATE INDEX visits_by_doctor ON visits (doctor, starts_at);
               CREATE TABLE events (id UUID NOT NULL PRIMARY KEY, visit UUID NOT NULL, price BIGINT NOT NULL,
                 detail TEXT NOT NULL);"
);

pub const POINT: Sql =
    sql!("SELECT id, doctor, patient, reason, status, price, starts_at FROM visits WHERE id = ?1");
pub const PAGE: Sql = sql!(
    "SELECT id, doctor, patient, reason, status, price, starts_at FROM visits
     WHERE doctor = ?1 ORDER BY starts_at DESC LIMIT 20"
);
pub const CHANGE: Sql = sql!("UPDATE visits SET price = ?2 WHERE id = ?1");
pub const NOTE: Sql = sql!("INSERT INTO events (id, visit, price, detail) VALUES (?1, ?2, ?3, ?4)");

/// What each event says.
pub const DETAIL: &str = "price changed by the clinic, the patient was told";

record! {
    /// A row of the large table.
    #[derive(Debug, PartialEq)]
    pub struct Visit {
        id: Uuid,
        doctor: i64,
        patient: String,
        reason: String,
        status: String,
        price: i64,
        starts_at: i64,
    }
}

/// The visit with this number: the same in every database.
pub fn visit(n: u64) -> Visit {
    let status = match n % 3 {
        0 => "done",
        1 => "booked",
        _ => "cancelled",
    };
    Visit {
        id: key(n),
        doctor: (n % DOCTORS).cast_signed(),
        patient: format!("بیمار شماره {n}"),
        reason: format!("headache since the day before yesterday, no fever, visit {n}"),
        status: status.to_owned(),
        price: 500_000 + (n % 1_000).cast_signed() * 1_000,
        starts_at: 1_700_000_000_000_000 + n.cast_signed() * 60_000_000,
    }
}

/// Keys lie beside each other in the order of their making, as v7 UUIDs do.
pub const fn key(n: u64) -> Uuid {
    Uuid::from_u64_pair(n, mix(n))
}

/// One update and one insert in a transaction.
#[derive(Clone, Copy)]
pub struct Booking {
    pub visit: Uuid,
    pub event: Uuid,
    pub price: i64,
}

/// A way to do the operations.
pub trait Peer: Clone + Send + Sync + 'static {
    /// One visit, by its key.
    fn point(&self, visit: Uuid) -> impl Future<Output = Visit> + Send;
    /// A doctor's 20 newest visits.
    fn page(&self, doctor: i64) -> impl Future<Output = Vec<Visit>> + Send;
    /// Changes a visit and notes it; durable when it returns.
    fn book(&self, booking: Booking) -> impl Future<Output = ()> + Send;
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Case {
    Point,
    Page,
    Book,
}

impl Case {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Point => "point read",
            Self::Page => "page of 20",
            Self::Book => "update + insert in a transaction",
        }
    }
}

/// What one run does.
#[derive(Clone, Copy)]
pub struct Work {
    pub case: Case,
    /// Concurrent tasks.
    pub tasks: u32,
    /// Operations of all tasks together.
    pub ops: u32,
}

/// Reads take microseconds, so there are more of them; a lone writer waits for the disk every time.
pub fn sqlite_plan(ops: u32) -> Vec<Work> {
    plan([(Case::Point, ops * 20, ops * 20), (Case::Page, ops * 2, ops * 2), (Case::Book, ops / 4, ops)])
}

/// A lone task waits for the server every time.
pub fn postgres_plan(ops: u32) -> Vec<Work> {
    plan([(Case::Point, ops, ops * 2), (Case::Page, ops, ops * 2), (Case::Book, ops / 4, ops)])
}

/// Operation, how many alone, how many by 32 tasks.
fn plan(cases: [(Case, u32, u32); 3]) -> Vec<Work> {
    let both = |(case, alone, together)| {
        [Work { case, tasks: 1, ops: alone }, Work { case, tasks: 32, ops: together }]
    };
    cases.into_iter().flat_map(both).collect()
}
