//! `helssa doctor`: looks at everything that a node needs, and says what to do about what is wrong.

use std::{fs, time::Duration};

use db::Location;
use domain::{SignedDuration, Timestamp, clock::wall};
use store::MIGRATIONS;

use super::say;
use crate::{
    settings::{Mode, Settings},
    wiring,
};

const PATIENCE: Duration = Duration::from_secs(5);
/// Codes and limits are counted by every node's own clock.
const MAX_SKEW: SignedDuration = SignedDuration::from_secs(2);

pub(super) async fn run(settings: Result<Settings, String>) -> Result<(), String> {
    let settings = match settings {
        Ok(settings) => {
            say(&format!(
                "ok    settings   {}",
                if settings.mode == Mode::Production { "production" } else { "development" }
            ));
            settings
        }
        Err(mistakes) => {
            for mistake in mistakes.lines() {
                say(&format!("FAIL  settings   {mistake}"));
            }
            return Err("mend the settings first; docs/SETTINGS.md lists them all".into());
        }
    };
    let checks = [
        ("database", database(&settings).await),
        ("redis", redis(&settings).await),
        ("storage", storage(&settings)),
        ("clock", clock(&settings).await),
    ];
    let mut failed = 0;
    for (name, result) in checks {
        match result {
            Ok(what) => say(&format!("ok    {name:<10} {what}")),
            Err(what) => {
                failed += 1;
                say(&format!("FAIL  {name:<10} {what}"));
            }
        }
    }
    if failed == 0 { Ok(()) } else { Err(format!("{failed} of the checks failed")) }
}

async fn database(settings: &Settings) -> Result<String, String> {
    let hint = match &settings.database {
        Location::Sqlite { path, .. } => {
            format!("is the folder of {} there and writable for this user?", path.display())
        }
        Location::Postgres(_) => {
            "is the server up, and are user, password, host and name in database.url right?".into()
        }
    };
    let db = wiring::open_database(settings).map_err(|e| format!("{e}; {hint}"))?;
    match tokio::time::timeout(PATIENCE, db.ping()).await {
        Ok(Ok(())) => {}
        Ok(Err(e)) => return Err(format!("{e}; {hint}")),
        Err(_) => return Err(format!("no answer within {} s; {hint}", PATIENCE.as_secs())),
    }
    let newest = MIGRATIONS.last().map_or(0, |m| m.version);
    match db.schema_version().await.map_err(|e| e.to_string())? {
        version if version == newest => Ok(format!("{:?}, schema {version}", db.engine())),
        version if version < newest => Ok(format!(
            "{:?}, schema {version}; `helssa migrate` or the next start brings it to {newest}",
            db.engine()
        )),
        version => {
            Err(format!("schema {version} is newer than this program ({newest}): start a newer program"))
        }
    }
}

async fn redis(settings: &Settings) -> Result<String, String> {
    if settings.redis_url.is_none() {
        return Ok("not configured: one node keeps codes and limits in memory".into());
    }
    let state = wiring::open_state(settings).map_err(|e| e.to_string())?;
    match tokio::time::timeout(PATIENCE, state.ping()).await {
        Ok(Ok(())) => Ok("answers".into()),
        Ok(Err(e)) => Err(format!("{e}; is the server up, and are host and password in redis.url right?")),
        Err(_) => Err(format!("no answer within {} s; is redis.url right?", PATIENCE.as_secs())),
    }
}

fn storage(settings: &Settings) -> Result<String, String> {
    let folder = &settings.data_dir;
    let probe = folder.join(format!(".doctor-{}", std::process::id()));
    let written = fs::create_dir_all(folder)
        .and_then(|()| fs::write(&probe, b"helssa"))
        .and_then(|()| fs::remove_file(&probe));
    match written {
        Ok(()) => Ok(format!("{} is writable", folder.display())),
        Err(e) => Err(format!("{}: {e}; give this user the folder, or set data_dir", folder.display())),
    }
}

async fn clock(settings: &Settings) -> Result<String, String> {
    let now = wall();
    let built: Timestamp = "2026-11-01T00:00:00Z".parse().map_err(|e| format!("{e}"))?;
    if now < built {
        return Err(format!("it is {now} here, before this program was written; set the clock (NTP)"));
    }
    if let Location::Postgres(_) = settings.database {
        let db = wiring::open_database(settings).map_err(|e| e.to_string())?;
        let there = db.time().await.map_err(|e| format!("the database does not tell the time: {e}"))?;
        let skew = there.duration_since(wall()).abs();
        if skew > MAX_SKEW {
            return Err(format!("{skew:#} apart from the database's clock; run NTP on both"));
        }
        return Ok(format!("within {} ms of the database's", skew.as_millis()));
    }
    Ok(now.to_string())
}
