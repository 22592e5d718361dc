//! One data API over two drivers: rusqlite and tokio-postgres.
//!
//! The code above writes each statement once ([`sql!`]), reads rows into plain structs ([`record!`])
//! and never learns which database answers. A transaction is a closure over its input, so it can be
//! run again after a serialization failure and can await nothing but its own connection.
//!
//! See `docs/adr/0002-own-data-layer.md` for why this exists and `bench/` for what it costs.

mod conn;
mod error;
mod migrate;
mod places;
mod postgres;
mod row;
mod sql;
mod sqlite;
pub mod usage;
mod value;

use std::{future::Future, path::PathBuf, pin::Pin, sync::Arc, time::Instant};

pub use conn::Conn;
pub use error::{Error, Result};
pub use migrate::{Migration, Outcome as MigrationOutcome};
pub use places::{Place, Places};
pub use postgres::Options as PostgresOptions;
pub use row::{FromRow, Row};
pub use sql::{Sql, to_postgres};
pub use value::{At, Column, Param};

/// What a body of [`Db::read`] or [`Db::write`] returns: a boxed future that borrows its connection.
pub type Answer<'c, T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'c>>;

/// Which database answers; for messages and for the few tests that care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// The embedded default.
    Sqlite,
    /// `PostgreSQL` 15 or newer.
    Postgres,
}

/// A handle to the database; cheap to clone.
#[derive(Clone)]
pub struct Db {
    driver: Driver,
    places: Arc<Places>,
}

#[derive(Clone)]
enum Driver {
    Sqlite(Arc<sqlite::Sqlite>),
    Postgres(postgres::Postgres),
}

/// Where the data is.
#[derive(Clone, Debug)]
pub enum Location {
    /// One file, opened in WAL mode with `synchronous=full`.
    Sqlite {
        /// The file; its folder must exist.
        path: PathBuf,
        /// Read-only connections kept open; one per core is plenty.
        readers: usize,
    },
    /// A server.
    Postgres(PostgresOptions),
}

impl Db {
    /// Opens the database; for `PostgreSQL` the first connection is made by the first query.
    pub fn open(at: &Location) -> Result<Self> {
        let driver = match at {
            Location::Sqlite { path, readers } => {
                Driver::Sqlite(Arc::new(sqlite::Sqlite::open(path, *readers)?))
            }
            Location::Postgres(options) => Driver::Postgres(postgres::Postgres::open(options)?),
        };
        Ok(Self { driver, places: Arc::default() })
    }

    /// Which database answers.
    #[must_use]
    pub fn engine(&self) -> Engine {
        match self.driver {
            Driver::Sqlite(_) => Engine::Sqlite,
            Driver::Postgres(_) => Engine::Postgres,
        }
    }

    /// Where rows were last seen; none are on `PostgreSQL`.
    #[must_use]
    pub fn places(&self) -> Option<&Places> {
        (self.engine() == Engine::Sqlite).then_some(&*self.places)
    }

    /// The first row of one statement that finds it by key, outside a transaction.
    pub async fn one<R: FromRow>(&self, sql: Sql, params: &[&dyn Param]) -> Result<Option<R>> {
        let started = Instant::now();
        let found = match &self.driver {
            Driver::Sqlite(lite) => {
                let conn = lite.reader().await?;
                conn.one_now(sql, params)
            }
            Driver::Postgres(pg) => pg.one(sql, params).await,
        };
        usage::add(1, started.elapsed());
        found
    }

    /// All rows of one statement that finds a few by their keys, outside a transaction. Others ask through
    /// [`Db::read`]: on `PostgreSQL` everybody's answers wait for this one.
    pub async fn all<R: FromRow>(&self, sql: Sql, params: &[&dyn Param]) -> Result<Vec<R>> {
        let started = Instant::now();
        let found = match &self.driver {
            Driver::Sqlite(lite) => {
                let conn = lite.reader().await?;
                conn.all_now(sql, params)
            }
            Driver::Postgres(pg) => pg.all(sql, params).await,
        };
        usage::add(1, started.elapsed());
        found
    }

