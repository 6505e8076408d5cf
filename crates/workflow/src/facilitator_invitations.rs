//! Invitations to facilitate, as authors make them and those who are asked answer.
//!
//! What always holds: whatever changes one locks the program and the proposal first, so that nobody joins what is just being handed
//! in.

use cohortium_domain::access::{Action, Actor, Tie};
use cohortium_domain::facilitator_invitations::{Answered, FacilitatorInvitation};
use cohortium_domain::ids::{InvitationId, PersonId, ProposalId};
use cohortium_domain::journal::SubjectKind;
use cohortium_domain::meta::Precondition;
use cohortium_domain::people::Person;
use cohortium_domain::proposals::{Call, Proposal};
use cohortium_domain::refusal::Refusal;
use cohortium_domain::text::Email;
use cohortium_store::{Read, Result, Tx};

use crate::input::Input;
use crate::mails::proposals as mails;
use crate::proposals::{enter, require};

/// Asks whoever has an address to facilitate with the author of a proposal. The answer is the same whether anybody has it.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn invite(tx: &mut Tx, actor: &Actor, of: ProposalId, input: &Input<'_, Email>) -> Result<FacilitatorInvitation> {
    let (call, _) = enter(tx, of).await?;
    let proposal: Proposal = tx.lock(of).await?;
    require(tx, actor, &proposal, Action::InviteFacilitator).await?;
    let email = input.read()?;
    let author: Person = tx.get(proposal.author_id).await?;
    let others = tx.facilitator_invitations(of).await?;
    let made = FacilitatorInvitation::invite(tx.make_id(), email, (proposal, &author), &others, &call, tx.now())?;
    let invitation = tx.save(made, actor).await?;
    mails::to_invited(tx, &invitation).await?;
    Ok(invitation)
}

/// Agrees to facilitate.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn accept(tx: &mut Tx, actor: &Actor, id: InvitationId, precondition: Precondition) -> Result<FacilitatorInvitation> {
    let Entered { invitation, proposal, call } = entered(tx, actor, id, Action::AcceptFacilitatorInvitation, precondition).await?;
    save(tx, actor, invitation.accept(oneself(actor)?, proposal, &call, tx.now())?).await
}

/// Declines to facilitate, or does not do so any more.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn decline(tx: &mut Tx, actor: &Actor, id: InvitationId, precondition: Precondition) -> Result<FacilitatorInvitation> {
    let Entered { invitation, proposal, .. } = entered(tx, actor, id, Action::DeclineFacilitatorInvitation, precondition).await?;
    save(tx, actor, invitation.decline(oneself(actor)?, proposal, tx.now())?).await
}

/// Takes an invitation back, also one that was accepted.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn remove(tx: &mut Tx, actor: &Actor, id: InvitationId, precondition: Precondition) -> Result<FacilitatorInvitation> {
    let Entered { invitation, proposal, .. } = entered(tx, actor, id, Action::RemoveFacilitator, precondition).await?;
    save(tx, actor, invitation.remove(proposal, tx.now())?).await
}

/// How an actor is tied to an invitation.
///
/// # Errors
/// The database's.
pub async fn tie<'a>(read: &Read, actor: &'a Actor, invitation: &FacilitatorInvitation, proposal: &Proposal) -> Result<Tie<'a>> {
    let person: Option<Person> = match actor.person() {
        Some(person) => read.find(person).await?,
        None => None,
    };
    Ok(invitation.tie(actor, person.as_ref(), proposal))
}

/// An invitation with its proposal, all locked.
struct Entered {
    invitation: FacilitatorInvitation,
    proposal: Proposal,
    call: Call,
}

async fn entered(tx: &mut Tx, actor: &Actor, id: InvitationId, action: Action, precondition: Precondition) -> Result<Entered> {
    // An invitation never changes its proposal: this is read without a lock, and the proposal is locked first.
    let of = tx.get::<FacilitatorInvitation>(id).await?.proposal_id;
    let (call, _) = enter(tx, of).await?;
    let (proposal, invitation): (Proposal, FacilitatorInvitation) = (tx.lock(of).await?, tx.lock(id).await?);
    tie(tx, actor, &invitation, &proposal).await?.require(action, SubjectKind::FacilitatorInvitation)?;
    invitation.meta.admit(precondition)?;
    Ok(Entered { invitation, proposal, call })
}

async fn save(tx: &mut Tx, actor: &Actor, answered: Answered) -> Result<FacilitatorInvitation> {
    if let Some(proposal) = answered.proposal {
        tx.save(proposal, actor).await?;
    }
    tx.save(answered.invitation, actor).await
}

fn oneself(actor: &Actor) -> Result<PersonId, Refusal> {
    actor.person().ok_or_else(|| Refusal::Forbidden(Action::AcceptFacilitatorInvitation.only_for()))
}
