//! One spelling for what Persian writers type in many (D17), so that a search compares what was meant.

/// What stands beside a name without being part of it, and the words that join others.
const NOISE: [&str; 5] = ["دکتر", "و", "در", "با", "برای"];

/// Small letters, one form of each letter, Latin digits, no diacritics, single spaces between words. ZWNJ is
/// nothing: what it joins is one word. Signs are spaces.
#[must_use]
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    let mut gap = false;
    for c in text.chars().filter_map(letter).flat_map(char::to_lowercase).filter(|c| !is_mark(*c)) {
        if c.is_alphanumeric() {
            if gap && !folded.is_empty() {
                folded.push(' ');
            }
            gap = false;
            folded.push(c);
        } else {
            gap = true;
        }
    }
    folded
}

/// The folded words of a text, without those that say nothing.
#[must_use]
pub fn words(text: &str) -> Vec<String> {
    fold(text).split(' ').filter(|word| !word.is_empty() && !is_noise(word)).map(str::to_owned).collect()
}

/// The same with what a ZWNJ joins taken apart.
#[must_use]
pub fn parts(text: &str) -> Vec<String> {
    words(&text.replace('\u{200C}', " "))
}

/// A whole name, such as a city's, however its words are set apart.
#[must_use]
pub fn key(text: &str) -> String {
    fold(text).replace(' ', "")
}

/// Whether a folded word says nothing about whom is looked for.
pub(crate) fn is_noise(word: &str) -> bool {
    NOISE.contains(&word)
}

/// The one form of a letter; none for what is no letter of its own.
fn letter(c: char) -> Option<char> {
    Some(match c {
        // ي ى ئ ې ێ ے ۓ
        '\u{064A}' | '\u{0649}' | '\u{0626}' | '\u{06D0}' | '\u{06CE}' | '\u{06D2}' | '\u{06D3}' => {
            '\u{06CC}'
        }
        // ك ڪ
        '\u{0643}' | '\u{06AA}' => '\u{06A9}',
        // ة ۀ ھ ہ ۂ ۃ ە
        '\u{0629}' | '\u{06C0}' | '\u{06BE}' | '\u{06C1}'..='\u{06C3}' | '\u{06D5}' => '\u{0647}',
        // آ أ إ ٱ ٲ ٳ
        '\u{0622}' | '\u{0623}' | '\u{0625}' | '\u{0671}'..='\u{0673}' => '\u{0627}',
        // ؤ
        '\u{0624}' => '\u{0648}',
        '۰'..='۹' | '٠'..='٩' => {
            return crate::text::latin_digits(c.encode_utf8(&mut [0; 4])).chars().next();
        }
        c if is_mark(c) => return None,
        c => c,
    })
}

/// What is written but not heard: ء, ٴ and kashida, diacritics of Arabic and Latin script, marks of
/// direction and of joining.
const fn is_mark(c: char) -> bool {
    matches!(c,
        '\u{0621}' | '\u{0674}' | '\u{0640}' | '\u{00AD}' | '\u{061C}' | '\u{FEFF}'
        | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}'
        | '\u{0300}'..='\u{036F}' | '\u{0610}'..='\u{061A}' | '\u{064B}'..='\u{065F}' | '\u{0670}'
        | '\u{06D6}'..='\u{06DC}' | '\u{06DF}'..='\u{06E8}' | '\u{06EA}'..='\u{06ED}' | '\u{08D3}'..='\u{08FF}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_meant_alike_folds_alike() {
        for (one, other) in [
            ("رضايي", "رضایی"),
            ("رضائی", "رضایی"),
            ("موسى", "موسی"),
            ("كريمي", "کریمی"),
            ("فاطمة", "فاطمه"),
            ("فاطمۀ", "فاطمه"),
            ("آرش", "ارش"),
            ("أحمد", "احمد"),
            ("إحسان", "احسان"),
            ("ٱلهه", "الهه"),
            ("تأمین اجتماعی", "تامین اجتماعی"),
            ("مؤمنی", "مومنی"),
            ("رئیس", "رییس"),
            ("علاء", "علا"),
            ("محمّد", "محمد"),
            ("مَریَم", "مریم"),
            ("رضـــایی", "رضایی"),
            ("محمد\u{200C}رضا", "محمدرضا"),
            ("درمانگاه ۱۲", "درمانگاه 12"),
            ("درمانگاه ١٢", "درمانگاه 12"),
            ("  قلب   و\tعروق ", "قلب و عروق"),
            ("قلب، عروق!", "قلب عروق"),
            ("Cardiology", "CARDIOLOGY"),
            ("cafe\u{301}", "cafe"),
        ] {
            assert_eq!(fold(one), fold(other), "{one} and {other}");
        }
    }

    #[test]
    fn different_letters_stay_different() {
        for (one, other) in
            [("سارا", "صارا"), ("رضا", "رزا"), ("قلب", "کلب"), ("گلی", "کلی"), ("پارسا", "بارسا")]
        {
            assert_ne!(fold(one), fold(other), "{one} and {other}");
        }
    }

    #[test]
    fn words_leave_the_title_out() {
        assert_eq!(words("دكتر مریم رضایی"), ["مریم", "رضایی"]);
        assert_eq!(words("متخصص قلب و عروق"), ["متخصص", "قلب", "عروق"]);
        assert!(words(" دکتر، ").is_empty());
        assert!(words("؟!").is_empty());
        assert_eq!(words("محمد\u{200C}رضا"), ["محمدرضا"]);
        assert_eq!(parts("محمد\u{200C}رضا"), ["محمد", "رضا"]);
        assert_eq!(key("بندر عباس"), key("بندرعبّاس"));
    }

    proptest! {
        #[test]
        fn folding_twice_changes_nothing(
            text in proptest::collection::vec(
                prop_oneof![any::<char>(), proptest::char::range('\u{0600}', '\u{06FF}'), Just(' ')], 0..40)
        ) {
            let text: String = text.into_iter().collect();
            let once = fold(&text);
            prop_assert_eq!(fold(&once), once.clone());
            prop_assert!(!once.starts_with(' ') && !once.ends_with(' ') && !once.contains("  "));
            prop_assert!(!key(&text).contains(' '));
        }
    }
}
