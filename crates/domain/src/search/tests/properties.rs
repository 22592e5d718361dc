//! Whatever is put in and asked for, the index finds what the slow way finds, and pages are the whole cut up.

use proptest::prelude::*;
use uuid::Uuid;

use super::{
    any::{any_entry, any_query, maybe},
    entry,
    slowly::slowly,
};
use crate::search::{Entry, Index, Query, Sort};

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
