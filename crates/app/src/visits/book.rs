//! A patient books a visit: it is pending and holds its time for 15 minutes (D18–D20).

use std::sync::Arc;

use db::Conn;
use domain::{
    Rials, SignedDuration, Timestamp,
    ids::{UserId, VisitId},
    visit::{HOLD, Policy, Status, VisitType},
};
use serde_json::Value;
use store::visits::{Taken, Visit};
use uuid::Uuid;

use super::{
    alternatives::alternatives,
    notices,
    offer::{self, Offer, Refusal},
};
use crate::{
    App, By, Caller, Fault,
    fault::faults,
    idempotency::{Answered, Once, OnceError, Render, remember, replay},
};

/// Unpaid visits that a patient may have at one time: enough for a family, too few to empty a calendar.
const HOLDS: i64 = 25;

/// Whom the patient's insurer is.
#[derive(Clone)]
pub struct InsuranceInfo {
    pub provider: String,
    pub number: String,
}

domain::blank_debug!(InsuranceInfo);

/// A patient's wish.
#[derive(Clone)]
pub struct Book {
    pub patient: Caller,
    pub doctor: UserId,
    pub starts_at: Timestamp,
    pub kind: VisitType,
    pub chief_complaint: String,
    pub description: String,
    /// None: the patient pays all.
    pub insurance: Option<InsuranceInfo>,
    pub by: By,
    pub once: Option<Once>,
    /// What is answered, and remembered as the answer.
    pub render: Render<Booked>,
}

/// A visit and whose it is.
pub struct Booked {
    pub visit: Visit,
    pub doctor_first_name: String,
    pub doctor_last_name: String,
    /// The specialty's title.
    pub specialty: String,
}

