//! Moves the write-ahead log into the database file, on a thread and a connection of its own; and between two looks at
//! it holds a read open, which makes everybody else's cheaper.
//!
//! A read takes a shared lock on its place in the log. Connections of one process count theirs together, and ask the
//! operating system only for the first and the last: where one is held anyway, a read costs two system calls less (a
//! ninth of the CPU of a profile read). What is held is let go before the log is moved, and renewed often: it keeps
//! nobody from moving the log, and pins no snapshot for others, each of whom has their own.

use std::{
    cell::Cell,
    path::{Path, PathBuf},
    sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel},
    time::Duration,
};

use rusqlite::Connection;

use super::open;
use crate::{Error, Result};

/// A log of this size is moved.
const BYTES: u64 = 4 << 20;
/// One of this size (a reader held it up) is also cut back.
const LARGE: u64 = 64 << 20;
/// Transactions between two looks at the log; a look costs a thread switch.
const EVERY: usize = 512;
/// Transactions may be few and large, and a log may have been left behind by a process that was killed: every page
/// that is still in it is dearer to read. And a held read helps only those who see the same end of the log.
const AT_LATEST: Duration = Duration::from_millis(100);

/// A read that is held open.
struct Held(Connection);

impl Held {
    fn open(path: &Path) -> Result<Self> {
        let held = Self(open::reader(path)?);
        held.take();
        Ok(held)
    }

    /// Best effort: without it reads are dearer, not wrong.
    fn take(&self) {
        let _ = self.0.execute_batch("BEGIN; SELECT 1 FROM sqlite_schema LIMIT 1;");
    }

    fn let_go(&self) {
        let _ = self.0.execute_batch("ROLLBACK");
    }
}

pub(super) struct Checkpointer {
    wake: SyncSender<()>,
    transactions: Cell<usize>,
}

impl Checkpointer {
    pub(super) fn start(path: &Path) -> Result<Self> {
        let conn = open::writer(path)?;
        // the rest is moved with the writer's lock held: it never waits long for a reader
        conn.busy_timeout(Duration::from_millis(50))?;
        let mut wal: PathBuf = path.to_owned();
        wal.as_mut_os_string().push("-wal");
        let held = Held::open(path)?;
        let (wake, woken) = sync_channel(1);
        std::thread::Builder::new()
            .name("db-checkpoint".into())
            .spawn(move || {
                while woken.recv_timeout(AT_LATEST) != Err(RecvTimeoutError::Disconnected) {
                    held.let_go();
                    checkpoint(&conn, &wal);
                    held.take();
                }
            })
            .map_err(|e| Error::Unavailable(e.to_string()))?;
        Ok(Self { wake, transactions: Cell::new(0) })
    }

    /// Says that the log has grown; a checkpointer that is already awake looks again by itself.
    pub(super) fn committed(&self, transactions: usize) {
        let since = self.transactions.get() + transactions;
        self.transactions.set(since % EVERY);
        if since >= EVERY {
            let _ = self.wake.try_send(());
        }
    }
}

/// Moves the log if it is large enough.
fn checkpoint(conn: &Connection, wal: &Path) {
    let size = std::fs::metadata(wal).map_or(0, |m| m.len());
    if size < BYTES {
        return;
    }
    // first what can be moved beside the writer; then, while it waits for a moment, the rest, so that the log begins
    // again: one that only grows costs each commit a change of its length
    let rest = if size < LARGE { "RESTART" } else { "TRUNCATE" };
    for mode in ["PASSIVE", rest] {
        let mode = format!("PRAGMA wal_checkpoint({mode})");
        if let Err(e) = conn.query_row(&mode, [], |_| Ok(())) {
            tracing::warn!(error = %e, "checkpoint put off");
        }
    }
}
