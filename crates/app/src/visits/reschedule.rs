//! A patient moves a visit to another time of the same doctor; price and policy stay (D18, D21).

use std::sync::Arc;

use db::Conn;
use domain::{
    Timestamp,
    ids::VisitId,
    practice::Practice,
    schedule::Slot,
    visit::{Event, Policy, Status},
};
use serde_json::Value;
use store::visits::Visit;

use super::{
    alternatives::alternatives,
    book::{BookError, Ended},
    notices,
    offer::{Refusal, bookable},
};
use crate::{
    App, By, Caller, Fault,
    idempotency::{Answered, Once, Render, remember, replay},
};

/// A patient's wish.
#[derive(Clone)]
pub struct Reschedule {
    pub patient: Caller,
    pub visit: VisitId,
    pub starts_at: Timestamp,
    pub by: By,
    pub once: Option<Once>,
    pub render: Render<Visit>,
}

/// The visit at its new time, rendered.
pub async fn reschedule(app: &Arc<App>, input: Reschedule) -> Result<Answered<Value>, BookError> {
    let now = app.clock.now();
    let _running = app.in_flight.enter(input.once.as_ref())?;
    let (id, patient, starts_at) = (input.visit, input.patient.user, input.starts_at);
    let (visit, practice) = look(app, id).await?.ok_or(BookError::NotFound)?;
    if visit.patient != patient {
        return Err(BookError::NotFound);
    }
    let slot = practice.as_ref().and_then(|practice| bookable(practice, starts_at, visit.kind, now));
    let moved = app
        .db
        .write((Arc::clone(app), input, slot, now), |tx, (app, input, slot, now)| {
            Box::pin(shift(tx, app, input, *slot, *now))
        })
        .await;
    let is_taken = match moved {
        Ok(answered) => return Ok(answered),
        Err(Ended::Other(e)) => return Err(e),
        Err(Ended::Taken) => true,
        Err(Ended::Refused(_)) => false,
    };
    let alternatives = match &practice {
        Some(practice) => {
            let doctor = (visit.doctor, practice);
            alternatives(app, doctor, patient, Some(id), starts_at, visit.kind).await?
        }
        None => vec![],
    };
    Err(if is_taken {
        BookError::Conflict { alternatives }
    } else {
        BookError::DoctorUnavailable { alternatives }
    })
}

/// The visit, and its doctor's practice if the doctor still works here.
async fn look(app: &App, id: VisitId) -> Result<Option<(Visit, Option<Practice>)>, Fault> {
    app.db
        .read((app, id), |c, (app, id)| {
            Box::pin(async move {
                let Some(visit) = store::visits::by_id(c, &app.keys, *id).await? else { return Ok(None) };
                let card = store::listing::card(c, visit.doctor).await?;
                let practice = card.filter(|card| card.is_active).map(|card| card.practice);
                Ok::<_, Fault>(Some((visit, practice)))
            })
        })
        .await
}

async fn shift(
    tx: &Conn,
    app: &App,
    input: &Reschedule,
    slot: Option<Slot>,
    now: Timestamp,
) -> Result<Answered<Value>, Ended> {
    let once = input.once.as_ref();
    if let Some(before) = replay(tx, app, once).await? {
        return Ok(before);
    }
    let visit = store::visits::lock(tx, &app.keys, input.visit).await?.ok_or(BookError::NotFound)?;
    let may = visit.status_at(now).after(Event::Move).is_some() && now < visit.starts_at;
    if !may {
        return Err(BookError::IllegalState.into());
    }
    let slot = slot.ok_or(Ended::Refused(Refusal::Unavailable(None)))?;
    // nothing was paid yet: as if it were booked now
    let policy = match visit.status {
        Status::Pending => Policy::current(slot.start),
        _ => visit.policy.moved(visit.starts_at, slot.start, now),
    };
    store::visits::expire(tx, visit.doctor, visit.patient, slot.start, slot.end, now).await?;
    if store::visits::is_taken(tx, visit.doctor, slot.start, slot.end, Some(visit.id)).await? {
        return Err(Ended::Taken);
    }
    match store::visits::reschedule(tx, visit.id, slot.start, slot.end, &policy, now).await? {
        Ok(true) => {}
        Ok(false) => return Err(BookError::IllegalState.into()),
        Err(_) => return Err(Ended::Taken),
    }
    let moved = store::visits::by_id(tx, &app.keys, visit.id).await?.ok_or(BookError::NotFound)?;
    notices::rescheduled(tx, app, &moved, now).await?;
    let answered = remember(tx, app, once, (input.render)(moved)).await?;
    let event = input.by.event("visit.reschedule", Some(visit.patient), visit.id.to_string());
    store::audit::append(tx, &app.keys, &event, now).await?;
    Ok(answered)
}
