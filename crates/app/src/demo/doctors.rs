//! The clinic's doctors: eight that everybody knows, and others.

use std::collections::HashSet;

use domain::{Phone, SignedDuration, Timestamp, days, ids::UserId, practice::Practice, profile::Gender};
use store::doctors::Entry;

use super::{
    JOINED,
    dice::Dice,
    lists::{self, Lists},
    names::{self, Name},
    phone,
    places::{self, Place},
    practices,
};
use crate::{App, Fault};

const COUNT: u32 = 320;
const KIND: u64 = 1;

/// First name, last name, gender, specialty, city, years.
const KNOWN: [(&str, &str, Gender, &str, &str, i64); 8] = [
    ("مریم", "رضایی", Gender::Female, "cardiology", "تهران", 15),
    ("سارا", "احمدی", Gender::Female, "general", "تهران", 8),
    ("رضا", "کریمی", Gender::Male, "dermatology", "اصفهان", 12),
    ("نرگس", "حسینی", Gender::Female, "pediatrics", "شیراز", 20),
    ("امیر", "موسوی", Gender::Male, "neurology", "مشهد", 18),
    ("لیلا", "صادقی", Gender::Female, "gynecology", "تبریز", 10),
    ("حسین", "جعفری", Gender::Male, "orthopedics", "تهران", 22),
    ("زهرا", "قاسمی", Gender::Female, "psychiatry", "کرج", 6),
];

/// A doctor to be written down.
#[derive(Clone)]
pub(super) struct Doctor {
    pub(super) id: UserId,
    pub(super) phone: Phone,
    pub(super) entry: Entry,
    pub(super) practice: Practice,
    pub(super) joined_at: Timestamp,
}

impl Doctor {
    pub(super) fn name(&self) -> String {
        format!("{} {}", self.entry.first_name, self.entry.last_name)
    }
}

/// Who somebody is.
struct Person<'a> {
    name: Name,
    gender: Gender,
    specialty: &'a str,
    place: Place,
    years: i64,
}

/// All of them, the known ones first.
pub(super) fn doctors(app: &App, lists: &Lists, now: Timestamp) -> Result<Vec<Doctor>, Fault> {
    let mut taken = HashSet::new();
    let mut doctors = vec![];
    for n in 1..=COUNT {
        let dice = Dice::new(KIND, n.into());
        let person = person(n as usize - 1, &dice, lists, &taken);
        taken.insert(person.name);
        let joined_at = now - JOINED + SignedDuration::from_mins(n.into());
        let entry = entry(n, &person, &dice);
        let practice = practices::practice(n, &entry, lists, days::tehran_today(now), &dice)?;
        doctors.push(Doctor {
            id: UserId::new(joined_at, &*app.rng),
            phone: phone(&format!("+98912100{n:04}"))?,
            entry,
            practice,
            joined_at,
        });
    }
    Ok(doctors)
}

fn person<'a>(nth: usize, dice: &Dice, lists: &'a Lists, taken: &HashSet<Name>) -> Person<'a> {
    if let Some((first_name, last_name, gender, specialty, city, years)) = KNOWN.get(nth).copied() {
        return Person {
            name: (first_name, last_name),
            gender,
            specialty,
            place: places::of_city(city),
            years,
        };
    }
    let specialty = lists.specialty(nth - KNOWN.len(), dice);
    let gender = lists::gender(specialty, dice);
    let mut name = names::name(dice, gender);
    // there are far more names than doctors
    while taken.contains(&name) {
        name = names::name(dice, gender);
    }
    Person { name, gender, specialty, place: places::place(dice), years: dice.between(2, 35) }
}

fn entry(n: u32, person: &Person<'_>, dice: &Dice) -> Entry {
    let (province, city) = person.place;
    let (first_name, last_name) = person.name;
    Entry {
        first_name: first_name.into(),
        last_name: last_name.into(),
        council_number: format!("{}", 12_345 + n),
        specialty: person.specialty.into(),
        province: province.into(),
        city: city.into(),
        gender: Some(person.gender),
        languages: languages(province, dice),
        experience_years: person.years,
    }
}

/// Persian, what is spoken where the doctor works, and English where they learned it.
fn languages(province: &str, dice: &Dice) -> Vec<String> {
    let local = match province {
        "آذربایجان شرقی" | "آذربایجان غربی" | "اردبیل" | "زنجان" => {
            Some("ترکی آذری")
        }
        "کردستان" | "کرمانشاه" => Some("کردی"),
        "خوزستان" | "بوشهر" => Some("عربی"),
        "لرستان" => Some("لری"),
        "سیستان و بلوچستان" => Some("بلوچی"),
        _ => None,
    };
    let english = dice.chance(35).then_some("انگلیسی");
    ["فارسی"].into_iter().chain(local).chain(english).map(String::from).collect()
}
