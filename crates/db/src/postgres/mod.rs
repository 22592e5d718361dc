//! `PostgreSQL`: a pool with prepared statements, transactions that are run again after a
//! serialization failure, TLS.

mod lanes;
mod tls;
mod to_its_end;

use std::{path::PathBuf, sync::Arc, time::Duration};

use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime};
use lanes::Lanes;
use to_its_end::ToItsEnd;
use tokio_postgres::config::{Host, SslMode};

use crate::{
    Answer, Conn, Error, FromRow, Param, Result, Row, Sql,
    conn::{Target, postgres_params},
};

/// How often a transaction is run again after a serialization failure or a deadlock.
const ATTEMPTS: u32 = 6;

/// Connections that reads by key share.
const LANES: usize = 2;

/// How to reach the server.
#[derive(Clone)]
pub struct Options {
    /// `postgres://user:password@host/name`.
    pub url: String,
    /// Connections at most.
    pub connections: usize,
    /// Trusted instead of the system's certificate authorities (PEM).
    pub ca_file: Option<PathBuf>,
    /// A statement that takes longer is ended by the server.
    pub statement_timeout: Duration,
    /// Whoever gets no connection for so long is told that there is none.
    pub patience: Duration,
}

/// Without the URL, which may hold a password.
impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options").field("connections", &self.connections).finish_non_exhaustive()
    }
}

#[derive(Clone)]
pub(crate) struct Postgres {
    pool: Pool,
    lanes: Arc<Lanes>,
}

impl Postgres {
    pub(crate) fn open(options: &Options) -> Result<Self> {
        let mut config: tokio_postgres::Config =
            options.url.parse().map_err(|e: tokio_postgres::Error| {
                Error::Unavailable(format!("the database URL can't be read: {e}"))
            })?;
        config.application_name("helssa");
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(Duration::from_secs(5));
        }
        // a server that is silently gone is noticed in seconds, not when TCP gives up
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(Duration::from_secs(10));
        }
        config.keepalives_idle(Duration::from_secs(10));
        config.keepalives_interval(Duration::from_secs(5));
        config.keepalives_retries(2);
        let timeout = options.statement_timeout.as_millis();
        let set = format!("-c statement_timeout={timeout} -c lock_timeout={timeout}");
        let set = match config.get_options() {
            Some(given) => format!("{given} {set}"),
            None => set,
        };
        config.options(set.clone());
        // where the URL doesn't say: none to this machine itself, and always to others
        if config.get_ssl_mode() == SslMode::Prefer {
            let is_here = config.get_hosts().iter().all(is_local)
                && config.get_hostaddrs().iter().all(std::net::IpAddr::is_loopback);
            config.ssl_mode(if is_here { SslMode::Disable } else { SslMode::Require });
        }
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let connect = tls::Connect::new(options.ca_file.as_deref())?;
        let pool = |config: &tokio_postgres::Config, connections| {
            let manager = Manager::from_config(config.clone(), connect.clone(), recycling.clone());
            Pool::builder(manager)
                .max_size(connections)
                .wait_timeout(Some(options.patience))
                .create_timeout(Some(options.patience))
                .runtime(Runtime::Tokio1)
                .build()
                .map_err(|e| Error::Unavailable(e.to_string()))
        };
        let own = pool(&config, options.connections.max(1))?;
        // what is asked here is found by keys whatever they are: planning it for each of them would cost more than
        // finding it
        config.options(format!("{set} -c plan_cache_mode=force_generic_plan -c jit=off"));
        // as many again as lanes, for the moment when a broken one is replaced
        let lanes = Lanes::new(pool(&config, 2 * LANES)?, LANES);
        Ok(Self { pool: own, lanes: Arc::new(lanes) })
    }

    pub(crate) async fn conn(&self) -> Result<Conn> {
        Ok(Conn::new(Target::Postgres(self.pool.get().await?)))
    }

    /// By key: quick enough for a shared connection.
    pub(crate) async fn one<R: FromRow>(&self, sql: Sql, params: &[&dyn Param]) -> Result<Option<R>> {
        let client = self.lanes.lane().await?;
        let statement = client.prepare_cached(sql.postgres).await?;
        let rows = client.query(&statement, &postgres_params(params)).await?;
        rows.first().map(|row| R::from_row(&Row::Postgres(row))).transpose()
    }

    /// A few rows by keys, likewise.
    pub(crate) async fn all<R: FromRow>(&self, sql: Sql, params: &[&dyn Param]) -> Result<Vec<R>> {
        let client = self.lanes.lane().await?;
        let statement = client.prepare_cached(sql.postgres).await?;
        let rows = client.query(&statement, &postgres_params(params)).await?;
        rows.iter().map(|row| R::from_row(&Row::Postgres(row))).collect()
    }

    pub(crate) async fn write<I, T, E, F>(&self, input: I, body: F) -> (Result<T, E>, u32)
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: for<'c> Fn(&'c Conn, &'c I) -> Answer<'c, T, E> + Send + Sync + 'static,
    {
        let pool = self.pool.clone();
        let work = ToItsEnd::new(async move {
            let mut statements = 0;
            for attempt in 1..=ATTEMPTS {
                match transaction(&pool, &input, &body, &mut statements).await {
                    Ended::Done(result) => return (result, statements),
                    Ended::Lost if attempt < ATTEMPTS => {
                        tokio::time::sleep(Duration::from_millis(1 << attempt)).await;
                    }
                    Ended::Lost => break,
                }
            }
            (Err(Error::Conflict.into()), statements)
        });
        work.await.unwrap_or_else(|| (Err(Error::Panicked.into()), 0))
    }
}

