//! `helssa verify …`: exit code 0 when all is well.

use std::{fmt::Write as _, sync::Arc};

use app::App;
use clap::Subcommand;

use super::say;

#[derive(Subcommand)]
pub(super) enum Verify {
    /// Walk the hash chains of the audit log
    Audit,
    /// Prove every balance from its entries, and that every posting sums to zero
    Ledger,
}

pub(super) async fn run(app: &Arc<App>, what: &Verify) -> Result<(), String> {
    match what {
        Verify::Audit => audit(app).await,
        Verify::Ledger => ledger(app).await,
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

async fn ledger(app: &Arc<App>) -> Result<(), String> {
    let report = app::billing::verify(app).await.map_err(|e| e.to_string())?;
    if !report.faults.is_empty() {
        return Err(report.faults.join("\n"));
    }
    say(&format!(
        "{} accounts, {} postings, {} entries: every balance proven, every posting zero",
        report.accounts, report.postings, report.entries
    ));
    Ok(())
}
