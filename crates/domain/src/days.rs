//! Calendar days: Jalali on the wire, Gregorian in the program and the database (D9).

use icu_calendar::{Gregorian, cal::Persian};
use jiff::{Timestamp, civil::Date, tz::TimeZone};

use crate::{
    text::latin_digits,
    violation::{Parsed, Violation},
};

/// Years from here on are Gregorian.
const FIRST_GREGORIAN_YEAR: i32 = 1700;

/// Reads `1370-01-01` (Jalali) or `1991-03-21` (Gregorian), in any digits, with `-` or `/`.
pub fn parse(text: &str) -> Parsed<Date> {
    let text = latin_digits(text.trim());
    let mut parts = text.split(['-', '/']);
    let mut part = |lengths: std::ops::RangeInclusive<usize>| {
        parts
            .next()
            .filter(|p| lengths.contains(&p.len()) && p.bytes().all(|b| b.is_ascii_digit()))
            .and_then(|p| p.parse::<i32>().ok())
            .ok_or(Violation::Date)
    };
    let (year, month, day) = (part(4..=4)?, part(1..=2)?, part(1..=2)?);
    if parts.next().is_some() {
        return Err(Violation::Date);
    }
    let small = |n: i32| u8::try_from(n).map_err(|_| Violation::Date);
    if year >= FIRST_GREGORIAN_YEAR {
        let small = |n: i32| i8::try_from(n).map_err(|_| Violation::Date);
        let year = i16::try_from(year).map_err(|_| Violation::Date)?;
        let date = Date::new(year, small(month)?, small(day)?).map_err(|_| Violation::Date)?;
        // what would be written as a year that reads as Gregorian again
        return if jalali_year(date) < FIRST_GREGORIAN_YEAR { Ok(date) } else { Err(Violation::Date) };
    }
    if year < 1 {
        return Err(Violation::Date);
    }
    let jalali =
        icu_calendar::Date::try_new_persian(year, small(month)?, small(day)?).map_err(|_| Violation::Date)?;
    gregorian(jalali).ok_or(Violation::Date)
}

fn jalali_year(day: Date) -> i32 {
    let month = day.month().unsigned_abs();
    icu_calendar::Date::try_new_gregorian(day.year().into(), month, day.day().unsigned_abs())
        .map_or(i32::MAX, |date| date.to_calendar(Persian).year().extended_year())
}

fn gregorian(jalali: icu_calendar::Date<Persian>) -> Option<Date> {
    let day = jalali.to_calendar(Gregorian);
    let year = i16::try_from(day.year().extended_year()).ok()?;
    let month = i8::try_from(day.month().ordinal).ok()?;
    Date::new(year, month, i8::try_from(day.day_of_month().0).ok()?).ok()
}

/// `1370-01-01`.
#[must_use]
pub fn jalali(day: Date) -> String {
    let month = day.month().unsigned_abs();
    let date = icu_calendar::Date::try_new_gregorian(day.year().into(), month, day.day().unsigned_abs());
    match date.map(|d| d.to_calendar(Persian)) {
        Ok(d) => {
            format!("{:04}-{:02}-{:02}", d.year().extended_year(), d.month().ordinal, d.day_of_month().0)
        }
        // every jiff date is a Gregorian date, so this arm is never taken
        Err(_) => day.to_string(),
    }
}

const MONTHS: [&str; 12] =
    ["فروردین", "اردیبهشت", "خرداد", "تیر", "مرداد", "شهریور", "مهر", "آبان", "آذر", "دی", "بهمن", "اسفند"];
const WEEKDAYS: [&str; 7] = ["دوشنبه", "سه‌شنبه", "چهارشنبه", "پنجشنبه", "جمعه", "شنبه", "یکشنبه"];

