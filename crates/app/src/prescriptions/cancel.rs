//! Cancels a draft or a signed prescription; the patient goes on seeing a signed one, as cancelled.

use std::sync::Arc;

use domain::{ids::PrescriptionId, prescription::Event};
use store::audit;

use super::{PrescriptionError, View, of_doctor, view};
use crate::{App, By, Caller};

/// Cancels a prescription of the caller's. The visit may get another one then.
pub async fn cancel(
    app: &Arc<App>,
    caller: &Caller,
    by: &By,
    id: PrescriptionId,
    reason: String,
) -> Result<View, PrescriptionError> {
    let input = (Arc::clone(app), *caller, by.clone(), id, reason, app.clock.now());
    app.db
        .write(input, |tx, (app, caller, by, id, reason, now)| {
            Box::pin(async move {
                let before = of_doctor(tx, app, *id, caller.user).await?;
                if before.status.after(Event::Cancel).is_none()
                    || !store::prescriptions::cancel(tx, &app.keys, *id, reason, *now).await?
                {
                    return Err(PrescriptionError::IllegalState);
                }
                let view = view(tx, app, *id, *now).await?;
                // the reason may be medical, so the log does not get it
                let event = by.event("prescription.cancel", Some(before.patient.id), id.to_string());
                audit::append(tx, &app.keys, &event, *now).await?;
                Ok(view)
            })
        })
        .await
}
