//! What comes first, what a price and a city mean, and what a change makes of all that.

use super::{all, entry, index, named, numbers, text};
use crate::{
    Rials,
    search::{Entry, Query, Sort},
};

#[test]
fn the_name_itself_comes_first_then_whole_words_then_the_better_rated() {
    let mut begun = entry(1, "علی رضاییان");
    (begun.rating_sum, begun.rating_count) = (500, 100);
    let mut whole = entry(2, "علی اکبر رضایی");
    (whole.rating_sum, whole.rating_count) = (450, 100);
    let index = index(&[begun, whole, entry(3, "علی اکبر رضایی"), entry(4, "علی رضایی")]);
    assert_eq!(numbers(&index, &text("دکتر علی رضايي")), [4, 2, 3, 1]);
}

#[test]
fn one_five_is_less_than_many() {
    let mut lucky = entry(1, "آ ب");
    (lucky.rating_sum, lucky.rating_count) = (5, 1);
    let mut proven = entry(2, "آ ب");
    (proven.rating_sum, proven.rating_count) = (480, 100);
    let index = index(&[lucky, proven, entry(3, "آ ب")]);
    assert_eq!(numbers(&index, &all()), [2, 1, 3]);
    assert_eq!(numbers(&index, &Query { sort: Some(Sort::Rating), ..all() }), [1, 2, 3]);
    assert_eq!(numbers(&index, &Query { min_rating: Some(4.8), ..all() }), [2, 1]);
    assert_eq!(numbers(&index, &Query { min_rating: Some(4.9), ..all() }), [1]);
    assert_eq!(numbers(&index, &Query { min_rating: Some(1.0), ..all() }), [2, 1]);
}

#[test]
fn prices_are_those_of_what_is_asked_for() {
    let fees = |n: u128, online: i64, in_person: i64| Entry {
        online: online > 0,
        online_fee: Rials::new(online).filter(|fee| fee.get() > 0),
        in_person_fee: Rials::new(in_person).filter(|fee| fee.get() > 0),
        ..entry(n, "آ ب")
    };
    let index =
        index(&[fees(1, 0, 0), fees(2, 500, 300), fees(3, 400, 900), fees(4, 0, 100), fees(5, 400, 400)]);
    let by_price = Query { sort: Some(Sort::Price), ..all() };
    assert_eq!(numbers(&index, &by_price), [4, 2, 3, 5, 1]);
    assert_eq!(numbers(&index, &Query { online: Some(true), ..by_price.clone() }), [3, 5, 2]);
    assert_eq!(numbers(&index, &Query { online: Some(false), ..by_price }), [4, 1]);
}

#[test]
fn a_province_stands_in_for_a_city_that_nobody_is_in() {
    let mut karaj = entry(2, "آ ب");
    (karaj.province, karaj.city) = ("البرز".into(), "کرج".into());
    let mut rey = entry(3, "آ ب");
    rey.city = "ری".into();
    let index = index(&[entry(1, "آ ب"), karaj, rey]);
    let city = |name: &str| numbers(&index, &Query { city: Some(name.into()), ..all() });
    assert_eq!(city("تهران"), [1]);
    assert_eq!(city("كرج"), [2]);
    assert_eq!(city("البرز"), [2]);
    assert!(city("مریخ").is_empty());
}

#[test]
fn a_change_replaces_and_an_old_one_does_not() {
    let mut index = named(&["مریم رضایی", "سارا احمدی"]);
    let changed = Entry { version: 3, city: "شیراز".into(), ..entry(1, "مریم کریمی") };
    index.put(&changed);
    index.put(&Entry { version: 2, ..entry(1, "نسرین") });
    assert_eq!((index.len(), index.version_of(changed.id)), (2, Some(3)));
    assert_eq!(numbers(&index, &text("مریم کریمی شیراز")), [1]);
    assert!(numbers(&index, &text("رضایی")).is_empty());
    assert!(numbers(&index, &text("نسرین")).is_empty());

    assert!(index.remove(changed.id) && !index.remove(changed.id));
    assert_eq!(index.version_of(changed.id), None);
    assert!(numbers(&index, &text("مریم")).is_empty());
    index.put(&entry(3, "نسرین"));
    assert_eq!(numbers(&index, &all()), [2, 3]);
    assert!(!index.is_empty());
}
