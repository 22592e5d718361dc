//! A database of its own for each test: a copied file, or `CREATE DATABASE … TEMPLATE`.

use std::{path::Path, time::Duration};

use db::{Db, Location, PostgresOptions};
use uuid::Uuid;

use crate::services;

/// Longer than anything takes here, however busy the machine is.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// On which database a test runs: `#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// Where a new, migrated database is; SQLite's lies in `folder`.
pub async fn location(engine: Engine, folder: &Path) -> Location {
    match engine {
        Engine::Sqlite => {
            let path = folder.join("helssa.db");
            std::fs::copy(services::sqlite_template(), &path).unwrap();
            Location::Sqlite { path, readers: 4 }
        }
        Engine::Postgres => {
            let base = services::postgres_url();
            let name = format!("test_{}", unique().simple());
            let admin = Db::open(&postgres(&format!("{base}/postgres"))).unwrap();
            let create = format!("CREATE DATABASE {name} TEMPLATE helssa_template");
            admin
                .read(create, |c, create| Box::pin(async move { c.script("", create).await }))
                .await
                .unwrap();
            postgres(&format!("{base}/{name}"))
        }
    }
}

/// How tests connect.
pub fn postgres(url: &str) -> Location {
    Location::Postgres(PostgresOptions {
        url: url.to_owned(),
        connections: 8,
        ca_file: None,
        statement_timeout: PATIENCE,
        patience: PATIENCE,
    })
}

/// A new, migrated database; the folder must outlive it.
pub async fn open(engine: Engine) -> (Db, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let db = Db::open(&location(engine, folder.path()).await).unwrap();
    (db, folder)
}

/// A name that no other test has.
#[expect(clippy::disallowed_methods, reason = "different in each run")]
pub fn unique() -> Uuid {
    Uuid::new_v4()
}
