//! Iranian mobile numbers (D11).

use crate::{
    text::latin_digits,
    violation::{Parsed, Violation},
};

/// A mobile number, kept as its ten national digits (`9121234567`).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Phone([u8; 10]);

impl Phone {
    /// Reads `+98912…`, `0098912…`, `98912…`, `0912…` or `912…` in Persian, Arabic or Latin digits.
    pub fn parse(text: &str) -> Parsed<Self> {
        let text = latin_digits(text.trim());
        let national = ["+98", "0098", "98", "0"]
            .iter()
            .find_map(|prefix| text.strip_prefix(prefix).filter(|rest| rest.len() == 10))
            .unwrap_or(&text);
        let digits: [u8; 10] = national.as_bytes().try_into().map_err(|_| Violation::Phone)?;
        if digits[0] == b'9' && digits.iter().all(u8::is_ascii_digit) {
            Ok(Self(digits))
        } else {
            Err(Violation::Phone)
        }
    }

    fn national(&self) -> &str {
        // the bytes are ASCII digits by construction
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// `+989121234567`: on the wire and in the database.
    #[must_use]
    pub fn e164(&self) -> String {
        format!("+98{}", self.national())
    }

    /// `09121234567`: what Iranian providers take.
    #[must_use]
    pub fn local(&self) -> String {
        format!("0{}", self.national())
    }

    /// `0912***4567`: enough for its owner to recognise.
    #[must_use]
    pub fn masked(&self) -> String {
        let digits = self.national();
        format!("0{}***{}", &digits[..3], &digits[6..])
    }
}

/// Never the number: debug output ends in logs.
impl std::fmt::Debug for Phone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Phone(***)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_documented_spelling_is_one_number() {
        for spelling in [
            "+989121234567",
            "00989121234567",
            "989121234567",
            "09121234567",
            "9121234567",
            "۰۹۱۲۱۲۳۴۵۶۷",
            "٠٩١٢١٢٣٤٥٦٧",
            "+۹۸۹۱۲۱۲۳۴۵۶۷",
            " 09121234567 ",
        ] {
            assert_eq!(Phone::parse(spelling).unwrap().e164(), "+989121234567", "{spelling}");
        }
    }

    #[test]
    fn others_are_refused() {
        for bad in [
            "",
            "0912",
            "08121234567",
            "+14155550100",
            "+9809121234567",
            "0912123456a",
            "912123456",
            "91212345678",
            "00980912123456",
            "0912 123 4567",
            "+98 9121234567",
            "سلام",
        ] {
            assert_eq!(Phone::parse(bad), Err(Violation::Phone), "{bad}");
        }
    }

    #[test]
    fn it_is_shown_masked_and_never_debugged() {
        let phone = Phone::parse("09121234567").unwrap();
        assert_eq!(phone.masked(), "0912***4567");
        assert_eq!(format!("{phone:?}"), "Phone(***)");
    }

    proptest! {
        #[test]
        fn parsing_what_we_write_gives_the_same(digits in "9[0-9]{9}") {
            let phone = Phone::parse(&digits).unwrap();
            prop_assert_eq!(Phone::parse(&phone.e164()), Ok(phone));
            prop_assert_eq!(Phone::parse(&phone.local()), Ok(phone));
        }

        #[test]
        fn no_input_panics(text in ".{0,30}") {
            let _ = Phone::parse(&text);
        }
    }
}
