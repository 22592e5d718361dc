//! A drug as it is recognised: by its names, its class and its family.

use super::{Known, folded::Folded};
use crate::prescription::{
    Item,
    families::{FAMILIES, Family},
};

/// What items are compared with, folded once.
pub(super) struct Table<'a> {
    /// Each with its two names without their strengths.
    known: Vec<(&'a Known, [Folded; 2])>,
    families: Vec<FoldedFamily>,
}

/// A [`Family`].
struct FoldedFamily {
    classes: Vec<Folded>,
    /// Of the family and of its drugs.
    names: Vec<Folded>,
}

impl<'a> Table<'a> {
    pub(super) fn of(known: &'a [Known]) -> Self {
        let names = |drug: &Known| [&drug.name_fa, &drug.name_en].map(|name| Folded::without_strength(name));
        let folded = |words: &[&str]| words.iter().map(|word| Folded::of(word)).collect::<Vec<_>>();
        let family = |family: &Family| FoldedFamily {
            classes: folded(family.classes),
            names: folded(&[family.words, family.drugs].concat()),
        };
        Self {
            known: known.iter().map(|drug| (drug, names(drug))).collect(),
            families: FAMILIES.iter().map(family).collect(),
        }
    }

    /// What the list has of an item: by its code, or by its name where the doctor did not choose from it.
    fn listed(&self, item: &Item) -> Option<&'a Known> {
        let name = Folded::without_strength(&item.drug_name).text;
        let found = self.known.iter().find(|(drug, names)| match &item.drug_code {
            Some(code) => drug.code == *code,
            None => !name.is_empty() && names.iter().any(|listed| listed.text == name),
        });
        found.map(|(drug, _)| *drug)
    }
}

/// An item, and what is known of its drug.
pub(super) struct Drug<'a> {
    code: Option<&'a str>,
    /// As the item and the list write it.
    texts: Vec<Folded>,
    /// The same without strengths.
    names: Vec<Folded>,
    class: Folded,
    /// Its place in the table.
    family: Option<(usize, &'a FoldedFamily)>,
}

impl<'a> Drug<'a> {
    pub(super) fn of(item: &'a Item, table: &'a Table<'_>) -> Self {
        let listed = table.listed(item);
        let mut written = vec![item.drug_name.as_str()];
        if let Some(drug) = listed {
            written.extend([drug.name_fa.as_str(), drug.name_en.as_str()]);
        }
        let texts: Vec<_> = written.iter().map(|text| Folded::of(text)).collect();
        let class = Folded::of(listed.map_or("", |drug| drug.class.as_str()));
        let is_of = |family: &FoldedFamily| {
            family.classes.iter().any(|one| one.text == class.text)
                || family.names.iter().any(|name| texts.iter().any(|text| text.has(name)))
        };
        let family = table.families.iter().enumerate().find(|(_, family)| is_of(family));
        Self {
            code: item.drug_code.as_deref(),
            names: written.iter().map(|text| Folded::without_strength(text)).collect(),
            texts,
            class,
            family,
        }
    }

    pub(super) fn is_named_in(&self, text: &Folded) -> bool {
        self.names.iter().any(|name| text.has(name))
    }

    /// Whether somebody who wrote this into their allergies means this drug or its family.
    pub(super) fn is_meant_by(&self, allergy: &Folded) -> bool {
        self.is_named_in(allergy)
            || self.texts.iter().any(|text| text.has(allergy))
            || allergy.has(&self.class)
            || self.family.is_some_and(|(_, family)| family.names.iter().any(|name| allergy.has(name)))
    }

    pub(super) fn is_same(&self, other: &Self) -> bool {
        let is_one_name = |name: &Folded| {
            !name.text.is_empty() && other.names.iter().any(|theirs| theirs.text == name.text)
        };
        (self.code.is_some() && self.code == other.code) || self.names.iter().any(is_one_name)
    }

    pub(super) fn is_of_the_class_of(&self, other: &Self) -> bool {
        let place = |drug: &Self| drug.family.map(|(place, _)| place);
        let is_one_class = !self.class.text.is_empty() && self.class.text == other.class.text;
        is_one_class || (place(self).is_some() && place(self) == place(other))
    }
}
