//! Reviews: how proposals are judged before staff decide about them.
//!
//! A reviewer is [assigned](Review::assign) a proposal, by hand or by a [plan](assignment), scores it by the program's rubric, and
//! hands the review in. Staff read what the reviews come to as a [ranking]. What always holds: nobody judges a proposal of their
//! own, nor one with which the data shows a conflict of interest; a review counts while it is handed in, complete, of the text as
//! it is, and free of conflict; once the decision about a proposal is released, its reviews stay as they are.
//!
//! Left out on purpose: what authors are told. They see no review, no score and no reviewer.

mod assessment;
pub mod assignment;
mod conflicts;
mod line;
mod points;
mod quorum;
pub mod ranking;
#[cfg(test)]
mod tests;

pub use assessment::{Assessment, AssessmentUpdate, Score};
pub use conflicts::{Acquaintances, Conflict, ConflictKind, Employed};
pub use line::Line;
pub use points::Points;
pub use quorum::Quorum;

use crate::access::{Action, Actor, Tie};
use crate::ids::{PersonId, ProgramId, ProposalId, ReviewId};
use crate::journal::{Change, Happening, Subject, SubjectKind};
use crate::machine::{Machine, Transition};
use crate::meta::Meta;
use crate::proposals::Proposal;
use crate::refusal::{Fault, FaultCode, Refusal};
use crate::rubrics::Rubric;
use crate::text::Reason;
use crate::time::Timestamp;

crate::words! {
    /// Where a review stands.
    pub enum ReviewState {
        /// The reviewer has not begun.
        Assigned = "assigned",
        /// Being written.
        InProgress = "in_progress",
        /// Handed in.
        Submitted = "submitted",
        /// Given back: the reviewer has a conflict of interest.
        Conflicted = "conflicted",
        /// Taken from the reviewer by staff.
        Removed = "removed",
    }
}

use ReviewState::{Assigned, Conflicted, InProgress, Removed, Submitted};

/// The machine of reviews.
pub const MACHINE: Machine<ReviewState> = Machine {
    name: "review",
    transitions: &[
        Transition { action: Action::UpdateReview, from: &[Assigned, InProgress], to: &[InProgress] },
        Transition { action: Action::SubmitReview, from: &[InProgress], to: &[Submitted] },
        Transition { action: Action::ReopenReview, from: &[Submitted], to: &[InProgress] },
        Transition { action: Action::DeclareConflict, from: &[Assigned, InProgress, Submitted], to: &[Conflicted] },
        Transition { action: Action::RemoveReview, from: &[Assigned, InProgress], to: &[Removed] },
    ],
};

/// Where a review stands, with what belongs to it there.
#[derive(Clone, Debug, PartialEq)]
pub enum Standing {
    /// The reviewer has not begun.
    Assigned,
    /// Being written.
    InProgress,
    /// Handed in.
    Submitted {
        /// When.
        submitted_at: Timestamp,
    },
    /// Given back.
    Conflicted {
        /// When the reviewer said so.
        declared_at: Timestamp,
        /// What the reviewer said.
        conflict: Conflict,
    },
    /// Taken from the reviewer.
    Removed {
        /// When.
        removed_at: Timestamp,
    },
}

impl Standing {
    /// The state.
    #[must_use]
    pub fn state(&self) -> ReviewState {
        match self {
            Self::Assigned => Assigned,
            Self::InProgress => InProgress,
            Self::Submitted { .. } => Submitted,
            Self::Conflicted { .. } => Conflicted,
            Self::Removed { .. } => Removed,
        }
    }

    /// Since when it is handed in, given back or taken away.
    #[must_use]
    pub fn settled_at(&self) -> Option<Timestamp> {
        match self {
            Self::Assigned | Self::InProgress => None,
            Self::Submitted { submitted_at: at } | Self::Conflicted { declared_at: at, .. } | Self::Removed { removed_at: at } => {
                Some(*at)
            }
        }
    }

    /// The conflict that the reviewer declared.
    #[must_use]
    pub fn conflict(&self) -> Option<&Conflict> {
        if let Self::Conflicted { conflict, .. } = self { Some(conflict) } else { None }
    }
}

/// A proposal, as one reviewer judges it.
#[derive(Clone, Debug, PartialEq)]
pub struct Review {
    /// Which.
    pub id: ReviewId,
    /// The program of the proposal.
    pub program_id: ProgramId,
    /// What is judged.
    pub proposal_id: ProposalId,
    /// By whom.
    pub reviewer_id: PersonId,
    /// What the reviewer says.
    pub assessment: Assessment,
    /// Of which text that is said: the proposal's submission when it was last saved.
    pub submission: Option<u32>,
    /// Where it stands.
    pub standing: Standing,
    /// Version and instants.
    pub meta: Meta,
}

