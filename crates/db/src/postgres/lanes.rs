//! A few connections that all reads by key share: `PostgreSQL` answers what arrives on a connection in order, so
//! many questions travel together and neither side wakes up for each. For short reads only: whoever comes later
//! waits for whoever came before.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use deadpool_postgres::{Object, Pool};
use parking_lot::Mutex;

use crate::Result;

pub(super) struct Lanes {
    pool: Pool,
    open: Vec<Mutex<Option<Arc<Object>>>>,
    next: AtomicUsize,
}

impl Lanes {
    /// `pool`: a pool of its own, with `count` connections.
    pub(super) fn new(pool: Pool, count: usize) -> Self {
        let open = (0..count).map(|_| Mutex::new(None)).collect();
        Self { pool, open, next: AtomicUsize::new(0) }
    }

    /// A connection to ask once; a new one where the old one has been closed.
    pub(super) async fn lane(&self) -> Result<Arc<Object>> {
        let lane = &self.open[self.next.fetch_add(1, Relaxed) % self.open.len()];
        if let Some(open) = &*lane.lock()
            && !open.is_closed()
        {
            return Ok(Arc::clone(open));
        }
        // two that come at once may both connect: the later one stays
        lane.lock().take();
        let new = Arc::new(self.pool.get().await?);
        *lane.lock() = Some(Arc::clone(&new));
        Ok(new)
    }
}
