//! Decisions: staged one by one, and told to nobody before they are released together.

use super::{Call, Letter, MACHINE, Proposal, ProposalState, Standing};
use crate::access::Action;
use crate::journal::Change;
use crate::refusal::{FaultCode, Refusal};
use crate::text::Reason;
use crate::time::Timestamp;

crate::words! {
    /// What staff can decide about a proposal.
    pub enum Decision {
        /// It becomes a cohort, if its author confirms.
        Accept = "accept",
        /// It does not.
        Reject = "reject",
        /// It does when a place comes free, in the order of rank.
        Reserve = "reserve",
    }
}

/// A place in the reserve: 1 comes first. Of two with the same rank, the one handed in earlier does.
pub type Rank = u16;

/// The last rank there is.
pub const HIGHEST_RANK: Rank = 1_000;

/// A decision before its release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Staged {
    /// To accept.
    Accept,
    /// To reject.
    Reject,
    /// To keep in reserve.
    Reserve {
        /// At which rank.
        rank: Rank,
    },
}

impl Staged {
    /// The decision in one word.
    #[must_use]
    pub fn decision(self) -> Decision {
        match self {
            Self::Accept => Decision::Accept,
            Self::Reject => Decision::Reject,
            Self::Reserve { .. } => Decision::Reserve,
        }
    }

    /// The rank, where the decision gives one.
    #[must_use]
    pub fn rank(self) -> Option<Rank> {
        match self {
            Self::Accept | Self::Reject => None,
            Self::Reserve { rank } => Some(rank),
        }
    }
}

impl Decision {
    /// What a release told about a proposal that it has just decided.
    #[must_use]
    pub fn released(proposal: &Proposal) -> Self {
        if proposal.state() == ProposalState::Accepted {
            Self::Accept
        } else if proposal.standing.reserve().is_some() {
            Self::Reserve
        } else {
            Self::Reject
        }
    }

    /// What staging it is in the table of who may do what.
    #[must_use]
    pub fn action(self) -> Action {
        match self {
            Self::Accept => Action::AcceptProposal,
            Self::Reject => Action::RejectProposal,
            Self::Reserve => Action::ReserveProposal,
        }
    }
}

impl Proposal {
    /// Stages a decision, in place of the one staged before.
    ///
    /// # Errors
    /// It was not handed in, or has been settled; the program is over; or there is no such rank.
    pub fn stage(self, decision: Staged, reason: Option<&Reason>, call: &Call, now: Timestamp) -> Result<Change<Self>, Refusal> {
        MACHINE.check(self.state(), decision.decision().action())?;
        call.check_not_final(now)?;
        if decision.rank().is_some_and(|rank| !(1..=HIGHEST_RANK).contains(&rank)) {
            return Err(Refusal::invalid("#/rank", FaultCode::OutOfRange, format!("From 1 to {HIGHEST_RANK}")));
        }
        let reserve = self.standing.reserve();
        let mut staged = self.moved(Standing::InReview { staged: Some(decision), reserve }, "decision_staged", now);
        staged.happened = staged
            .happened
            .into_iter()
            .map(|happening| happening.with("decision", decision.decision().to_string()).because(reason))
            .collect();
        Ok(staged)
    }

    /// What its staged decision comes to, where there is one, with the letter that its author gets.
    pub(super) fn release(mut self, letter: Option<Letter>, call: &Call, now: Timestamp) -> Option<Change<Self>> {
        let staged = self.standing.staged()?;
        self.letter = letter;
        Some(match staged {
            Staged::Accept => {
                let confirm_until = (now >= call.confirmations_due_at).then(|| call.days_from(now));
                self.moved(Standing::Accepted { accepted_at: now, confirm_until }, "accepted", now)
            }
            Staged::Reject => self.moved(Standing::Rejected { rejected_at: now }, "rejected", now),
            Staged::Reserve { rank } => self.moved(Standing::InReview { staged: None, reserve: Some(rank) }, "reserved", now),
        })
    }
}
