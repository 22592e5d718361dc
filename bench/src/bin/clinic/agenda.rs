//! Who visits whom when: a year of visits that are over, two months of visits to come, and times to book.

use std::{collections::HashSet, sync::Arc};

use domain::{
    SignedDuration, Timestamp, days,
    schedule::Slot,
    visit::{GRID, Status, VisitType},
};

use crate::{
    clinic::{Clinic, scaled},
    draw::Draw,
    people::{VISITS, index},
};

/// Doctors whose visits are written one after the other.
pub const BLOCK: u32 = 1_000;
/// Patients who are asked whether they are free before a visit is given up.
const TRIES: u32 = 20;
/// Nobody books for today: the numbers of today's dashboards stay as they are.
const SOON: SignedDuration = SignedDuration::from_hours(24);

/// A row to be written.
pub struct Visit {
    pub n: u32,
    pub doctor: u32,
    pub patient: u32,
    pub slot: Slot,
    pub status: Status,
    pub kind: VisitType,
    /// Rials.
    pub fee: i64,
    pub reference: String,
}

/// A time that can be booked.
pub struct Wish {
    pub doctor: u32,
    pub patient: u32,
    pub starts_at: Timestamp,
    pub kind: VisitType,
}

pub struct Agenda {
    clinic: Arc<Clinic>,
    /// Starts of visits that take place.
    doctors: HashSet<(u32, Timestamp)>,
    /// Five minutes each of them.
    patients: HashSet<(u32, i64)>,
    /// Starts whose booking reference has no letters behind it.
    plain: HashSet<Timestamp>,
    next: u32,
}

impl Agenda {
    pub fn new(clinic: Arc<Clinic>) -> Self {
        let (doctors, patients, plain) = (HashSet::new(), HashSet::new(), HashSet::new());
        Self { clinic, doctors, patients, plain, next: 0 }
    }

    /// The visits of the next doctors. Booking references begin with the day: in this order, rows that follow
    /// each other lie beside each other in all indexes.
    pub fn block(&mut self, block: u32) -> Vec<Visit> {
        let end = ((block + 1) * BLOCK).min(self.clinic.size.doctors);
        let mut visits: Vec<Visit> = (block * BLOCK..end).flat_map(|doctor| self.visits_of(doctor)).collect();
        visits.sort_by_key(|visit| visit.slot.start);
        for visit in &mut visits {
            visit.n = self.next;
            self.next += 1;
            let is_first = self.plain.insert(visit.slot.start);
            visit.reference = reference(visit.slot.start, (!is_first).then_some(visit.n));
        }
        visits
    }

    /// How many visits there are by now.
    pub const fn written(&self) -> u32 {
        self.next
    }

    fn visits_of(&mut self, doctor: u32) -> Vec<Visit> {
        let clinic = Arc::clone(&self.clinic);
        let (slots, count) = (&clinic.week(doctor).slots, clinic.visits_of(doctor));
        let (kind, fee) = offer(&clinic, doctor);
        let mut draw = Draw::new(VISITS ^ u64::from(doctor));
        let visit = |i: usize| {
            // one from each part of the year
            let slot = slots[(i * slots.len() + index(&mut draw, slots.len())) / count];
            let status = match (slot.start <= clinic.now, draw.below(100)) {
                (true, 0..78) => Status::Completed,
                (true, 78..93) | (false, 75..97) => Status::Cancelled,
                (true, _) => Status::NoShow,
                (false, 0..75) => Status::Confirmed,
                (false, _) => Status::Pending,
            };
            // two parts of the year may share their edge
            let is_taken = status.is_live() && self.doctors.contains(&(doctor, slot.start));
            let status = if is_taken { Status::Cancelled } else { status };
            let (patient, status) = self.patient(&mut draw, doctor, slot, status);
            Visit { n: 0, doctor, patient, slot, status, kind, fee, reference: String::new() }
        };
        (0..count).map(visit).collect()
    }

    /// Somebody from around there who is free then, if the visit takes place.
    fn patient(&mut self, draw: &mut Draw, doctor: u32, slot: Slot, status: Status) -> (u32, Status) {
        for _ in 0..TRIES {
            let patient = self.clinic.neighbour(doctor, draw);
            if !status.is_live() {
                return (patient, status);
            }
            if self.is_free(patient, slot) {
                self.doctors.insert((doctor, slot.start));
                self.patients.extend(pieces(slot).map(|piece| (patient, piece)));
                return (patient, status);
            }
        }
        (self.clinic.neighbour(doctor, draw), Status::Cancelled)
    }

    fn is_free(&self, patient: u32, slot: Slot) -> bool {
        !pieces(slot).any(|piece| self.patients.contains(&(patient, piece)))
    }

    /// So many free times, each of another doctor and for another patient: no more than there are quiet
    /// doctors, or patients.
    pub fn wishes(&self, count: u32) -> Vec<Wish> {
        let clinic = &self.clinic;
        let mut draw = Draw::new(u64::from(count));
        let wish = |n: u32| {
            let doctor = Clinic::quiet_doctor(scaled(n, clinic.quiet(), count));
            let patient = scaled(n, clinic.size.patients, count);
            let week = clinic.week(doctor);
            let ahead = &week.slots[week.ahead..];
            let is_open = |slot: &&Slot| {
                slot.start > clinic.now + SOON
                    && !self.doctors.contains(&(doctor, slot.start))
                    && self.is_free(patient, **slot)
            };
            let slot = ahead[index(&mut draw, ahead.len() / 2)..].iter().find(is_open).unwrap();
            Wish { doctor, patient, starts_at: slot.start, kind: offer(clinic, doctor).0 }
        };
        (0..count).map(wish).collect()
    }
}

/// What visits to a doctor are, and cost.
fn offer(clinic: &Clinic, doctor: u32) -> (VisitType, i64) {
    let doctor = clinic.lists.doctor(doctor);
    (if doctor.online { VisitType::Online } else { VisitType::InPerson }, doctor.fee)
}

/// The pieces of five minutes that a visit occupies.
fn pieces(slot: Slot) -> std::ops::Range<i64> {
    let grid = GRID.as_secs();
    slot.start.as_second() / grid..slot.end.as_second() / grid
}

/// As the program makes them: the start in UTC, and four characters where that is taken.
fn reference(starts_at: Timestamp, n: Option<u32>) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    let at = starts_at.to_zoned(days::utc());
    let (year, month, day, hour, minute) = (at.year(), at.month(), at.day(), at.hour(), at.minute());
    let mut reference = format!("HLS-{year:04}-{month:02}{day:02}-{hour:02}{minute:02}");
    let Some(mut rest) = n else { return reference };
    reference.push('-');
    let plain = reference.len();
    while rest > 0 || reference.len() < plain + 4 {
        reference.push(char::from(LETTERS[rest as usize % LETTERS.len()]));
        rest /= 32;
    }
    reference
}
