//! What a schedule is made of: days of the week, times of day, breaks, leaves.

use jiff::civil::{self, Date};
use serde::{Deserialize, Serialize};

use crate::{
    text::latin_digits,
    violation::{Parsed, Violation},
};

/// A day of the Persian week, which starts on Saturday.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Weekday {
    Saturday,
    Sunday,
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
}

impl Weekday {
    pub const ALL: [Self; 7] = [
        Self::Saturday,
        Self::Sunday,
        Self::Monday,
        Self::Tuesday,
        Self::Wednesday,
        Self::Thursday,
        Self::Friday,
    ];
    pub const NAMES: [&'static str; 7] =
        ["saturday", "sunday", "monday", "tuesday", "wednesday", "thursday", "friday"];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Saturday => "saturday",
            Self::Sunday => "sunday",
            Self::Monday => "monday",
            Self::Tuesday => "tuesday",
            Self::Wednesday => "wednesday",
            Self::Thursday => "thursday",
            Self::Friday => "friday",
        }
    }

    pub fn parse(name: &str) -> Parsed<Self> {
        Self::ALL.into_iter().find(|day| day.as_str() == name).ok_or(Violation::Choice(&Self::NAMES))
    }
}

impl From<civil::Weekday> for Weekday {
    fn from(day: civil::Weekday) -> Self {
        match day {
            civil::Weekday::Saturday => Self::Saturday,
            civil::Weekday::Sunday => Self::Sunday,
            civil::Weekday::Monday => Self::Monday,
            civil::Weekday::Tuesday => Self::Tuesday,
            civil::Weekday::Wednesday => Self::Wednesday,
            civil::Weekday::Thursday => Self::Thursday,
            civil::Weekday::Friday => Self::Friday,
        }
    }
}

/// Minutes of a day.
const DAY: i64 = 24 * 60;
/// Times and durations are multiples of this. Minutes.
pub(super) const STEP: i64 = 5;

/// A local time of day on the grid of five minutes, `00:00` to `24:00` (the day's end).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TimeOfDay(i64);

impl TimeOfDay {
    pub(super) const NINE: Self = Self(9 * 60);
    pub(super) const SEVENTEEN: Self = Self(17 * 60);

    /// So many minutes after midnight: a multiple of five, at most a whole day.
    pub fn from_minutes(minutes: i64) -> Parsed<Self> {
        let is_on_grid = (0..=DAY).contains(&minutes) && minutes % STEP == 0;
        if is_on_grid { Ok(Self(minutes)) } else { Err(Violation::TimeOfDay) }
    }

    /// Reads `09:00`, in any digits: a time at which something can begin.
    pub fn parse(text: &str) -> Parsed<Self> {
        let time = Self::parse_end(text)?;
        if time.0 < DAY { Ok(time) } else { Err(Violation::TimeOfDay) }
    }

    /// The same, or `24:00`: a time at which something can end.
    pub fn parse_end(text: &str) -> Parsed<Self> {
        let text = latin_digits(text.trim());
        let two_digits = |part: &str| {
            let is_number = part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
            if is_number { part.parse::<i64>().ok() } else { None }
        };
        let (hour, minute) = text.split_once(':').ok_or(Violation::TimeOfDay)?;
        match (two_digits(hour), two_digits(minute)) {
            (Some(hour), Some(minute)) if minute < 60 => Self::from_minutes(hour * 60 + minute),
            _ => Err(Violation::TimeOfDay),
        }
    }

    /// Since midnight.
    #[must_use]
    pub const fn minutes(self) -> i64 {
        self.0
    }
}

impl std::fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

impl From<TimeOfDay> for String {
    fn from(time: TimeOfDay) -> Self {
        time.to_string()
    }
}

impl TryFrom<String> for TimeOfDay {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse_end(&text).map_err(|_| "not a time of day")
    }
}

/// A part of every working day in which nobody is seen; the end is no part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Break {
    pub start: TimeOfDay,
    pub end: TimeOfDay,
}

impl Break {
    /// [`Violation::Order`] unless it ends after it starts.
    pub fn new(start: TimeOfDay, end: TimeOfDay) -> Parsed<Self> {
        if start < end { Ok(Self { start, end }) } else { Err(Violation::Order) }
    }

    /// Whether the minutes `start..end` of a day share any with it.
    pub(super) const fn touches(self, start: i64, end: i64) -> bool {
        self.start.minutes() < end && start < self.end.minutes()
    }
}

/// Days away, the first and the last included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Leave {
    pub from: Date,
    pub to: Date,
}

impl Leave {
    /// [`Violation::Order`] where the last day is before the first.
    pub fn new(from: Date, to: Date) -> Parsed<Self> {
        if from <= to { Ok(Self { from, to }) } else { Err(Violation::Order) }
    }

    pub(super) fn contains(self, day: Date) -> bool {
        (self.from..=self.to).contains(&day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_day_are_on_the_grid() {
        assert_eq!(TimeOfDay::parse("09:05").map(TimeOfDay::minutes), Ok(545));
        assert_eq!(TimeOfDay::parse("۰۹:۰۰").map(|t| t.to_string()).as_deref(), Ok("09:00"));
        assert_eq!(TimeOfDay::parse_end("24:00").map(TimeOfDay::minutes), Ok(1440));
        for bad in [
            "", "9", "9:00", "09:0", "09:01", "24:00", "24:05", "25:00", "09:60", "-1:00", "+9:00",
            "09:00:00",
        ] {
            assert_eq!(TimeOfDay::parse(bad), Err(Violation::TimeOfDay), "{bad}");
        }
        assert_eq!(TimeOfDay::try_from(String::from("24:00")).map(String::from).as_deref(), Ok("24:00"));
        assert!(TimeOfDay::try_from(String::from("24:01")).is_err());
        assert!(TimeOfDay::from_minutes(-5).is_err() && TimeOfDay::from_minutes(1445).is_err());
    }

    #[test]
    fn the_week_starts_on_saturday() {
        assert_eq!(Weekday::from(civil::date(2024, 1, 20).weekday()), Weekday::ALL[0]);
        for (n, day) in (0_i8..).zip(Weekday::ALL) {
            assert_eq!(Weekday::from(civil::date(2024, 1, 20 + n).weekday()), day);
            assert_eq!(Weekday::parse(day.as_str()), Ok(day));
        }
        assert_eq!(Weekday::ALL.map(Weekday::as_str), Weekday::NAMES);
        for bad in ["", "Saturday", "shanbe", "sat"] {
            assert_eq!(Weekday::parse(bad), Err(Violation::Choice(&Weekday::NAMES)), "{bad}");
        }
    }

    #[test]
    fn what_ends_before_it_starts_is_refused() {
        let (noon, one) = (TimeOfDay(720), TimeOfDay(780));
        assert_eq!(Break::new(noon, one), Ok(Break { start: noon, end: one }));
        assert_eq!(Break::new(noon, noon), Err(Violation::Order));
        let (first, last) = (civil::date(2024, 3, 19), civil::date(2024, 3, 20));
        assert!(Leave::new(first, first).is_ok() && Leave::new(first, last).is_ok());
        assert_eq!(Leave::new(last, first), Err(Violation::Order));
    }
}