/// What a review is about, as it is now.
#[derive(Clone, Copy, Debug)]
pub struct Matter<'a> {
    /// The proposal.
    pub proposal: &'a Proposal,
    /// By what it is judged.
    pub rubric: &'a Rubric,
    /// The conflict that the data shows between the reviewer and the proposal.
    pub conflict: Option<ConflictKind>,
    /// When staff closed or cancelled the program.
    pub ended_at: Option<Timestamp>,
}

impl Matter<'_> {
    /// Goes on while the proposal is judged: from when it is handed in until the decision about it is released.
    pub(crate) fn check_open(&self, now: Timestamp) -> Result<(), Refusal> {
        let closed = |what: &str, closed_at| Err(Refusal::WindowClosed { what: what.to_owned(), opens_at: None, closed_at });
        if let Some(ended_at) = self.ended_at.filter(|ended_at| *ended_at <= now) {
            return closed("The program is over", Some(ended_at));
        }
        if self.proposal.being_judged() {
            return Ok(());
        }
        closed("The proposal is not being judged", self.proposal.standing.settled_at())
    }

    fn check_free_of_conflict(&self) -> Result<(), Refusal> {
        if self.conflict.is_none() { Ok(()) } else { Err(Refusal::ConflictOfInterest) }
    }

    fn check(&self, now: Timestamp) -> Result<(), Refusal> {
        self.check_free_of_conflict()?;
        self.rubric.require()?;
        self.check_open(now)
    }
}

impl Review {
    /// Assigns a proposal to a reviewer.
    ///
    /// # Errors
    /// [`Refusal::ConflictOfInterest`]; there is no rubric; or the proposal is not being judged.
    pub fn assign(id: ReviewId, reviewer_id: PersonId, matter: &Matter<'_>, now: Timestamp) -> Result<Change<Self>, Refusal> {
        matter.check(now)?;
        let made = Self {
            id,
            program_id: matter.proposal.program_id,
            proposal_id: matter.proposal.id,
            reviewer_id,
            assessment: Assessment::default(),
            submission: None,
            standing: Standing::Assigned,
            meta: Meta::new(now),
        };
        Ok(made.happened("assigned"))
    }

    /// Where it stands in one word.
    #[must_use]
    pub fn state(&self) -> ReviewState {
        self.standing.state()
    }

    /// Changes what the reviewer says: of the text of the proposal as it is now.
    ///
    /// # Errors
    /// It is handed in, or gone; the proposal is not being judged; a conflict of interest; or what is wrong with its parts.
    pub fn update(mut self, update: AssessmentUpdate, matter: &Matter<'_>, now: Timestamp) -> Result<Change<Self>, Refusal> {
        MACHINE.check(self.state(), Action::UpdateReview)?;
        matter.check(now)?;
        let changed = self.assessment.apply(update);
        self.assessment.check(matter.rubric)?;
        self.submission = Some(matter.proposal.submission);
        let changed = changed.names();
        let change = self.moved(Standing::InProgress, "updated", now);
        Ok(change.map_happened(|happening| happening.with("changed", changed.clone())))
    }

    /// Hands it in.
    ///
    /// # Errors
    /// It has not been begun, or is handed in or gone; the proposal is not being judged; a conflict of interest; scores are
    /// missing; or the text has changed since they were given.
    pub fn submit(self, matter: &Matter<'_>, now: Timestamp) -> Result<Change<Self>, Refusal> {
        MACHINE.check(self.state(), Action::SubmitReview)?;
        matter.check(now)?;
        if self.outdated(matter.proposal) {
            let what = "The proposal has changed since you scored it: read it again, then save your review before you hand it in";
            return Err(Refusal::NotReady { what: what.to_owned(), missing: Vec::new() });
        }
        self.assessment.check_complete(matter.rubric)?;
        Ok(self.moved(Standing::Submitted { submitted_at: now }, "submitted", now))
    }

    /// Takes it up again, because the text has changed since.
    ///
    /// # Errors
    /// It is not handed in; the text is the same; the proposal is not being judged; or a conflict of interest.
    pub fn reopen(self, matter: &Matter<'_>, now: Timestamp) -> Result<Change<Self>, Refusal> {
        MACHINE.check(self.state(), Action::ReopenReview)?;
        matter.check(now)?;
        if !self.outdated(matter.proposal) {
            let what = "The text that you judged has not changed: a review that was handed in stays as it is".to_owned();
            return Err(Refusal::NotReady { what, missing: Vec::new() });
        }
        Ok(self.moved(Standing::InProgress, "reopened", now))
    }

