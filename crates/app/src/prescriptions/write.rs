//! Writes a prescription for a visit that has begun, and writes a draft anew.

use std::sync::Arc;

use db::Conn;
use domain::{
    Timestamp,
    ids::{PrescriptionId, UserId, VisitId},
    prescription::{Event, Item},
    visit::Status as VisitStatus,
};
use serde_json::Value;
use store::{audit, prescriptions::New};

use super::{PrescriptionError, View, of_doctor, refuse_unknown_drugs, sign::sign_draft, view};
use crate::{
    App, By, Caller,
    idempotency::{Answered, Once, Render, remember, replay},
};

/// A new prescription.
pub struct WritePrescription {
    pub visit: VisitId,
    pub doctor: UserId,
    /// At most 50; at least one to be signed at once.
    pub items: Vec<Item>,
    pub notes: String,
    /// Signs it at once.
    pub sign: bool,
    pub by: By,
    pub once: Option<Once>,
    /// What is answered, and remembered as the answer.
    pub render: Render<View>,
}

/// The new prescription of a visit of this doctor that is in progress or completed.
pub async fn write(app: &Arc<App>, input: WritePrescription) -> Result<Answered<Value>, PrescriptionError> {
    let now = app.clock.now();
    let _running = app.in_flight.enter(input.once.as_ref())?;
    app.db
        .write((Arc::clone(app), input, now), |tx, (app, input, now)| {
            Box::pin(write_down(tx, app, input, *now))
        })
        .await
}

async fn write_down(
    tx: &Conn,
    app: &App,
    input: &WritePrescription,
    now: Timestamp,
) -> Result<Answered<Value>, PrescriptionError> {
    let once = input.once.as_ref();
    if let Some(before) = replay(tx, app, once).await? {
        return Ok(before);
    }
    let visit = store::visits::by_id(tx, &app.keys, input.visit).await?;
    let visit = visit.filter(|visit| visit.doctor == input.doctor).ok_or(PrescriptionError::NotFound)?;
    // neither state is ever left for one that isn't among the two
    let is_open = matches!(visit.status, VisitStatus::InProgress | VisitStatus::Completed);
    if !is_open || !visit.is_seen_by_doctor(now) {
        return Err(PrescriptionError::IllegalState);
    }
    refuse_unknown_drugs(tx, &input.items).await?;
    let id = PrescriptionId::new(now, &*app.rng);
    let new = New {
        id,
        visit: visit.id,
        doctor: visit.doctor,
        patient: visit.patient,
        items: &input.items,
        notes: &input.notes,
    };
    if !store::prescriptions::insert(tx, &app.keys, &new, now).await? {
        return Err(PrescriptionError::AlreadyWritten);
    }
    if input.sign {
        let draft = of_doctor(tx, app, id, input.doctor).await?;
        sign_draft(tx, app, &draft, now).await?;
    }
    let view = view(tx, app, id, now).await?;
    let answered = remember(tx, app, once, (input.render)(view)).await?;
    let event = input.by.event("prescription.create", Some(visit.patient), id.to_string());
    audit::append(tx, &app.keys, &event, now).await?;
    if input.sign {
        let event = input.by.event("prescription.sign", Some(visit.patient), id.to_string());
        audit::append(tx, &app.keys, &event, now).await?;
    }
    Ok(answered)
}

/// What a draft becomes.
#[derive(Clone)]
pub struct Replacement {
    /// At most 50; at least one to be signed at once.
    pub items: Vec<Item>,
    pub notes: String,
    /// Signs it at once.
    pub sign: bool,
}

/// Writes a draft of the caller's anew.
pub async fn replace(
    app: &Arc<App>,
    caller: &Caller,
    by: &By,
    id: PrescriptionId,
    to: Replacement,
) -> Result<View, PrescriptionError> {
    let input = (Arc::clone(app), *caller, by.clone(), id, to, app.clock.now());
    app.db
        .write(input, |tx, (app, caller, by, id, to, now)| {
            Box::pin(async move {
                let before = of_doctor(tx, app, *id, caller.user).await?;
                if before.status.after(Event::Change).is_none() {
                    return Err(PrescriptionError::IllegalState);
                }
                refuse_unknown_drugs(tx, &to.items).await?;
                let keys = &app.keys;
                if !store::prescriptions::save_draft(tx, keys, *id, &to.items, &to.notes, *now).await? {
                    return Err(PrescriptionError::IllegalState);
                }
                if to.sign {
                    let draft = of_doctor(tx, app, *id, caller.user).await?;
                    sign_draft(tx, app, &draft, *now).await?;
                }
                let view = view(tx, app, *id, *now).await?;
                let patient = Some(before.patient.id);
                let event = by.event("prescription.update", patient, id.to_string());
                audit::append(tx, keys, &event, *now).await?;
                if to.sign {
                    let event = by.event("prescription.sign", patient, id.to_string());
                    audit::append(tx, keys, &event, *now).await?;
                }
                Ok(view)
            })
        })
        .await
}
