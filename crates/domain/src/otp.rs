//! One-time passwords: the rules of D12. The state lives in the `state` room.

use std::fmt::Write as _;

use crate::{
    Rng, Secret, SignedDuration,
    rng::below,
    text::digits,
    violation::{Parsed, Violation},
};

/// How a code reaches its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Channel {
    Sms,
    Call,
    Whatsapp,
}

impl Channel {
    /// All of them; the first is the default.
    pub const NAMES: [&'static str; 3] = ["sms", "whatsapp", "call"];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sms => "sms",
            Self::Call => "call",
            Self::Whatsapp => "whatsapp",
        }
    }

    pub fn parse(name: &str) -> Parsed<Self> {
        [Self::Sms, Self::Call, Self::Whatsapp]
            .into_iter()
            .find(|channel| channel.as_str() == name)
            .ok_or(Violation::Choice(&Self::NAMES))
    }
}

/// Life, tries and budgets of codes.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// A code lives this long.
    pub life: SignedDuration,
    /// A new one can be had after this long.
    pub resend_after: SignedDuration,
    /// Guesses that are evaluated for one code.
    pub tries: i64,
    /// Codes sent to one phone in an hour.
    pub sends_per_phone: i64,
    /// Codes asked for from one address in an hour; none where the limits are lifted.
    pub sends_per_address: Option<i64>,
    /// Wrong guesses of one phone + address pair that lock the pair.
    pub failures_per_pair: i64,
    /// Wrong guesses of one phone in a day that lock the phone.
    pub failures_per_phone: i64,
    /// How long a lock lasts.
    pub lock: SignedDuration,
}

impl Policy {
    /// The window of the send budgets.
    pub const SEND_WINDOW: SignedDuration = SignedDuration::from_hours(1);
    /// The window of the failures of a phone.
    pub const FAILURE_WINDOW: SignedDuration = SignedDuration::from_hours(24);
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            life: SignedDuration::from_secs(120),
            resend_after: SignedDuration::from_secs(60),
            tries: 3,
            sends_per_phone: 5,
            sends_per_address: Some(20),
            failures_per_pair: 5,
            failures_per_phone: 20,
            lock: SignedDuration::from_mins(30),
        }
    }
}

/// A new code of six digits, every one as likely as any other.
#[must_use]
pub fn draw(rng: &dyn Rng) -> Secret<String> {
    let mut code = String::with_capacity(6);
    let _ = write!(code, "{:06}", below(rng, 1_000_000));
    Secret::new(code)
}

/// Six digits of any script.
pub fn parse(text: &str) -> Parsed<Secret<String>> {
    digits(text, 6..=6, Violation::OtpCode).map(Secret::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_six_digits_of_any_script() {
        assert_eq!(parse("۱۲۳۴۵۶").unwrap().expose(), "123456");
        for bad in ["12345", "1234567", "12345a", "", "12 456", "-12345", "+12345"] {
            assert_eq!(parse(bad), Err(Violation::OtpCode), "{bad}");
        }
    }

    #[test]
    fn small_codes_keep_their_zeros() {
        struct Low;
        impl Rng for Low {
            fn fill(&self, bytes: &mut [u8]) {
                bytes.fill(0);
                bytes[0] = 7;
            }
        }
        assert_eq!(draw(&Low).expose(), "000007");
    }
}
