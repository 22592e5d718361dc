//! Chance that repeats itself: the demo clinic is the same whenever it is made at the same moment.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use domain::Rng;

const SEED: u64 = 0x4845_4C53_5341_3130;

/// `SplitMix64`. Each thing that is decided has dice of its own, so that one throw more for one doctor
/// changes nothing about the next. Never for ids or secrets.
pub(super) struct Dice(AtomicU64);

impl Dice {
    /// Those of the nth thing of a kind.
    pub(super) fn new(kind: u64, n: u64) -> Self {
        Self(AtomicU64::new(mix(mix(SEED ^ kind).wrapping_add(n))))
    }

    /// One of `0..bound`.
    fn below(&self, bound: u32) -> u32 {
        domain::rng::below(self, bound.max(1))
    }

    /// One of `from..=to`.
    pub(super) fn between(&self, from: i64, to: i64) -> i64 {
        from + i64::from(self.below(u32::try_from(to - from + 1).unwrap_or(1)))
    }

    /// True that many times of a hundred.
    pub(super) fn chance(&self, percent: i64) -> bool {
        self.between(1, 100) <= percent
    }

    /// One of these, of which there is at least one.
    pub(super) fn one<T: Copy>(&self, of: &[T]) -> T {
        of[self.below(u32::try_from(of.len()).unwrap_or(u32::MAX)) as usize]
    }

    /// One of these, of which there is at least one; the weightier, the likelier.
    pub(super) fn weighted<T: Copy>(&self, of: &[(T, i64)]) -> T {
        let mut left = self.between(1, of.iter().map(|(_, weight)| *weight).sum());
        for (one, weight) in of {
            left -= weight;
            if left <= 0 {
                return *one;
            }
        }
        of[0].0
    }
}

impl Rng for Dice {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let state = self.0.fetch_add(0x9E37_79B9_7F4A_7C15, Relaxed);
            chunk.copy_from_slice(&mix(state).to_le_bytes()[..chunk.len()]);
        }
    }
}

fn mix(state: u64) -> u64 {
    let z = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn throws_repeat_and_differ_between_things() {
        let throws = |kind, n| {
            let dice = Dice::new(kind, n);
            (0..8).map(|_| dice.between(1, 1_000_000)).collect::<Vec<_>>()
        };
        assert_eq!(throws(1, 7), throws(1, 7));
        assert_ne!(throws(1, 7), throws(1, 8));
        assert_ne!(throws(1, 7), throws(2, 7));
    }

    #[test]
    fn throws_stay_within_their_bounds() {
        let dice = Dice::new(0, 0);
        for _ in 0..1_000 {
            assert!((-3..=3).contains(&dice.between(-3, 3)));
            assert_eq!(dice.weighted(&[("never", 0), ("always", 5)]), "always");
        }
        assert_eq!((dice.between(4, 4), dice.one(&[9])), (4, 9));
        assert!(dice.chance(100) && !dice.chance(0));
    }
}
