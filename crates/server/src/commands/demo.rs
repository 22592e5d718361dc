//! `helssa demo`.

use std::sync::Arc;

use app::{App, demo};

use super::say;

/// Fills an empty database; one that has users stays as it is, which is no mistake.
pub(super) async fn run(app: &Arc<App>) -> Result<(), String> {
    match demo::fill(app).await.map_err(|e| e.to_string())? {
        None => say("the database has users already; the demo clinic fills empty ones only"),
        Some(clinic) => {
            let demo::Clinic { doctors, patients, visits } = clinic;
            say(&format!("the demo clinic: {doctors} doctors, {patients} patients, {visits} visits"));
            say(&format!("  admin    {}", demo::ADMIN));
            say(&format!("  doctor   {}", demo::FIRST_DOCTOR));
            say(&format!("  patient  {}", demo::FIRST_PATIENT));
        }
    }
    Ok(())
}
