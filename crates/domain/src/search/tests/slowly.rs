//! The slow way: a look at each doctor, one after the other.

use std::{
    cmp::{Ordering, Reverse},
    collections::BTreeSet,
};

use crate::{
    Rials, fold,
    search::{Entry, Found, Query, Sort, typo},
};

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

pub(super) fn slowly(entries: &[Entry], query: &Query) -> Found {
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
