//! Proposals: the answers to a program's call, from the draft to the cohort that comes of it.
//!
//! An author drafts, hands in, and, once accepted, confirms. Staff stage decisions one by one and release them all at once; see
//! [`Round`]. What always holds: nobody is accepted but by a release, or from the reserve that a release made; an acceptance that was
//! not confirmed in time reads `declined`, whether or not a job has run; only drafts are edited.
//!
//! Left out on purpose: reviews, revisions and co-facilitators, which come with the review process.

mod call;
mod content;
mod decisions;
mod round;
#[cfg(test)]
mod tests;

pub use call::Call;
pub use content::{Content, ContentUpdate, Goal, MOST_GOALS, Submission};
pub use decisions::{Decision, HIGHEST_RANK, Rank, Staged};
pub use round::{Finalized, Round};

use crate::access::{Action, Tie};
use crate::ids::{CohortId, PersonId, ProgramId, ProposalId};
use crate::journal::{Change, Happening, Subject, SubjectKind};
use crate::machine::{Machine, Transition};
use crate::meta::Meta;
use crate::refusal::Refusal;
use crate::time::Timestamp;

crate::words! {
    /// Where a proposal stands.
    pub enum ProposalState {
        /// Being written.
        Draft = "draft",
        /// Handed in.
        Submitted = "submitted",
        /// Being judged, or in reserve.
        InReview = "in_review",
        /// Accepted; its author has to confirm.
        Accepted = "accepted",
        /// Its author will facilitate: it becomes a cohort.
        Confirmed = "confirmed",
        /// Not accepted.
        Rejected = "rejected",
        /// Taken back by its author.
        Withdrawn = "withdrawn",
        /// Accepted, but its author declined, or did not confirm in time.
        Declined = "declined",
    }
}

use ProposalState::{Accepted, Confirmed, Declined, Draft, InReview, Rejected, Submitted, Withdrawn};

/// The machine of proposals.
pub const MACHINE: Machine<ProposalState> = Machine {
    name: "proposal",
    transitions: &[
        Transition { action: Action::UpdateProposal, from: &[Draft], to: &[Draft] },
        Transition { action: Action::SubmitProposal, from: &[Draft], to: &[Submitted] },
        Transition { action: Action::WithdrawProposal, from: &[Draft, Submitted, InReview, Accepted], to: &[Withdrawn] },
        Transition { action: Action::AcceptProposal, from: &[Submitted, InReview], to: &[InReview] },
        Transition { action: Action::RejectProposal, from: &[Submitted, InReview], to: &[InReview] },
        Transition { action: Action::ReserveProposal, from: &[Submitted, InReview], to: &[InReview] },
        Transition { action: Action::CreateReview, from: &[Submitted, InReview], to: &[InReview] },
        Transition { action: Action::AssignReviews, from: &[Submitted, InReview], to: &[InReview] },
        Transition { action: Action::DrawLine, from: &[Submitted, InReview], to: &[InReview] },
        Transition { action: Action::ReleaseProposals, from: &[InReview], to: &[Accepted, InReview, Rejected] },
        Transition { action: Action::ConfirmProposal, from: &[Accepted], to: &[Confirmed] },
        Transition { action: Action::DeclineProposal, from: &[Accepted], to: &[Declined] },
        Transition { action: Action::LapseProposal, from: &[Accepted], to: &[Declined] },
        Transition { action: Action::PromoteProposal, from: &[InReview], to: &[Accepted] },
        Transition { action: Action::FinalizeOfferings, from: &[InReview], to: &[Rejected] },
        Transition { action: Action::FinalizeOfferings, from: &[Confirmed], to: &[Confirmed] },
    ],
};

/// Where a proposal stands, with what belongs to it there.
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
            Self::Draft | Self::Submitted | Self::InReview { .. } => None,
            Self::Accepted { accepted_at: at, .. }
            | Self::Confirmed { confirmed_at: at, .. }
            | Self::Rejected { rejected_at: at }
            | Self::Withdrawn { withdrawn_at: at }
            | Self::Declined { declined_at: at, .. } => Some(at),
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

/// A proposal to lead a cohort.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposal {
    /// Which.
    pub id: ProposalId,
    /// The program whose call it answers.
    pub program_id: ProgramId,
    /// Its author, who will facilitate.
    pub author_id: PersonId,
    /// Those who agreed to facilitate with the author, in the order in which they did.
    pub co_facilitators: Vec<PersonId>,
    /// What is proposed.
    pub content: Content,
    /// How many texts were handed in: 0 in a draft. It names the last of them.
    pub submission: u32,
    /// When it was last handed in.
    pub submitted_at: Option<Timestamp>,
    /// Where it stands.
    pub standing: Standing,
    /// Version and instants.
    pub meta: Meta,
}

impl Proposal {
    /// A new draft. It may lack everything but its title, and may be begun whenever the program is there to be seen.
    ///
    /// # Errors
    /// What is wrong with its parts.
    pub fn create(
        id: ProposalId,
        program_id: ProgramId,
        author_id: PersonId,
        content: Content,
        now: Timestamp,
    ) -> Result<Change<Self>, Refusal> {
        content.check()?;
        let made = Self {
            id,
            program_id,
            author_id,
            co_facilitators: Vec::new(),
            content,
            submission: 0,
            submitted_at: None,
            standing: Standing::Draft,
            meta: Meta::new(now),
        };
        Ok(made.happened("created"))
    }

    /// Who would facilitate: its author first, then those who agreed to.
    #[must_use]
    pub fn facilitators(&self) -> Vec<PersonId> {
        std::iter::once(self.author_id).chain(self.co_facilitators.iter().copied()).collect()
    }

