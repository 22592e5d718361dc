//! Names of drugs as they are compared, however they are written.

use crate::fold::fold;

/// What a drug is given as: written with its name and no part of it. Folded.
const FORMS: &[&str] = &[
    "قرص",
    "کپسول",
    "شربت",
    "امپول",
    "قطره",
    "پماد",
    "کرم",
    "ژل",
    "سوسپانسیون",
    "tab",
    "tablet",
    "cap",
    "capsule",
    "syrup",
    "amp",
    "ampoule",
    "inj",
    "injection",
    "drop",
    "ointment",
    "cream",
    "gel",
    "suspension",
];

/// From so many letters on a name is recognised with an ending, too (`penicillins`).
const LONG: usize = 6;
/// What is shorter than this names nothing.
const SHORT: usize = 3;

/// A text as it is compared: folded, its words put together, and where they begin. People write
/// «پنی سیلین», «پنی‌سیلین» and «پنیسیلین».
pub(super) struct Folded {
    pub(super) text: String,
    /// In bytes.
    starts: Vec<usize>,
}

impl Folded {
    pub(super) fn of(text: &str) -> Self {
        let (mut all, mut starts) = (String::new(), vec![]);
        for word in text.split(|c: char| !c.is_alphanumeric()) {
            let word = fold(word);
            if !word.is_empty() {
                starts.push(all.len());
                all.push_str(&word);
            }
        }
        Self { text: all, starts }
    }

    /// The drug's name without form and strength: what stands before the first number.
    pub(super) fn without_strength(text: &str) -> Self {
        let text = crate::text::latin_digits(text);
        let words = text.split_inclusive(|c: char| !c.is_alphanumeric());
        let name: String = words
            .take_while(|word| !word.starts_with(|c: char| c.is_ascii_digit()))
            .filter(|word| !FORMS.contains(&fold(word).as_str()))
            .collect();
        Self::of(&name)
    }

    /// Whether these words are among its words.
    pub(super) fn has(&self, name: &Self) -> bool {
        let letters = name.text.chars().count();
        letters >= SHORT
            && self.starts.iter().any(|start| {
                let rest = self.text.get(*start..).unwrap_or_default();
                let end = start + name.text.len();
                let ends_a_word = || end == self.text.len() || self.starts.contains(&end);
                rest.starts_with(&name.text) && (letters >= LONG || ends_a_word())
            })
    }
}
