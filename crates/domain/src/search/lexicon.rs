//! Every word that doctors are found by, and whose it is.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    ops::Bound,
    sync::Arc,
};

use roaring::{MultiOps, RoaringBitmap};

use super::typo;

/// Words have numbers, so that a doctor's are kept in four bytes each.
#[derive(Default)]
pub(super) struct Lexicon {
    numbers: BTreeMap<Arc<str>, u32>,
    words: Vec<Word>,
    /// Who has a word that begins with this letter, or these two: too many words to unite for each search.
    beginnings: HashMap<[char; 2], RoaringBitmap>,
    /// The words of each length that a typo may be meant for, with their first two letters.
    by_length: Vec<Vec<([char; 2], u32)>>,
}

struct Word {
    text: Arc<str>,
    doctors: RoaringBitmap,
}

impl Lexicon {
    /// Adds a doctor to each of these words; the words' numbers, to take the doctor out again.
    pub(super) fn add(&mut self, doctor: u32, words: &BTreeSet<String>) -> Box<[u32]> {
        let add = |word: &String| {
            let number = self.number(word);
            self.words[number as usize].doctors.insert(doctor);
            for beginning in beginnings(word) {
                self.beginnings.entry(beginning).or_default().insert(doctor);
            }
            number
        };
        words.iter().map(add).collect()
    }

    /// Takes a doctor out of all the words that [`Self::add`] put them into.
    pub(super) fn remove(&mut self, doctor: u32, numbers: &[u32]) {
        for number in numbers {
            let word = &mut self.words[*number as usize];
            word.doctors.remove(doctor);
            for beginning in beginnings(&word.text) {
                if let Some(doctors) = self.beginnings.get_mut(&beginning) {
                    doctors.remove(doctor);
                }
            }
        }
    }

    fn number(&mut self, text: &str) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = u32::try_from(self.words.len()).unwrap_or(u32::MAX);
        let shared: Arc<str> = text.into();
        let letters: Vec<char> = text.chars().collect();
        if letters.len() <= typo::LONGEST && !letters.iter().any(|c| c.is_numeric()) {
            if self.by_length.len() <= letters.len() {
                self.by_length.resize_with(letters.len() + 1, Vec::new);
            }
            self.by_length[letters.len()].push((first_two(text), number));
        }
        self.numbers.insert(Arc::clone(&shared), number);
        self.words.push(Word { text: shared, doctors: RoaringBitmap::new() });
        number
    }

    /// Who has this very word.
    pub(super) fn exact(&self, word: &str) -> Option<&RoaringBitmap> {
        self.numbers.get(word).map(|number| &self.words[*number as usize].doctors)
    }

    /// Who has a word that begins like this.
    pub(super) fn beginning(&self, prefix: &str) -> RoaringBitmap {
        if prefix.chars().nth(2).is_none() {
            return self.beginnings.get(&first_two(prefix)).cloned().unwrap_or_default();
        }
        self.numbers
            .range::<str, _>((Bound::Included(prefix), Bound::Unbounded))
            .take_while(|(word, _)| word.starts_with(prefix))
            .map(|(_, number)| &self.words[*number as usize].doctors)
            .union()
    }

    /// Who has a word that this one may have been meant for.
    pub(super) fn alike(&self, word: &str) -> RoaringBitmap {
        let letters: Vec<char> = word.chars().collect();
        let Some(slips) = typo::allowed(&letters) else { return RoaringBitmap::new() };
        let end = (letters.len() + slips + 1).min(self.by_length.len());
        let begin = (letters.len() - slips).min(end);
        let beginning = first_two(word);
        self.by_length[begin..end]
            .iter()
            .flatten()
            .filter(|(other, _)| typo::begin_alike(beginning, *other))
            .map(|(_, number)| &self.words[*number as usize])
            .filter(|other| typo::within(&letters, &other.text, slips))
            .map(|other| &other.doctors)
            .union()
    }
}

/// The first two letters; NUL where there is none.
fn first_two(word: &str) -> [char; 2] {
    let mut letters = word.chars();
    [letters.next().unwrap_or('\0'), letters.next().unwrap_or('\0')]
}

/// The first letter, and the first two.
fn beginnings(word: &str) -> [[char; 2]; 2] {
    let [first, second] = first_two(word);
    [[first, '\0'], [first, second]]
}
