//! The pool of read-only connections.

use std::{path::Path, sync::Arc};

use parking_lot::{Mutex, MutexGuard};
use rusqlite::Connection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::open;
use crate::{Conn, Error, Result, conn::Target};

pub(super) struct Readers {
    idle: Arc<Mutex<Vec<Shared>>>,
    permits: Arc<Semaphore>,
}

/// A connection is used by one body at a time; the lock is what makes a reference to it `Send`,
/// and it is never contended.
pub(super) type Shared = Arc<Mutex<Connection>>;

impl Readers {
    pub(super) fn open(path: &Path, count: usize) -> Result<Self> {
        let idle =
            (0..count).map(|_| Ok(Arc::new(Mutex::new(open::reader(path)?)))).collect::<Result<Vec<_>>>()?;
        Ok(Self { idle: Arc::new(Mutex::new(idle)), permits: Arc::new(Semaphore::new(count)) })
    }

    pub(super) async fn lease(&self) -> Result<Conn> {
        let permit = match Arc::clone(&self.permits).try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => Arc::clone(&self.permits)
                .acquire_owned()
                .await
                .map_err(|_| Error::Unavailable("closed".into()))?,
        };
        let conn = self.idle.lock().pop().ok_or(Error::Busy)?;
        Ok(Conn::new(Target::Sqlite(Lease {
            conn: Some(conn),
            home: Some((Arc::clone(&self.idle), permit)),
        })))
    }
}

/// A lent connection; it goes back to its pool, if it has one, when dropped.
pub(crate) struct Lease {
    conn: Option<Shared>,
    home: Option<(Arc<Mutex<Vec<Shared>>>, OwnedSemaphorePermit)>,
}

impl Lease {
    pub(super) fn of_writer(conn: &Shared) -> Self {
        Self { conn: Some(Arc::clone(conn)), home: None }
    }

    #[expect(clippy::expect_used, reason = "only drop takes it out")]
    pub(crate) fn lock(&self) -> MutexGuard<'_, Connection> {
        self.conn.as_ref().expect("present until drop").lock()
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let (Some(conn), Some((idle, permit))) = (self.conn.take(), self.home.take()) {
            idle.lock().push(conn);
            // the permit is released only after its connection is back
            drop(permit);
        }
    }
}
