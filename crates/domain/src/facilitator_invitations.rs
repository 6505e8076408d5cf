//! Invitations to facilitate: whom an author asks to lead the cohort together.
//!
//! An invitation is bound to an address, so that it says nothing about whether anybody has it; whoever has shown that the address
//! is theirs finds it, reads the proposal and answers. What always holds: nobody facilitates who did not agree; nobody is asked
//! twice, and nobody who said no is asked again; who agreed can still step back, until the proposal is a cohort.
//!
//! Left out on purpose: what those who agreed may do, which is to read; the author writes, hands in and confirms.

#[cfg(test)]
mod tests;

use crate::access::{Action, Actor, Tie};
use crate::ids::{InvitationId, PersonId, ProposalId};
use crate::journal::{Change, Happening, Subject, SubjectKind};
use crate::machine::{Machine, Transition};
use crate::meta::Meta;
use crate::people::Person;
use crate::proposals::{self, Call, Proposal};
use crate::refusal::{Fault, FaultCode, Refusal};
use crate::text::Email;
use crate::time::Timestamp;

/// With how many others an author can facilitate.
pub const MOST_CO_FACILITATORS: usize = 4;
/// How many people can be asked about one proposal, whatever they answer.
pub const MOST_INVITATIONS: usize = 20;

crate::words! {
    /// What became of an invitation.
    pub enum InvitationState {
        /// Nobody has answered.
        Pending = "pending",
        /// Whoever has the address facilitates too.
        Accepted = "accepted",
        /// Whoever has the address does not, or not any more.
        Declined = "declined",
        /// The author took it back.
        Removed = "removed",
    }
}

use InvitationState::{Accepted, Declined, Pending, Removed};

/// The machine of invitations.
pub const MACHINE: Machine<InvitationState> = Machine {
    name: "facilitator_invitation",
    transitions: &[
        Transition { action: Action::AcceptFacilitatorInvitation, from: &[Pending], to: &[Accepted] },
        Transition { action: Action::DeclineFacilitatorInvitation, from: &[Pending, Accepted], to: &[Declined] },
        Transition { action: Action::RemoveFacilitator, from: &[Pending, Accepted], to: &[Removed] },
    ],
};

/// An invitation to facilitate with an author.
#[derive(Clone, Debug, PartialEq)]
pub struct FacilitatorInvitation {
    /// Which.
    pub id: InvitationId,
    /// The proposal.
    pub proposal_id: ProposalId,
    /// To whoever has this address.
    pub email: Email,
    /// What became of it.
    pub state: InvitationState,
    /// Who accepted it, or declined.
    pub person_id: Option<PersonId>,
    /// When it was answered, or taken back.
    pub settled_at: Option<Timestamp>,
    /// Version and instants.
    pub meta: Meta,
}

/// An answer, with what it does to the proposal.
#[must_use = "a change that is not saved did not happen"]
#[derive(Clone, Debug, PartialEq)]
pub struct Answered {
    /// The invitation.
    pub invitation: Change<FacilitatorInvitation>,
    /// The proposal, where somebody joins or leaves.
    pub proposal: Option<Change<Proposal>>,
}

/// Goes on when nobody owes an answer.
///
/// # Errors
/// [`Refusal::NotReady`] with every invitation that is out.
pub fn check_answered(invitations: &[FacilitatorInvitation]) -> Result<(), Refusal> {
    let out: Vec<Fault> = invitations.iter().filter(|invitation| invitation.state == Pending).map(unanswered).collect();
    if out.is_empty() {
        return Ok(());
    }
    let what = "Wait until everybody whom you asked to facilitate has answered, or take the invitation back".to_owned();
    Err(Refusal::NotReady { what, missing: out })
}

fn unanswered(invitation: &FacilitatorInvitation) -> Fault {
    Fault::new("#", FaultCode::Required, "It has not been answered").with("invitation_id", invitation.id.to_string())
}

impl FacilitatorInvitation {
    /// Asks whoever has an address to facilitate with an author. `others` are all invitations about the proposal.
    ///
    /// # Errors
    /// The proposal is not being written, the address is the author's or was asked before, or enough were asked.
    pub fn invite(
        id: InvitationId,
        email: Email,
        (proposal, author): (Proposal, &Person),
        others: &[Self],
        call: &Call,
        now: Timestamp,
    ) -> Result<Change<Self>, Refusal> {
        let proposal = proposal.as_of(call, now);
        proposals::MACHINE.check(proposal.state(), Action::InviteFacilitator)?;
        if email.normalized() == author.email.normalized() {
            return Err(Refusal::SamePerson("Ask somebody else: you facilitate yourself".to_owned()));
        }
        if others.iter().any(|other| other.state != Removed && other.email.normalized() == email.normalized()) {
            return Err(Refusal::AlreadyExists("Whoever has this address was asked already".to_owned()));
        }
        let current = others.iter().filter(|other| other.stands()).count();
        for (count, most, help) in
            [(current, MOST_CO_FACILITATORS, "take an invitation back first"), (others.len(), MOST_INVITATIONS, "that is enough")]
        {
            if count >= most {
                let what = format!("{most} have been asked: {help}");
                return Err(Refusal::NotReady { what, missing: Vec::new() });
            }
        }
        let (state, meta) = (Pending, Meta::new(now));
        let made = Self { id, proposal_id: proposal.id, email, state, person_id: None, settled_at: None, meta };
        let happening = made.happening("made");
        Ok(Change::one(made, happening))
    }

