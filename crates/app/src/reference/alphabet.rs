//! The order of the Persian alphabet, which neither the code points nor every database's collation have.

/// Where each letter stands; what is not in it comes before, in the order of its code points.
const LETTERS: &str = "آابپتثجچحخدذرزژسشصضطظعغفقکگلمنوهی";

/// What texts are sorted by. A space or a ZWNJ ends a word, and a shorter word comes first.
pub(super) fn key(text: &str) -> Vec<u32> {
    text.chars().map(place).collect()
}

fn place(c: char) -> u32 {
    let letter = match c {
        'أ' | 'إ' => 'ا',
        'ؤ' => 'و',
        'ئ' | 'ي' => 'ی',
        'ك' => 'ک',
        'ة' => 'ه',
        // all that parts words is one
        '\u{200C}' | ' ' => return 0,
        other => other,
    };
    let after_all_others = u32::from(char::MAX);
    match LETTERS.chars().zip(1..).find(|(known, _)| *known == letter) {
        Some((_, place)) => after_all_others + place,
        None => u32::from(letter),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_persian_stand_where_persian_has_them() {
        let sorted = ["آبادان", "اردبیل", "بندر دیر", "بندرعباس", "پاوه", "تبریز", "چالوس", "حمیدیه", "ژاله"];
        let more =
            ["سراب", "سراب‌دوره", "سرابله", "کاشان", "گرگان", "لار", "مأمونیه", "ماهان", "ورامین", "همدان"];
        let expected: Vec<_> = sorted.into_iter().chain(more).chain(["یزد"]).collect();
        let mut found = expected.clone();
        found.reverse();
        found.sort_by_key(|text| key(text));
        assert_eq!(found, expected);
    }
}
