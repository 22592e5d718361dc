//! What a doctor should notice before signing: allergies, the same drug twice, two of one class, and what
//! the patient takes already. Warnings inform; they never block.

use super::{
    Item,
    families::{FAMILIES, Family},
};
use crate::fold::fold;

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
struct Folded {
    text: String,
    /// In bytes.
    starts: Vec<usize>,
}

impl Folded {
    fn of(text: &str) -> Self {
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
    fn without_strength(text: &str) -> Self {
        let text = crate::text::latin_digits(text);
        let words = text.split_inclusive(|c: char| !c.is_alphanumeric());
        let name: String = words
            .take_while(|word| !word.starts_with(|c: char| c.is_ascii_digit()))
            .filter(|word| !FORMS.contains(&fold(word).as_str()))
            .collect();
        Self::of(&name)
    }

    /// Whether these words are among its words.
    fn has(&self, name: &Self) -> bool {
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

/// What items are compared with, folded once.
struct Table<'a> {
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
    fn of(known: &'a [Known]) -> Self {
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
struct Drug<'a> {
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
    fn of(item: &'a Item, table: &'a Table<'_>) -> Self {
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

    fn is_named_in(&self, text: &Folded) -> bool {
        self.names.iter().any(|name| text.has(name))
    }

    /// Whether somebody who wrote this into their allergies means this drug or its family.
    fn is_meant_by(&self, allergy: &Folded) -> bool {
        self.is_named_in(allergy)
            || self.texts.iter().any(|text| text.has(allergy))
            || allergy.has(&self.class)
            || self.family.is_some_and(|(_, family)| family.names.iter().any(|name| allergy.has(name)))
    }

    fn is_same(&self, other: &Self) -> bool {
        let is_one_name = |name: &Folded| {
            !name.text.is_empty() && other.names.iter().any(|theirs| theirs.text == name.text)
        };
        (self.code.is_some() && self.code == other.code) || self.names.iter().any(is_one_name)
    }

    fn is_of_the_class_of(&self, other: &Self) -> bool {
        let place = |drug: &Self| drug.family.map(|(place, _)| place);
        let is_one_class = !self.class.text.is_empty() && self.class.text == other.class.text;
        is_one_class || (place(self).is_some() && place(self) == place(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(name: &str) -> Item {
        Item { drug_name: name.into(), ..Item::default() }
    }

    fn coded(code: &str, name: &str) -> Item {
        Item { drug_code: Some(code.into()), ..item(name) }
    }

    fn known() -> Vec<Known> {
        [
            ("A1", "آموکسی‌سیلین 500", "Amoxicillin 500", "penicillin"),
            ("C1", "سفیکسیم", "Cefixime", "cephalosporin"),
            ("M1", "متفورمین", "Metformin", "biguanide"),
            ("S1", "آتورواستاتین", "Atorvastatin", "statin"),
            ("S2", "سیمواستاتین", "Simvastatin", "statin"),
            ("X1", "فروس سولفات", "Ferrous sulfate", "iron"),
        ]
        .map(|(code, name_fa, name_en, class)| Known {
            code: code.into(),
            name_fa: name_fa.into(),
            name_en: name_en.into(),
            class: class.into(),
        })
        .to_vec()
    }

    fn told(items: &[Item], allergies: &[&str], current: &[&str]) -> Vec<(Kind, usize, String)> {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        warnings(items, &known(), &texts(allergies), &texts(current))
            .into_iter()
            .map(|warning| (warning.kind, warning.item, warning.with))
            .collect()
    }

    #[test]
    fn who_is_allergic_to_penicillin_is_warned_of_all_penicillins() {
        for allergy in [
            "پنی‌سیلین",
            "پنی سیلین",
            "پنیسیلین",
            "پني‌سيلين",
            "حساسیت به پنی‌سیلین‌ها",
            "Penicillin",
            "penicillins (rash)",
            "amoxicillin",
        ] {
            for item in [
                coded("A1", "آموکسی‌سیلین"),
                item("آموکسی سیلین ۵۰۰"),
                item("Amoxicillin 250 mg"),
                item("کوآموکسی‌کلاو"),
                item("Ampicillin"),
                item("پنی‌سیلین ۸۰۰"),
            ] {
                let expected = [(Kind::Allergy, 0, allergy.to_owned())];
                assert_eq!(told(std::slice::from_ref(&item), &[allergy], &[]), expected, "{allergy}");
            }
            assert!(told(&[coded("M1", "متفورمین"), item("Cefixime")], &[allergy], &[]).is_empty());
        }
    }

    #[test]
    fn families_and_names_warn_and_likenesses_do_not() {
        for (allergy, drug) in [
            ("سولفا", "کوتریموکسازول"),
            ("sulfa", "Sulfasalazine"),
            ("آسپرین", "ایبوپروفن ۴۰۰"),
            ("ASA", "Naproxen"),
            ("nsaid", "دیکلوفناک"),
            ("سفالوسپورین", "سفتریاکسون"),
            ("متفورمین", "متفورمین ۵۰۰"),
            ("Metformin", "متفورمین"),
            ("کدئین", "استامینوفن کدئین"),
            ("استامینوفن", "استامینوفن کدئین"),
        ] {
            assert_eq!(told(&[item(drug)], &[allergy], &[]).len(), 1, "{allergy}: {drug}");
        }
        for (allergy, drug) in [
            ("sulfa", "Ferrous sulfate"),
            ("سولفا", "فروس سولفات"),
            ("گرده گل", "متفورمین"),
            ("", "متفورمین"),
            ("ندارد", "آموکسی‌سیلین"),
            ("-", "آموکسی‌سیلین"),
        ] {
            assert!(told(&[item(drug)], &[allergy], &[]).is_empty(), "{allergy}: {drug}");
        }
    }

    #[test]
    fn a_class_of_the_list_is_an_allergy_too() {
        let item = coded("S1", "آتورواستاتین");
        assert_eq!(told(&[item], &["statin"], &[]), [(Kind::Allergy, 0, "statin".to_owned())]);
    }

    #[test]
    fn the_same_drug_twice_is_a_duplicate_however_it_is_written() {
        for (one, other) in [
            (coded("A1", "آموکسی‌سیلین"), coded("A1", "Amoxil")),
            (item("آموکسی‌سیلین ۵۰۰"), item("آموکسی سیلین 250")),
            (item("Metformin"), item("متفورمین")),
            (item("Loratadine 10 mg"), item("loratadine")),
            (item("Tab. Metformin 500"), item("قرص متفورمین")),
        ] {
            let name = one.drug_name.clone();
            assert_eq!(told(&[one, other], &[], &[]), [(Kind::Duplicate, 1, name)]);
        }
        let others = [item("قرص 10 لوراتادین"), item("قرص 10"), item("10"), item("Metformin")];
        assert!(told(&others, &[], &["قرص فشار"]).is_empty());
    }

    #[test]
    fn two_of_one_class_are_told_once() {
        let items = [coded("S1", "آتورواستاتین"), coded("M1", "متفورمین"), coded("S2", "سیمواستاتین")];
        assert_eq!(
            told(&items, &[], &[]),
            [(Kind::DuplicateClass, 2, "آتورواستاتین".to_owned())],
            "by the list"
        );
        let items = [item("Ibuprofen 400"), item("ناپروکسن")];
        assert_eq!(
            told(&items, &[], &[]),
            [(Kind::DuplicateClass, 1, "Ibuprofen 400".to_owned())],
            "by the family"
        );
    }

    #[test]
    fn what_the_patient_takes_already_is_told() {
        let items = [item("Metformin 500"), item("Losartan")];
        let told = told(&items, &[], &["متفورمین ۵۰۰ روزی دو بار", "قرص فشار"]);
        assert_eq!(told, [(Kind::CurrentMedication, 0, "متفورمین ۵۰۰ روزی دو بار".to_owned())]);
    }

    #[test]
    fn nothing_prescribed_warns_of_nothing() {
        assert!(told(&[], &["پنی‌سیلین"], &["متفورمین"]).is_empty());
    }
}