/// Why a time can't be booked.
#[derive(Debug, thiserror::Error)]
pub enum BookError {
    /// No such doctor (or patient, or visit).
    #[error("no such doctor")]
    NotFound,
    /// The doctor doesn't offer that; book one of these.
    #[error("not offered")]
    DoctorUnavailable { alternatives: Vec<Timestamp> },
    /// The doctor or the patient has another visit then; book one of these.
    #[error("taken")]
    Conflict { alternatives: Vec<Timestamp> },
    /// The doctor doesn't take this insurance.
    #[error("insurance not accepted")]
    InsuranceNotAccepted,
    /// The patient holds many times without having paid: pay or cancel some, or wait.
    #[error("too many holds")]
    TooManyHolds,
    /// The visit that was to be moved can't be moved any more.
    #[error("not in this state")]
    IllegalState,
    #[error(transparent)]
    Once(#[from] OnceError),
    #[error(transparent)]
    Fault(Fault),
}
faults!(BookError);

/// What ends the transaction; put into words outside of it.
pub(super) enum Ended {
    Refused(Refusal),
    Taken,
    Other(BookError),
}

impl<E: Into<BookError>> From<E> for Ended {
    fn from(e: E) -> Self {
        Self::Other(e.into())
    }
}

/// The new visit, rendered.
pub async fn book(app: &Arc<App>, input: Book) -> Result<Answered<Value>, BookError> {
    let now = app.clock.now();
    let _running = app.in_flight.enter(input.once.as_ref())?;
    let offer =
        offer::offer(app, input.doctor, input.starts_at, input.kind, input.insurance.as_ref(), now).await?;
    let practice = offer.as_ref().ok().map(|offer| offer.card.practice.clone());
    let wish = (input.doctor, input.patient.user, input.starts_at, input.kind);
    let booked = app
        .db
        .write((Arc::clone(app), input, offer, now), |tx, (app, input, offer, now)| {
            Box::pin(hold(tx, app, input, offer, *now))
        })
        .await;
    let (doctor, patient, starts_at, kind) = wish;
    match booked {
        Ok(answered) => Ok(answered),
        Err(Ended::Other(e)) => Err(e),
        Err(Ended::Refused(Refusal::NoSuchDoctor)) => Err(BookError::NotFound),
        Err(Ended::Refused(Refusal::InsuranceNotAccepted)) => Err(BookError::InsuranceNotAccepted),
        Err(Ended::Refused(Refusal::Unavailable(practice))) => {
            let alternatives = match &practice {
                Some(practice) => {
                    alternatives(app, (doctor, practice), patient, None, starts_at, kind).await?
                }
                None => vec![],
            };
            Err(BookError::DoctorUnavailable { alternatives })
        }
        Err(Ended::Taken) => {
            let practice = practice.unwrap_or_default();
            let alternatives = alternatives(app, (doctor, &practice), patient, None, starts_at, kind).await?;
            Err(BookError::Conflict { alternatives })
        }
    }
}

async fn hold(
    tx: &Conn,
    app: &App,
    input: &Book,
    offer: &Result<Offer, Refusal>,
    now: Timestamp,
) -> Result<Answered<Value>, Ended> {
    let once = input.once.as_ref();
    if let Some(before) = replay(tx, app, once).await? {
        return Ok(before);
    }
    let offer = offer.as_ref().map_err(|refusal| Ended::Refused(refusal.clone()))?;
    let slot = offer.slot;
    let is_free = offer::is_free(&offer.price);
    let id = VisitId::new(now, &*app.rng);
    let mut visit = Visit {
        id,
        doctor: input.doctor,
        patient: input.patient.user,
        reference: String::new(),
        kind: input.kind,
        status: if is_free { Status::Confirmed } else { Status::Pending },
        lane: 0,
        starts_at: slot.start,
        ends_at: slot.end,
        hold_until: (!is_free).then_some(now + HOLD),
        chief_complaint: input.chief_complaint.clone(),
        description: input.description.clone(),
        insurer: offer.insurer.clone(),
        insurance_number: input.insurance.as_ref().map(|i| i.number.clone()).unwrap_or_default(),
        price: offer.price,
        policy: Policy::current(slot.start),
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
    };
    // suspended since the offer was looked at
    if !store::doctors::is_active(tx, visit.doctor).await? {
        return Err(Ended::Refused(Refusal::Unavailable(None)));
    }
    store::visits::expire(tx, visit.doctor, visit.patient, slot.start, slot.end, now).await?;
    if !is_free && store::visits::holds_of_patient(tx, visit.patient, now).await? >= HOLDS {
        return Err(BookError::TooManyHolds.into());
    }
    // the primary keys keep lane 0 apart; patients don't get on top of what admins put in the others either
    if store::visits::is_taken(tx, visit.doctor, slot.start, slot.end, None).await? {
        return Err(Ended::Taken);
    }
    insert(tx, app, &mut visit).await?;
    if is_free {
        notices::confirmed(tx, app, &visit, now).await?;
    }
    let booked = Booked {
        visit,
        doctor_first_name: offer.card.first_name.clone(),
        doctor_last_name: offer.card.last_name.clone(),
        specialty: offer.card.specialty_title.clone(),
    };
    let subject = booked.visit.patient;
    let answered = remember(tx, app, once, (input.render)(booked)).await?;
    let event = input.by.event("visit.book", Some(subject), id.to_string());
    store::audit::append(tx, &app.keys, &event, now).await?;
    Ok(answered)
}

/// Adds the visit under the first booking reference that is free.
pub(super) async fn insert(tx: &Conn, app: &App, visit: &mut Visit) -> Result<(), Ended> {
    const TRIES: u32 = 20;
    for attempt in 0..TRIES {
        visit.reference = reference(app, visit.starts_at, attempt > 0);
        match store::visits::insert(tx, &app.keys, visit).await? {
            Ok(()) => return Ok(()),
            Err(Taken::Reference) => {}
            Err(Taken::ByDoctor | Taken::ByPatient) => return Err(Ended::Taken),
        }
    }
    Err(Fault::Internal("no booking reference is free".into()).into())
}

/// `HLS-2024-0125-1500` of a start in UTC; with four characters more when that is taken (D19).
fn reference(app: &App, starts_at: Timestamp, is_taken: bool) -> String {
    /// Without those that are mistaken for others.
    const LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    let utc = starts_at.to_zoned(domain::days::utc());
    let plain = format!(
        "HLS-{:04}-{:02}{:02}-{:02}{:02}",
        utc.year(),
        utc.month(),
        utc.day(),
        utc.hour(),
        utc.minute()
    );
    if !is_taken {
        return plain;
    }
    let mut random = [0; 4];
    app.rng.fill(&mut random);
    let suffix = random.map(|byte| char::from(LETTERS[usize::from(byte) % LETTERS.len()]));
    format!("{plain}-{}", suffix.into_iter().collect::<String>())
}

/// Random in all its bits: whoever has it may pay (D10).
pub(super) fn secret(app: &App) -> Uuid {
    let mut random = [0; 16];
    app.rng.fill(&mut random);
    uuid::Builder::from_random_bytes(random).into_uuid()
}

/// When a meeting's link is shown: from 15 minutes before the start (D19) until an hour after the planned end (D38).
pub fn meeting_is_open(visit: &Visit, now: Timestamp) -> bool {
    let live = matches!(visit.status_at(now), Status::Confirmed | Status::InProgress);
    let late = SignedDuration::from_hours(1);
    live && visit.kind == VisitType::Online
        && (visit.starts_at - domain::visit::DOORS_OPEN..=visit.ends_at + late).contains(&now)
}
