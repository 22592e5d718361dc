//! `helssa migrate`.

use store::MIGRATIONS;

use super::say;
use crate::{settings::Settings, wiring};

pub(super) async fn run(settings: &Settings) -> Result<(), String> {
    let db = wiring::open_database(settings).map_err(|e| e.to_string())?;
    let done = db.migrate(MIGRATIONS).await.map_err(|e| e.to_string())?;
    if done.from == done.to {
        say(&format!("the schema is at {}, the newest", done.to));
    } else {
        say(&format!("the schema went from {} to {}", done.from, done.to));
    }
    Ok(())
}
