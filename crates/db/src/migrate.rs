//! Numbered, embedded, forward-only schema steps.
//!
//! A step is written once with `PostgreSQL`'s type words and `SQLite`'s `STRICT`; each database gets its
//! own text. Lines between `-- only sqlite` or `-- only postgres` and `-- end` go to that one.

use crate::{At, Conn, Db, Engine, Error, Result, sql};

/// One step of the schema.
#[derive(Debug)]
pub struct Migration {
    /// From 1, without gaps.
    pub version: i64,
    /// The file's name, for people.
    pub name: &'static str,
    /// The text, in the shared dialect.
    pub sql: &'static str,
}

/// What a run did.
#[derive(Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The version found.
    pub from: i64,
    /// The version reached.
    pub to: i64,
}

/// One number that all nodes of a cluster lock while they migrate; a long step takes as long as it takes.
const LOCK: &str = "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0; \
     SELECT pg_advisory_xact_lock(4703520184)";

const TABLE: &str = "CREATE TABLE IF NOT EXISTS schema_version (version BIGINT PRIMARY KEY, \
     name TEXT NOT NULL, checksum BIGINT NOT NULL, applied_at BIGINT NOT NULL)";

pub(crate) async fn run(db: &Db, migrations: &'static [Migration]) -> Result<Outcome> {
    let engine = db.engine();
    db.write((engine, migrations), |tx, (engine, migrations)| Box::pin(apply(tx, *engine, migrations))).await
}

async fn apply(tx: &Conn, engine: Engine, migrations: &[Migration]) -> Result<Outcome> {
    tx.script("SELECT 1", LOCK).await?;
    tx.script(TABLE, TABLE).await?;
    let applied: Vec<(i64, i64)> =
        tx.all(sql!("SELECT version, checksum FROM schema_version ORDER BY version"), &[]).await?;
    let from = applied.last().map_or(0, |(version, _)| *version);
    let newest = migrations.last().map_or(0, |m| m.version);
    if from > newest {
        return Err(Error::Schema(format!(
            "the database has schema {from}, this program knows {newest}: start a newer program"
        )));
    }
    for (migration, expected) in migrations.iter().zip(1..) {
        if migration.version != expected {
            return Err(Error::Schema(format!("step {expected} is missing")));
        }
        let checksum = checksum(migration.sql);
        match applied.iter().find(|(version, _)| *version == migration.version) {
            Some((_, known)) if *known == checksum => {}
            Some(_) => {
                return Err(Error::Schema(format!(
                    "step {} was edited after it had been applied",
                    migration.name
                )));
            }
            None => {
                let text = dialect(migration.sql, engine);
                tx.script(&text, &text).await?;
                let now = At(domain::clock::wall());
                tx.exec(
                    sql!("INSERT INTO schema_version (version, name, checksum, applied_at) VALUES (?1, ?2, ?3, ?4)"),
                    &[&migration.version, &migration.name, &checksum, &now],
                )
                .await?;
            }
        }
    }
    Ok(Outcome { from, to: newest })
}

/// FNV-1a: notices an accident, which is all it is for.
fn checksum(text: &str) -> i64 {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash.cast_signed()
}

/// The text for one database.
fn dialect(text: &str, engine: Engine) -> String {
    let mut out = String::with_capacity(text.len());
    let mut only = None;
    for line in text.lines() {
        match line.trim() {
            "-- only sqlite" => only = Some(Engine::Sqlite),
            "-- only postgres" => only = Some(Engine::Postgres),
            "-- end" => only = None,
            _ if only.is_some_and(|e| e != engine) => {}
            _ if engine == Engine::Postgres => {
                out.push_str(&line.replace(") STRICT", ")"));
                out.push('\n');
            }
            _ => {
                out.push_str(&sqlite_types(line));
                out.push('\n');
            }
        }
    }
    out
}

/// `STRICT` tables know five types; ours map onto them one to one.
fn sqlite_types(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut word = String::new();
    for c in line.chars().chain(['\n']) {
        if c.is_ascii_alphanumeric() || c == '_' {
            word.push(c);
            continue;
        }
        out.push_str(match word.as_str() {
            "UUID" | "BYTEA" => "BLOB",
            "BIGINT" | "BOOLEAN" => "INTEGER",
            other => other,
        });
        word.clear();
        out.push(c);
    }
    out.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEP: &str = "CREATE TABLE t (id UUID PRIMARY KEY, n BIGINT, ok BOOLEAN, b BYTEA) STRICT;\n\
        -- only postgres\nCREATE INDEX p ON t (n);\n-- end\n-- only sqlite\nCREATE INDEX s ON t (n);\n-- end\n";

    #[test]
    fn sqlite_gets_strict_storage_classes() {
        assert_eq!(
            dialect(STEP, Engine::Sqlite),
            "CREATE TABLE t (id BLOB PRIMARY KEY, n INTEGER, ok INTEGER, b BLOB) STRICT;\nCREATE INDEX s ON t (n);\n"
        );
    }

    #[test]
    fn postgres_gets_its_own_types() {
        assert_eq!(
            dialect(STEP, Engine::Postgres),
            "CREATE TABLE t (id UUID PRIMARY KEY, n BIGINT, ok BOOLEAN, b BYTEA);\nCREATE INDEX p ON t (n);\n"
        );
    }
}