    /// Whether it is out, or was accepted.
    #[must_use]
    pub fn stands(&self) -> bool {
        matches!(self.state, Pending | Accepted)
    }

    /// Whether it is a person's: who answered it, else who has shown that the address is theirs.
    #[must_use]
    pub fn belongs_to(&self, person: &Person) -> bool {
        let address = || person.email_proven_at.is_some() && person.email.normalized() == self.email.normalized();
        self.person_id.map_or_else(address, |answered| answered == person.id)
    }

    /// How an actor is tied to it: the author of the proposal is concerned, whose it is is invited.
    #[must_use]
    pub fn tie<'a>(&self, actor: &'a Actor, person: Option<&Person>, proposal: &Proposal) -> Tie<'a> {
        Tie { invited: person.is_some_and(|person| self.belongs_to(person)), ..Tie::to_person(actor, proposal.author_id) }
    }

    /// What this caller may do to it now.
    #[must_use]
    pub fn allowed_actions(&self, tie: &Tie<'_>, proposal: &Proposal) -> Vec<&'static str> {
        MACHINE.allowed(self.state, tie, |action| {
            let joins = action == Action::AcceptFacilitatorInvitation;
            if joins { proposal.being_written() } else { proposal.check_no_cohort().is_ok() }
        })
    }

    /// Agrees to facilitate.
    ///
    /// # Errors
    /// It was answered, the proposal is not being written any more, or the person facilitates already.
    pub fn accept(self, person: PersonId, proposal: Proposal, call: &Call, now: Timestamp) -> Result<Answered, Refusal> {
        MACHINE.check(self.state, Action::AcceptFacilitatorInvitation)?;
        let joined = proposal.as_of(call, now).join(person, now)?;
        Ok(Answered { invitation: self.settled(Accepted, Some(person), "accepted", now), proposal: Some(joined) })
    }

    /// Does not facilitate, or not any more.
    ///
    /// # Errors
    /// It was declined or taken back, or the proposal has become a cohort.
    pub fn decline(self, person: PersonId, proposal: Proposal, now: Timestamp) -> Result<Answered, Refusal> {
        self.end(Action::DeclineFacilitatorInvitation, (Declined, Some(person), "declined"), proposal, now)
    }

    /// Takes it back; who had agreed does not facilitate any more.
    ///
    /// # Errors
    /// It was declined or taken back, or the proposal has become a cohort.
    pub fn remove(self, proposal: Proposal, now: Timestamp) -> Result<Answered, Refusal> {
        let person = self.person_id;
        self.end(Action::RemoveFacilitator, (Removed, person, "removed"), proposal, now)
    }

    fn end(
        self,
        action: Action,
        (state, person, verb): (InvitationState, Option<PersonId>, &'static str),
        proposal: Proposal,
        now: Timestamp,
    ) -> Result<Answered, Refusal> {
        MACHINE.check(self.state, action)?;
        proposal.check_no_cohort()?;
        let leaves = self.person_id.filter(|_| self.state == Accepted);
        let proposal = leaves.map(|person| proposal.leave(person, now));
        Ok(Answered { invitation: self.settled(state, person, verb, now), proposal })
    }

    fn settled(mut self, state: InvitationState, person: Option<PersonId>, verb: &'static str, now: Timestamp) -> Change<Self> {
        (self.state, self.person_id, self.settled_at) = (state, person, Some(now));
        self.meta = self.meta.changed(now);
        let happening = self.happening(verb);
        Change::one(self, happening)
    }

    fn happening(&self, verb: &'static str) -> Happening {
        let happening = Happening::new(Subject::new(SubjectKind::FacilitatorInvitation, self.id), verb)
            .with("proposal_id", self.proposal_id.to_string())
            .with("state", self.state.to_string());
        match self.person_id {
            Some(person) => happening.with("person_id", person.to_string()),
            None => happening,
        }
    }
}

impl Proposal {
    /// Whether its author is writing it: who is asked to facilitate can agree meanwhile.
    fn being_written(&self) -> bool {
        proposals::MACHINE.check(self.state(), Action::InviteFacilitator).is_ok()
    }

    /// Goes on until it is a cohort, whose facilitators staff change.
    fn check_no_cohort(&self) -> Result<(), Refusal> {
        if self.standing.cohort_id().is_none() {
            return Ok(());
        }
        let what = "It has become a cohort: ask the office to change who facilitates it".to_owned();
        Err(Refusal::WindowClosed { what, opens_at: None, closed_at: None })
    }

    /// Somebody agrees to facilitate with its author.
    fn join(mut self, person: PersonId, now: Timestamp) -> Result<Change<Self>, Refusal> {
        proposals::MACHINE.check(self.state(), Action::InviteFacilitator)?;
        if self.facilitators().contains(&person) {
            return Err(Refusal::SamePerson("You facilitate already".to_owned()));
        }
        self.co_facilitators.push(person);
        Ok(self.regrouped(person, "facilitator_joined", now))
    }

    /// Somebody who had agreed does not facilitate any more.
    fn leave(mut self, person: PersonId, now: Timestamp) -> Change<Self> {
        self.co_facilitators.retain(|other| *other != person);
        self.regrouped(person, "facilitator_left", now)
    }

    fn regrouped(mut self, person: PersonId, verb: &'static str, now: Timestamp) -> Change<Self> {
        self.meta = self.meta.changed(now);
        let happening = Happening::new(Subject::new(SubjectKind::Proposal, self.id), verb)
            .with("program_id", self.program_id.to_string())
            .with("person_id", person.to_string());
        Change::one(self, happening)
    }
}
