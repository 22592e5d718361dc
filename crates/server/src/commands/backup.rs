//! `helssa backup`.

use std::{path::Path, sync::Arc};

use app::App;

use super::say;

/// The copy is whole and consistent; the secrets are a file of their own, and are not in it.
pub(super) async fn run(app: &Arc<App>, to: &Path) -> Result<(), String> {
    app.db.backup(to).await.map_err(|e| e.to_string())?;
    say(&format!(
        "copied to {}; keep the secrets beside it, or the sealed columns can't be read",
        to.display()
    ));
    Ok(())
}
