//! What a doctor should notice before signing: allergies, the same drug twice, two of one class, and what
//! the patient takes already. Warnings inform; they never block.

mod drug;
mod folded;
#[cfg(test)]
mod tests;

use super::Item;
use drug::{Drug, Table};
use folded::Folded;

/// A drug of the drug list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    pub code: String,
    pub name_fa: String,
    pub name_en: String,
    /// Such as `penicillin`; empty where the list has none.
    pub class: String,
}

/// What a warning is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The patient says that they are allergic to it or to its family.
    Allergy,
    /// Another item is the same drug.
    Duplicate,
    /// Another item is of the same class.
    DuplicateClass,
    /// The patient says that they take it already.
    CurrentMedication,
}

impl Kind {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allergy => "allergy",
            Self::Duplicate => "duplicate",
            Self::DuplicateClass => "duplicate_class",
            Self::CurrentMedication => "current_medication",
        }
    }
}

/// One thing to notice.
#[derive(Clone, PartialEq, Eq)]
pub struct Warning {
    pub kind: Kind,
    /// The item's place in the prescription, from 0.
    pub item: usize,
    /// The allergy, the other item's drug or the medication, as it was written.
    pub with: String,
}

crate::blank_debug!(Warning);

/// All warnings, in the order of the items. `known`: what the drug list has of these items, at least;
/// `allergies` and `current` (medications): as the patient's profile has them.
#[must_use]
pub fn warnings(items: &[Item], known: &[Known], allergies: &[String], current: &[String]) -> Vec<Warning> {
    let table = Table::of(known);
    let drugs: Vec<_> = items.iter().map(|item| Drug::of(item, &table)).collect();
    let (allergies, current) = (texts(allergies), texts(current));
    let mut found = vec![];
    for (item, drug) in drugs.iter().enumerate() {
        let mut warn = |kind, with: &str| found.push(Warning { kind, item, with: with.to_owned() });
        for (allergy, _) in allergies.iter().filter(|(_, folded)| drug.is_meant_by(folded)) {
            warn(Kind::Allergy, allergy);
        }
        let before = || items.iter().zip(&drugs).take(item);
        if let Some((other, _)) = before().find(|(_, other)| drug.is_same(other)) {
            warn(Kind::Duplicate, &other.drug_name);
        } else if let Some((other, _)) = before().find(|(_, other)| drug.is_of_the_class_of(other)) {
            warn(Kind::DuplicateClass, &other.drug_name);
        }
        for (taken, _) in current.iter().filter(|(_, folded)| drug.is_named_in(folded)) {
            warn(Kind::CurrentMedication, taken);
        }
    }
    found
}

/// Each as it was written, and folded.
fn texts(written: &[String]) -> Vec<(&str, Folded)> {
    written.iter().map(|text| (text.as_str(), Folded::of(text))).collect()
}
