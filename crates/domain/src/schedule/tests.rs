//! What holds of every schedule, on every day, in every zone.

use std::collections::BTreeSet;

use jiff::{
    civil::{date, time},
    tz,
};
use proptest::{collection::vec, prelude::*, sample::select};

use super::*;
use crate::days;

fn at(text: &str) -> TimeOfDay {
    TimeOfDay::parse_end(text).unwrap()
}

fn moment(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

/// Every day, from midnight to five, 20 and 10 minutes.
fn nights() -> Schedule {
    Schedule { days: Weekday::ALL.to_vec(), start: at("00:00"), end: at("05:00"), ..Schedule::default() }
}

/// The reference's sample.
fn sample() -> Schedule {
    Schedule {
        days: Weekday::ALL[..5].to_vec(),
        breaks: vec![Break::new(at("12:00"), at("13:00")).unwrap()],
        ..Schedule::default()
    }
}

/// The local times at which slots of a day start.
fn starts(schedule: &Schedule, day: Date, tz: &TimeZone) -> Vec<String> {
    let slots = schedule.day(day, tz);
    slots.iter().map(|slot| tz.to_datetime(slot.start).strftime("%H:%M").to_string()).collect()
}

#[test]
fn the_sample_of_the_reference() {
    let (schedule, tehran) = (sample(), days::tehran());
    let expected = [
        "09:00", "09:30", "10:00", "10:30", "11:00", "11:30", "13:00", "13:30", "14:00", "14:30", "15:00",
        "15:30", "16:00", "16:30",
    ];
    let saturday = date(2024, 1, 20);
    assert_eq!(starts(&schedule, saturday, &tehran), expected);
    let slots = schedule.day(saturday, &tehran);
    assert_eq!(
        (slots[0].start, slots[0].end),
        (moment("2024-01-20T05:30:00Z"), moment("2024-01-20T05:50:00Z"))
    );
    for (day, count) in [(21, 14), (22, 14), (23, 14), (24, 14), (25, 0), (26, 0), (27, 14)] {
        assert_eq!(schedule.day(date(2024, 1, day), &tehran).len(), count, "{day}");
    }
    assert!(schedule.wrong().is_empty());
}

#[test]
fn a_slot_that_would_touch_a_break_or_pass_the_end_is_left_out() {
    let tehran = days::tehran();
    let schedule = Schedule {
        duration: 45,
        buffer: 0,
        end: at("12:10"),
        breaks: vec![Break::new(at("10:25"), at("10:30")).unwrap()],
        ..sample()
    };
    // 09:45 would end within the break, 10:30 starts with its end, 11:15 + 45 is just in time
    assert_eq!(starts(&schedule, date(2024, 1, 20), &tehran), ["09:00", "10:30", "11:15"]);
    let until_midnight =
        Schedule { duration: 60, buffer: 0, start: at("22:00"), end: at("24:00"), ..sample() };
    assert_eq!(starts(&until_midnight, date(2024, 1, 20), &tehran), ["22:00", "23:00"]);
}

#[test]
fn leaves_go_over_the_ends_of_jalali_years() {
    let tehran = days::tehran();
    // 1402 ends with the 29th of Esfand, 1403 with the 30th
    for (from, to) in [("1402-12-29", "1403-01-01"), ("1403-12-30", "1404-01-01")] {
        let leave = Leave::new(days::parse(from).unwrap(), days::parse(to).unwrap()).unwrap();
        assert_eq!(leave.from.tomorrow().unwrap(), leave.to, "{from}");
        let schedule = Schedule { leaves: vec![leave], days: Weekday::ALL.to_vec(), ..sample() };
        let counts: Vec<_> = (-1..=2)
            .map(|n| leave.from.saturating_add(Span::new().days(n)))
            .map(|day| schedule.day(day, &tehran).len())
            .collect();
        assert_eq!(counts, [14, 0, 0, 14], "{from}");
    }
}

#[test]
fn a_local_time_that_is_skipped_has_no_slot_and_one_that_comes_twice_has_one() {
    let berlin = zone("Europe/Berlin");
    let spring = ["00:00", "00:30", "01:00", "01:30", "03:00", "03:30", "04:00", "04:30"];
    assert_eq!(starts(&nights(), date(2024, 3, 31), &berlin), spring);
    let slots = nights().day(date(2024, 3, 31), &berlin);
    assert_eq!(slots[4].start, moment("2024-03-31T01:00:00Z"));
    let autumn = nights().day(date(2024, 10, 27), &berlin);
    assert_eq!(autumn.len(), 10);
    assert_eq!(autumn[4].start, moment("2024-10-27T00:00:00Z"), "the first of the two");
    assert_eq!(autumn[6].start, moment("2024-10-27T02:00:00Z"));
    // what the change would cut through is left out
    let long = Schedule { duration: 50, buffer: 0, ..nights() };
    assert_eq!(starts(&long, date(2024, 3, 31), &berlin), ["00:00", "00:50", "03:20", "04:10"]);
    assert_eq!(starts(&long, date(2024, 10, 27), &berlin), ["00:00", "00:50", "01:40", "03:20", "04:10"]);
}

#[test]
fn iran_changed_its_clocks_at_midnight_until_1401() {
    let tehran = zone("Asia/Tehran");
    let spring = nights().day(date(2022, 3, 22), &tehran);
    assert_eq!(spring.len(), 8);
    assert_eq!(spring[0].start, moment("2022-03-21T20:30:00Z"), "one o'clock is the day's first");
    let late = Schedule { start: at("22:00"), end: at("24:00"), ..nights() };
    let autumn = late.day(date(2022, 9, 21), &tehran);
    let autumn: Vec<_> = autumn.iter().map(|slot| slot.start.to_string()).collect();
    let expected =
        ["2022-09-21T17:30:00Z", "2022-09-21T18:00:00Z", "2022-09-21T18:30:00Z", "2022-09-21T19:00:00Z"];
    assert_eq!(autumn, expected);
}

#[test]
fn what_is_not_on_the_grid_of_the_database_is_left_out() {
    let odd = TimeZone::fixed(tz::Offset::from_seconds(3 * 3600 + 7 * 60).unwrap());
    assert!(sample().day(date(2024, 1, 20), &odd).is_empty());
}

#[test]
fn what_does_not_fit_together_is_named() {
    let schedule = Schedule {
        days: vec![Weekday::Monday, Weekday::Friday, Weekday::Monday],
        breaks: [("08:00", "10:00"), ("09:30", "11:00"), ("11:00", "11:30"), ("16:00", "17:05")]
            .map(|(start, end)| Break::new(at(start), at(end)).unwrap())
            .to_vec(),
        ..Schedule::default()
    };
    let named = |name: &str, violation| (name.to_owned(), violation);
    assert_eq!(
        schedule.wrong(),
        [
            named("working_days", Violation::Overlap),
            named("break_times.0.start", Violation::OutsideHours),
            named("break_times.1", Violation::Overlap),
            named("break_times.3.end", Violation::OutsideHours),
        ]
    );
    let backwards = Schedule { start: at("17:00"), end: at("09:00"), ..Schedule::default() };
    assert_eq!(backwards.wrong(), [named("working_hours.end", Violation::Order)]);
}

#[test]
fn durations_are_in_steps_of_five() {
    assert_eq!((duration(5), duration(240), buffer(0), buffer(120)), (Ok(5), Ok(240), Ok(0), Ok(120)));
    for bad in [i64::MIN, 0, 4, 245, i64::MAX] {
        assert_eq!(duration(bad), Err(Violation::Range(5, 240)), "{bad}");
    }
    assert_eq!(buffer(125), Err(Violation::Range(0, 120)));
    assert_eq!((duration(7), buffer(119)), (Err(Violation::Multiple(5)), Err(Violation::Multiple(5))));
}

#[test]
fn nonsense_ends() {
    for (duration, buffer) in [(0, 0), (-5, 10), (i64::MIN, i64::MIN), (i64::MAX, i64::MAX)] {
        let schedule = Schedule { duration, buffer, ..nights() };
        assert!(schedule.day(date(2024, 1, 20), &days::tehran()).is_empty(), "{duration} {buffer}");
    }
}

/// Days around which something may go wrong: ends of Gregorian and Jalali months and years, and days on
/// which clocks are changed in one of the zones.
const DAYS: &[Date] = &[
    date(2023, 12, 31),
    date(2024, 2, 29),
    date(2024, 3, 19),
    date(2025, 3, 20),
    date(2025, 9, 22),
    date(2024, 3, 31),
    date(2024, 10, 27),
    date(2024, 3, 10),
    date(2024, 11, 3),
    date(2021, 3, 22),
    date(2022, 3, 21),
    date(2022, 3, 22),
    date(2022, 9, 21),
    date(2022, 9, 22),
    date(2024, 4, 7),
    date(2024, 10, 6),
    date(2024, 1, 20),
];
const ZONES: &[&str] =
    &["Asia/Tehran", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"];

fn minutes(steps: i64) -> TimeOfDay {
    TimeOfDay::from_minutes(steps * 5).unwrap()
}

prop_compose! {
    /// A schedule, a day near which it has days off and leaves, and a zone.
    fn world()(
        days in proptest::sample::subsequence(Weekday::ALL.to_vec(), 1..=7),
        (start, length) in (0_i64..288).prop_flat_map(|start| (Just(start), 1..=288 - start)),
        duration in 1_i64..=48,
        buffer in 0_i64..=24,
        breaks in vec((0_i64..264, 1_i64..=24), 0..4),
        base in select(DAYS),
        off in vec(-3_i64..=3, 0..3),
        leaves in vec((-4_i64..=4, 0_i64..=2), 0..2),
        zone in select(ZONES),
    ) -> (Schedule, Date, &'static str) {
        let schedule = Schedule {
            duration: duration * 5,
            buffer: buffer * 5,
            days,
            start: minutes(start),
            end: minutes(start + length),
            breaks: breaks
                .into_iter()
                .map(|(start, length)| Break { start: minutes(start), end: minutes(start + length) })
                .collect(),
            days_off: off.into_iter().map(|n| after(base, n)).collect(),
            leaves: leaves
                .into_iter()
                .map(|(first, more)| Leave { from: after(base, first), to: after(base, first + more) })
                .collect(),
        };
        (schedule, base, zone)
    }
}

fn after(day: Date, days: i64) -> Date {
    day.saturating_add(Span::new().days(days))
}

/// Minutes since local midnight, or none on another day.
fn minute_of(day: Date, moment: Timestamp, tz: &TimeZone) -> Option<i64> {
    let local = tz.to_datetime(moment);
    (local.date() == day).then(|| i64::from(local.hour()) * 60 + i64::from(local.minute()))
}

/// The slots of a day found the slow way: every five minutes of it are asked whether a slot starts there.
fn slowly(schedule: &Schedule, day: Date, tz: &TimeZone) -> Vec<Slot> {
    let is_off = schedule.days_off.contains(&day)
        || schedule.leaves.iter().any(|leave| leave.from <= day && day <= leave.to)
        || !schedule.days.contains(&Weekday::from(day.weekday()));
    let midnight = day.to_datetime(time(0, 0, 0, 0)).to_zoned(TimeZone::UTC).unwrap().timestamp();
    let (mut seen, mut slots) = (BTreeSet::new(), vec![]);
    for n in -15 * 12..39 * 12 {
        let start = midnight + SignedDuration::from_mins(5 * n);
        let Some(minute) = minute_of(day, start, tz) else { continue };
        let is_first = seen.insert(minute);
        let from_start = minute - schedule.start.minutes();
        let is_step = from_start >= 0 && from_start % (schedule.duration + schedule.buffer) == 0;
        if is_off || !is_first || !is_step || minute + schedule.duration > schedule.end.minutes() {
            continue;
        }
        let is_whole = (0..schedule.duration / 5).all(|n| {
            let moment = start + SignedDuration::from_mins(5 * n);
            let minute = minute + 5 * n;
            let is_break = |one: &Break| (one.start.minutes()..one.end.minutes()).contains(&minute);
            minute_of(day, moment, tz) == Some(minute) && !schedule.breaks.iter().any(is_break)
        });
        if is_whole {
            slots.push(Slot { start, end: start + SignedDuration::from_mins(schedule.duration) });
        }
    }
    slots
}

proptest! {
    #[test]
    fn slots_are_those_that_a_slow_look_finds((schedule, base, name) in world()) {
        let tz = zone(name);
        for day in [after(base, -1), base, after(base, 1)] {
            prop_assert_eq!(schedule.day(day, &tz), slowly(&schedule, day, &tz), "{} in {}", day, name);
        }
    }

    #[test]
    fn slots_are_apart_and_within_the_hours((schedule, base, name) in world()) {
        let tz = zone(name);
        let (first, last) = (after(base, -4), after(base, 30));
        let slots = schedule.of_days(first, last, &tz);
        for pair in slots.windows(2) {
            prop_assert!(pair[0].end <= pair[1].start, "{pair:?}");
        }
        for slot in &slots {
            let local = tz.to_datetime(slot.start);
            let day = local.date();
            let minute = minute_of(day, slot.start, &tz).unwrap();
            prop_assert_eq!(slot.end.duration_since(slot.start), SignedDuration::from_mins(schedule.duration));
            prop_assert_eq!(slot.start.as_microsecond() % 300_000_000, 0);
            prop_assert!(minute >= schedule.start.minutes());
            prop_assert!(minute + schedule.duration <= schedule.end.minutes());
            // no change of the clocks on the way
            let last_minute = slot.end - SignedDuration::from_mins(1);
            prop_assert_eq!(minute_of(day, last_minute, &tz), Some(minute + schedule.duration - 1));
            for one in &schedule.breaks {
                let is_apart =
                    minute + schedule.duration <= one.start.minutes() || one.end.minutes() <= minute;
                prop_assert!(is_apart, "{one:?}");
            }
            prop_assert!(schedule.days.contains(&day.weekday().into()));
            prop_assert!(!schedule.days_off.contains(&day));
            prop_assert!(!schedule.leaves.iter().any(|leave| leave.from <= day && day <= leave.to));
        }
    }

    #[test]
    fn looking_at_a_moment_and_between_two_finds_the_same(
        (schedule, base, name) in world(),
        from in 0_i64..288,
        length in 0_i64..600,
    ) {
        let tz = zone(name);
        let slots = schedule.of_days(after(base, -2), after(base, 4), &tz);
        let midnight = tz.to_ambiguous_timestamp(base.at(0, 0, 0, 0)).later().unwrap();
        let from = midnight + SignedDuration::from_mins(5 * from);
        let to = from + SignedDuration::from_mins(5 * length);
        let expected: Vec<_> = slots.iter().copied().filter(|s| from <= s.start && s.start < to).collect();
        prop_assert_eq!(schedule.between(from, to, &tz), expected);
        prop_assert!(schedule.between(to, from, &tz).is_empty());
        for slot in &slots {
            prop_assert_eq!(schedule.at(slot.start, &tz), Some(*slot));
            let beside = slot.start + SignedDuration::from_mins(5);
            let there = slots.iter().copied().find(|other| other.start == beside);
            prop_assert_eq!(schedule.at(beside, &tz), there);
            prop_assert_eq!(schedule.at(slot.start + SignedDuration::from_secs(1), &tz), None);
        }
    }

    #[test]
    fn what_is_free_overlaps_nothing(
        (schedule, base, name) in world(),
        taken in vec((0_i64..864, 1_i64..=48), 0..8),
    ) {
        let tz = zone(name);
        let slots = schedule.of_days(base, after(base, 2), &tz);
        let midnight = tz.to_ambiguous_timestamp(base.at(0, 0, 0, 0)).later().unwrap();
        let moment = |steps: i64| midnight + SignedDuration::from_mins(5 * steps);
        let busy: Vec<_> = taken.iter().map(|(at, long)| (moment(*at), moment(at + long))).collect();
        let open = free(&slots, &busy);
        for slot in &slots {
            let is_taken = busy.iter().any(|(start, end)| *start < slot.end && slot.start < *end);
            prop_assert_eq!(open.contains(slot), !is_taken);
        }
        prop_assert!(open.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
