//! Randomness is an argument.

/// A source of random bytes: the operating system's in production, a seeded one in tests.
pub trait Rng: Send + Sync {
    /// Fills `bytes`; unpredictable in production.
    fn fill(&self, bytes: &mut [u8]);
}

/// A whole number below `bound`, every one as likely as any other.
pub fn below(rng: &dyn Rng, bound: u32) -> u32 {
    // numbers past the last whole multiple of the bound would make small results likelier
    let fair = u32::MAX - u32::MAX % bound;
    loop {
        let mut bytes = [0; 4];
        rng.fill(&mut bytes);
        let drawn = u32::from_le_bytes(bytes);
        if drawn < fair {
            return drawn % bound;
        }
    }
}
