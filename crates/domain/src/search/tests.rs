//! The index finds what a look at each doctor, one after the other, finds.

use std::cmp::{Ordering, Reverse};

use proptest::prelude::*;

use super::*;

fn entry(n: u128, name: &str) -> Entry {
    Entry {
        id: Uuid::from_u128(n),
        version: 1,
        name: name.into(),
        specialty: "cardiology".into(),
        specialty_titles: vec!["متخصص قلب و عروق".into(), "Cardiologist".into()],
        province: "تهران".into(),
        city: "تهران".into(),
        gender: Some(Gender::Female),
        online: true,
        in_person: true,
        insurers: vec!["تامین اجتماعی".into()],
        rating_sum: 0,
        rating_count: 0,
        experience_years: 10,
        online_fee: Rials::new(600_000),
        in_person_fee: Rials::new(800_000),
        council_number: format!("{}", 10_000 + n),
    }
}

fn index(entries: &[Entry]) -> Index {
    let mut index = Index::new();
    for entry in entries {
        index.put(entry);
    }
    index
}

fn named(names: &[&str]) -> Index {
    let entries: Vec<Entry> = names.iter().zip(1..).map(|(name, n)| entry(n, name)).collect();
    index(&entries)
}

fn all() -> Query {
    Query { limit: 100, ..Query::default() }
}

fn text(text: &str) -> Query {
    Query { text: text.into(), ..all() }
}

/// The numbers of those found, in order.
fn numbers(index: &Index, query: &Query) -> Vec<u128> {
    let found = index.search(query);
    if query.offset == 0 && query.limit == 100 {
        assert_eq!(found.count, found.ids.len());
    }
    found.ids.into_iter().map(|id| id.as_u128()).collect()
}

#[test]
fn spellings_find_each_other() {
    let spellings = ["محمد رضا كريمي", "محمد\u{200C}رضا کریمی", "محمدرضا کریمی", "مُحَمَّدرضا کریمى"];
    let index = named(&spellings);
    for typed in spellings.into_iter().chain(["دکتر محمدرضا کریمی", "کریمی محمدرضا", "محمدرضاکریمی"])
    {
        let mut found = numbers(&index, &text(typed));
        found.sort_unstable();
        assert_eq!(found, [1, 2, 3, 4], "{typed}");
    }
    assert!(numbers(&index, &text("محمدرضا رضایی")).is_empty());
}

#[test]
fn beginnings_specialties_cities_and_numbers_find() {
    let mut shiraz = entry(2, "سارا احمدی");
    shiraz.specialty = "dermatology".into();
    shiraz.specialty_titles = vec!["متخصص پوست و مو".into(), "Dermatologist".into()];
    shiraz.city = "شیراز".into();
    let index = index(&[entry(1, "مریم رضایی"), shiraz]);
    for typed in [
        "مر",
        "رضا",
        "مریم",
        "قلب",
        "قلب و عروق",
        "قلب‌و‌عروق",
        "cardio",
        "تهر",
        "مریم تهران",
        "10001",
        "۱۰۰۰۱",
    ] {
        assert_eq!(numbers(&index, &text(typed)), [1], "{typed}");
    }
    for typed in ["س", "پوست", "شيراز", "متخصص پوست شیراز", "DERMATOLOGY", "دکتر احمدی"]
    {
        assert_eq!(numbers(&index, &text(typed)), [2], "{typed}");
    }
    for typed in ["", "دکتر", "متخصص", "  ", "؟"] {
        assert_eq!(numbers(&index, &text(typed)), [1, 2], "{typed}");
    }
    for typed in ["مریم شیراز", "1000", "ایی"] {
        assert!(numbers(&index, &text(typed)).is_empty(), "{typed}");
    }
}

#[test]
fn slips_are_understood_where_nothing_else_is_found() {
    let index = named(&["مریم رضایی", "سارا احمدی", "سارا محمدی"]);
    for (typed, found) in [
        ("مریم رصایی", vec![1]),
        ("مزیم", vec![1]),
        ("احدمی", vec![2]),
        ("سارا احمذی", vec![2]),
        ("اردیولوژیست", vec![]),
        ("caridologist", vec![1, 2, 3]),
        ("محمدی", vec![3]),
        ("احمدی", vec![2]),
    ] {
        assert_eq!(numbers(&index, &text(typed)), found, "{typed}");
    }
}

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

// what follows compares with the slow way

/// Whether a word is made of at least two of these words.
fn is_made_of(words: &BTreeSet<String>, word: &str, at_most: usize, open: bool) -> bool {
    let two = |word: &str| word.chars().count() >= 2;
    at_most >= 2
        && word.char_indices().skip(1).any(|(at, _)| {
            let (head, tail) = word.split_at(at);
            let is_tail = two(tail)
                && (words.contains(tail) || (open && words.iter().any(|word| word.starts_with(tail))));
            (fold::is_noise(head) || (two(head) && words.contains(head)))
                && (is_tail || is_made_of(words, tail, at_most - 1, open))
        })
}

fn is_alike(words: &BTreeSet<String>, typed: &str) -> bool {
    let letters: Vec<char> = typed.chars().collect();
    let first_two = |word: &str| word.chars().take(2).collect::<Vec<_>>();
    typo::allowed(&letters).is_some_and(|slips| {
        words.iter().any(|word| {
            first_two(word).iter().any(|c| first_two(typed).contains(c))
                && !word.chars().any(char::is_numeric)
                && typo::within(&letters, word, slips)
        })
    })
}

