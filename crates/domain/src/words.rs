//! Numbers as Persian readers write them: in words, and in their own digits.

/// What a group of three digits counts: 10³, 10⁶, … 10¹⁸.
const SCALES: [&str; 7] = ["", "هزار", "میلیون", "میلیارد", "بیلیون", "بیلیارد", "تریلیون"];
const HUNDREDS: [&str; 10] = ["", "صد", "دویست", "سیصد", "چهارصد", "پانصد", "ششصد", "هفتصد", "هشتصد", "نهصد"];
const TENS: [&str; 10] = ["", "ده", "بیست", "سی", "چهل", "پنجاه", "شصت", "هفتاد", "هشتاد", "نود"];
const SMALL: [&str; 20] = [
    "",
    "یک",
    "دو",
    "سه",
    "چهار",
    "پنج",
    "شش",
    "هفت",
    "هشت",
    "نه",
    "ده",
    "یازده",
    "دوازده",
    "سیزده",
    "چهارده",
    "پانزده",
    "شانزده",
    "هفده",
    "هجده",
    "نوزده",
];
const AND: &str = " و ";

/// `538200`: «پانصد و سی و هشت هزار و دویست».
#[must_use]
pub fn in_words(number: i64) -> String {
    if number == 0 {
        return "صفر".to_owned();
    }
    let mut groups = Vec::with_capacity(SCALES.len());
    let mut rest = number.unsigned_abs();
    while rest > 0 {
        // below a thousand
        groups.push(usize::try_from(rest % 1_000).unwrap_or(0));
        rest /= 1_000;
    }
    let parts: Vec<String> = groups
        .into_iter()
        .zip(SCALES)
        .filter(|(group, _)| *group > 0)
        .map(|(group, scale)| match (group, scale) {
            (_, "") => group_in_words(group),
            // nobody says «یک هزار»
            (1, "هزار") => scale.to_owned(),
            _ => format!("{} {scale}", group_in_words(group)),
        })
        .rev()
        .collect();
    let words = parts.join(AND);
    if number < 0 { format!("منفی {words}") } else { words }
}

/// 1 to 999.
fn group_in_words(group: usize) -> String {
    let (hundreds, rest) = (group / 100 % 10, group % 100);
    let (tens, ones) = if rest < 20 { ("", SMALL[rest]) } else { (TENS[rest / 10], SMALL[rest % 10]) };
    let parts: Vec<&str> =
        [HUNDREDS[hundreds], tens, ones].into_iter().filter(|part| !part.is_empty()).collect();
    parts.join(AND)
}

/// Latin digits become Persian ones; all else stays.
#[must_use]
pub fn persian_digits(text: &str) -> String {
    let persian = |c: char| match c {
        '0'..='9' => char::from_u32(u32::from('۰') + (u32::from(c) - u32::from('0'))).unwrap_or(c),
        _ => c,
    };
    text.chars().map(persian).collect()
}

/// `-1234567`: «−۱٬۲۳۴٬۵۶۷».
#[must_use]
pub fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut out = String::with_capacity(4 * digits.len());
    if number < 0 {
        out.push('\u{2212}');
    }
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            out.push('٬');
        }
        out.push(digit);
    }
    persian_digits(&out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The number that words say; none where they are no number.
    fn read(words: &str) -> Option<i64> {
        if words == "صفر" {
            return Some(0);
        }
        let (negative, words) = match words.strip_prefix("منفی ") {
            Some(rest) => (true, rest),
            None => (false, words),
        };
        let value = |word: &str, list: &[&str], unit: i64| {
            let at = list.iter().position(|known| *known == word && !known.is_empty())?;
            Some(i64::try_from(at).ok()? * unit)
        };
        let (mut total, mut group) = (0_i64, 0_i64);
        for word in words.split(' ').filter(|word| *word != "و") {
            if let Some(scale) = SCALES.iter().position(|known| *known == word) {
                total += group.max(1) * 1_000_i64.pow(u32::try_from(scale).ok()?);
                group = 0;
            } else {
                let small = value(word, &SMALL, 1);
                group += small.or_else(|| value(word, &TENS, 10)).or_else(|| value(word, &HUNDREDS, 100))?;
            }
        }
        Some(if negative { -(total + group) } else { total + group })
    }

    #[test]
    fn numbers_as_they_are_said() {
        for (number, words) in [
            (0, "صفر"),
            (1, "یک"),
            (10, "ده"),
            (19, "نوزده"),
            (20, "بیست"),
            (21, "بیست و یک"),
            (100, "صد"),
            (111, "صد و یازده"),
            (305, "سیصد و پنج"),
            (1_000, "هزار"),
            (1_001, "هزار و یک"),
            (2_000, "دو هزار"),
            (21_000, "بیست و یک هزار"),
            (320_000, "سیصد و بیست هزار"),
            (538_200, "پانصد و سی و هشت هزار و دویست"),
            (717_600, "هفتصد و هفده هزار و ششصد"),
            (1_000_000, "یک میلیون"),
            (1_001_000, "یک میلیون و هزار"),
            (2_500_000, "دو میلیون و پانصد هزار"),
            (1_000_000_000, "یک میلیارد"),
            (1_000_000_000_000, "یک بیلیون"),
            (1_000_000_000_000_000, "یک بیلیارد"),
            (-5, "منفی پنج"),
        ] {
            assert_eq!(in_words(number), words);
        }
        assert_eq!(
            in_words(999_999_999_999_999),
            "نهصد و نود و نه بیلیون و نهصد و نود و نه میلیارد و نهصد و نود و نه میلیون و نهصد و نود و نه هزار و نهصد و نود و نه"
        );
        for end in [i64::MIN, i64::MAX] {
            assert!(!in_words(end).is_empty());
        }
    }

    #[test]
    fn digits_and_groups() {
        assert_eq!(persian_digits("1405-000001 x"), "۱۴۰۵-۰۰۰۰۰۱ x");
        for (number, text) in
            [(0, "۰"), (999, "۹۹۹"), (1_000, "۱٬۰۰۰"), (1_234_567, "۱٬۲۳۴٬۵۶۷"), (-67_064, "−۶۷٬۰۶۴")]
        {
            assert_eq!(grouped(number), text);
        }
    }

    proptest! {
        #[test]
        fn words_read_back(number in -1_000_000_000_000_000_i64..=1_000_000_000_000_000) {
            prop_assert_eq!(read(&in_words(number)), Some(number));
        }
    }
}
