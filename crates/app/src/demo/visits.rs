//! The visits of the diary with all that belongs to them: what was said, paid, prescribed and thought.

use std::collections::HashSet;

use domain::{
    Rials, SignedDuration, Timestamp, days,
    ids::VisitId,
    visit::{CancelledBy, HOLD, Policy, Price, Status, VisitType},
};
use store::{ratings::Rating, visits::Visit};
use uuid::Uuid;

use super::{
    diary::Appointment,
    dice::Dice,
    doctors::Doctor,
    lists::Lists,
    medicine::{Field, field},
    notices::{Told, told},
    patients::Patient,
    people::People,
    prescriptions::{Written, prescription},
    story::Fate,
    times::times,
    words,
};
use crate::App;

const KIND: u64 = 7;

/// A visit to be written down.
#[derive(Clone)]
pub(super) struct Planned {
    /// As it is in the end; the hold that it began with, if it was never paid.
    pub(super) visit: Visit,
    pub(super) cancelled_by: Option<CancelledBy>,
    pub(super) rating: Option<Rating>,
    pub(super) prescription: Option<Written>,
    pub(super) told: Vec<Told>,
}

/// What a visit is made from.
struct Making<'a> {
    app: &'a App,
    lists: &'a Lists,
    doctor: &'a Doctor,
    patient: &'a Patient,
    is_first_doctor: bool,
    appointment: Appointment,
    now: Timestamp,
    dice: Dice,
}

/// All visits of the diary, in its order.
pub(super) fn planned(
    app: &App,
    lists: &Lists,
    people: &People,
    appointments: &[Appointment],
    now: Timestamp,
) -> Vec<Planned> {
    let mut references = HashSet::new();
    let mut planned = Vec::with_capacity(appointments.len());
    for (n, appointment) in (0..).zip(appointments) {
        let making = Making {
            app,
            lists,
            doctor: &people.doctors[appointment.doctor],
            patient: &people.patients[appointment.patient],
            is_first_doctor: appointment.doctor == 0,
            appointment: *appointment,
            now,
            dice: Dice::new(KIND, n),
        };
        planned.push(making.planned(&mut references));
    }
    planned
}

