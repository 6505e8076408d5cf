//! A process clock that stands until a test moves it.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::sync::{Mutex, PoisonError};

use chrono::Duration;
use cohortium_domain::time::Timestamp;
use cohortium_store::Environment;

/// The clock and the randomness of a test.
#[derive(Debug)]
pub struct TestEnvironment {
    now: Mutex<Timestamp>,
}

impl TestEnvironment {
    /// A clock that stands at this instant.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        Self { now: Mutex::new(now) }
    }

    /// Moves the clock on.
    pub fn pass(&self, duration: Duration) {
        self.set(self.now().plus(duration));
    }

    /// Moves the clock to another instant.
    pub fn set(&self, now: Timestamp) {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }
}

impl Default for TestEnvironment {
    /// In the middle of the demo's year: 2019-11-20, noon.
    fn default() -> Self {
        Self::at(Timestamp::from_millis(1_574_251_200_000))
    }
}

impl Environment for TestEnvironment {
    fn now(&self) -> Timestamp {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn random(&self) -> [u8; 16] {
        let half = || RandomState::new().build_hasher().finish();
        (u128::from(half()) << 64 | u128::from(half())).to_be_bytes()
    }
}
