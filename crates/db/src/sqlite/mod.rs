//! `SQLite`: reads in place on a few read-only WAL connections, one writer thread with group commit.

mod checkpoint;
mod open;
mod readers;
mod writer;

use std::path::{Path, PathBuf};

pub(crate) use readers::Lease;

use crate::{Answer, Conn, Error, Result};

/// One database file.
pub(crate) struct Sqlite {
    readers: readers::Readers,
    writer: writer::Writer,
    path: PathBuf,
}

impl Sqlite {
    pub(crate) fn open(path: &Path, readers: usize) -> Result<Self> {
        // the writer first: it creates the file that the readers open read-only
        let writer = writer::Writer::start(path)?;
        let readers = readers::Readers::open(path, readers.max(1))?;
        Ok(Self { readers, writer, path: path.to_owned() })
    }

    /// A connection for one read; waiting for one never blocks a runtime thread.
    pub(crate) async fn reader(&self) -> Result<Conn> {
        self.readers.lease().await
    }

    pub(crate) async fn write<I, T, E, F>(&self, input: I, body: F) -> (Result<T, E>, u32)
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: for<'c> Fn(&'c Conn, &'c I) -> Answer<'c, T, E> + Send + Sync + 'static,
    {
        self.writer.write(input, body).await
    }

    /// On a connection of its own: readers and the writer go on.
    pub(crate) fn backup(&self, to: &Path) -> Result<()> {
        let failed = |e: std::io::Error| Error::Unavailable(format!("{}: {e}", to.display()));
        // made first, so that nobody else may read it at any moment
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(to).map_err(failed)?;
        let conn = open::writer(&self.path)?;
        if let Err(e) = conn.execute("VACUUM INTO ?1", [to.display().to_string()]) {
            // half a copy is none, and would be in the way of the next
            let _ = std::fs::remove_file(to);
            return Err(e.into());
        }
        file.sync_all().map_err(failed)
    }
}
