//! The index finds what a look at each doctor, one after the other, finds.

mod any;
mod orders;
mod properties;
mod slowly;
mod texts;

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
