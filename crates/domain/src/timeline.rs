//! The timeline of a program, and the phase that follows from it.

use crate::ids::MilestoneId;
use crate::text::Name;
use crate::time::{Date, Timestamp};

crate::words! {
    /// What a milestone is for.
    pub enum MilestoneKind {
        /// The call for proposals opens.
        ProposalsOpen = "proposals_open",
        /// Proposals are due.
        ProposalsDue = "proposals_due",
        /// Authors are told.
        DecisionsAnnounced = "decisions_announced",
        /// Accepted authors have confirmed.
        ConfirmationsDue = "confirmations_due",
        /// It is settled which cohorts there are.
        OfferingsFinal = "offerings_final",
        /// Sign-up opens.
        SignupOpens = "signup_opens",
        /// The day by which people are asked to have signed up.
        SignupSoftDeadline = "signup_soft_deadline",
        /// The cohorts begin.
        Kickoff = "kickoff",
        /// A training in person.
        InPersonTraining = "in_person_training",
        /// A call; there can be many.
        Call = "call",
        /// The cohorts end.
        Closeout = "closeout",
    }
}

/// When a milestone is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// On a civil day of the program's zone.
    On(Date),
    /// At an instant.
    At(Timestamp),
    /// So many civil days after another milestone's day (before, when negative).
    Relative {
        /// The other.
        to: MilestoneId,
        /// How many days later.
        days: i32,
    },
}

/// A milestone of a timeline.
#[derive(Clone, Debug, PartialEq)]
pub struct Milestone {
    /// Which.
    pub id: MilestoneId,
    /// What for.
    pub kind: MilestoneKind,
    /// What it is called.
    pub label: Name,
    /// When.
    pub when: When,
}

/// When people can sign up to a cohort.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignupWindow {
    /// From here on.
    pub opens_at: Timestamp,
    /// From here on it is late, where there is a soft deadline.
    pub soft_deadline_at: Option<Timestamp>,
    /// Until here: the cohort's kick-off, or its start where that came earlier.
    pub closes_at: Timestamp,
}