enum Ended<T, E> {
    /// Committed, or refused by the body.
    Done(Result<T, E>),
    /// Another transaction won; this one may be run again.
    Lost,
}

async fn transaction<I, T, E, F>(pool: &Pool, input: &I, body: &F, statements: &mut u32) -> Ended<T, E>
where
    E: From<Error>,
    F: for<'c> Fn(&'c Conn, &'c I) -> Answer<'c, T, E>,
{
    let begun = async {
        let client = pool.get().await?;
        client.batch_execute("BEGIN").await?;
        Ok::<_, Error>(client)
    };
    let open = match begun.await {
        Ok(client) => Open(Some(Conn::new(Target::Postgres(client)))),
        Err(e) => return Ended::Done(Err(e.into())),
    };
    let Some(conn) = &open.0 else { return Ended::Lost };
    let result = body(conn, input).await;
    *statements += conn.statements();
    let (failed, conflict) = (conn.failed(), conn.conflict());
    let end = if result.is_ok() && !failed { "COMMIT" } else { "ROLLBACK" };
    let ended = open.end(end).await;
    match (result, ended) {
        (_, Err(Error::Conflict)) => Ended::Lost,
        // also where the body has swallowed it
        (_, Ok(())) if conflict => Ended::Lost,
        (Ok(_), Err(e)) => Ended::Done(Err(e.into())),
        // COMMIT after a failed statement would be answered with a silent ROLLBACK
        (Ok(_), Ok(())) if failed => Ended::Done(Err(Error::Doomed.into())),
        (result, _) => Ended::Done(result),
    }
}

/// A connection with an open transaction: unless it is ended properly (a panic, a broken wire), the
/// connection is closed and never goes back to the pool.
struct Open(Option<Conn>);

impl Open {
    async fn end(mut self, how: &str) -> Result<()> {
        let Some(conn) = self.0.as_ref() else { return Ok(()) };
        conn.script("", how).await?;
        if let Some(client) = self.0.take().and_then(Conn::into_postgres) {
            drop(client);
        }
        Ok(())
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if let Some(client) = self.0.take().and_then(Conn::into_postgres) {
            drop(Object::take(client));
        }
    }
}

fn is_local(host: &Host) -> bool {
    match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
        }
    }
}
