//! Each step is applied once and in its order; what does not fit those before is refused as a whole.

use std::path::Path;

use helssa_db::{At, Db, Error, Location, Migration, MigrationOutcome, sql};
use rstest::rstest;
use testkit::{Engine, database, services};
use tokio::task::JoinSet;

const CLINICS: Migration = Migration {
    version: 1,
    name: "0001_clinics",
    sql: "CREATE TABLE clinics (id UUID NOT NULL PRIMARY KEY, name TEXT NOT NULL) STRICT;\n",
};
const BEDS: Migration = Migration {
    version: 2,
    name: "0002_beds",
    sql: "CREATE TABLE beds (\n  n BIGINT NOT NULL PRIMARY KEY,\n  \
          clinic UUID NOT NULL REFERENCES clinics (id)\n) STRICT;\n",
};
const STEPS: &[Migration] = &[CLINICS, BEDS];

/// Where a database without any table is.
async fn empty(engine: Engine, folder: &Path) -> Location {
    match engine {
        Engine::Sqlite => Location::Sqlite { path: folder.join("empty.db"), readers: 2 },
        Engine::Postgres => {
            let base = services::postgres_url();
            let name = format!("test_{}", database::unique().simple());
            let admin = Db::open(&database::postgres(&format!("{base}/postgres"))).unwrap();
            admin
                .read(format!("CREATE DATABASE {name}"), |c, create| {
                    Box::pin(async move { c.script("", create).await })
                })
                .await
                .unwrap();
            database::postgres(&format!("{base}/{name}"))
        }
    }
}

async fn applied(db: &Db) -> Vec<(i64, String, i64, At)> {
    db.all(sql!("SELECT version, name, checksum, applied_at FROM schema_version ORDER BY version"), &[])
        .await
        .unwrap()
}

#[rstest]
#[tokio::test]
async fn migrating_twice_changes_nothing(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let folder = tempfile::tempdir().unwrap();
    let db = Db::open(&empty(engine, folder.path()).await).unwrap();
    assert_eq!(db.schema_version().await.unwrap(), 0);
    assert_eq!(db.migrate(&STEPS[..1]).await.unwrap(), MigrationOutcome { from: 0, to: 1 });
    assert_eq!(db.migrate(STEPS).await.unwrap(), MigrationOutcome { from: 1, to: 2 });
    let before = applied(&db).await;
    assert_eq!(db.migrate(STEPS).await.unwrap(), MigrationOutcome { from: 2, to: 2 });
    assert_eq!(applied(&db).await, before);
    assert_eq!(db.schema_version().await.unwrap(), 2);
}

#[rstest]
#[tokio::test]
async fn a_newer_schema_is_refused(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let folder = tempfile::tempdir().unwrap();
    let db = Db::open(&empty(engine, folder.path()).await).unwrap();
    db.migrate(STEPS).await.unwrap();
    let refused = db.migrate(&STEPS[..1]).await;
    assert!(matches!(&refused, Err(Error::Schema(text)) if text.contains("newer program")), "{refused:?}");
    assert_eq!(db.schema_version().await.unwrap(), 2);
}

#[rstest]
#[tokio::test]
async fn an_edited_step_is_refused(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    const EDITED: &[Migration] = &[
        Migration { sql: "CREATE TABLE clinics (id UUID NOT NULL PRIMARY KEY) STRICT;\n", ..CLINICS },
        BEDS,
    ];
    let folder = tempfile::tempdir().unwrap();
    let db = Db::open(&empty(engine, folder.path()).await).unwrap();
    db.migrate(&STEPS[..1]).await.unwrap();
    let refused = db.migrate(EDITED).await;
    assert!(matches!(&refused, Err(Error::Schema(text)) if text.contains("0001_clinics")), "{refused:?}");
    assert_eq!(db.schema_version().await.unwrap(), 1, "the step after it was not applied either");
}

#[rstest]
#[tokio::test]
async fn a_missing_step_is_refused(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    const WITH_A_GAP: &[Migration] = &[CLINICS, Migration { version: 3, ..BEDS }];
    let folder = tempfile::tempdir().unwrap();
    let db = Db::open(&empty(engine, folder.path()).await).unwrap();
    let refused = db.migrate(WITH_A_GAP).await;
    assert!(matches!(&refused, Err(Error::Schema(text)) if text.contains("step 2")), "{refused:?}");
    assert_eq!(db.schema_version().await.unwrap(), 0);
}

#[rstest]
#[tokio::test]
async fn a_step_that_fails_takes_the_whole_migration_back(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    const BROKEN: &[Migration] = &[
        CLINICS,
        Migration {
            version: 2,
            name: "0002_broken",
            sql: "CREATE TABLE beds (n BIGINT NOT NULL) STRICT;\nINSERT INTO nowhere (n) VALUES (1);\n",
        },
    ];
    let folder = tempfile::tempdir().unwrap();
    let db = Db::open(&empty(engine, folder.path()).await).unwrap();
    assert!(db.migrate(BROKEN).await.is_err());
    assert_eq!(db.schema_version().await.unwrap(), 0);
    assert_eq!(db.migrate(STEPS).await.unwrap(), MigrationOutcome { from: 0, to: 2 });
}

#[rstest]
#[tokio::test]
async fn eight_nodes_that_migrate_at_once_apply_each_step_once(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let folder = tempfile::tempdir().unwrap();
    let location = empty(engine, folder.path()).await;
    let mut nodes = JoinSet::new();
    for _ in 0..8 {
        let db = Db::open(&location).unwrap();
        nodes.spawn(async move { db.migrate(STEPS).await });
    }
    let mut found = vec![];
    for outcome in nodes.join_all().await {
        let outcome = outcome.unwrap();
        assert_eq!(outcome.to, 2);
        found.push(outcome.from);
    }
    found.sort_unstable();
    assert_eq!(found, [0, 2, 2, 2, 2, 2, 2, 2]);
    let db = Db::open(&location).unwrap();
    assert_eq!(applied(&db).await.len(), 2);
}
