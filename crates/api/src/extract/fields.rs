//! Reads the fields of a request one by one and collects everything that is wrong with them, so that a
//! client hears it all at once. What is not read is not known, and refused.

use std::collections::BTreeSet;

use domain::{Timestamp, Violation, text::is_dangerous, violation::Parsed};
use serde_json::{Map, Value};

use super::money::WATCHED;

/// The fields of one object.
pub(crate) struct Fields<'a> {
    prefix: String,
    values: &'a Map<String, Value>,
    now: Timestamp,
    read: BTreeSet<&'static str>,
    wrong: Vec<(String, Violation)>,
}

impl<'a> Fields<'a> {
    pub(crate) fn of(values: &'a Map<String, Value>, now: Timestamp) -> Self {
        Self { prefix: String::new(), values, now, read: BTreeSet::new(), wrong: Vec::new() }
    }

    /// A field that must be there.
    pub(crate) fn required<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&Value) -> Parsed<T>,
    ) -> Option<T> {
        let value = self.optional(name, read)?;
        if value.is_none() {
            self.violated(name, Violation::Required);
        }
        value
    }

    /// A field that may be missing or `null`. The outer option is none when it is wrong.
    #[expect(clippy::option_option, reason = "wrong, missing, there")]
    pub(crate) fn optional<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&Value) -> Parsed<T>,
    ) -> Option<Option<T>> {
        self.read.insert(name);
        match self.values.get(name) {
            None | Some(Value::Null) => Some(None),
            Some(value) => match read(value) {
                Ok(value) => Some(Some(value)),
                Err(violation) => {
                    self.violated(name, violation);
                    None
                }
            },
        }
    }

    /// Whether the field is there, be it `null`.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// An object inside; its fields are named with a dot. Missing or `null` reads as empty.
    pub(crate) fn object<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&mut Fields<'_>) -> T,
    ) -> Option<T> {
        self.read.insert(name);
        let empty = Map::new();
        let values = match self.values.get(name) {
            None | Some(Value::Null) => &empty,
            Some(Value::Object(values)) => values,
            Some(_) => {
                self.violated(name, Violation::Type);
                return None;
            }
        };
        let mut inner = Fields::of(values, self.now);
        inner.prefix = format!("{}{name}.", self.prefix);
        let value = read(&mut inner);
        inner.refuse_unknown();
        self.wrong.append(&mut inner.wrong);
        Some(value)
    }

    /// A list of at most `max` objects; their fields are named `list.0.field`. Otherwise as [`Self::optional`].
    #[expect(clippy::option_option, reason = "wrong, missing, there")]
    pub(crate) fn objects<T>(
        &mut self,
        name: &'static str,
        max: usize,
        read: impl Fn(&mut Fields<'_>) -> Option<T>,
    ) -> Option<Option<Vec<T>>> {
        self.read.insert(name);
        let items = match self.values.get(name) {
            None | Some(Value::Null) => return Some(None),
            Some(Value::Array(items)) if items.len() <= max => items,
            Some(Value::Array(_)) => {
                self.violated(name, Violation::TooMany(max));
                return None;
            }
            Some(_) => {
                self.violated(name, Violation::Type);
                return None;
            }
        };
        let mut all = Some(Vec::with_capacity(items.len()));
        for (n, item) in items.iter().enumerate() {
            let Value::Object(values) = item else {
                self.violated(&format!("{name}.{n}"), Violation::Type);
                all = None;
                continue;
            };
            let mut inner = Fields::of(values, self.now);
            inner.prefix = format!("{}{name}.{n}.", self.prefix);
            all = match (read(&mut inner), all) {
                (Some(value), Some(mut all)) => {
                    all.push(value);
                    Some(all)
                }
                _ => None,
            };
            inner.refuse_unknown();
            self.wrong.append(&mut inner.wrong);
        }
        all.map(Some)
    }

    /// Says that a field is wrong.
    pub(crate) fn violated(&mut self, name: &str, violation: Violation) {
        self.wrong.push((format!("{}{name}", self.prefix), violation));
    }

    /// Fields that nobody read.
    pub(crate) fn refuse_unknown(&mut self) {
        let mut unknown: Vec<_> = self
            .values
            .keys()
            .filter(|key| !self.read.contains(key.as_str()))
            // an attacker's key is not repeated at length
            .map(|key| key.chars().filter(|c| !is_dangerous(*c)).take(60).collect::<String>())
            .collect();
        // somebody's wish for other money is not lost among twenty others
        unknown.sort_by_key(|name| !WATCHED.contains(&name.as_str()));
        for name in unknown.iter().take(20) {
            self.violated(name, Violation::Unknown);
        }
    }

    /// When the request came, for rules about days.
    pub(crate) const fn now(&self) -> Timestamp {
        self.now
    }

    /// All that is wrong.
    pub(crate) fn wrong(self) -> Vec<(String, Violation)> {
        self.wrong
    }
}

/// A text, then a rule of its own.
pub(crate) fn text<T>(rule: impl FnOnce(&str) -> Parsed<T>) -> impl FnOnce(&Value) -> Parsed<T> {
    |value| rule(value.as_str().ok_or(Violation::Type)?)
}

/// True or false.
pub(crate) fn boolean(value: &Value) -> Parsed<bool> {
    value.as_bool().ok_or(Violation::Type)
}

/// A whole number between bounds, both allowed.
pub(crate) fn integer(min: i64, max: i64) -> impl FnOnce(&Value) -> Parsed<i64> {
    move |value| {
        let number = value.as_number().ok_or(Violation::Type)?;
        // 15.0 is a whole number in JSON
        let whole_float = || number.as_f64().filter(|n| n.fract() == 0.0 && n.abs() < 1e15).map(whole);
        let number = number.as_i64().or_else(whole_float);
        number.filter(|n| (min..=max).contains(n)).ok_or(Violation::Range(min, max))
    }
}

/// The same in a query string, in digits.
pub(crate) fn digits(min: i64, max: i64) -> impl FnOnce(&Value) -> Parsed<i64> {
    text(move |text| {
        let number = text.parse().ok().filter(|n| (min..=max).contains(n));
        number.ok_or(Violation::Range(min, max))
    })
}

#[expect(clippy::cast_possible_truncation, reason = "whole and below 10^15, as its caller made sure")]
const fn whole(number: f64) -> i64 {
    number as i64
}

/// A number, then a rule of its own.
pub(crate) fn number<T>(rule: impl FnOnce(f64) -> Parsed<T>) -> impl FnOnce(&Value) -> Parsed<T> {
    |value| rule(value.as_f64().ok_or(Violation::Type)?)
}

/// A list of at most `max` texts, each under the same rule.
pub(crate) fn list<T>(max: usize, rule: impl Fn(&str) -> Parsed<T>) -> impl FnOnce(&Value) -> Parsed<Vec<T>> {
    move |value| {
        let items = value.as_array().ok_or(Violation::Type)?;
        if items.len() > max {
            return Err(Violation::TooMany(max));
        }
        items.iter().map(|item| rule(item.as_str().ok_or(Violation::Type)?)).collect()
    }
}
