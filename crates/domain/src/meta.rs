//! What every stored thing carries: its version, and when it was made and last changed.

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
