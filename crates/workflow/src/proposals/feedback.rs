//! What staff write about proposals, and what a release of the decisions would tell.

use std::collections::BTreeMap;

use cohortium_domain::access::{Action, Actor};
use cohortium_domain::coalitions::Coalition;
use cohortium_domain::ids::ProposalId;
use cohortium_domain::people::Person;
use cohortium_domain::programs::Program;
use cohortium_domain::proposals::{Call, Feedback, Hindrance, Letter, Proposal, Round, StaffNote};
use cohortium_store::{Read, Result, Tx};

use super::require;
use crate::input::Input;
use crate::mails;

/// What staff have written about a proposal.
///
/// # Errors
/// The database's.
pub async fn of(read: &Read, proposal: ProposalId) -> Result<Feedback> {
    Ok(read.find(proposal).await?.unwrap_or_else(|| Feedback::initial(proposal, read.now())))
}

/// Replaces what staff have written about a proposal. Who does so locks the proposal, so that two cannot replace the same version.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn replace(
    tx: &mut Tx,
    actor: &Actor,
    proposal: ProposalId,
    input: &Input<'_, (Option<StaffNote>, Option<Letter>)>,
) -> Result<Feedback> {
    let proposal: Proposal = tx.lock(proposal).await?;
    require(tx, actor, &proposal, Action::ReplaceFeedback).await?;
    let feedback = of(tx, proposal.id).await?;
    let (note, letter) = input.admit(&feedback.meta)?;
    tx.save(feedback.replace(note, letter, tx.now()), actor).await
}

/// What a release would tell one author.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// The proposal as it would be.
    pub proposal: Proposal,
    /// Its author.
    pub author: Person,
    /// The subject of the mail.
    pub subject: &'static str,
    /// What the mail would say.
    pub text: String,
}

/// What a release would tell, and what hinders it.
#[derive(Clone, Debug, PartialEq)]
pub struct Preview {
    /// What each author would be told.
    pub told: Vec<Told>,
    /// Why it would be refused now.
    pub hindered_by: Vec<Hindrance>,
}

/// What a release of a program's decisions would tell if it were made now.
///
/// # Errors
/// The program has no call; the database's errors.
pub async fn preview(read: &Read, program: &Program) -> Result<Preview> {
    let call = Call::of(&read.timeline(program).await?, &program.decisions)?;
    let (round, _) = Round::settle(read.proposals_of_round(program.id).await?, call, read.now());
    let released = round.as_released(&letters(read, &round).await?);
    let authors: BTreeMap<_, Person> = read.find_all(released.iter().map(|change| change.value.author_id)).await?;
    let coalition: Coalition = read.get(read.coalition_id()).await?;
    let mut told = Vec::with_capacity(released.len());
    for proposal in released.into_iter().map(|change| change.value) {
        let Some(author) = authors.get(&proposal.author_id).cloned() else { continue };
        let zone = author.time_zone.unwrap_or(coalition.time_zone);
        let kind = mails::proposals::told_by(&proposal);
        let matter = mails::proposals::Matter { proposal: proposal.clone(), program: program.name.clone(), call, invitation: None };
        let (subject, text) = mails::written(kind, matter, &coalition, zone);
        told.push(Told { proposal, author, subject, text });
    }
    Ok(Preview { told, hindered_by: round.release_hindered_by() })
}

/// The letters for those about whom a decision is staged.
pub(super) async fn letters(read: &Read, round: &Round) -> Result<BTreeMap<ProposalId, Letter>> {
    let staged = round.proposals().iter().filter(|proposal| proposal.standing.staged().is_some()).map(|proposal| proposal.id);
    let written: BTreeMap<ProposalId, Feedback> = read.find_all(staged).await?;
    Ok(written.into_iter().filter_map(|(id, feedback)| Some((id, feedback.letter?))).collect())
}
