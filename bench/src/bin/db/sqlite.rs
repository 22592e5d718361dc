//! Bare rusqlite, with the layer's own settings.

use std::{future::ready, path::Path, sync::Arc, time::Duration};

use parking_lot::Mutex;
use rusqlite::{Connection, OpenFlags, Row};
use tokio::task::spawn_blocking;
use uuid::Uuid;

use crate::workload::{Booking, CHANGE, DETAIL, NOTE, PAGE, POINT, Peer, ROWS, SCHEMA, Visit, visit};

/// For the report.
pub const HOW: &str = "reads in place on a small pool of connections (cheaper in CPU than `spawn_blocking`, \
which costs two thread switches a read); writes in the blocking pool on one connection behind an async mutex \
(cheaper than threads that block on a lock), one COMMIT each; cached statements, the layer's own pragmas, \
SQLite's own checkpoints";

/// Makes and fills the file.
pub fn fill(path: &Path) {
    let conn = writer(path).unwrap();
    conn.execute_batch(SCHEMA.sqlite).unwrap();
    conn.execute_batch("BEGIN").unwrap();
    {
        let insert = "INSERT INTO visits VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        let mut insert = conn.prepare(insert).unwrap();
        for v in (0..ROWS).map(visit) {
            insert.execute((v.id, v.doctor, v.patient, v.reason, v.status, v.price, v.starts_at)).unwrap();
        }
    }
    conn.execute_batch("COMMIT").unwrap();
    // the last one out leaves no write-ahead log behind: the file can be copied
    conn.close().unwrap();
}

#[derive(Clone)]
pub struct Bare {
    readers: Arc<Mutex<Vec<Connection>>>,
    writer: Arc<tokio::sync::Mutex<Connection>>,
}

impl Bare {
    /// `readers`: at least as many as the runtime has threads, so that a read never finds none.
    pub fn open(path: &Path, readers: usize) -> Self {
        let writer = writer(path).unwrap();
        let readers = (0..readers).map(|_| reader(path).unwrap()).collect();
        Self { readers: Arc::new(Mutex::new(readers)), writer: Arc::new(tokio::sync::Mutex::new(writer)) }
    }

    fn read<T>(&self, query: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> T {
        let conn = self.readers.lock().pop().unwrap();
        let answer = query(&conn).unwrap();
        self.readers.lock().push(conn);
        answer
    }
}

impl Peer for Bare {
    fn point(&self, visit: Uuid) -> impl Future<Output = Visit> + Send {
        let found: Visit = self.read(|conn| conn.prepare_cached(POINT.sqlite)?.query_row((visit,), visit_of));
        ready(found)
    }

    fn page(&self, doctor: i64) -> impl Future<Output = Vec<Visit>> + Send {
        let found: Vec<Visit> = self.read(|conn| {
            let mut statement = conn.prepare_cached(PAGE.sqlite)?;
            let rows = statement.query_map((doctor,), visit_of)?;
            rows.collect::<rusqlite::Result<Vec<Visit>>>()
        });
        ready(found)
    }

    async fn book(&self, booking: Booking) {
        let conn = Arc::clone(&self.writer).lock_owned().await;
        spawn_blocking(move || transaction(&conn, booking).unwrap()).await.unwrap();
    }
}

fn transaction(conn: &Connection, booking: Booking) -> rusqlite::Result<()> {
    conn.prepare_cached("BEGIN IMMEDIATE")?.execute(())?;
    conn.prepare_cached(CHANGE.sqlite)?.execute((booking.visit, booking.price))?;
    conn.prepare_cached(NOTE.sqlite)?.execute((booking.event, booking.visit, booking.price, DETAIL))?;
    conn.prepare_cached("COMMIT")?.execute(())?;
    Ok(())
}

fn visit_of(row: &Row<'_>) -> rusqlite::Result<Visit> {
    Ok(Visit {
        id: row.get(0)?,
        doctor: row.get(1)?,
        patient: row.get(2)?,
        reason: row.get(3)?,
        status: row.get(4)?,
        price: row.get(5)?,
        starts_at: row.get(6)?,
    })
}

fn writer(path: &Path) -> rusqlite::Result<Connection> {
    let conn = common(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
    conn.pragma_update(None, "journal_mode", "wal")?;
    conn.pragma_update(None, "synchronous", "full")?;
    conn.pragma_update(None, "foreign_keys", true)?;
    Ok(conn)
}

fn reader(path: &Path) -> rusqlite::Result<Connection> {
    let conn = common(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    conn.pragma_update(None, "query_only", true)?;
    Ok(conn)
}

fn common(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    let conn = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    conn.busy_timeout(Duration::from_secs(5))?;
    conn.pragma_update(None, "cache_size", -16_384)?;
    conn.pragma_update(None, "mmap_size", 1_i64 << 30)?;
    conn.pragma_update(None, "trusted_schema", false)?;
    Ok(conn)
}
