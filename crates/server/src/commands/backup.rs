//! `helssa backup`.

use std::path::Path;

use super::say;
use crate::{settings::Settings, wiring};

/// The copy is whole and consistent, and of the schema that it was taken from. The secrets are not in it.
pub(super) async fn run(settings: &Settings, to: &Path) -> Result<(), String> {
    let db = wiring::open_database(settings).map_err(|e| e.to_string())?;
    db.backup(to).await.map_err(|e| e.to_string())?;
    say(&format!("copied to {}", to.display()));
    say("without the secrets its sealed columns can't be read: keep a copy of those too, in another place");
    Ok(())
}