    /// Where it stands in one word.
    #[must_use]
    pub fn state(&self) -> ProposalState {
        self.standing.state()
    }

    /// Changes a draft.
    ///
    /// # Errors
    /// What is wrong with its parts, or it is no draft any more.
    pub fn update(mut self, update: ContentUpdate, now: Timestamp) -> Result<Change<Self>, Refusal> {
        let changed = self.content.apply(update);
        self.content.check()?;
        MACHINE.check(self.state(), Action::UpdateProposal)?;
        self.meta = self.meta.changed(now);
        let happening = self.happening("updated").with("changed", changed.names());
        Ok(Change::one(self, happening))
    }

    /// Hands it in.
    ///
    /// # Errors
    /// It is no draft, the call is not open, or parts are missing: all of them are told.
    pub fn submit(mut self, call: &Call, now: Timestamp) -> Result<Change<Self>, Refusal> {
        MACHINE.check(self.state(), Action::SubmitProposal)?;
        call.check_open(now)?;
        self.content.check_complete()?;
        self.submission = self.submission.saturating_add(1);
        self.submitted_at = Some(now);
        Ok(self.moved(Standing::Submitted, "submitted", now))
    }

    /// Takes it back.
    ///
    /// # Errors
    /// It has been settled already.
    pub fn withdraw(self, call: &Call, now: Timestamp) -> Result<Change<Self>, Refusal> {
        let current = self.as_of(call, now);
        MACHINE.check(current.state(), Action::WithdrawProposal)?;
        Ok(current.moved(Standing::Withdrawn { withdrawn_at: now }, "withdrawn", now))
    }

    /// Confirms that its author will facilitate.
    ///
    /// # Errors
    /// It is not accepted, or not any more.
    pub fn confirm(self, call: &Call, now: Timestamp) -> Result<Change<Self>, Refusal> {
        let current = self.as_of(call, now);
        MACHINE.check(current.state(), Action::ConfirmProposal)?;
        Ok(current.moved(Standing::Confirmed { confirmed_at: now, cohort_id: None }, "confirmed", now))
    }

    /// Says that its author will not facilitate.
    ///
    /// # Errors
    /// It is not accepted, or not any more.
    pub fn decline(self, call: &Call, now: Timestamp) -> Result<Change<Self>, Refusal> {
        let current = self.as_of(call, now);
        MACHINE.check(current.state(), Action::DeclineProposal)?;
        Ok(current.moved(Standing::Declined { declined_at: now, lapsed: false }, "declined", now))
    }

    /// When an acceptance lapses unless it is confirmed before.
    #[must_use]
    pub fn lapses_at(&self, call: &Call) -> Option<Timestamp> {
        let Standing::Accepted { confirm_until, .. } = self.standing else { return None };
        Some(call.lapses_at(confirm_until))
    }

    /// Whether it was handed in, and no decision about it has been released: only then is it judged.
    #[must_use]
    pub fn awaits_decision(&self) -> bool {
        matches!(self.standing, Standing::Submitted | Standing::InReview { reserve: None, .. })
    }

    /// Takes it into review, where it is not: its first reviewer has been assigned.
    #[must_use]
    pub fn begin_review(self, now: Timestamp) -> Option<Change<Self>> {
        let submitted = self.standing == Standing::Submitted;
        submitted.then(|| self.moved(Standing::InReview { staged: None, reserve: None }, "review_begun", now))
    }

    /// As it is at an instant: an acceptance past its time reads `declined`.
    #[must_use]
    pub fn as_of(mut self, call: &Call, now: Timestamp) -> Self {
        if let Some(declined_at) = self.lapses_at(call).filter(|lapses_at| *lapses_at <= now) {
            self.standing = Standing::Declined { declined_at, lapsed: true };
        }
        self
    }

    /// As its author may see it: without what has not been released.
    #[must_use]
    pub fn as_seen_by_author(mut self) -> Self {
        if let Standing::InReview { staged, .. } = &mut self.standing {
            *staged = None;
        }
        self
    }

    /// What this caller may do to it now. What is done to the program, or makes a review, does not stand here.
    #[must_use]
    pub fn allowed_actions(&self, tie: &Tie<'_>, call: &Call, now: Timestamp) -> Vec<&'static str> {
        let staging = [Action::AcceptProposal, Action::RejectProposal, Action::ReserveProposal];
        let of_the_program =
            [Action::AssignReviews, Action::CreateReview, Action::DrawLine, Action::ReleaseProposals, Action::FinalizeOfferings];
        let in_time = |action: Action| {
            (action != Action::SubmitProposal || call.check_open(now).is_ok())
                && (!staging.contains(&action) || call.check_not_ended(now).is_ok())
                && !of_the_program.contains(&action)
        };
        MACHINE.allowed(self.clone().as_of(call, now).state(), tie, in_time)
    }

    /// The same, standing elsewhere.
    fn moved(mut self, standing: Standing, verb: &'static str, now: Timestamp) -> Change<Self> {
        self.standing = standing;
        self.meta = self.meta.changed(now);
        self.happened(verb)
    }

    fn happened(self, verb: &'static str) -> Change<Self> {
        let happening = self.happening(verb);
        Change::one(self, happening)
    }

    fn happening(&self, verb: &'static str) -> Happening {
        Happening::new(Subject::new(SubjectKind::Proposal, self.id), verb)
            .with("program_id", self.program_id.to_string())
            .with("state", self.state().to_string())
    }
}
