//! `helssa keys generate` and `helssa keys rotate`.

use std::sync::Arc;

use app::App;
use clap::Subcommand;

use super::say;
use crate::{settings, wiring::OsRng};

#[derive(Subcommand)]
pub(super) enum Keys {
    /// Print new secrets for the settings file
    Generate,
    /// Seal every value again under the newest of `secrets.data_keys`
    Rotate,
}

#[expect(clippy::unnecessary_wraps, reason = "commands answer alike")]
pub(super) fn generate() -> Result<(), String> {
    say(settings::generate("", &OsRng).trim_end());
    Ok(())
}

pub(super) async fn rotate(app: &Arc<App>) -> Result<(), String> {
    let progress = |column: &str, changed: u64| say(&format!("{column}: {changed} sealed again"));
    let total = app::maintenance::rotate_keys(app, progress).await.map_err(|e| e.to_string())?;
    say(&format!("{total} values are under the newest key now"));
    say("older keys can be removed in two days, when the last remembered answer under them is forgotten");
    Ok(())
}