fn has(entry: &Entry, typed: &[String], loose: bool) -> bool {
    let words = entry.words();
    let look = |group: &[String]| {
        let word = group.concat();
        words.iter().any(|own| own.starts_with(&word))
            || entry.council_number == word
            || (group.len() == 1 && is_made_of(&words, &word, 4, loose))
            || (loose && is_alike(&words, &word))
    };
    typed.is_empty() || (1..=typed.len().min(3)).any(|n| look(&typed[..n]) && has(entry, &typed[n..], loose))
}

fn by_fractions(one: &Entry, other: &Entry) -> Ordering {
    let (ours, theirs) =
        (one.rating_sum * other.rating_count.max(1), other.rating_sum * one.rating_count.max(1));
    theirs.cmp(&ours).then(other.rating_count.cmp(&one.rating_count))
}

fn slowly(entries: &[Entry], query: &Query) -> Found {
    let typed = fold::words(&query.text);
    let loose = !entries.iter().any(|entry| has(entry, &typed, false));
    let same = |one: &str, other: &str| fold::key(one) == fold::key(other);
    let is_city = |name: &str| entries.iter().any(|entry| same(&entry.city, name));
    let mut found: Vec<&Entry> = entries
        .iter()
        .filter(|e| has(e, &typed, loose))
        .filter(|e| query.specialty.as_ref().is_none_or(|code| *code == e.specialty))
        .filter(|e| {
            let there = |name: &String| same(name, if is_city(name) { &e.city } else { &e.province });
            query.city.as_ref().is_none_or(there)
        })
        .filter(|e| query.gender.is_none_or(|gender| Some(gender) == e.gender))
        .filter(|e| query.online.is_none_or(|online| online == e.online))
        .filter(|e| query.insurer.as_ref().is_none_or(|name| e.insurers.iter().any(|own| same(own, name))))
        .filter(|e| {
            // tenths: as exact as the queries below
            let enough =
                |least: f64| e.rating_count > 0 && e.rating_sum * 10 >= tenths(least) * e.rating_count;
            query.min_rating.is_none_or(enough)
        })
        .collect();
    let price = |e: &Entry| {
        let fees = [e.online_fee, e.in_person_fee.filter(|_| query.online != Some(true))];
        fees.into_iter().flatten().map(Rials::get).min().unwrap_or(i64::MAX)
    };
    let class = |e: &Entry| {
        if typed.is_empty() || fold::words(&e.name).concat() == typed.concat() {
            0
        } else if typed.iter().all(|word| e.words().contains(word)) {
            1
        } else {
            2
        }
    };
    let relevance = |e: &Entry| (e.rating_sum + 35) * 1_000_000 / (e.rating_count + 10);
    found.sort_by(|&one, &other| {
        let order = match query.sort {
            Some(Sort::Rating) => by_fractions(one, other),
            Some(Sort::Experience) => other.experience_years.cmp(&one.experience_years),
            Some(Sort::Price) => price(one).cmp(&price(other)),
            None => (class(one), Reverse(relevance(one))).cmp(&(class(other), Reverse(relevance(other)))),
        };
        order.then(one.id.cmp(&other.id))
    });
    let ids = found.iter().skip(query.offset).take(query.limit).map(|entry| entry.id).collect();
    Found { count: found.len(), ids }
}

#[expect(clippy::cast_possible_truncation, reason = "1 to 5")]
fn tenths(rating: f64) -> i64 {
    (rating * 10.0).round() as i64
}

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
    fn any_entry()(
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

fn maybe<T: Clone + std::fmt::Debug + 'static>(some: Vec<T>) -> impl Strategy<Value = Option<T>> {
    prop_oneof![3 => Just(None), 1 => proptest::sample::select(some).prop_map(Some)]
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

prop_compose! {
    fn any_query()(
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

proptest! {
    #[test]
    fn the_index_finds_what_a_look_at_each_finds(
        puts in proptest::collection::vec(any_entry(), 0..25),
        removed in proptest::collection::vec(0_u128..12, 0..4),
        queries in proptest::collection::vec(any_query(), 1..8),
    ) {
        let mut index = Index::new();
        let mut entries: Vec<Entry> = vec![];
        for entry in puts {
            index.put(&entry);
            match entries.iter_mut().find(|known| known.id == entry.id) {
                Some(known) if known.version > entry.version => {}
                Some(known) => *known = entry,
                None => entries.push(entry),
            }
        }
        for id in removed.into_iter().map(Uuid::from_u128) {
            prop_assert_eq!(index.remove(id), entries.iter().any(|entry| entry.id == id));
            entries.retain(|entry| entry.id != id);
        }
        prop_assert_eq!(index.len(), entries.len());
        for query in queries {
            prop_assert_eq!(index.search(&query), slowly(&entries, &query), "{:?}", query);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]

    #[test]
    fn pages_are_the_whole_cut_up(count in 1_u128..3000, size in 60_usize..700, sort in maybe(vec![Sort::Experience])) {
        let mut index = Index::new();
        for n in 0..count {
            // ids in no order of their own, many ties
            let id = Uuid::from_u128(n.wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835));
            index.put(&Entry { id, experience_years: i64::from(n % 3 == 0), ..entry(n, "آ ب") });
        }
        let whole = index.search(&Query { limit: usize::MAX, sort, ..Query::default() });
        prop_assert_eq!(whole.count, whole.ids.len());
        let mut pages = vec![];
        while pages.len() < whole.count {
            let page = index.search(&Query { offset: pages.len(), limit: size, sort, ..Query::default() });
            prop_assert_eq!(page.count, whole.count);
            prop_assert!(!page.ids.is_empty());
            pages.extend(page.ids);
        }
        prop_assert_eq!(pages, whole.ids);
    }
}
