//! When a doctor sees people, cut into slots (D18): steps of `duration` + `buffer` from the start of the
//! working hours; what touches a break or passes the end of the hours is left out.
//!
//! Hours are local times of a time zone that the caller names; slots are moments. Where clocks are changed,
//! a local time that is skipped has no slot, one that comes twice has one (its first), and what the change
//! would cut through is left out.

mod parts;
#[cfg(test)]
mod tests;

use jiff::{
    SignedDuration, Span, Timestamp,
    civil::Date,
    tz::{AmbiguousOffset, TimeZone},
};
use serde::{Deserialize, Serialize};

use crate::{
    violation::{Parsed, Violation},
    visit::GRID,
};

pub use parts::{Break, Leave, TimeOfDay, Weekday};

/// The shortest and the longest visit. Minutes.
pub const DURATIONS: (i64, i64) = (5, 240);
/// The shortest and the longest time between two visits. Minutes.
pub const BUFFERS: (i64, i64) = (0, 120);

/// How long a visit takes: 5 to 240 minutes, in steps of five.
pub fn duration(minutes: i64) -> Parsed<i64> {
    in_steps(minutes, DURATIONS)
}

/// How long a doctor rests between two visits: 0 to 120 minutes, in steps of five.
pub fn buffer(minutes: i64) -> Parsed<i64> {
    in_steps(minutes, BUFFERS)
}

fn in_steps(minutes: i64, (least, most): (i64, i64)) -> Parsed<i64> {
    if !(least..=most).contains(&minutes) {
        Err(Violation::Range(least, most))
    } else if minutes % parts::STEP != 0 {
        Err(Violation::Multiple(parts::STEP))
    } else {
        Ok(minutes)
    }
}

/// A slot that could be booked. Moments are UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slot {
    pub start: Timestamp,
    pub end: Timestamp,
}

/// A doctor's working time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Schedule {
    /// Of a visit, as [`duration`] allows it. Minutes.
    pub duration: i64,
    /// Between two visits, as [`buffer`] allows it. Minutes.
    pub buffer: i64,
    pub days: Vec<Weekday>,
    pub start: TimeOfDay,
    pub end: TimeOfDay,
    pub breaks: Vec<Break>,
    pub days_off: Vec<Date>,
    pub leaves: Vec<Leave>,
}

impl Default for Schedule {
    /// Visits of 20 minutes, 10 between them, from 9 to 17 o'clock, on no day.
    fn default() -> Self {
        Self {
            duration: 20,
            buffer: 10,
            days: vec![],
            start: TimeOfDay::NINE,
            end: TimeOfDay::SEVENTEEN,
            breaks: vec![],
            days_off: vec![],
            leaves: vec![],
        }
    }
}

impl Schedule {
    /// What does not fit together, by the reference's names inside `availability`.
    #[must_use]
    pub fn wrong(&self) -> Vec<(String, Violation)> {
        let mut wrong = vec![];
        if (1..self.days.len()).any(|n| self.days[..n].contains(&self.days[n])) {
            wrong.push(("working_days".into(), Violation::Overlap));
        }
        let has_hours = self.start < self.end;
        if !has_hours {
            wrong.push(("working_hours.end".into(), Violation::Order));
        }
        for (n, one) in self.breaks.iter().enumerate() {
            if has_hours && one.start < self.start {
                wrong.push((format!("break_times.{n}.start"), Violation::OutsideHours));
            }
            if has_hours && one.end > self.end {
                wrong.push((format!("break_times.{n}.end"), Violation::OutsideHours));
            }
            if self.breaks[..n].iter().any(|other| other.touches(one.start.minutes(), one.end.minutes())) {
                wrong.push((format!("break_times.{n}"), Violation::Overlap));
            }
        }
        wrong
    }

    /// All slots of one calendar day in `tz`, in order, whether taken or not.
    #[must_use]
    pub fn day(&self, day: Date, tz: &TimeZone) -> Vec<Slot> {
        let mut slots = vec![];
        if self.duration <= 0 || !self.is_working_day(day) {
            return slots;
        }
        let step = self.duration.saturating_add(self.buffer.max(0));
        let last = self.end.minutes().saturating_sub(self.duration);
        let mut start = self.start.minutes();
        while start <= last {
            if !self.breaks.iter().any(|one| one.touches(start, start + self.duration)) {
                slots.extend(self.slot(day, start, tz));
            }
            start = start.saturating_add(step);
        }
        slots
    }

    /// All slots of these calendar days, the first and the last included, in order, whether taken or not.
    #[must_use]
    pub fn of_days(&self, from: Date, to: Date, tz: &TimeZone) -> Vec<Slot> {
        let days = from.series(Span::new().days(1)).take_while(|day| *day <= to);
        days.flat_map(|day| self.day(day, tz)).collect()
    }

    /// All slots that start within from..to (moments), whether taken or not.
    #[must_use]
    pub fn between(&self, from: Timestamp, to: Timestamp, tz: &TimeZone) -> Vec<Slot> {
        let mut slots = self.of_days(tz.to_datetime(from).date(), tz.to_datetime(to).date(), tz);
        slots.retain(|slot| (from..to).contains(&slot.start));
        slots
    }

    /// The slot that starts exactly then, if there is one.
    #[must_use]
    pub fn at(&self, start: Timestamp, tz: &TimeZone) -> Option<Slot> {
        self.day(tz.to_datetime(start).date(), tz).into_iter().find(|slot| slot.start == start)
    }

    fn is_working_day(&self, day: Date) -> bool {
        self.days.contains(&day.weekday().into())
            && !self.days_off.contains(&day)
            && !self.leaves.iter().any(|leave| leave.contains(day))
    }

    /// The slot that starts so many local minutes after midnight. None where clocks are changed (see
    /// above), and where the moment is not on the grid that the database keeps.
    fn slot(&self, day: Date, minute: i64, tz: &TimeZone) -> Option<Slot> {
        let local = day.at(0, 0, 0, 0).checked_add(SignedDuration::from_mins(minute)).ok()?;
        let found = tz.to_ambiguous_timestamp(local);
        if matches!(found.offset(), AmbiguousOffset::Gap { .. }) {
            return None;
        }
        let start = found.earlier().ok()?;
        let end = start.checked_add(SignedDuration::from_mins(self.duration)).ok()?;
        let before_end = end.checked_sub(SignedDuration::from_secs(1)).ok()?;
        let is_even = tz.to_offset(start) == tz.to_offset(before_end);
        let is_on_grid = i128::from(start.as_microsecond()) % GRID.as_micros() == 0;
        (is_even && is_on_grid).then_some(Slot { start, end })
    }
}

/// The slots that none of `busy` (start, end pairs) overlaps.
#[must_use]
pub fn free(slots: &[Slot], busy: &[(Timestamp, Timestamp)]) -> Vec<Slot> {
    // ends[i]: the latest end of the busy times up to i, in the order of their starts
    let mut sorted = busy.to_vec();
    sorted.sort_unstable();
    let mut latest = Timestamp::MIN;
    for (_, end) in &mut sorted {
        latest = latest.max(*end);
        *end = latest;
    }
    let is_free = |slot: &Slot| {
        let begun = sorted.partition_point(|(start, _)| *start < slot.end);
        begun == 0 || sorted[begun - 1].1 <= slot.start
    };
    slots.iter().copied().filter(is_free).collect()
}
