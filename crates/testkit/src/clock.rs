//! A clock that stands still until a test moves it, and randomness that repeats.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::SeqCst};

use domain::{Clock, Rng, SignedDuration, Timestamp};

/// Starts at 2024-01-20T10:00:00Z, a Saturday.
pub struct MovableClock(AtomicI64);

impl Default for MovableClock {
    fn default() -> Self {
        let start: Timestamp = "2024-01-20T10:00:00Z".parse().unwrap();
        Self(AtomicI64::new(start.as_microsecond()))
    }
}

impl MovableClock {
    pub fn advance(&self, by: SignedDuration) {
        self.0.fetch_add(i64::try_from(by.as_micros()).unwrap(), SeqCst);
    }
}

impl Clock for MovableClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_microsecond(self.0.load(SeqCst)).unwrap()
    }
}

/// `SplitMix64`: the same bytes from the same seed.
pub struct SeededRng {
    state: AtomicU64,
    is_broken: AtomicBool,
}

impl SeededRng {
    pub fn new(seed: u64) -> Self {
        Self { state: AtomicU64::new(seed), is_broken: AtomicBool::new(false) }
    }

    /// Makes every use of it panic, or mends it.
    pub fn break_it(&self, broken: bool) {
        self.is_broken.store(broken, SeqCst);
    }
}

impl Rng for SeededRng {
    fn fill(&self, bytes: &mut [u8]) {
        assert!(!self.is_broken.load(SeqCst), "broken on purpose");
        for chunk in bytes.chunks_mut(8) {
            let mut z = self.state.fetch_add(0x9e37_79b9_7f4a_7c15, SeqCst);
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            chunk.copy_from_slice(&(z ^ (z >> 31)).to_le_bytes()[..chunk.len()]);
        }
    }
}
