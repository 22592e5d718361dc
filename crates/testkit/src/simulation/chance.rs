//! Chance that repeats itself: whatever the simulation decides comes from its seed.

const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// `SplitMix64`.
#[derive(Clone, Debug)]
pub(super) struct Dice(u64);

impl Dice {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Those of one thing alone: one throw more for it changes nothing about the next.
    pub(super) fn of(parts: &[u64]) -> Self {
        Self(parts.iter().fold(0, |state, part| mix(state.wrapping_add(STEP) ^ *part)))
    }

    pub(super) const fn throw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        mix(self.0)
    }

    /// One of `0..bound`.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound.max(1)).unwrap();
        usize::try_from(self.throw() % bound).unwrap()
    }

    /// One of `from..=to`.
    pub(super) fn between(&mut self, from: i64, to: i64) -> i64 {
        from + i64::try_from(self.throw() % (to.abs_diff(from) + 1)).unwrap()
    }

    /// True that many times of a hundred.
    pub(super) fn chance(&mut self, percent: i64) -> bool {
        self.between(1, 100) <= percent
    }

    /// One of these, of which there is at least one.
    pub(super) fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    /// In any order.
    pub(super) fn shuffle<T>(&mut self, all: &mut [T]) {
        for at in (1..all.len()).rev() {
            let other = self.below(at + 1);
            all.swap(at, other);
        }
    }
}

/// Spreads every bit over all of them.
pub(super) const fn mix(state: u64) -> u64 {
    let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A hash of what has happened so far and of one thing more.
pub(super) fn fold(hash: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(mix(hash ^ STEP), |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::Dice;

    #[test]
    fn the_same_seed_throws_the_same() {
        let throws = |seed| {
            let mut dice = Dice::new(seed);
            (0..100).map(|_| dice.between(-5, 5)).collect::<Vec<_>>()
        };
        assert_eq!(throws(3), throws(3));
        assert_ne!(throws(3), throws(4));
        assert!(throws(3).iter().all(|n| (-5..=5).contains(n)));
    }
}
