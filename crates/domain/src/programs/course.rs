//! A program with all that its phase follows from.

use super::Program;
use crate::access::Actor;
use crate::time::Timestamp;
use crate::timeline::{CohortSpan, PhaseNow, Timeline, next_change_at, phase};

/// A program, its timeline, and from when to when its cohorts meet.
#[derive(Clone, Debug, PartialEq)]
pub struct Course {
    /// The program.
    pub program: Program,
    /// Its timeline.
    pub timeline: Timeline,
    /// Of its cohorts, those that are open, in session or completed.
    pub cohorts: Vec<CohortSpan>,
}

impl Course {
    /// Where the program is at an instant.
    #[must_use]
    pub fn phase(&self, now: Timestamp) -> PhaseNow {
        phase(&self.timeline, &self.program.decisions, &self.cohorts, now)
    }

    /// The next instant at which anything about the program or its timeline reads otherwise.
    #[must_use]
    pub fn next_change_at(&self, now: Timestamp) -> Option<Timestamp> {
        next_change_at(&self.timeline, &self.program.decisions, &self.cohorts, now)
    }

    /// What this caller may do to the program now.
    #[must_use]
    pub fn allowed_actions(&self, actor: &Actor, now: Timestamp) -> Vec<&'static str> {
        self.program.allowed_actions(actor, self.phase(now).phase)
    }
}
