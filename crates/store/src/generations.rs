//! Generations: how whoever keeps something in memory learns that it may have changed.
//!
//! What always holds: a write raises its coalition's generation after its commit, whatever became of the one who asked for it; so
//! what was read under the current generation is current.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use cohortium_domain::ids::CoalitionId;

/// A number that is another one as soon as anything of a coalition may have changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Generation(u64);

#[derive(Default)]
pub(crate) struct Generations {
    coalitions: Mutex<HashMap<CoalitionId, Arc<AtomicU64>>>,
    /// Of all coalitions' accounts, grants and sessions.
    access: Arc<AtomicU64>,
}

/// Raises the generation when it is dropped.
pub(crate) struct Armed(Arc<AtomicU64>);

impl Drop for Armed {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }
}

impl Generations {
    pub(crate) fn current(&self, coalition: CoalitionId) -> Generation {
        Generation(self.of(coalition).load(Ordering::Acquire))
    }

    /// To be held over a commit.
    pub(crate) fn arm(&self, coalition: CoalitionId) -> Armed {
        Armed(self.of(coalition))
    }

    pub(crate) fn access(&self) -> Generation {
        Generation(self.access.load(Ordering::Acquire))
    }

    /// To be held over a commit.
    pub(crate) fn arm_access(&self) -> Armed {
        Armed(self.access.clone())
    }

    pub(crate) fn raise_all(&self) {
        for generation in self.coalitions.lock().unwrap_or_else(PoisonError::into_inner).values() {
            generation.fetch_add(1, Ordering::AcqRel);
        }
    }

    fn of(&self, coalition: CoalitionId) -> Arc<AtomicU64> {
        self.coalitions.lock().unwrap_or_else(PoisonError::into_inner).entry(coalition).or_default().clone()
    }
}
