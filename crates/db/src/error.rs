//! What can go wrong between this program and its database.

/// Either database's failure, sorted by what the caller can do about it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A row with the same key exists; the text names the constraint or its columns.
    #[error("unique constraint: {0}")]
    Unique(String),
    /// A CHECK, NOT NULL, trigger or foreign key refused the row.
    #[error("constraint: {0}")]
    Constraint(String),
    /// The database can't be reached; try again later.
    #[error("database unavailable: {0}")]
    Unavailable(String),
    /// The writer's queue is full; try again later.
    #[error("database busy")]
    Busy,
    /// Other transactions won every time; try again later.
    #[error("gave up after repeated serialization failures")]
    Conflict,
    /// The body returned `Ok` although one of its statements had failed.
    #[error("transaction doomed by a failed statement")]
    Doomed,
    /// The body awaited something other than its own connection.
    #[error("a database body may await only its own connection")]
    ForeignAwait,
    /// The body panicked; the transaction was rolled back.
    #[error("database body panicked")]
    Panicked,
    /// A stored value is not what the program expects.
    #[error("stored value: {0}")]
    Value(String),
    /// The schema and this binary don't fit together.
    #[error("{0}")]
    Schema(String),
    /// Anything else that `SQLite` says.
    #[error("sqlite: {0}")]
    Sqlite(rusqlite::Error),
    /// Anything else that `PostgreSQL` says.
    #[error("postgres: {}", postgres_text(.0))]
    Postgres(tokio_postgres::Error),
}

/// The result of a call to the database.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// Whether waiting a little may help: the caller's answer is 503, not 500.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Busy | Self::Conflict)
    }
}

impl From<rusqlite::Error> for Error {
    fn from(e: rusqlite::Error) -> Self {
        use rusqlite::ffi::{
            SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_ROWID, SQLITE_CONSTRAINT_UNIQUE,
        };
        let rusqlite::Error::SqliteFailure(failure, ref text) = e else {
            return match e {
                rusqlite::Error::FromSqlConversionFailure(..)
                | rusqlite::Error::InvalidColumnType(..)
                | rusqlite::Error::IntegralValueOutOfRange(..) => Self::Value(e.to_string()),
                other => Self::Sqlite(other),
            };
        };
        let text = text.clone().unwrap_or_default();
        match (failure.code, failure.extended_code) {
            (_, SQLITE_CONSTRAINT_UNIQUE | SQLITE_CONSTRAINT_PRIMARYKEY | SQLITE_CONSTRAINT_ROWID) => {
                Self::Unique(text)
            }
            (rusqlite::ErrorCode::ConstraintViolation, _) => Self::Constraint(text),
            (rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked, _) => Self::Busy,
            (
                rusqlite::ErrorCode::CannotOpen
                | rusqlite::ErrorCode::DiskFull
                | rusqlite::ErrorCode::SystemIoFailure,
                _,
            ) => Self::Unavailable(e.to_string()),
            _ => Self::Sqlite(e),
        }
    }
}

impl From<tokio_postgres::Error> for Error {
    fn from(e: tokio_postgres::Error) -> Self {
        let Some(db) = e.as_db_error() else {
            return if e.is_closed() || is_io(&e) {
                Self::Unavailable(postgres_text(&e))
            } else {
                Self::Postgres(e)
            };
        };
        let named = || db.constraint().map_or_else(|| db.message().to_owned(), str::to_owned);
        match db.code().code() {
            "23505" => Self::Unique(named()),
            code if code.starts_with("23") || code == "P0001" => Self::Constraint(named()),
            // serialization failure, deadlock
            "40001" | "40P01" => Self::Conflict,
            // shutting down, starting up, too many connections, statement and lock timeout
            "57P01" | "57P02" | "57P03" | "53300" | "57014" | "55P03" => {
                Self::Unavailable(db.message().to_owned())
            }
            _ => Self::Postgres(e),
        }
    }
}

impl From<deadpool_postgres::PoolError> for Error {
    fn from(e: deadpool_postgres::PoolError) -> Self {
        match e {
            deadpool_postgres::PoolError::Backend(e) => match Self::from(e) {
                // whatever refuses a connection makes the database unreachable for us
                Self::Postgres(e) => Self::Unavailable(postgres_text(&e)),
                other => other,
            },
            other => Self::Unavailable(other.to_string()),
        }
    }
}

fn is_io(e: &tokio_postgres::Error) -> bool {
    let mut cause = std::error::Error::source(e);
    while let Some(inner) = cause {
        if inner.is::<std::io::Error>() {
            return true;
        }
        cause = inner.source();
    }
    false
}

/// The driver's own text is "db error"; the cause says what happened.
fn postgres_text(e: &tokio_postgres::Error) -> String {
    match std::error::Error::source(e) {
        Some(cause) => format!("{e}: {cause}"),
        None => e.to_string(),
    }
}
