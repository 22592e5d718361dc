//! Money: whole Rials in 64 bits (D9), with arithmetic that never wraps.

use serde::{Deserialize, Serialize};

/// An amount of Rials (`IRR`). Never negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rials(i64);

impl Rials {
    pub const ZERO: Self = Self(0);
    /// What no fee exceeds: ten billion Rials.
    pub const MOST: i64 = 10_000_000_000;

    /// None when it is negative.
    #[must_use]
    pub const fn new(amount: i64) -> Option<Self> {
        if amount >= 0 { Some(Self(amount)) } else { None }
    }

    /// The number, as it is stored and sent.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }

    /// None when it is too much.
    #[must_use]
    pub const fn plus(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(sum) => Some(Self(sum)),
            None => None,
        }
    }

    /// What is left; nothing where the other is more.
    #[must_use]
    pub const fn less(self, other: Self) -> Self {
        if other.0 >= self.0 { Self::ZERO } else { Self(self.0 - other.0) }
    }

    /// That part of it, rounded down to a whole Rial. Over 100 counts as 100.
    #[must_use]
    pub fn percent(self, percent: u8) -> Self {
        let part = i128::from(self.0) * i128::from(percent.min(100)) / 100;
        // at most the amount itself
        Self(i64::try_from(part).unwrap_or(self.0))
    }
}

impl std::fmt::Display for Rials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_sample_of_the_reference() {
        let fee = Rials::new(800_000).unwrap();
        assert_eq!(fee.percent(60).get(), 480_000);
        assert_eq!(fee.less(fee.percent(60)).get(), 320_000);
    }

    proptest! {
        #[test]
        fn a_part_and_the_rest_are_the_whole(amount in 0..=i64::MAX, percent in 0_u8..=100) {
            let whole = Rials::new(amount).unwrap();
            let part = whole.percent(percent);
            prop_assert!(part <= whole);
            prop_assert_eq!(part.plus(whole.less(part)), Some(whole));
        }

        #[test]
        fn nothing_is_negative(amount in i64::MIN..0) {
            prop_assert_eq!(Rials::new(amount), None);
        }
    }
}