    /// A few quick statements outside a transaction, on one connection, in place.
    pub async fn read<I, T, E, F>(&self, input: I, body: F) -> Result<T, E>
    where
        I: Send + Sync,
        T: Send,
        E: From<Error> + Send,
        F: for<'c> Fn(&'c Conn, &'c I) -> Answer<'c, T, E> + Send + Sync,
    {
        let started = Instant::now();
        let (answer, statements) = match &self.driver {
            Driver::Sqlite(lite) => {
                let conn = lite.reader().await?;
                let answer = conn::ready(body(&conn, &input));
                (answer, conn.statements())
            }
            Driver::Postgres(pg) => {
                let conn = pg.conn().await?;
                let answer = body(&conn, &input).await;
                (answer, conn.statements())
            }
        };
        usage::add(statements, started.elapsed());
        answer
    }

    /// The same for work that may take more than a millisecond (exports, verification): on `SQLite`
    /// it runs on the blocking pool, so that no runtime thread stands still.
    pub async fn read_slow<I, T, E, F>(&self, input: I, body: F) -> Result<T, E>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: for<'c> Fn(&'c Conn, &'c I) -> Answer<'c, T, E> + Send + Sync + 'static,
    {
        let Driver::Sqlite(lite) = &self.driver else {
            return self.read(input, body).await;
        };
        let started = Instant::now();
        let conn = lite.reader().await?;
        let work = tokio::task::spawn_blocking(move || {
            let answer = conn::ready(body(&conn, &input));
            (answer, conn.statements())
        });
        let (answer, statements) = work.await.map_err(|_| E::from(Error::Panicked))?;
        usage::add(statements, started.elapsed());
        answer
    }

    /// One transaction. `body` gets the connection and the input by reference; it may be run more
    /// than once, and it runs to its end even when the caller goes away. Nothing is answered before
    /// the commit is durable. A statement that failed dooms the transaction on both databases.
    pub async fn write<I, T, E, F>(&self, input: I, body: F) -> Result<T, E>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: for<'c> Fn(&'c Conn, &'c I) -> Answer<'c, T, E> + Send + Sync + 'static,
    {
        let started = Instant::now();
        let (answer, statements) = match &self.driver {
            Driver::Sqlite(lite) => lite.write(input, body).await,
            Driver::Postgres(pg) => pg.write(input, body).await,
        };
        usage::add(statements, started.elapsed());
        answer
    }

    /// Brings the schema to the newest of `migrations` (ordered by version, from 1, without gaps).
    /// Refuses a schema that is newer than they are, and one whose applied steps were edited.
    pub async fn migrate(&self, migrations: &'static [Migration]) -> Result<MigrationOutcome> {
        migrate::run(self, migrations).await
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<()> {
        self.read((), |c, ()| Box::pin(async move { c.script("SELECT 1", "SELECT 1").await })).await
    }

    /// The version of the schema that is there; 0 when there is none.
    pub async fn schema_version(&self) -> Result<i64> {
        let table: Option<(i64,)> = self
            .one(
                sql!(
                    sqlite: "SELECT count(*) FROM sqlite_schema WHERE name = 'schema_version'",
                    postgres: "SELECT count(*) FROM pg_tables WHERE tablename = 'schema_version'"
                ),
                &[],
            )
            .await?;
        if table.is_none_or(|(tables,)| tables == 0) {
            return Ok(0);
        }
        let newest: Option<(Option<i64>,)> =
            self.one(sql!("SELECT max(version) FROM schema_version"), &[]).await?;
        Ok(newest.and_then(|(version,)| version).unwrap_or(0))
    }

    /// The time on the database's machine.
    pub async fn time(&self) -> Result<domain::Timestamp> {
        let now: Option<(At,)> = self
            .one(
                sql!(
                    sqlite: "SELECT CAST(unixepoch('subsec') * 1000000 AS INTEGER)",
                    postgres: "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)"
                ),
                &[],
            )
            .await?;
        now.map(|(At(now),)| now).ok_or_else(|| Error::Value("no time".into()))
    }

    /// Writes a whole, consistent copy of a `SQLite` database to a new file while it is in use; what
    /// `PostgreSQL` has tools of its own for.
    pub async fn backup(&self, to: &std::path::Path) -> Result<()> {
        let Driver::Sqlite(lite) = &self.driver else {
            return Err(Error::Schema("this is PostgreSQL: use pg_dump or pg_basebackup".into()));
        };
        let (lite, to) = (Arc::clone(lite), to.to_owned());
        tokio::task::spawn_blocking(move || lite.backup(&to)).await.map_err(|_| Error::Panicked)?
    }

    /// Prepares a statement without running it: proves that this database understands it.
    pub async fn prepare(&self, sql: Sql) -> Result<()> {
        self.read(sql, |c, sql| Box::pin(c.prepare(*sql))).await
    }
}
