//! What every stored thing carries: its version, and when it was made and last changed.

use crate::refusal::Refusal;
use crate::time::Timestamp;

/// The version of a thing, and its instants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meta {
    /// Raised by one each time the thing is saved; 0 until it is stored for the first time.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Meta {
    /// Of a thing that is being made.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self { version: 0, created_at: now, updated_at: now }
    }

    /// Of the same thing, changed now.
    #[must_use]
    pub fn changed(self, now: Timestamp) -> Self {
        Self { updated_at: now, ..self }
    }
}

/// What a caller says about the version that it changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precondition {
    /// Nothing, and nothing needs to be said.
    NotNeeded,
    /// Nothing, though it must be said.
    Missing,
    /// Whatever the version is.
    Any,
    /// This version.
    Version(i64),
    /// None that there could be.
    Never,
}

impl Meta {
    /// Goes on when the precondition holds.
    ///
    /// # Errors
    /// [`Refusal::VersionRequired`] when one is missing; [`Refusal::Stale`] when the thing has changed.
    pub fn admit(&self, precondition: Precondition) -> Result<(), Refusal> {
        match precondition {
            Precondition::NotNeeded | Precondition::Any => Ok(()),
            Precondition::Version(version) if version == self.version => Ok(()),
            Precondition::Version(_) | Precondition::Never => Err(Refusal::Stale),
            Precondition::Missing => Err(Refusal::VersionRequired),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_admitted_only_by_the_version_it_was_read_in() {
        let meta = Meta { version: 3, ..Meta::new(Timestamp::from_millis(0)) };
        for (precondition, outcome) in [
            (Precondition::NotNeeded, Ok(())),
            (Precondition::Any, Ok(())),
            (Precondition::Version(3), Ok(())),
            (Precondition::Version(2), Err(Refusal::Stale)),
            (Precondition::Never, Err(Refusal::Stale)),
            (Precondition::Missing, Err(Refusal::VersionRequired)),
        ] {
            assert_eq!(meta.admit(precondition), outcome, "{precondition:?}");
        }
    }
}
