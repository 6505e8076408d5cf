//! Seeds: from each follows one random story, the same each time.
//!
//! `COHORTIUM_SEED=7` plays that one alone, `COHORTIUM_SEEDS=1000` so many.

use std::ops::Range;

/// A number that the environment names.
pub fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

/// The seeds to play: those that the environment asks for, or so many.
pub fn seeds(usual: u64) -> Range<u64> {
    variable("COHORTIUM_SEED").map_or(0..variable("COHORTIUM_SEEDS").unwrap_or(usual), |seed| seed..seed + 1)
}

/// Numbers that follow from a seed (`SplitMix64`).
#[derive(Debug)]
pub struct Numbers(pub u64);

impl Numbers {
    /// One that is less.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % u64::try_from(bound).unwrap()).unwrap()
    }
}
