//! The Iranian national id (کد ملی).

use crate::{
    text::digits,
    violation::{Parsed, Violation},
};

/// Ten digits, the last of which checks the others.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct NationalId(String);

impl NationalId {
    /// Reads ten digits of any script. The check digit is the weighted sum (10…2) modulo 11, or 11
    /// minus that when it is 2 or more; ten equal digits pass the sum but were never given out.
    pub fn parse(text: &str) -> Parsed<Self> {
        let text = digits(text, 10..=10, Violation::NationalId)?;
        let value = |c: u8| u32::from(c - b'0');
        let bytes = text.as_bytes();
        if bytes.iter().all(|b| *b == bytes[0]) {
            return Err(Violation::NationalId);
        }
        let sum: u32 = bytes[..9].iter().zip((2..=10).rev()).map(|(b, weight)| value(*b) * weight).sum();
        let rest = sum % 11;
        let check = if rest < 2 { rest } else { 11 - rest };
        if check == value(bytes[9]) { Ok(Self(text)) } else { Err(Violation::NationalId) }
    }

    /// The ten digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Never the number: debug output ends in logs.
impl std::fmt::Debug for NationalId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NationalId(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_digit_decides() {
        for good in ["0012345679", "0499370899", "0684159414", "۰۴۹۹۳۷۰۸۹۹"] {
            assert!(NationalId::parse(good).is_ok(), "{good}");
        }
        for bad in ["0012345678", "1111111111", "0000000000", "049937089", "04993708990", "049937089a", ""] {
            assert_eq!(NationalId::parse(bad), Err(Violation::NationalId), "{bad}");
        }
    }

    #[test]
    fn of_ten_last_digits_exactly_one_is_right() {
        for prefix in ["001234567", "123456789", "987654321", "045001234"] {
            let right = (0..10).filter(|d| NationalId::parse(&format!("{prefix}{d}")).is_ok()).count();
            assert_eq!(right, 1, "{prefix}");
        }
    }
}
