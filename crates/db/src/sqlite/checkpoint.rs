//! Moves the write-ahead log into the database file, on a thread and a connection of its own.

use std::{
    path::{Path, PathBuf},
    sync::mpsc::{SyncSender, sync_channel},
};

use super::open;
use crate::{Error, Result};

/// A log of this size is moved without waiting for anybody.
const PASSIVE_BYTES: u64 = 4 << 20;
/// A log of this size is also cut back, waiting (busy timeout) for readers to leave it.
const TRUNCATE_BYTES: u64 = 64 << 20;

pub(super) struct Checkpointer {
    wake: SyncSender<()>,
}

impl Checkpointer {
    pub(super) fn start(path: &Path) -> Result<Self> {
        let conn = open::writer(path)?;
        let mut wal: PathBuf = path.to_owned();
        wal.as_mut_os_string().push("-wal");
        let (wake, woken) = sync_channel(1);
        std::thread::Builder::new()
            .name("db-checkpoint".into())
            .spawn(move || {
                while woken.recv().is_ok() {
                    let size = std::fs::metadata(&wal).map_or(0, |m| m.len());
                    let mode = match size {
                        TRUNCATE_BYTES.. => "PRAGMA wal_checkpoint(TRUNCATE)",
                        PASSIVE_BYTES.. => "PRAGMA wal_checkpoint(PASSIVE)",
                        _ => continue,
                    };
                    if let Err(e) = conn.query_row(mode, [], |_| Ok(())) {
                        tracing::warn!(error = %e, "checkpoint put off");
                    }
                }
            })
            .map_err(|e| Error::Unavailable(e.to_string()))?;
        Ok(Self { wake })
    }

    /// Says that the log has grown; a checkpointer that is already awake looks again by itself.
    pub(super) fn committed(&self) {
        let _ = self.wake.try_send(());
    }
}
