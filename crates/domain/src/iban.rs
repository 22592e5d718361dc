//! The Iranian IBAN (شماره شبا; ISO 13616): where a doctor's money goes.

use crate::{
    text::latin_digits,
    violation::{Parsed, Violation},
};

/// Digits after `IR`: two that check, then the bank and the account.
const DIGITS: usize = 24;

/// `IR` and 24 digits, the first two of which check the others.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Sheba(String);

// never the number: debug output ends in logs
crate::blank_debug!(Sheba);

impl Sheba {
    /// Reads it with or without `IR`, in capital or small letters, in digits of any script, with spaces anywhere.
    pub fn parse(text: &str) -> Parsed<Self> {
        let mut text = latin_digits(text);
        text.retain(|c| !c.is_whitespace());
        text.make_ascii_uppercase();
        let digits = text.strip_prefix("IR").unwrap_or(&text);
        if digits.len() != DIGITS || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(Violation::Iban);
        }
        let (check, account) = digits.split_at(2);
        if check == check_digits(account) { Ok(Self(format!("IR{digits}"))) } else { Err(Violation::Iban) }
    }

    /// All 26 characters: every call is a place to look at in a review.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// `IR58••••3007`: enough for its owner to recognise.
    #[must_use]
    pub fn masked(&self) -> String {
        // ASCII by construction
        format!("{}••••{}", &self.0[..4], &self.0[22..])
    }
}

/// The one pair of digits that goes with the 22 others (ISO 7064, mod 97-10): 98 minus the remainder of account,
/// country (`I` 18, `R` 27) and 00. Always 02 to 98.
fn check_digits(account: &str) -> String {
    let number = account.bytes().chain(*b"182700");
    let rest = number.fold(0, |rest, digit| (rest * 10 + u32::from(digit - b'0')) % 97);
    format!("{:02}", 98 - rest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The example of the IBAN registry.
    const REGISTRY: &str = "IR580540105180021273113007";

    #[test]
    fn every_spelling_is_one_number() {
        for spelling in [
            REGISTRY,
            "580540105180021273113007",
            "ir580540105180021273113007",
            "IR58 0540 1051 8002 1273 1130 07",
            " Ir 58 0540105180021273113007\n",
            "IR۵۸۰۵۴۰۱۰۵۱۸۰۰۲۱۲۷۳۱۱۳۰۰۷",
            "٥٨٠٥٤٠١٠٥١٨٠٠٢١٢٧٣١١٣٠٠٧",
        ] {
            assert_eq!(Sheba::parse(spelling).unwrap().expose(), REGISTRY, "{spelling}");
        }
    }

    #[test]
    fn others_are_refused() {
        for bad in [
            "",
            "IR",
            "IR58054010518002127311300",
            "IR5805401051800212731130070",
            "IR590540105180021273113007",
            "IRIR580540105180021273113007",
            "DE89370400440532013000",
            "GB580540105180021273113007",
            "IR58-0540105180021273113007",
            "IR58054010518002127311300a",
            "IR58054010518002127311300½",
            "=IR580540105180021273113007",
            "6219861012345678",
            "شبا",
        ] {
            assert_eq!(Sheba::parse(bad), Err(Violation::Iban), "{bad}");
        }
    }

    #[test]
    fn it_is_shown_masked_and_never_debugged() {
        let iban = Sheba::parse(REGISTRY).unwrap();
        assert_eq!(iban.masked(), "IR58••••3007");
        assert_eq!(format!("{iban:?}"), "Sheba(***)");
    }

    proptest! {
        #[test]
        fn of_all_check_digits_one_pair_is_right(account in "[0-9]{22}") {
            let right = (0..100).filter(|n| Sheba::parse(&format!("IR{n:02}{account}")).is_ok()).count();
            prop_assert_eq!(right, 1);
        }

        #[test]
        fn one_wrong_digit_is_refused(account in "[0-9]{22}", at in 0_usize..24, by in 1_u8..10) {
            let mut digits = format!("{}{account}", check_digits(&account)).into_bytes();
            prop_assert!(Sheba::parse(std::str::from_utf8(&digits).unwrap()).is_ok());
            digits[at] = b'0' + (digits[at] - b'0' + by) % 10;
            prop_assert_eq!(Sheba::parse(std::str::from_utf8(&digits).unwrap()), Err(Violation::Iban));
        }

        #[test]
        fn two_neighbours_swapped_are_refused(account in "[0-9]{22}", at in 0_usize..23) {
            let mut digits = format!("{}{account}", check_digits(&account)).into_bytes();
            prop_assume!(digits[at] != digits[at + 1]);
            digits.swap(at, at + 1);
            prop_assert_eq!(Sheba::parse(std::str::from_utf8(&digits).unwrap()), Err(Violation::Iban));
        }

        #[test]
        fn no_input_panics(text in ".{0,40}") {
            let _ = Sheba::parse(&text);
        }
    }
}
