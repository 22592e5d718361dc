//! Text that people type, made safe to keep and to show.

use crate::violation::{Parsed, Violation};

/// Persian (۰–۹) and Arabic (٠–٩) digits become Latin ones; all else stays.
#[must_use]
pub fn latin_digits(text: &str) -> String {
    text.chars().map(latin_digit).collect()
}

fn latin_digit(c: char) -> char {
    let offset = match c {
        '۰'..='۹' => u32::from(c) - u32::from('۰'),
        '٠'..='٩' => u32::from(c) - u32::from('٠'),
        _ => return c,
    };
    char::from_digit(offset, 10).unwrap_or(c)
}

/// One line of at most `max` characters, trimmed; may be empty.
pub fn line(text: &str, max: usize) -> Parsed<String> {
    checked(text, max, |_| false)
}

/// The same, and not empty.
pub fn required_line(text: &str, max: usize) -> Parsed<String> {
    let text = line(text, max)?;
    if text.is_empty() { Err(Violation::Required) } else { Ok(text) }
}

/// Several lines of at most `max` characters in all, trimmed; may be empty.
pub fn block(text: &str, max: usize) -> Parsed<String> {
    checked(text, max, |c| matches!(c, '\n' | '\t'))
}

fn checked(text: &str, max: usize, also: impl Fn(char) -> bool) -> Parsed<String> {
    let text = text.trim();
    if text.chars().any(|c| is_dangerous(c) && !also(c)) {
        return Err(Violation::Characters);
    }
    if text.chars().count() > max {
        return Err(Violation::TooLong(max));
    }
    Ok(text.to_owned())
}

/// Control characters, and the marks that make text read in another order than it is stored
/// (Unicode TR 9: embeddings, overrides, isolates), and separators of lines and paragraphs. ZWNJ and ZWJ are ordinary Persian spelling.
pub fn is_dangerous(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}')
}

/// An address of electronic mail, small letters; the empty text means none.
pub fn email(text: &str) -> Parsed<String> {
    let text = line(text, 254)?.to_lowercase();
    if text.is_empty() {
        return Ok(text);
    }
    let (local, domain) = text.rsplit_once('@').ok_or(Violation::Email)?;
    let local_ok = !local.is_empty()
        && local.len() <= 64
        && !local.contains('@')
        && local.chars().all(|c| c.is_ascii_graphic() && !"()<>[]:;,\\\"".contains(c));
    let label_ok = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    let domain_ok = domain.contains('.') && domain.split('.').all(label_ok);
    if local_ok && domain_ok { Ok(text) } else { Err(Violation::Email) }
}

/// Digits only, after Persian ones were made Latin; `what` says which lengths are right.
pub fn digits(text: &str, lengths: std::ops::RangeInclusive<usize>, what: Violation) -> Parsed<String> {
    let text = latin_digits(text.trim());
    if lengths.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit()) {
        Ok(text)
    } else {
        Err(what)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zwnj_is_spelling_and_overrides_are_refused() {
        assert_eq!(line(" می‌روم ", 20).as_deref(), Ok("می‌روم"));
        for bad in ["a\0b", "a\u{202E}b", "a\u{2066}b", "a\nb", "\u{7}", "a\u{FEFF}b"] {
            assert_eq!(line(bad, 20), Err(Violation::Characters), "{bad:?}");
        }
        assert_eq!(block("یک\nدو", 20).as_deref(), Ok("یک\nدو"));
        assert_eq!(block("یک\0دو", 20), Err(Violation::Characters));
    }

    #[test]
    fn length_is_in_characters() {
        assert!(line("سلام", 4).is_ok());
        assert_eq!(line("سلام!", 4), Err(Violation::TooLong(4)));
    }

    #[test]
    fn emails() {
        for good in ["ali@example.com", "A.B+c@sub.example.co", ""] {
            assert!(email(good).is_ok(), "{good}");
        }
        for bad in
            ["ali", "@example.com", "ali@", "ali@example", "a b@example.com", "a@b@c.d", "a@-b.c", "a@b..c"]
        {
            assert_eq!(email(bad), Err(Violation::Email), "{bad}");
        }
    }
}
