//! An admin puts a visit where patients can't: off the grid, soon, or on top of another of the doctor's. Never on top of
//! another of the patient's. The reason is written to the audit log.

use std::sync::Arc;

use db::Conn;
use domain::{
    Rials, Role, Timestamp,
    ids::{UserId, VisitId},
    visit::{GRID, HORIZON, Policy, Price, Status, VisitType},
};
use serde_json::Value;
use store::{listing::Card, visits::Visit};

use super::{
    book::{BookError, Booked, Ended, insert, secret},
    notices,
    offer::{Refusal, is_free},
};
use crate::{
    App, By, Fault,
    idempotency::{Answered, Once, Render, remember, replay},
};

/// What an admin wants.
#[derive(Clone)]
pub struct Overbook {
    pub patient: UserId,
    pub doctor: UserId,
    pub starts_at: Timestamp,
    pub kind: VisitType,
    pub chief_complaint: String,
    pub reason: String,
    pub by: By,
    pub once: Option<Once>,
    pub render: Render<Booked>,
}

/// The new visit, rendered. It is pending until it is paid, at the latest when it starts.
pub async fn overbook(app: &Arc<App>, input: Overbook) -> Result<Answered<Value>, BookError> {
    let now = app.clock.now();
    let _running = app.in_flight.enter(input.once.as_ref())?;
    let booked = app
        .db
        .write((Arc::clone(app), input, now), |tx, (app, input, now)| Box::pin(put(tx, app, input, *now)))
        .await;
    booked.map_err(|ended| match ended {
        Ended::Other(e) => e,
        Ended::Taken => BookError::Conflict { alternatives: vec![] },
        Ended::Refused(_) => BookError::DoctorUnavailable { alternatives: vec![] },
    })
}

async fn put(tx: &Conn, app: &App, input: &Overbook, now: Timestamp) -> Result<Answered<Value>, Ended> {
    let once = input.once.as_ref();
    if let Some(before) = replay(tx, app, once).await? {
        return Ok(before);
    }
    let starts_at = input.starts_at;
    let on_grid = starts_at.as_second() % GRID.as_secs() == 0 && starts_at.subsec_nanosecond() == 0;
    if !on_grid || starts_at <= now || starts_at > now + HORIZON {
        return Err(Ended::Refused(Refusal::Unavailable(None)));
    }
    let card = store::listing::card(tx, input.doctor).await?.ok_or(BookError::NotFound)?;
    if !card.is_active || !card.practice.takes(input.kind) {
        return Err(Ended::Refused(Refusal::Unavailable(None)));
    }
    let patient = store::accounts::by_id(tx, &app.keys, input.patient).await?;
    if !patient.is_some_and(|user| user.role == Role::Patient) {
        return Err(BookError::NotFound.into());
    }
    let mut visit = visit(app, input, &card, now)?;
    let (start, end) = (visit.starts_at, visit.ends_at);
    store::visits::expire(tx, visit.doctor, visit.patient, start, end, now).await?;
    visit.lane = store::visits::free_lane(tx, visit.doctor, start, end).await?.ok_or(Ended::Taken)?;
    insert(tx, app, &mut visit).await?;
    match visit.status {
        Status::Confirmed => notices::confirmed(tx, app, &visit, now).await?,
        _ => notices::overbooked(tx, app, &visit, now).await?,
    }
    let id = visit.id;
    let booked = Booked {
        visit,
        doctor_first_name: card.first_name,
        doctor_last_name: card.last_name,
        specialty: card.specialty_title,
    };
    let answered = remember(tx, app, once, (input.render)(booked)).await?;
    let event = input.by.event("visit.overbook", Some(input.patient), format!("{id}: {}", input.reason));
    store::audit::append(tx, &app.keys, &event, now).await?;
    Ok(answered)
}

fn visit(app: &App, input: &Overbook, card: &Card, now: Timestamp) -> Result<Visit, Fault> {
    let minutes = card.practice.schedule.duration;
    let price = Price::of(card.practice.fee(input.kind), 0);
    let starts_at = input.starts_at;
    if minutes <= 0 {
        return Err(Fault::Internal("a visit without duration".into()));
    }
    Ok(Visit {
        id: VisitId::new(now, &*app.rng),
        doctor: input.doctor,
        patient: input.patient,
        reference: String::new(),
        kind: input.kind,
        status: if is_free(&price) { Status::Confirmed } else { Status::Pending },
        lane: 0,
        starts_at,
        ends_at: starts_at + domain::SignedDuration::from_mins(minutes),
        hold_until: (!is_free(&price)).then_some(starts_at),
        chief_complaint: input.chief_complaint.clone(),
        description: String::new(),
        insurer: None,
        insurance_number: String::new(),
        price,
        policy: Policy::current(starts_at),
        pay_token: secret(app),
        paid: Rials::ZERO,
        refunded: Rials::ZERO,
        paid_at: None,
        started_at: None,
        ended_at: None,
        cancelled_at: None,
        cancelled_by: None,
        reason: String::new(),
        created_at: now,
    })
}