impl Making<'_> {
    fn planned(&self, references: &mut HashSet<String>) -> Planned {
        let dice = &self.dice;
        let field = field(&self.doctor.entry.specialty);
        let (visit, cancelled_by) = self.visit(field, references);
        let rating = visit.ended_at.filter(|_| visit.status == Status::Completed && dice.chance(74));
        let rating = rating.and_then(|ended_at| self.rating(&visit, ended_at));
        let share = if self.is_first_doctor { 60 } else { 36 };
        let is_treated = match visit.status {
            Status::Completed => dice.chance(share),
            Status::InProgress => true,
            _ => false,
        };
        let prescription =
            is_treated.then(|| prescription(self.app, self.lists, field, &visit, self.now, dice)).flatten();
        let mut planned = Planned { visit, cancelled_by, rating, prescription, told: vec![] };
        planned.told = told(self.app, self.doctor, self.patient, &planned, self.now);
        planned
    }

    fn visit(&self, field: &Field, references: &mut HashSet<String>) -> (Visit, Option<CancelledBy>) {
        let Appointment { slot, fate, .. } = self.appointment;
        let (dice, practice) = (&self.dice, &self.doctor.practice);
        let kind = match (practice.online_enabled, practice.in_person_enabled) {
            (true, true) if dice.chance(55) => VisitType::Online,
            (true, false) => VisitType::Online,
            _ => VisitType::InPerson,
        };
        let insurance = &self.patient.profile.insurance;
        let is_insured = practice.insurers.contains(&insurance.provider) && dice.chance(88);
        let coverage = if is_insured { self.lists.coverage(&insurance.provider) } else { 0 };
        let (price, policy) = (Price::of(practice.fee(kind), coverage), Policy::current(slot.start));
        let (status, cancelled_by) = outcome(fate);
        let times = times(slot, fate, self.now, dice);
        let paid = if times.paid_at.is_some() { price.patient_share } else { Rials::ZERO };
        let refund = cancelled_by.zip(times.cancelled_at).map(|(by, at)| policy.refund(paid, by, at));
        let reason = match cancelled_by {
            Some(by @ (CancelledBy::Patient | CancelledBy::Doctor)) => {
                words::reason(by == CancelledBy::Patient, dice)
            }
            _ => "",
        };
        let visit = Visit {
            id: VisitId::new(times.created_at, &*self.app.rng),
            doctor: self.doctor.id,
            patient: self.patient.id,
            reference: reference(slot.start, references, dice),
            kind,
            status,
            lane: 0,
            starts_at: slot.start,
            ends_at: slot.end,
            hold_until: times.paid_at.is_none().then_some(times.created_at + HOLD),
            chief_complaint: dice.one(field.complaints).into(),
            description: words::description(dice).into(),
            insurer: is_insured.then(|| insurance.provider.clone()),
            insurance_number: if is_insured { insurance.number.clone() } else { String::new() },
            price,
            policy,
            pay_token: secret(self.app),
            paid,
            refunded: refund.map_or(Rials::ZERO, |refund| refund.refund),
            paid_at: times.paid_at,
            started_at: times.started_at,
            ended_at: times.ended_at,
            cancelled_at: times.cancelled_at,
            cancelled_by: cancelled_by.map(|by| by.as_str().into()),
            reason: reason.into(),
            created_at: times.created_at,
        };
        (visit, cancelled_by)
    }

    /// Half an hour to three days later; not yet where that is still to come.
    fn rating(&self, visit: &Visit, ended_at: Timestamp) -> Option<Rating> {
        /// Some doctors are liked better than others.
        const SCORES: [&[(i64, i64)]; 4] = [
            &[(5, 70), (4, 22), (3, 6), (2, 1), (1, 1)],
            &[(5, 55), (4, 28), (3, 11), (2, 4), (1, 2)],
            &[(5, 45), (4, 30), (3, 15), (2, 6), (1, 4)],
            &[(5, 30), (4, 35), (3, 20), (2, 10), (1, 5)],
        ];
        let dice = &self.dice;
        let created_at = ended_at + SignedDuration::from_secs(dice.between(1_800, 259_200));
        let score = if self.is_first_doctor {
            dice.weighted(&[(5, 92), (4, 8)])
        } else {
            dice.weighted(SCORES[self.appointment.doctor % SCORES.len()])
        };
        let comment = words::comment(score, dice).into();
        let (doctor, patient) = (visit.doctor, visit.patient);
        let rating = Rating { visit: visit.id, doctor, patient, score, comment, created_at };
        (created_at <= self.now).then_some(rating)
    }
}

/// In which state a visit ends up, and who brought it there against its plan.
const fn outcome(fate: Fate) -> (Status, Option<CancelledBy>) {
    match fate {
        Fate::Pending => (Status::Pending, None),
        Fate::Confirmed => (Status::Confirmed, None),
        Fate::InProgress => (Status::InProgress, None),
        Fate::Completed => (Status::Completed, None),
        Fate::Missed => (Status::NoShow, None),
        Fate::Expired => (Status::Cancelled, Some(CancelledBy::Expired)),
        Fate::CancelledByPatient => (Status::Cancelled, Some(CancelledBy::Patient)),
        Fate::CancelledByDoctor => (Status::Cancelled, Some(CancelledBy::Doctor)),
    }
}

/// As bookings get it (D19), with the demo's own chance behind it.
fn reference(starts_at: Timestamp, taken: &mut HashSet<String>, dice: &Dice) -> String {
    /// Without those that are mistaken for others.
    const LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    let plain = starts_at.to_zoned(days::utc()).strftime("HLS-%Y-%m%d-%H%M").to_string();
    let mut reference = plain.clone();
    while !taken.insert(reference.clone()) {
        let suffix: String = (0..4).map(|_| char::from(dice.one(LETTERS))).collect();
        reference = format!("{plain}-{suffix}");
    }
    reference
}

/// Whoever has it may pay, so it is none of the dice's.
fn secret(app: &App) -> Uuid {
    let mut random = [0; 16];
    app.rng.fill(&mut random);
    uuid::Builder::from_random_bytes(random).into_uuid()
}
