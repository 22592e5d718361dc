//! Finding doctors (D17): an index in memory, without any I/O. Whoever owns one keeps it fresh.
//!
//! Each doctor has a small number; each word and each value that can be asked for has the set of the
//! doctors who have it. A search intersects sets, then picks the best of what is left.

mod lexicon;
mod postings;
mod rank;
#[cfg(test)]
mod tests;
mod text;
mod typo;

use std::collections::{BTreeSet, HashMap};

use roaring::RoaringBitmap;
use uuid::Uuid;

use crate::{
    Rials, fold,
    profile::Gender,
    violation::{Parsed, Violation},
};
use lexicon::Lexicon;
use postings::Postings;
use rank::{Best, Order, Rank};

/// What is known about a doctor who can be found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub id: Uuid,
    /// Rises with each change.
    pub version: i64,
    /// First and last name.
    pub name: String,
    /// The specialty's code.
    pub specialty: String,
    /// In all languages.
    pub specialty_titles: Vec<String>,
    pub province: String,
    pub city: String,
    pub gender: Option<Gender>,
    pub online: bool,
    pub in_person: bool,
    /// Names of the insurers that are accepted.
    pub insurers: Vec<String>,
    /// Sum of all scores, 1 to 5 each.
    pub rating_sum: i64,
    pub rating_count: i64,
    pub experience_years: i64,
    /// None where there are no such visits.
    pub online_fee: Option<Rials>,
    pub in_person_fee: Option<Rials>,
    pub council_number: String,
}

impl Entry {
    /// The folded words that a text can find this doctor by: name, specialty, city.
    fn words(&self) -> BTreeSet<String> {
        let texts = [&self.name, &self.specialty, &self.city].into_iter().chain(&self.specialty_titles);
        texts.flat_map(|text| fold::words(text).into_iter().chain(fold::parts(text))).collect()
    }
}

/// What doctors can be sorted by. Ties go by id, so that pages are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// The best average first; of two with the same, the one with more ratings.
    Rating,
    /// The longest first.
    Experience,
    /// The cheapest first: the online fee where online visits are asked for, else the lower of those that
    /// the doctor offers. Who offers nothing comes last.
    Price,
}

impl Sort {
    pub const NAMES: [&'static str; 3] = ["rating", "experience", "price"];

    pub fn parse(name: &str) -> Parsed<Self> {
        match name {
            "rating" => Ok(Self::Rating),
            "experience" => Ok(Self::Experience),
            "price" => Ok(Self::Price),
            _ => Err(Violation::Choice(&Self::NAMES)),
        }
    }
}

/// Whom to find. All that is set must be true of a doctor.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Query {
    /// All its words; nothing but noise: no condition.
    pub text: String,
    /// A code.
    pub specialty: Option<String>,
    /// However it is spelt. Where no city has that name, a province's.
    pub city: Option<String>,
    pub gender: Option<Gender>,
    pub online: Option<bool>,
    /// A name, however it is spelt.
    pub insurer: Option<String>,
    /// At least this average, 1 to 5; who has no rating isn't found.
    pub min_rating: Option<f64>,
    /// None: those of whose name the text is the whole, then those who have its words as they were typed,
    /// then the others; among them, the better rated ones first (an average with ten ratings of 3.5 added).
    pub sort: Option<Sort>,
    pub offset: usize,
    pub limit: usize,
}

/// One page of those found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// All of them, not only this page's.
    pub count: usize,
    /// In order.
    pub ids: Vec<Uuid>,
}

/// All doctors who can be found.
#[derive(Default)]
pub struct Index {
    doctors: HashMap<Uuid, u32>,
    ranks: Vec<Rank>,
    traces: Vec<Trace>,
    /// Numbers of doctors who were taken out.
    free: Vec<u32>,
    everybody: RoaringBitmap,
    lexicon: Lexicon,
    council_numbers: HashMap<u64, u32>,
    specialties: Postings,
    cities: Postings,
    provinces: Postings,
    insurers: Postings,
    women: RoaringBitmap,
    men: RoaringBitmap,
    online: RoaringBitmap,
}

/// Where a doctor was put, to take them out again.
struct Trace {
    version: i64,
    words: Box<[u32]>,
    council_number: Option<u64>,
    specialty: u32,
    city: u32,
    province: u32,
    insurers: Box<[u32]>,
}

