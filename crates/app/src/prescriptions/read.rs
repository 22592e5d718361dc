//! Reads prescriptions: the doctor their own, the patient those that were signed for them.

use std::sync::Arc;

use domain::{Timestamp, ids::PrescriptionId};
use store::{audit, prescriptions::Prescription};

use super::{PrescriptionError, View, warnings_of};
use crate::{
    App, By, Caller, Fault,
    admin::{Page, Paged},
};

/// A prescription that the caller wrote; the look goes on record.
pub async fn read_by_doctor(
    app: &Arc<App>,
    caller: &Caller,
    by: &By,
    id: PrescriptionId,
) -> Result<View, PrescriptionError> {
    let now = app.clock.now();
    let view = app
        .db
        .read((app, caller, id, now), |c, (app, caller, id, now)| {
            Box::pin(async move {
                let found = store::prescriptions::by_id(c, &app.keys, *id).await?;
                let prescription = found
                    .filter(|found| found.doctor.id == caller.user)
                    .ok_or(PrescriptionError::NotFound)?;
                let warnings = warnings_of(c, app, &prescription, *now).await?;
                Ok::<_, PrescriptionError>(View { prescription, warnings })
            })
        })
        .await?;
    note_look(app, by, &view.prescription, now).await?;
    Ok(view)
}

/// Nothing is shown before the look is on record.
async fn note_look(
    app: &Arc<App>,
    by: &By,
    prescription: &Prescription,
    now: Timestamp,
) -> Result<(), Fault> {
    let input = (Arc::clone(app), by.clone(), prescription.patient.id, prescription.id, now);
    app.db
        .write(input, |tx, (app, by, patient, id, now)| {
            Box::pin(async move {
                let event = by.event("prescription.view", Some(*patient), id.to_string());
                audit::append(tx, &app.keys, &event, *now).await.map_err(Fault::from)
            })
        })
        .await
}

/// A prescription that was signed for the caller, be it cancelled since.
pub async fn read_by_patient(
    app: &App,
    caller: &Caller,
    id: PrescriptionId,
) -> Result<Prescription, PrescriptionError> {
    app.db
        .read((app, caller, id), |c, (app, caller, id)| {
            Box::pin(async move {
                let found = store::prescriptions::by_id(c, &app.keys, *id).await?;
                found
                    .filter(|found| found.patient.id == caller.user && found.signed_at.is_some())
                    .ok_or(PrescriptionError::NotFound)
            })
        })
        .await
}

/// One page of what was signed for the caller, newest first.
pub async fn list_of_patient(app: &App, caller: &Caller, page: Page) -> Result<Paged<Prescription>, Fault> {
    let (count, items) = app
        .db
        .read((app, caller, page), |c, (app, caller, page)| {
            Box::pin(async move {
                let (patient, size, offset) = (caller.user, page.size, page.offset());
                let found =
                    store::prescriptions::page_of_patient(c, &app.keys, patient, size, offset).await?;
                Ok::<_, Fault>(found)
            })
        })
        .await?;
    Ok(Paged { count, items })
}
