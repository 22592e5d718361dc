//! How far two words are from each other: letters left out, added, changed, or swapped with their neighbour
//! (Damerau and Levenshtein's distance, where no letter is touched twice).

/// Longer words are compared letter by letter only when they are equal.
pub(super) const LONGEST: usize = 24;
const SHORTEST: usize = 3;
const LONG: usize = 8;

/// How many slips a word may have; none for words in which one slip makes another word, and for numbers.
pub(super) fn allowed(word: &[char]) -> Option<usize> {
    if word.iter().any(|c| c.is_numeric()) {
        return None;
    }
    match word.len() {
        SHORTEST..LONG => Some(1),
        LONG..=LONGEST => Some(2),
        _ => None,
    }
}

/// Whether two words have a letter in common at their beginning: who slips at both is not understood.
pub(super) fn begin_alike(one: [char; 2], other: [char; 2]) -> bool {
    one.iter().any(|c| *c != '\0' && other.contains(c))
}

/// Whether at most so many slips lie between two words.
pub(super) fn within(typed: &[char], word: &str, most: usize) -> bool {
    let mut letters = ['\0'; LONGEST];
    let mut length = 0;
    for c in word.chars() {
        let Some(place) = letters.get_mut(length) else { return false };
        *place = c;
        length += 1;
    }
    let word = &letters[..length];
    if typed.len() > LONGEST || typed.len().abs_diff(word.len()) > most {
        return false;
    }
    let mut before_last = [0; LONGEST + 1];
    let mut last: [usize; LONGEST + 1] = std::array::from_fn(|column| column);
    for row in 1..=typed.len() {
        let mut current = [0; LONGEST + 1];
        current[0] = row;
        let mut nearest = row;
        for column in 1..=word.len() {
            let changed = last[column - 1] + usize::from(typed[row - 1] != word[column - 1]);
            let mut distance = changed.min(last[column] + 1).min(current[column - 1] + 1);
            let is_swapped = row > 1
                && column > 1
                && typed[row - 1] == word[column - 2]
                && typed[row - 2] == word[column - 1];
            if is_swapped {
                distance = distance.min(before_last[column - 2] + 1);
            }
            current[column] = distance;
            nearest = nearest.min(distance);
        }
        if nearest > most {
            return false;
        }
        before_last = last;
        last = current;
    }
    last[word.len()] <= most
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(typed: &str, word: &str, most: usize) -> bool {
        let typed: Vec<char> = typed.chars().collect();
        within(&typed, word, most)
    }

    #[test]
    fn one_slip_of_each_kind() {
        for typed in ["احمدی", "احدی", "اححمدی", "اخمدی", "امحدی", "احمد", "حمدی"]
        {
            assert!(near(typed, "احمدی", 1), "{typed}");
        }
        for typed in ["احمذذی", "حامدی‌ها", "محمود", ""] {
            assert!(!near(typed, "احمدی", 1), "{typed}");
        }
        assert!(near("اخمذی", "احمدی", 2));
        assert!(near("", "", 0));
        assert!(!near("a", &"a".repeat(LONGEST + 1), 2));
    }

    #[test]
    fn short_words_and_numbers_must_be_right() {
        let allowed = |word: &str| allowed(&word.chars().collect::<Vec<_>>());
        assert_eq!(allowed("رض"), None);
        assert_eq!(allowed("رضا"), Some(1));
        assert_eq!(allowed("کاردیولوژی"), Some(2));
        assert_eq!(allowed("12345"), None);
        assert!(begin_alike(['ا', 'ح'], ['ح', 'م']));
        assert!(!begin_alike(['ا', '\0'], ['ح', '\0']));
    }
}