impl Index {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.doctors.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.doctors.is_empty()
    }

    /// Which version of a doctor is here; none: the doctor isn't.
    #[must_use]
    pub fn version_of(&self, id: Uuid) -> Option<i64> {
        self.doctors.get(&id).map(|doctor| self.traces[*doctor as usize].version)
    }

    /// Puts a doctor in, or in the place of what was known before. What is older than that is left out.
    pub fn put(&mut self, entry: &Entry) {
        if self.version_of(entry.id).is_some_and(|known| known > entry.version) {
            return;
        }
        self.remove(entry.id);
        let next = u32::try_from(self.ranks.len()).unwrap_or(u32::MAX);
        let doctor = self.free.pop().unwrap_or(next);
        let insurers: BTreeSet<String> = entry.insurers.iter().map(|name| fold::key(name)).collect();
        let trace = Trace {
            version: entry.version,
            words: self.lexicon.add(doctor, &entry.words()),
            council_number: text::number_key(&entry.council_number),
            specialty: self.specialties.add(entry.specialty.clone(), doctor),
            city: self.cities.add(fold::key(&entry.city), doctor),
            province: self.provinces.add(fold::key(&entry.province), doctor),
            insurers: insurers.into_iter().map(|name| self.insurers.add(name, doctor)).collect(),
        };
        if let Some(number) = trace.council_number {
            self.council_numbers.insert(number, doctor);
        }
        match entry.gender {
            Some(Gender::Female) => self.women.insert(doctor),
            Some(Gender::Male) => self.men.insert(doctor),
            None => false,
        };
        if entry.online {
            self.online.insert(doctor);
        }
        self.everybody.insert(doctor);
        self.doctors.insert(entry.id, doctor);
        if doctor == next {
            self.ranks.push(Rank::of(entry));
            self.traces.push(trace);
        } else {
            self.ranks[doctor as usize] = Rank::of(entry);
            self.traces[doctor as usize] = trace;
        }
    }

    /// Takes a doctor out; false when they weren't here.
    pub fn remove(&mut self, id: Uuid) -> bool {
        let Some(doctor) = self.doctors.remove(&id) else { return false };
        let trace = &self.traces[doctor as usize];
        self.lexicon.remove(doctor, &trace.words);
        self.specialties.remove(trace.specialty, doctor);
        self.cities.remove(trace.city, doctor);
        self.provinces.remove(trace.province, doctor);
        for insurer in &trace.insurers {
            self.insurers.remove(*insurer, doctor);
        }
        // another doctor may have taken the number over
        if let Some(number) = trace.council_number
            && self.council_numbers.get(&number) == Some(&doctor)
        {
            self.council_numbers.remove(&number);
        }
        for set in [&mut self.women, &mut self.men, &mut self.online, &mut self.everybody] {
            set.remove(doctor);
        }
        self.free.push(doctor);
        true
    }

    /// One page of the doctors of whom all of this is true.
    #[must_use]
    pub fn search(&self, query: &Query) -> Found {
        let words = fold::words(&query.text);
        let text = (!words.is_empty()).then(|| self.looked().find(&words));
        let found = self.filtered(query, text.as_ref().map(|text| &text.all));
        let name = (!words.is_empty()).then(|| rank::hash(&words.concat()));
        let passes = match (query.sort, text) {
            (Some(sort), _) => vec![(found, Order::By { sort, online: query.online == Some(true) })],
            (None, None) => vec![(found, Order::Relevance { name: None, class: 0 })],
            (None, Some(text)) => {
                let exact = &found & &text.exact;
                let others = found - &exact;
                let order = |class| Order::Relevance { name, class };
                vec![(exact, order(1)), (others, order(2))]
            }
        };
        let least = query.min_rating.map_or(0, rank::least);
        let mut best = Best::new(&self.ranks, query.offset.saturating_add(query.limit));
        let mut count = 0;
        for (doctors, order) in &passes {
            for doctor in doctors {
                let rank = &self.ranks[doctor as usize];
                if rank.is_rated(least) {
                    count += 1;
                    best.offer(rank.key(order), doctor);
                }
            }
        }
        Found { count, ids: best.page(query.offset) }
    }

    fn looked(&self) -> text::Looked<'_> {
        text::Looked { lexicon: &self.lexicon, numbers: &self.council_numbers, everybody: &self.everybody }
    }

    /// Everybody of whom all but the rating is true; the smallest set first.
    fn filtered(&self, query: &Query, text: Option<&RoaringBitmap>) -> RoaringBitmap {
        let nobody = RoaringBitmap::new();
        let mut sets: Vec<&RoaringBitmap> = text.into_iter().collect();
        if let Some(code) = &query.specialty {
            sets.push(self.specialties.get(code).unwrap_or(&nobody));
        }
        if let Some(city) = &query.city {
            let city = fold::key(city);
            let there = self.cities.get(&city).or_else(|| self.provinces.get(&city));
            sets.push(there.unwrap_or(&nobody));
        }
        match query.gender {
            Some(Gender::Female) => sets.push(&self.women),
            Some(Gender::Male) => sets.push(&self.men),
            None => {}
        }
        if query.online == Some(true) {
            sets.push(&self.online);
        }
        if let Some(name) = &query.insurer {
            sets.push(self.insurers.get(&fold::key(name)).unwrap_or(&nobody));
        }
        sets.sort_by_key(|set| set.len());
        let mut sets = sets.into_iter();
        let mut found = sets.next().unwrap_or(&self.everybody).clone();
        for set in sets {
            found &= set;
        }
        if query.online == Some(false) {
            found -= &self.online;
        }
        found
    }
}
