//! What is searched for: the same through the API and in the index alone.

use std::fmt::Write;

use domain::{
    profile::Gender,
    search::{Query, Sort},
};

use crate::people::{FAMILIES, MEN, WOMEN};

/// Doctors on a page.
const PAGE: usize = 20;
const GENDERS: [Gender; 2] = [Gender::Female, Gender::Male];
/// Text, and the specialty and city that it means.
const WANTED: [(&str, &str, &str); 8] = [
    ("قلب تهران", "cardiology", "تهران"),
    ("پوست مشهد", "dermatology", "مشهد"),
    ("کودکان اصفهان", "pediatrics", "اصفهان"),
    ("زنان شیراز", "gynecology", "شیراز"),
    ("مغز و اعصاب تبریز", "neurology", "تبریز"),
    ("چشم تهران", "ophthalmology", "تهران"),
    ("ارتوپدي كرج", "orthopedics", "کرج"),
    ("پزشک عمومی تهران", "general", "تهران"),
];

/// One kind of search, with several queries that take turns.
pub struct Search {
    pub what: &'static str,
    pub queries: Vec<Query>,
}

/// All kinds; the first is the target's.
pub fn all() -> Vec<Search> {
    let filtered = |(text, ..): (&str, &str, &str)| {
        GENDERS.map(|gender| Query {
            gender: Some(gender),
            online: Some(true),
            min_rating: Some(4.0),
            ..query(text)
        })
    };
    let narrowed = |(text, specialty, city): (&str, &str, &str)| {
        GENDERS.map(|gender| Query {
            specialty: Some(specialty.to_owned()),
            city: Some(city.to_owned()),
            gender: Some(gender),
            online: Some(true),
            min_rating: Some(3.5),
            ..query(text)
        })
    };
    let names = || WOMEN.into_iter().chain(MEN).zip(FAMILIES);
    let cheapest = Query { online: Some(true), sort: Some(Sort::Price), ..query("") };
    vec![
        Search {
            what: "search, text and 3 filters",
            queries: WANTED.into_iter().flat_map(filtered).collect(),
        },
        Search {
            what: "search, text and 5 filters",
            queries: WANTED.into_iter().flat_map(narrowed).collect(),
        },
        Search {
            what: "search, a name",
            queries: names().map(|(first, family)| query(&format!("دکتر {first} {family}"))).collect(),
        },
        Search {
            what: "search, two beginnings",
            queries: names()
                .map(|(first, family)| query(&format!("{} {}", begun(first, 2), begun(family, 3))))
                .collect(),
        },
        Search {
            what: "search, misspelt",
            queries: FAMILIES.iter().map(|family| query(&format!("{} تهران", misspelt(family)))).collect(),
        },
        Search { what: "search, all online, cheapest first", queries: vec![cheapest] },
    ]
}

fn query(text: &str) -> Query {
    Query { text: text.to_owned(), limit: PAGE, ..Query::default() }
}

fn begun(word: &str, letters: usize) -> String {
    word.chars().take(letters).collect()
}

/// With its second and third letter swapped.
fn misspelt(word: &str) -> String {
    let mut letters: Vec<char> = word.chars().collect();
    letters.swap(1, 2);
    letters.into_iter().collect()
}

/// The same as a request.
pub fn path(query: &Query) -> String {
    let mut path = format!("/api/v1/patients/doctors/search/?page_size={}", query.limit);
    let mut put = |name: &str, value: Option<&str>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            let _ = write!(path, "&{name}=");
            for byte in value.bytes() {
                let _ = write!(path, "%{byte:02X}");
            }
        }
    };
    put("q", Some(&query.text));
    put("specialty", query.specialty.as_deref());
    put("city", query.city.as_deref());
    put("gender", query.gender.map(Gender::as_str));
    put("online_available", query.online.map(|online| if online { "true" } else { "false" }));
    put("min_rating", query.min_rating.map(|least| least.to_string()).as_deref());
    let sort = query.sort.map(|sort| match sort {
        Sort::Rating => "rating",
        Sort::Experience => "experience",
        Sort::Price => "price",
    });
    put("sort_by", sort);
    path
}
