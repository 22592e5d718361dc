//! Who has a visit when, and what becomes of it: in slots of each doctor's own schedule, none over another.

use std::collections::HashSet;

use domain::{
    Date, Timestamp, days,
    schedule::Slot,
    visit::{DOORS_OPEN, GRID, LEAD},
};

use super::{
    dice::Dice,
    people::People,
    story::{AHEAD, Fate, PAST, SPANS, STORY},
};

const FILLING: u64 = 3;
const GOING_ON: u64 = 4;
const SCRIPT: u64 = 5;
const TODAY: u64 = 6;

/// Times that are tried before somebody goes without a visit.
const TRIES: u32 = 12;

/// A visit, by the places of its people.
#[derive(Clone, Copy, Debug)]
pub(super) struct Appointment {
    pub(super) doctor: usize,
    pub(super) patient: usize,
    pub(super) slot: Slot,
    pub(super) fate: Fate,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Who {
    Doctor(usize),
    Patient(usize),
}

struct Diary<'a> {
    people: &'a People,
    now: Timestamp,
    today: Date,
    /// Every piece of time that somebody has given away.
    busy: HashSet<(Who, i64)>,
    kept: Vec<Appointment>,
}

/// All visits in the order of their times.
pub(super) fn appointments(people: &People, now: Timestamp) -> Vec<Appointment> {
    let today = days::tehran_today(now);
    let mut diary = Diary { people, now, today, busy: HashSet::new(), kept: vec![] };
    for doctor in 0..people.doctors.len() {
        diary.begin(doctor);
    }
    diary.tell_story();
    diary.fill_first_doctors_day();
    for doctor in 0..people.doctors.len() {
        diary.fill(doctor);
    }
    diary.kept.sort_by_key(|appointment| (appointment.slot.start, appointment.doctor));
    diary.kept
}

impl Diary<'_> {
    /// The visit that is going on now, if the doctor works at this hour: always at the first doctor's, who
    /// sees the first patient, and where somebody always works.
    fn begin(&mut self, doctor: usize) {
        let dice = Dice::new(GOING_ON, doctor as u64);
        let is_first = doctor == 0;
        if !is_first && !self.never_closes(doctor) && !dice.chance(25) {
            return;
        }
        let slots = self.slots(doctor, 0);
        if let Some(slot) = slots.into_iter().find(|slot| self.suits(*slot, Fate::InProgress)) {
            let patient = if is_first { 0 } else { self.people.patient_of(doctor, &dice) };
            self.keep(Appointment { doctor, patient, slot, fate: Fate::InProgress });
        }
    }

    fn tell_story(&mut self) {
        for (n, (doctor, (from, to), fate)) in (0..).zip(STORY) {
            let (dice, doctor, fate) = (Dice::new(SCRIPT, n), *doctor, *fate);
            // some days are taken or off
            for _ in 0..5 * TRIES {
                let slots = self.slots(doctor, dice.between(*from, *to));
                if slots.is_empty() {
                    continue;
                }
                let slot = dice.one(&slots);
                if self.suits(slot, fate) && self.keep(Appointment { doctor, patient: 0, slot, fate }) {
                    break;
                }
            }
        }
    }

    /// So that a dashboard has something to show.
    fn fill_first_doctors_day(&mut self) {
        let dice = Dice::new(TODAY, 0);
        for slot in self.slots(0, 0) {
            if dice.chance(70) {
                self.fill_slot(0, slot, &dice);
            }
        }
    }

    fn fill(&mut self, doctor: usize) {
        let dice = Dice::new(FILLING, doctor as u64);
        let visits = match doctor {
            0 => 90,
            1..8 => 34,
            _ if self.never_closes(doctor) => 24,
            _ => dice.between(1, 5) + dice.between(0, 8),
        };
        for _ in 0..visits {
            let (from, to) = dice.weighted(SPANS);
            for _ in 0..TRIES {
                let slots = self.slots(doctor, dice.between(from, to));
                if !slots.is_empty() && self.fill_slot(doctor, dice.one(&slots), &dice) {
                    break;
                }
            }
        }
    }

    /// Gives this time to somebody; false where it can't be.
    fn fill_slot(&mut self, doctor: usize, slot: Slot, dice: &Dice) -> bool {
        let fate = dice.weighted(if slot.end <= self.now { PAST } else { AHEAD });
        let patient = self.people.patient_of(doctor, dice);
        self.suits(slot, fate) && self.keep(Appointment { doctor, patient, slot, fate })
    }

    fn slots(&self, doctor: usize, after: i64) -> Vec<Slot> {
        let day = self.today.saturating_add(days::span_of_days(after));
        self.people.doctors[doctor].practice.schedule.day(day, &days::tehran())
    }

    fn never_closes(&self, doctor: usize) -> bool {
        let schedule = &self.people.doctors[doctor].practice.schedule;
        schedule.start.minutes() == 0 && schedule.end.minutes() == 24 * 60
    }

    /// Whether this can become of a visit at this time.
    fn suits(&self, slot: Slot, fate: Fate) -> bool {
        let (is_over, is_ahead) = (slot.end <= self.now, self.now + LEAD < slot.start);
        match fate {
            Fate::Completed | Fate::Missed | Fate::Expired => is_over,
            Fate::InProgress => slot.start - DOORS_OPEN <= self.now && self.now < slot.end,
            Fate::Confirmed => self.now < slot.start,
            Fate::Pending => is_ahead,
            Fate::CancelledByPatient | Fate::CancelledByDoctor => is_over || is_ahead,
        }
    }

    /// False when one of the two has another visit then.
    fn keep(&mut self, appointment: Appointment) -> bool {
        let Appointment { doctor, patient, slot, .. } = appointment;
        let grid = GRID.as_secs();
        let pieces = slot.start.as_second() / grid..slot.end.as_second() / grid;
        let both = [Who::Doctor(doctor), Who::Patient(patient)];
        let taken = |who: &Who| pieces.clone().any(|piece| self.busy.contains(&(*who, piece)));
        if both.iter().any(taken) {
            return false;
        }
        for who in both {
            self.busy.extend(pieces.clone().map(|piece| (who, piece)));
        }
        self.kept.push(appointment);
        true
    }
}
