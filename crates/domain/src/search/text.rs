//! Whom a text finds: those who have all its words, however they are set apart, begun or misspelt.

use std::collections::HashMap;

use roaring::RoaringBitmap;

use super::lexicon::Lexicon;
use crate::fold;

/// Words that belong together are looked for as one word up to this many: سید محمد رضا, سیدمحمدرضا.
const TOGETHER: usize = 3;
/// One word is taken for at most so many that were written without spaces.
const PIECES: usize = 4;

/// Whom a text finds.
pub(super) struct Matches {
    pub(super) all: RoaringBitmap,
    /// Those of them who have each word as it was typed.
    pub(super) exact: RoaringBitmap,
}

/// What texts are looked up in.
pub(super) struct Looked<'a> {
    pub(super) lexicon: &'a Lexicon,
    pub(super) numbers: &'a HashMap<u64, u32>,
    pub(super) everybody: &'a RoaringBitmap,
}

/// A council number as a key; leading zeros count.
pub(super) fn number_key(text: &str) -> Option<u64> {
    let is_number = (1..=10).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| format!("1{text}").parse().ok()).flatten()
}

impl Looked<'_> {
    /// Misspelt words are understood only when nobody has all words as they stand.
    pub(super) fn find(&self, words: &[String]) -> Matches {
        let mut all = self.everyone_with(words, &|word, is_joined| self.strict(word, is_joined));
        if all.is_empty() {
            all = self.everyone_with(words, &|word, is_joined| self.loose(word, is_joined));
        }
        let mut exact = all.clone();
        for word in words {
            match self.lexicon.exact(word) {
                Some(doctors) => exact &= doctors,
                None => exact.clear(),
            }
        }
        Matches { all, exact }
    }

    /// Who has all of them; neighbours may also be one word.
    fn everyone_with(&self, words: &[String], look: &dyn Fn(&str, bool) -> RoaringBitmap) -> RoaringBitmap {
        // at i: who has the first i words
        let mut reached = vec![self.everybody.clone()];
        for end in 1..=words.len() {
            let mut found = RoaringBitmap::new();
            for begin in end.saturating_sub(TOGETHER)..end {
                if !reached[begin].is_empty() {
                    let mut having = look(&words[begin..end].concat(), end - begin > 1);
                    having &= &reached[begin];
                    found |= having;
                }
            }
            reached.push(found);
        }
        reached.pop().unwrap_or_default()
    }

    /// As it stands: a whole word or the beginning of one, several without their spaces, a council number.
    fn strict(&self, word: &str, is_joined: bool) -> RoaringBitmap {
        let mut found = self.lexicon.beginning(word);
        if let Some(doctor) = number_key(word).and_then(|key| self.numbers.get(&key)) {
            found.insert(*doctor);
        }
        if !is_joined {
            found |= self.pieces(word, PIECES, false);
        }
        found
    }

    /// The same, and what it may have been meant for.
    fn loose(&self, word: &str, is_joined: bool) -> RoaringBitmap {
        let mut found = self.strict(word, is_joined);
        found |= self.lexicon.alike(word);
        if !is_joined {
            found |= self.pieces(word, PIECES, true);
        }
        found
    }

    /// Who has all the words that this one consists of, at most so many; `open`: the last may be a beginning.
    fn pieces(&self, word: &str, at_most: usize, open: bool) -> RoaringBitmap {
        let mut found = RoaringBitmap::new();
        if at_most < 2 {
            return found;
        }
        for (at, _) in word.char_indices().skip(1) {
            let (head, tail) = word.split_at(at);
            let is_noise = fold::is_noise(head);
            let with_head = self.lexicon.exact(head).filter(|_| has_two_letters(head));
            if !is_noise && with_head.is_none_or(RoaringBitmap::is_empty) {
                continue;
            }
            let mut having = self.pieces(tail, at_most - 1, open);
            if has_two_letters(tail) {
                if open {
                    having |= self.lexicon.beginning(tail);
                } else if let Some(doctors) = self.lexicon.exact(tail) {
                    having |= doctors;
                }
            }
            if let Some(doctors) = with_head {
                having &= doctors;
            }
            found |= having;
        }
        found
    }
}

/// One letter alone is no word to cut off.
fn has_two_letters(word: &str) -> bool {
    word.chars().nth(1).is_some()
}
