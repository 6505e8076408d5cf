//! What staff write about a proposal: a note among themselves, and the letter that its author gets with the decision.
//!
//! What always holds: an author gets the letter as it was when the decision was released; what is written afterwards is for the
//! next one.

use crate::ids::ProposalId;
use crate::journal::{Change, Changed, Happening, Subject, SubjectKind};
use crate::meta::Meta;
use crate::text::Text;
use crate::time::Timestamp;

/// What staff tell the author with a decision.
pub type Letter = Text<1, 10_000>;

/// What staff note for themselves.
pub type StaffNote = Text<1, 10_000>;

/// What staff write about a proposal.
#[derive(Clone, Debug, PartialEq)]
pub struct Feedback {
    /// About which.
    pub proposal_id: ProposalId,
    /// For staff.
    pub note: Option<StaffNote>,
    /// For the author, once the decision is released.
    pub letter: Option<Letter>,
    /// Version and instants.
    pub meta: Meta,
}

impl Feedback {
    /// That of a proposal about which nobody has written anything.
    #[must_use]
    pub fn initial(proposal_id: ProposalId, now: Timestamp) -> Self {
        Self { proposal_id, note: None, letter: None, meta: Meta::new(now) }
    }

    /// Puts other words in the place of these.
    pub fn replace(mut self, note: Option<StaffNote>, letter: Option<Letter>, now: Timestamp) -> Change<Self> {
        let mut changed = Changed::default();
        changed.set("note", &mut self.note, Some(note));
        changed.set("letter", &mut self.letter, Some(letter));
        self.meta = self.meta.changed(now);
        let subject = Subject::new(SubjectKind::Proposal, self.proposal_id);
        Change::one(self, Happening::new(subject, "feedback_replaced").with("changed", changed.names()))
    }
}
