//! Proposals: the answers to a program's call, from the draft to the cohort that comes of it.
//!
//! An author drafts, hands in, revises where staff ask for it, and, once accepted, confirms. Staff stage decisions one by one and
//! release them all at once; see [`Round`]. What always holds: nobody is accepted but by a release, or from the reserve that a
//! release made; an acceptance that was not confirmed in time reads `declined`, and a revision that was not handed in time is none,
//! whether or not a job has run; a text that was handed in is never changed, only followed by another.
//!
//! Left out on purpose: who is asked to facilitate with the author, see [`crate::facilitator_invitations`].

mod call;
mod content;
mod decisions;
mod feedback;
mod revisions;
mod round;
mod standing;
#[cfg(test)]
mod tests;

pub use call::Call;
pub use content::{Content, ContentUpdate, Goal, MOST_GOALS, Submission};
pub use decisions::{Decision, HIGHEST_RANK, Rank, Staged};
pub use feedback::{Feedback, Letter, StaffNote};
pub use revisions::{MOST_REVISIONS, Message, RevisionRequest, Until};
pub use round::{Finalized, Hindrance, Round};
pub use standing::Standing;

use crate::access::{Action, Actor, Tie};
use crate::facilitator_invitations::{self, FacilitatorInvitation};
use crate::ids::{PersonId, ProgramId, ProposalId};
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
        /// Its author has been asked for another text.
        RevisionRequested = "revision_requested",
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

use ProposalState::{Accepted, Confirmed, Declined, Draft, InReview, Rejected, RevisionRequested, Submitted, Withdrawn};

