//! Made-up doctors, and what is asked for.

use proptest::prelude::*;

use super::entry;
use crate::{
    Rials,
    profile::Gender,
    search::{Entry, Query, Sort},
};

const FIRST: &[&str] = &["محمد", "محمد رضا", "محمدرضا", "محمد‌رضا", "علي", "مریم", "سارا", "رضا"];
const LAST: &[&str] = &["رضایی", "رضائي", "احمدی", "محمدی", "كريمي نژاد", "کریمی‌نژاد", "موسوی", "مو"];
const CITIES: &[(&str, &str)] =
    &[("تهران", "تهران"), ("تهران", "ری"), ("فارس", "شیراز"), ("هرمزگان", "بندر عباس")];
const TITLES: &[(&str, &str)] =
    &[("cardiology", "متخصص قلب و عروق"), ("general", "پزشک عمومی"), ("eye", "فوق‌تخصص چشم")];
const INSURERS: &[&str] = &["تامین اجتماعی", "ایران", "سلامت"];
const TYPED: &[&str] = &[
    "",
    "دکتر",
    "محمد",
    "محمدرضا",
    "محمد رضا",
    "محمد‌رضا رضایی",
    "رضا",
    "م",
    "مو",
    "موس",
    "علی رضایی",
    "مريم احمدي",
    "قلب",
    "قلب عروق",
    "قلبوعروق",
    "کریمی نژاد",
    "کریمینژاد",
    "تخصص",
    "فوق تخصص",
    "بندرعباس",
    "شیراز محمد",
    "100",
    "1003",
    "احمذی",
    "رصایی",
    "مرِیم رضایی",
    "محمدرضارضایی",
    "کریمنژاد",
    "دکترمریم",
    "عمومى پزشک",
];

prop_compose! {
    pub(super) fn any_entry()(
        n in 0_u128..12,
        version in 0_i64..3,
        first in 0..FIRST.len(),
        last in 0..LAST.len(),
        city in 0..CITIES.len(),
        title in 0..TITLES.len(),
        gender in prop_oneof![Just(None), Just(Some(Gender::Male)), Just(Some(Gender::Female))],
        insurers in proptest::collection::vec(0..INSURERS.len(), 0..3),
        ratings in proptest::collection::vec(1_i64..=5, 0..4),
        experience in 0_i64..3,
        online in proptest::option::of(1_i64..4),
        in_person in proptest::option::of(1_i64..4),
    ) -> Entry {
        Entry {
            version,
            specialty: TITLES[title].0.into(),
            specialty_titles: vec![TITLES[title].1.into()],
            province: CITIES[city].0.into(),
            city: CITIES[city].1.into(),
            gender,
            online: online.is_some(),
            in_person: in_person.is_some(),
            insurers: insurers.into_iter().map(|n| INSURERS[n].into()).collect(),
            rating_sum: ratings.iter().sum(),
            rating_count: ratings.iter().map(|_| 1).sum(),
            experience_years: experience,
            online_fee: online.and_then(Rials::new),
            in_person_fee: in_person.and_then(Rials::new),
            ..entry(n, &format!("{} {}", FIRST[first], LAST[last]))
        }
    }
}

pub(super) fn maybe<T: Clone + std::fmt::Debug + 'static>(some: Vec<T>) -> impl Strategy<Value = Option<T>> {
    prop_oneof![3 => Just(None), 1 => proptest::sample::select(some).prop_map(Some)]
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

prop_compose! {
    pub(super) fn any_query()(
        text in proptest::sample::select(texts(TYPED)),
        specialty in maybe(texts(&["cardiology", "eye", "none"])),
        city in maybe(texts(&["تهران", "ري", "فارس", "بندرعباس", "قم"])),
        gender in maybe(vec![Gender::Male, Gender::Female]),
        online in maybe(vec![true, false]),
        insurer in maybe(texts(&["تأمین‌اجتماعی", "ايران", "دی"])),
        min_rating in maybe(vec![1.0, 3.5, 4.0, 4.7]),
        sort in maybe(vec![Sort::Rating, Sort::Experience, Sort::Price]),
        offset in 0_usize..4,
        limit in 0_usize..6,
    ) -> Query {
        Query { text, specialty, city, gender, online, insurer, min_rating, sort, offset, limit }
    }
}
