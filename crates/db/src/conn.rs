//! What a query runs on: `SQLite`'s calls finish at once, `PostgreSQL`'s are awaited; the code above sees
//! one async API.

use std::{
    future::Future,
    pin::pin,
    sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed},
    task::{Context, Poll, Waker},
};

use tokio_postgres::types::ToSql;

use crate::{Error, FromRow, Param, Result, Row, Sql, sqlite};

/// One connection, lent to the body of a read or a transaction.
pub struct Conn {
    target: Target,
    statements: AtomicU32,
    failed: AtomicBool,
    conflict: AtomicBool,
}

pub(crate) enum Target {
    Sqlite(sqlite::Lease),
    Postgres(deadpool_postgres::Object),
}

impl Conn {
    pub(crate) fn new(target: Target) -> Self {
        Self {
            target,
            statements: AtomicU32::new(0),
            failed: AtomicBool::new(false),
            conflict: AtomicBool::new(false),
        }
    }

    /// All rows.
    pub async fn all<R: FromRow>(&self, sql: Sql, params: &[&dyn Param]) -> Result<Vec<R>> {
        match &self.target {
            Target::Sqlite(_) => self.all_now(sql, params),
            Target::Postgres(client) => {
                let rows = async {
                    let statement = client.prepare_cached(sql.postgres).await?;
                    client.query(&statement, &postgres_params(params)).await
                };
                let read = |rows: Vec<tokio_postgres::Row>| -> Result<Vec<R>> {
                    rows.iter().map(|row| R::from_row(&Row::Postgres(row))).collect()
                };
                self.noted(rows.await.map_err(Error::from).and_then(read))
            }
        }
    }

    /// The first row, if there is one.
    pub async fn one<R: FromRow>(&self, sql: Sql, params: &[&dyn Param]) -> Result<Option<R>> {
        match &self.target {
            Target::Sqlite(_) => self.one_now(sql, params),
            Target::Postgres(_) => Ok(self.all(sql, params).await?.into_iter().next()),
        }
    }

    /// Runs a statement that returns nothing; the number of rows it changed.
    pub async fn exec(&self, sql: Sql, params: &[&dyn Param]) -> Result<u64> {
        let done = match &self.target {
            Target::Sqlite(lease) => {
                let conn = lease.lock();
                let run = || -> rusqlite::Result<usize> {
                    conn.prepare_cached(sql.sqlite)?.execute(sqlite_params(params))
                };
                run().map(|n| n as u64).map_err(Error::from)
            }
            Target::Postgres(client) => {
                let run = async {
                    let statement = client.prepare_cached(sql.postgres).await?;
                    client.execute(&statement, &postgres_params(params)).await
                };
                run.await.map_err(Error::from)
            }
        };
        self.noted(done)
    }

    /// Several statements without parameters (migrations, settings), one text per dialect.
    pub async fn script(&self, sqlite: &str, postgres: &str) -> Result<()> {
        let done = match &self.target {
            Target::Sqlite(lease) => lease.lock().execute_batch(sqlite).map_err(Error::from),
            Target::Postgres(client) => client.batch_execute(postgres).await.map_err(Error::from),
        };
        self.noted(done)
    }

    pub(crate) async fn prepare(&self, sql: Sql) -> Result<()> {
        match &self.target {
            Target::Sqlite(lease) => Ok(lease.lock().prepare(sql.sqlite).map(|_| ())?),
            Target::Postgres(client) => Ok(client.prepare(sql.postgres).await.map(|_| ())?),
        }
    }

    pub(crate) fn all_now<R: FromRow>(&self, sql: Sql, params: &[&dyn Param]) -> Result<Vec<R>> {
        let read = |conn: &rusqlite::Connection| -> Result<Vec<R>> {
            let mut statement = conn.prepare_cached(sql.sqlite)?;
            let mut rows = statement.query(sqlite_params(params))?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                found.push(R::from_row(&Row::Sqlite(row))?);
            }
            Ok(found)
        };
        self.noted(read(&self.sqlite()?.lock()))
    }

    pub(crate) fn one_now<R: FromRow>(&self, sql: Sql, params: &[&dyn Param]) -> Result<Option<R>> {
        let read = |conn: &rusqlite::Connection| -> Result<Option<R>> {
            let mut statement = conn.prepare_cached(sql.sqlite)?;
            let mut rows = statement.query(sqlite_params(params))?;
            rows.next()?.map(|row| R::from_row(&Row::Sqlite(row))).transpose()
        };
        self.noted(read(&self.sqlite()?.lock()))
    }

    fn sqlite(&self) -> Result<&sqlite::Lease> {
        match &self.target {
            Target::Sqlite(lease) => Ok(lease),
            Target::Postgres(_) => Err(Error::ForeignAwait),
        }
    }

    /// Counts the statement and remembers a failure: the transaction can no longer commit.
    fn noted<T>(&self, result: Result<T>) -> Result<T> {
        self.statements.fetch_add(1, Relaxed);
        if let Err(e) = &result {
            self.failed.store(true, Relaxed);
            if matches!(e, Error::Conflict) {
                self.conflict.store(true, Relaxed);
            }
        }
        result
    }

    pub(crate) fn statements(&self) -> u32 {
        self.statements.load(Relaxed)
    }

    pub(crate) fn failed(&self) -> bool {
        self.failed.load(Relaxed)
    }

    pub(crate) fn conflict(&self) -> bool {
        self.conflict.load(Relaxed)
    }

    pub(crate) fn into_postgres(self) -> Option<deadpool_postgres::Object> {
        match self.target {
            Target::Postgres(client) => Some(client),
            Target::Sqlite(_) => None,
        }
    }
}

fn sqlite_params<'p>(params: &'p [&'p dyn Param]) -> impl rusqlite::Params + 'p {
    rusqlite::params_from_iter(params.iter().map(|p| *p as &dyn rusqlite::ToSql))
}

pub(crate) fn postgres_params<'p>(params: &[&'p dyn Param]) -> Vec<&'p (dyn ToSql + Sync)> {
    params.iter().map(|p| *p as _).collect()
}

/// Polls once: nothing in a `SQLite` body ever waits, unless it awaits what it must not.
pub(crate) fn ready<T, E: From<Error>>(body: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    match pin!(body).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => Err(Error::ForeignAwait.into()),
    }
}