    /// Gives it back, because the reviewer has a conflict of interest.
    ///
    /// # Errors
    /// It is gone, or the proposal is not being judged.
    pub fn declare_conflict(self, conflict: Conflict, matter: &Matter<'_>, now: Timestamp) -> Result<Change<Self>, Refusal> {
        MACHINE.check(self.state(), Action::DeclareConflict)?;
        matter.check_open(now)?;
        let kind = conflict.kind;
        let change = self.moved(Standing::Conflicted { declared_at: now, conflict }, "conflict_declared", now);
        Ok(change.map_happened(|happening| happening.with("kind", kind.to_string())))
    }

    /// Takes it from the reviewer. What somebody has begun is taken with a reason, and what was handed in not at all.
    ///
    /// # Errors
    /// It is handed in, or gone; or it has been begun and there is no reason.
    pub fn remove(self, reason: Option<&Reason>, now: Timestamp) -> Result<Change<Self>, Refusal> {
        MACHINE.check(self.state(), Action::RemoveReview)?;
        if self.state() == InProgress && reason.is_none() {
            return Err(Refusal::ReasonRequired("The reviewer has begun: say why the review is taken away".to_owned()));
        }
        let change = self.moved(Standing::Removed { removed_at: now }, "removed", now);
        Ok(change.map_happened(|happening| happening.because(reason)))
    }

    /// Whether it judges a text that has changed since.
    #[must_use]
    pub fn outdated(&self, proposal: &Proposal) -> bool {
        matches!(self.state(), InProgress | Submitted) && self.submission.is_some_and(|judged| judged != proposal.submission)
    }

    /// Whether it is the reviewer's to do or done: what counts as load.
    #[must_use]
    pub fn open(&self) -> bool {
        matches!(self.state(), Assigned | InProgress | Submitted)
    }

    /// What its scores come to by their weights, once it is handed in.
    #[must_use]
    pub fn weighted_mean(&self, rubric: &Rubric) -> Option<Points> {
        self.assessment.weighted_mean(rubric).filter(|_| self.state() == Submitted)
    }

    /// How an actor is tied to it: its reviewer is who has the grant, and as long as staff have not taken it away.
    #[must_use]
    pub fn tie<'a>(&self, actor: &'a Actor) -> Tie<'a> {
        let reviews = actor.is(self.reviewer_id) && actor.reviewer() && self.state() != Removed;
        Tie { reviews, ..Tie::none(actor) }
    }

    /// What this caller may do to it now.
    #[must_use]
    pub fn allowed_actions(&self, tie: &Tie<'_>, matter: &Matter<'_>, now: Timestamp) -> Vec<&'static str> {
        let (open, free) = (matter.check_open(now).is_ok(), matter.check(now).is_ok());
        let outdated = self.outdated(matter.proposal);
        let complete = self.assessment.check_complete(matter.rubric).is_ok();
        let in_time = |action: Action| {
            (action != Action::UpdateReview || free)
                && (action != Action::SubmitReview || free && complete && !outdated)
                && (action != Action::ReopenReview || free && outdated)
                && (action != Action::DeclareConflict || open)
        };
        MACHINE.allowed(self.state(), tie, in_time)
    }

    /// The same, standing elsewhere.
    fn moved(mut self, standing: Standing, verb: &'static str, now: Timestamp) -> Change<Self> {
        self.standing = standing;
        self.meta = self.meta.changed(now);
        self.happened(verb)
    }

    /// What is written down names no reviewer: the feed is read by programs, too.
    fn happened(self, verb: &'static str) -> Change<Self> {
        let happening = Happening::new(Subject::new(SubjectKind::Review, self.id), verb)
            .with("program_id", self.program_id.to_string())
            .with("proposal_id", self.proposal_id.to_string())
            .with("state", self.state().to_string());
        Change::one(self, happening)
    }
}

impl Change<Review> {
    fn map_happened(self, with: impl Fn(Happening) -> Happening) -> Self {
        Self { happened: self.happened.into_iter().map(with).collect(), value: self.value }
    }
}

/// Something that is still to be done about a proposal.
fn still_open(proposal: ProposalId, detail: impl Into<String>) -> Fault {
    Fault::new("#", FaultCode::Required, detail).with("proposal_id", proposal.to_string())
}
