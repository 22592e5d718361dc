//! `helssa verify …`: exit code 0 when all is well.

use std::{fmt::Write as _, sync::Arc};

use app::App;
use clap::Subcommand;

use super::say;

#[derive(Subcommand)]
pub(super) enum Verify {
    /// Walk the hash chains of the audit log
    Audit,
}

pub(super) async fn run(app: &Arc<App>, what: &Verify) -> Result<(), String> {
    match what {
        Verify::Audit => audit(app).await,
    }
}

async fn audit(app: &Arc<App>) -> Result<(), String> {
    let report = app::maintenance::verify_audit(app).await.map_err(|e| e.to_string())?;
    if !report.faults.is_empty() {
        return Err(report.faults.join("\n"));
    }
    let mut digest = String::new();
    for byte in report.digest {
        let _ = write!(digest, "{byte:02x}");
    }
    say(&format!("{} entries, every chain whole; digest {digest}", report.entries));
    Ok(())
}
