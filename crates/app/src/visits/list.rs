//! Lists and single visits, for their patient and their doctor.

use std::sync::Arc;

use domain::ids::VisitId;
use store::visits::{ForDoctor, ForPatient, ListFilter};

use super::VisitError;
use crate::{
    App, By, Caller, Fault,
    admin::{Page, Paged},
};

/// One page of the caller's own visits, the latest first.
pub async fn patients_visits(
    app: &App,
    caller: &Caller,
    filter: ListFilter,
    page: Page,
) -> Result<Paged<ForPatient>, Fault> {
    let input = (app, caller.user, filter, page, app.clock.now());
    let (count, items) = app
        .db
        .read(input, |c, (app, patient, filter, page, now)| {
            Box::pin(async move {
                let (limit, offset) = (page.size, page.offset());
                let visits =
                    store::visits::of_patient(c, &app.keys, *patient, filter, limit, offset, *now).await?;
                Ok::<_, Fault>(visits)
            })
        })
        .await?;
    Ok(Paged { count, items })
}

/// One of the caller's own visits.
pub async fn patients_visit(app: &App, caller: &Caller, id: VisitId) -> Result<ForPatient, VisitError> {
    let found = app
        .db
        .read((app, id), |c, (app, id)| {
            Box::pin(async move { Ok::<_, Fault>(store::visits::one_for_patient(c, &app.keys, *id).await?) })
        })
        .await?;
    found.filter(|found| found.visit.patient == caller.user).ok_or(VisitError::NotFound)
}

/// One page of the visits of the doctor who asks.
pub async fn doctors_visits(
    app: &App,
    caller: &Caller,
    filter: ListFilter,
    page: Page,
) -> Result<Paged<ForDoctor>, Fault> {
    let input = (app, caller.user, filter, page, app.clock.now());
    let (count, items) = app
        .db
        .read(input, |c, (app, doctor, filter, page, now)| {
            Box::pin(async move {
                let (limit, offset) = (page.size, page.offset());
                let visits =
                    store::visits::of_doctor(c, &app.keys, *doctor, filter, limit, offset, *now).await?;
                Ok::<_, Fault>(visits)
            })
        })
        .await?;
    Ok(Paged { count, items })
}

/// One of the visits of the doctor who asks; the look is written down before anything is shown.
pub async fn doctors_visit(
    app: &Arc<App>,
    caller: &Caller,
    by: &By,
    id: VisitId,
) -> Result<ForDoctor, VisitError> {
    let now = app.clock.now();
    app.db
        .write((Arc::clone(app), *caller, by.clone(), id, now), |tx, (app, caller, by, id, now)| {
            Box::pin(async move {
                let found = store::visits::one_for_doctor(tx, &app.keys, *id).await?;
                let found = found.filter(|found| found.visit.doctor == caller.user);
                let found = found.ok_or(VisitError::NotFound)?;
                let event = by.event("visit.view", Some(found.visit.patient), id.to_string());
                store::audit::append(tx, &app.keys, &event, *now).await?;
                Ok(found)
            })
        })
        .await
}
