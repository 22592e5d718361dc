//! How each connection is set up.

use std::{path::Path, time::Duration};

use rusqlite::{Connection, OpenFlags, config::DbConfig};

use crate::Result;

/// Statements that a connection keeps prepared; more than the program has.
const STATEMENTS: usize = 512;

pub(super) fn writer(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let conn = common(path, flags)?;
    conn.pragma_update(None, "journal_mode", "wal")?;
    // every acknowledged commit is on disk
    conn.pragma_update(None, "synchronous", "full")?;
    conn.pragma_update(None, "foreign_keys", true)?;
    // INSERT OR REPLACE is a deletion too, and fires its triggers
    conn.pragma_update(None, "recursive_triggers", true)?;
    // a connection of its own checkpoints, so that no commit pays for it
    conn.pragma_update(None, "wal_autocheckpoint", 0)?;
    Ok(conn)
}

pub(super) fn reader(path: &Path) -> Result<Connection> {
    let conn = common(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    conn.pragma_update(None, "query_only", true)?;
    Ok(conn)
}

fn common(path: &Path, flags: OpenFlags) -> Result<Connection> {
    let conn = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    // plans don't depend on the values bound: otherwise a statement is prepared again for each new value
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    conn.busy_timeout(Duration::from_secs(5))?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS);
    conn.pragma_update(None, "cache_size", -16_384)?;
    conn.pragma_update(None, "mmap_size", 1_i64 << 30)?;
    conn.pragma_update(None, "trusted_schema", false)?;
    Ok(conn)
}
