//! Where a proposal stands, with what belongs to it there.

use super::ProposalState::{
    self, Accepted, Confirmed, Declined, Draft, InReview, Rejected, RevisionRequested, Submitted, Withdrawn,
};
use super::{Rank, Staged};
use crate::ids::CohortId;
use crate::time::Timestamp;

/// Where a proposal stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Being written.
    Draft,
    /// Handed in, and not looked at yet.
    Submitted,
    /// Being judged.
    InReview {
        /// What staff mean to decide: nobody else knows before the release.
        staged: Option<Staged>,
        /// Its rank in the reserve, where a release put it there.
        reserve: Option<Rank>,
    },
    /// Its author has been asked for another text.
    RevisionRequested {
        /// Until when it can be handed in; then the text that was handed in last stands again.
        due_at: Timestamp,
    },
    /// Accepted.
    Accepted {
        /// When.
        accepted_at: Timestamp,
        /// Until when its author may confirm, where that is later than the program's day for it.
        confirm_until: Option<Timestamp>,
    },
    /// Its author will facilitate.
    Confirmed {
        /// When the author said so.
        confirmed_at: Timestamp,
        /// What became of it, once the offerings are final.
        cohort_id: Option<CohortId>,
    },
    /// Not accepted.
    Rejected {
        /// When that was released.
        rejected_at: Timestamp,
    },
    /// Taken back.
    Withdrawn {
        /// When.
        withdrawn_at: Timestamp,
    },
    /// Not taken up by its author.
    Declined {
        /// When: the instant at which the time to confirm was over, where the author said nothing.
        declined_at: Timestamp,
        /// Whether the author said nothing.
        lapsed: bool,
    },
}

impl Standing {
    /// The state.
    #[must_use]
    pub fn state(self) -> ProposalState {
        match self {
            Self::Draft => Draft,
            Self::Submitted => Submitted,
            Self::InReview { .. } => InReview,
            Self::RevisionRequested { .. } => RevisionRequested,
            Self::Accepted { .. } => Accepted,
            Self::Confirmed { .. } => Confirmed,
            Self::Rejected { .. } => Rejected,
            Self::Withdrawn { .. } => Withdrawn,
            Self::Declined { .. } => Declined,
        }
    }

    /// Since when it is accepted, confirmed, rejected, withdrawn or declined.
    #[must_use]
    pub fn settled_at(self) -> Option<Timestamp> {
        match self {
            Self::Draft | Self::Submitted | Self::InReview { .. } | Self::RevisionRequested { .. } => None,
            Self::Accepted { accepted_at: at, .. }
            | Self::Confirmed { confirmed_at: at, .. }
            | Self::Rejected { rejected_at: at }
            | Self::Withdrawn { withdrawn_at: at }
            | Self::Declined { declined_at: at, .. } => Some(at),
        }
    }

    /// Until when a revision can be handed in, where one was asked for.
    #[must_use]
    pub fn revision_due_at(self) -> Option<Timestamp> {
        let Self::RevisionRequested { due_at } = self else { return None };
        Some(due_at)
    }

    /// What it becomes when its time passes at an instant: an acceptance that nobody confirmed, or a revision that nobody handed
    /// in.
    pub(super) fn lapsed_at(self, lapses_at: Timestamp) -> Self {
        match self {
            Self::Accepted { .. } => Self::Declined { declined_at: lapses_at, lapsed: true },
            Self::RevisionRequested { .. } => Self::Submitted,
            Self::Draft
            | Self::Submitted
            | Self::InReview { .. }
            | Self::Confirmed { .. }
            | Self::Rejected { .. }
            | Self::Withdrawn { .. }
            | Self::Declined { .. } => self,
        }
    }

    /// Whether the author of an accepted one let the time to confirm pass.
    #[must_use]
    pub fn lapsed(self) -> bool {
        matches!(self, Self::Declined { lapsed: true, .. })
    }

    /// The cohort that became of it.
    #[must_use]
    pub fn cohort_id(self) -> Option<CohortId> {
        let Self::Confirmed { cohort_id, .. } = self else { return None };
        cohort_id
    }

    /// Until when an accepted author may confirm, where that is later than the program's day for it.
    #[must_use]
    pub fn confirm_until(self) -> Option<Timestamp> {
        let Self::Accepted { confirm_until, .. } = self else { return None };
        confirm_until
    }

    /// The decision that waits for its release.
    #[must_use]
    pub fn staged(self) -> Option<Staged> {
        let Self::InReview { staged, .. } = self else { return None };
        staged
    }

    /// Its rank in the reserve, where a release put it there.
    #[must_use]
    pub fn reserve(self) -> Option<Rank> {
        let Self::InReview { reserve, .. } = self else { return None };
        reserve
    }
}
