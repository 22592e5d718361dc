//! How large the clinic is, and who works when.

use domain::{
    Timestamp, days,
    schedule::{Break, Schedule, Slot, TimeOfDay, Weekday},
};

use crate::{
    draw::Draw,
    people::{Lists, index},
};

/// One doctor of so many is busy: these have half of all visits.
const BUSY: u32 = 200;
/// A doctor's patients are among so many neighbours.
const NEIGHBOURS: u32 = 500;
/// Days of visits before and after today.
const PAST: i64 = 365;
const AHEAD: i64 = 60;
/// Minutes of a visit and of the pause behind it.
const PACES: [(i64, i64); 4] = [(20, 10), (15, 5), (30, 0), (20, 0)];
/// Minutes of a day: begin and end of work, begin and end of the break.
const HOURS: [[i64; 4]; 3] = [[540, 1020, 720, 780], [480, 840, 660, 690], [840, 1260, 1020, 1050]];

#[derive(Clone, Copy)]
pub struct Size {
    pub doctors: u32,
    pub patients: u32,
    pub visits: u32,
}

pub struct Clinic {
    pub size: Size,
    /// When it was filled.
    pub now: Timestamp,
    pub lists: Lists,
    weeks: Vec<Week>,
}

/// When a part of the doctors works.
pub struct Week {
    /// As the database keeps it.
    pub json: String,
    /// From a year ago on.
    pub slots: Vec<Slot>,
    /// The first slot that lies ahead.
    pub ahead: usize,
}

impl Clinic {
    pub fn new(lists: Lists, size: Size, now: Timestamp) -> Self {
        let week = |(n, (pace, hours)): (usize, (_, _))| Week::new(pace, hours, 5 + n % 2, now);
        let kinds = PACES.into_iter().flat_map(|pace| HOURS.map(|hours| (pace, hours)));
        Self { size, now, lists, weeks: kinds.enumerate().map(week).collect() }
    }

    pub fn week(&self, doctor: u32) -> &Week {
        &self.weeks[doctor as usize % self.weeks.len()]
    }

    /// How many doctors are not busy.
    pub const fn quiet(&self) -> u32 {
        self.size.doctors - self.size.doctors.div_ceil(BUSY)
    }

    /// The number of a doctor who is not busy, of the first such, the second, and so on.
    pub const fn quiet_doctor(nth: u32) -> u32 {
        nth / (BUSY - 1) * BUSY + 1 + nth % (BUSY - 1)
    }

    /// The numbers of so many busy doctors, or of all there are.
    pub fn busy_doctors(&self, most: u32) -> impl Iterator<Item = u32> {
        let all = self.size.doctors.div_ceil(BUSY);
        let most = most.min(all);
        (0..most).map(move |n| scaled(n, all, most) * BUSY)
    }

    /// How many visits a doctor has; never more than every second slot.
    pub fn visits_of(&self, doctor: u32) -> usize {
        let busy = doctor.div_ceil(BUSY);
        let half = self.size.visits / 2;
        let visits = if doctor.is_multiple_of(BUSY) {
            share(busy, half, self.size.doctors.div_ceil(BUSY))
        } else {
            share(doctor - busy, self.size.visits - half, self.quiet())
        };
        (visits as usize).min(self.week(doctor).slots.len() / 2)
    }

    /// One of the patients who live where this doctor is.
    pub fn neighbour(&self, doctor: u32, draw: &mut Draw) -> u32 {
        let all = self.size.patients;
        let near = index(draw, NEIGHBOURS.min(all) as usize);
        (scaled(doctor, all, self.size.doctors) + u32::try_from(near).unwrap()) % all
    }
}

impl Week {
    fn new((duration, buffer): (i64, i64), hours: [i64; 4], working: usize, now: Timestamp) -> Self {
        let [start, end, from, to] = hours.map(|minutes| TimeOfDay::from_minutes(minutes).unwrap());
        let schedule = Schedule {
            duration,
            buffer,
            days: Weekday::ALL[..working].to_vec(),
            start,
            end,
            breaks: vec![Break::new(from, to).unwrap()],
            ..Schedule::default()
        };
        let today = days::tehran_today(now);
        let first = today.saturating_sub(days::span_of_days(PAST));
        let last = today.saturating_add(days::span_of_days(AHEAD));
        let slots = schedule.of_days(first, last, &days::tehran());
        let ahead = slots.partition_point(|slot| slot.start <= now);
        Self { json: serde_json::to_string(&schedule).unwrap(), slots, ahead }
    }
}

/// The n-th of `parts` numbers that are spread over `all`.
pub fn scaled(n: u32, all: u32, parts: u32) -> u32 {
    u32::try_from(u64::from(n) * u64::from(all) / u64::from(parts)).unwrap()
}

/// What the n-th of `parts` gets of `all`, the rest spread evenly.
fn share(n: u32, all: u32, parts: u32) -> u32 {
    scaled(n + 1, all, parts) - scaled(n, all, parts)
}