/// The machine of proposals.
pub const MACHINE: Machine<ProposalState> = Machine {
    name: "proposal",
    transitions: &[
        Transition { action: Action::UpdateProposal, from: &[Draft], to: &[Draft] },
        Transition { action: Action::UpdateProposal, from: &[RevisionRequested], to: &[RevisionRequested] },
        Transition { action: Action::InviteFacilitator, from: &[Draft], to: &[Draft] },
        Transition { action: Action::InviteFacilitator, from: &[RevisionRequested], to: &[RevisionRequested] },
        Transition { action: Action::ExtendProposal, from: &[Draft], to: &[Draft] },
        Transition { action: Action::SubmitProposal, from: &[Draft, RevisionRequested], to: &[Submitted] },
        Transition {
            action: Action::WithdrawProposal,
            from: &[Draft, Submitted, InReview, RevisionRequested, Accepted],
            to: &[Withdrawn],
        },
        Transition { action: Action::RequestRevision, from: &[Submitted, InReview], to: &[RevisionRequested] },
        Transition { action: Action::LapseRevision, from: &[RevisionRequested], to: &[Submitted] },
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
    /// What is proposed: once it was handed in, as it last was.
    pub content: Content,
    /// What its author has written since a revision was asked for.
    pub revision: Option<Content>,
    /// How many texts were handed in: 0 in a draft. It names the last of them.
    pub submission: u32,
    /// When it was last handed in.
    pub submitted_at: Option<Timestamp>,
    /// Until when this draft can be handed in, where staff gave its author longer.
    pub extended_until: Option<Timestamp>,
    /// The revisions that were asked for, the first first.
    pub revision_requests: Vec<RevisionRequest>,
    /// What its author was told with the decision that was last released.
    pub letter: Option<Letter>,
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
            revision: None,
            submission: 0,
            submitted_at: None,
            extended_until: None,
            revision_requests: Vec::new(),
            letter: None,
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

    /// What its author has written last, handed in or not.
    #[must_use]
    pub fn text(&self) -> &Content {
        self.revision.as_ref().unwrap_or(&self.content)
    }

    /// Changes a draft, or the revision that was asked for.
    ///
    /// # Errors
    /// What is wrong with its parts, or it was handed in.
    pub fn update(self, update: ContentUpdate, call: &Call, now: Timestamp) -> Result<Change<Self>, Refusal> {
        let mut current = self.as_of(call, now);
        let mut text = current.text().clone();
        let changed = text.apply(update);
        text.check()?;
        MACHINE.check(current.state(), Action::UpdateProposal)?;
        if current.state() == RevisionRequested {
            current.revision = Some(text);
        } else {
            current.content = text;
        }
        current.meta = current.meta.changed(now);
        let happening = current.happening("updated").with("changed", changed.names());
        Ok(Change::one(current, happening))
    }

    /// Hands it in, for the first time or revised. Nobody of those who were asked to facilitate may still owe an answer.
    ///
    /// # Errors
    /// It is not being written, its time is over, an answer is outstanding, or parts are missing: all of them are told.
    pub fn submit(self, invitations: &[FacilitatorInvitation], call: &Call, now: Timestamp) -> Result<Change<Self>, Refusal> {
        let mut current = self.as_of(call, now);
        MACHINE.check(current.state(), Action::SubmitProposal)?;
        current.check_in_time(call, now)?;
        facilitator_invitations::check_answered(invitations)?;
        current.text().check_complete()?;
        if let Some(revised) = current.revision.take() {
            current.content = revised;
        }
        if let (RevisionRequested, Some(request)) = (current.state(), current.revision_requests.last_mut()) {
            request.handed_in_at = Some(now);
        }
        current.submission = current.submission.saturating_add(1);
        current.submitted_at = Some(now);
        Ok(current.moved(Standing::Submitted, "submitted", now))
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

    /// When an acceptance lapses unless it is confirmed before, or a revision unless it is handed in.
    #[must_use]
    pub fn lapses_at(&self, call: &Call) -> Option<Timestamp> {
        if let Standing::Accepted { confirm_until, .. } = self.standing {
            return Some(call.lapses_at(confirm_until));
        }
        let due_at = self.standing.revision_due_at()?;
        Some(call.ended_at.map_or(due_at, |ended_at| ended_at.min(due_at)))
    }

    /// Whether it was handed in, and no decision about it has been released: only then is it judged.
    #[must_use]
    pub fn being_judged(&self) -> bool {
        matches!(self.standing, Standing::Submitted | Standing::InReview { reserve: None, .. })
    }

    /// Takes it into review, where it is not: its first reviewer has been assigned.
    #[must_use]
    pub fn begin_review(self, now: Timestamp) -> Option<Change<Self>> {
        let submitted = self.standing == Standing::Submitted;
        submitted.then(|| self.moved(Standing::InReview { staged: None, reserve: None }, "review_begun", now))
    }

    /// As it is at an instant: an acceptance past its time reads `declined`, a revision past its time `submitted`.
    #[must_use]
    pub fn as_of(mut self, call: &Call, now: Timestamp) -> Self {
        if let Some(lapses_at) = self.lapses_at(call).filter(|lapses_at| *lapses_at <= now) {
            self.standing = self.standing.lapsed_at(lapses_at);
            self.revision = None;
        }
        self
    }

    /// As its author may see it: without what has not been released, and as it was written last.
    #[must_use]
    pub fn as_seen_by_author(mut self) -> Self {
        if let Standing::InReview { staged, .. } = &mut self.standing {
            *staged = None;
        }
        self.as_written()
    }

    /// As it was written last, handed in or not: for whoever writes it.
    #[must_use]
    pub fn as_written(mut self) -> Self {
        self.content = self.text().clone();
        self
    }

    /// How an actor is tied to it; `invited` says whether the actor is asked to facilitate with its author.
    #[must_use]
    pub fn tie<'a>(&self, actor: &'a Actor, invited: bool) -> Tie<'a> {
        let agreed = actor.person().is_some_and(|person| self.co_facilitators.contains(&person));
        Tie { invited: invited || agreed, ..Tie::to_person(actor, self.author_id) }
    }

    /// What this caller may do to it now. What is done to the program, or makes a review, does not stand here.
    #[must_use]
    pub fn allowed_actions(&self, tie: &Tie<'_>, call: &Call, now: Timestamp) -> Vec<&'static str> {
        let current = self.clone().as_of(call, now);
        MACHINE.allowed(current.state(), tie, |action| current.in_time(action, call, now))
    }

    /// Whether time, and what was decided about the program, permit an action that its state does.
    fn in_time(&self, action: Action, call: &Call, now: Timestamp) -> bool {
        let decides = [
            Action::RequestRevision,
            Action::ExtendProposal,
            Action::AcceptProposal,
            Action::RejectProposal,
            Action::ReserveProposal,
        ];
        let of_others =
            [Action::AssignReviews, Action::CreateReview, Action::DrawLine, Action::ReleaseProposals, Action::FinalizeOfferings];
        (action != Action::SubmitProposal || self.check_in_time(call, now).is_ok())
            && (action != Action::RequestRevision || self.standing.reserve().is_none())
            && (!decides.contains(&action) || call.check_not_final(now).is_ok())
            && !of_others.contains(&action)
    }

    /// Goes on while it can be handed in: a draft while the call is open to its author, a revision until the day for it.
    fn check_in_time(&self, call: &Call, now: Timestamp) -> Result<(), Refusal> {
        if self.state() == RevisionRequested { call.check_not_final(now) } else { call.check_open(self.extended_until, now) }
    }

    /// The same, standing elsewhere.
    fn moved(mut self, standing: Standing, verb: &'static str, now: Timestamp) -> Change<Self> {
        self.standing = standing;
        if self.state() != RevisionRequested {
            self.revision = None;
        }
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