/// As a Persian reader says it, in Tehran's time: `پنجشنبه 5 بهمن 1402 ساعت 18:30`.
#[must_use]
pub fn spoken(at: Timestamp) -> String {
    let local = at.to_zoned(tehran());
    let written = jalali(local.date());
    let mut parts = written.split('-').map(|part| part.parse::<usize>().unwrap_or(0));
    let (year, month, day) =
        (parts.next().unwrap_or(0), parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    let month = MONTHS.get(month.wrapping_sub(1)).copied().unwrap_or_default();
    let weekday = usize::try_from(local.weekday().to_monday_zero_offset()).unwrap_or(0);
    let weekday = WEEKDAYS.get(weekday).copied().unwrap_or_default();
    format!("{weekday} {day} {month} {year} ساعت {:02}:{:02}", local.hour(), local.minute())
}

/// The moment at which a day begins in Tehran.
#[must_use]
pub fn tehran_midnight(day: Date) -> Timestamp {
    day.to_zoned(tehran()).map_or(Timestamp::MIN, |zoned| zoned.timestamp())
}

/// That many calendar days.
#[must_use]
pub fn span_of_days(days: i64) -> jiff::Span {
    jiff::Span::new().days(days)
}

/// The Saturday that begins a day's week (D25).
#[must_use]
pub fn week_start(day: Date) -> Date {
    let since_saturday = (i64::from(day.weekday().to_monday_zero_offset()) + 2) % 7;
    day.saturating_sub(jiff::Span::new().days(since_saturday))
}

/// Whole years between a birth date and a day.
#[must_use]
pub fn age(born: Date, on: Date) -> i64 {
    let years = i64::from(on.year()) - i64::from(born.year());
    if (on.month(), on.day()) < (born.month(), born.day()) { years - 1 } else { years }
}

/// The time zone of moments on the wire.
#[must_use]
pub const fn utc() -> TimeZone {
    TimeZone::UTC
}

/// Today in Tehran. Iran keeps UTC+03:30 all year since 1401 (before that with summer time, which
/// the time zone database knows).
#[must_use]
pub fn tehran_today(now: Timestamp) -> Date {
    now.to_zoned(tehran()).date()
}

/// The time zone of calendar days, working hours and "today".
#[must_use]
pub fn tehran() -> TimeZone {
    TimeZone::get("Asia/Tehran").unwrap_or_else(|_| {
        TimeZone::fixed(jiff::tz::offset(3).saturating_add(jiff::Span::new().minutes(30)))
    })
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_sample_days() {
        assert_eq!(parse("1370-01-01"), Ok(date(1991, 3, 21)));
        assert_eq!(parse("۱۳۷۰/۱/۱"), Ok(date(1991, 3, 21)));
        assert_eq!(parse("1991-03-21"), Ok(date(1991, 3, 21)));
        assert_eq!(jalali(date(1991, 3, 21)), "1370-01-01");
        assert_eq!(parse("1403-12-29"), Ok(date(2025, 3, 19)));
    }

    #[test]
    fn leap_years_are_those_of_the_official_calendar() {
        for leap in [1399, 1403, 1408] {
            assert!(parse(&format!("{leap}-12-30")).is_ok(), "{leap}");
        }
        for common in [1400, 1401, 1402, 1404, 1405, 1406, 1407] {
            assert_eq!(parse(&format!("{common}-12-30")), Err(Violation::Date), "{common}");
        }
    }

    #[test]
    fn what_is_no_day_is_refused() {
        for bad in [
            "",
            "1370",
            "1370-01",
            "1370-13-01",
            "1370-00-01",
            "1370-07-31",
            "70-01-01",
            "1370-01-01-01",
            "1370-01-32",
            "2023-02-29",
            "0000-01-01",
            "99999-01-01",
            "+370-01-01",
            "9999-12-31",
            "1370-01-1a",
        ] {
            assert_eq!(parse(bad), Err(Violation::Date), "{bad}");
        }
    }

    #[test]
    fn a_moment_is_spoken_in_tehran() {
        let at: Timestamp = "2024-01-25T15:00:00Z".parse().unwrap();
        assert_eq!(spoken(at), "پنجشنبه 5 بهمن 1402 ساعت 18:30");
        assert_eq!(spoken("2025-03-20T20:30:00Z".parse().unwrap()), "جمعه 1 فروردین 1404 ساعت 00:00");
    }

    #[test]
    fn weeks_begin_on_saturday() {
        for (day, saturday) in [(20, 20), (21, 20), (26, 20), (27, 27)] {
            assert_eq!(week_start(date(2024, 1, day)), date(2024, 1, saturday));
        }
        assert_eq!(tehran_midnight(date(2024, 1, 21)), "2024-01-20T20:30:00Z".parse().unwrap());
    }

    #[test]
    fn a_year_is_full_on_the_birthday() {
        let born = date(1988, 2, 29);
        assert_eq!(age(born, date(2024, 2, 28)), 35);
        assert_eq!(age(born, date(2024, 2, 29)), 36);
        assert_eq!(age(born, date(2023, 3, 1)), 35);
    }

    #[test]
    fn tehran_is_ahead_of_utc() {
        let late: Timestamp = "2024-01-20T20:30:00Z".parse().unwrap();
        assert_eq!(tehran_today(late), date(2024, 1, 21));
    }

    proptest! {
        #[test]
        fn what_we_write_reads_back(year in 1900_i16..2120, day in 0_i32..365) {
            let given = date(year, 1, 1).saturating_add(jiff::Span::new().days(day));
            prop_assert_eq!(parse(&jalali(given)), Ok(given));
            prop_assert_eq!(parse(&given.to_string()), Ok(given));
        }
    }
}
