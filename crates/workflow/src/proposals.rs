//! Proposals, as their authors write them, staff decide about them, and time has its way with them.
//!
//! What always holds: whatever moves a proposal locks its program first, and does what time has to do before anything else, since
//! what becomes of one proposal can fall to another.

pub mod feedback;

use cohortium_domain::access::{Action, Actor, Tie};
use cohortium_domain::cohorts::Year;
use cohortium_domain::ids::{ProgramId, ProposalId};
use cohortium_domain::journal::{Change, SubjectKind};
use cohortium_domain::mails::MailKind;
use cohortium_domain::meta::Precondition;
use cohortium_domain::people::Person;
use cohortium_domain::programs::Program;
use cohortium_domain::proposals::{
    Call, Content, ContentUpdate, Decision, Message, Proposal, ProposalState, Rank, Round, Staged, Until,
};
use cohortium_domain::refusal::Refusal;
use cohortium_domain::sessions::generate::UsualHours;
use cohortium_domain::stipends::StipendPlan;
use cohortium_domain::text::Reason;
use cohortium_domain::time::Timestamp;
use cohortium_store::{Read, Result, Tx};

use crate::input::Input;
use crate::mails::proposals as mails;
use crate::{sessions, stipends};

/// How staff mean to decide, beside which decision it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wish {
    /// At which rank to keep in reserve: behind all others, where none is named.
    pub rank: Option<Rank>,
    /// Why.
    pub reason: Option<Reason>,
}

/// Begins a proposal.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn create(tx: &mut Tx, actor: &Actor, program: ProgramId, input: &Input<'_, Content>) -> Result<Proposal> {
    let program: Program = tx.get(program).await?;
    program.require(actor, Action::CreateProposal)?;
    let author = actor.person().ok_or_else(|| Refusal::Forbidden(Action::CreateProposal.only_for()))?;
    let content = input.read()?;
    Call::of(&tx.timeline(&program).await?, &program.decisions)?;
    let proposal = Proposal::create(tx.make_id(), program.id, author, content, tx.now())?;
    tx.save(proposal, actor).await
}

/// Changes a draft.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn update(tx: &mut Tx, actor: &Actor, id: ProposalId, input: &Input<'_, ContentUpdate>) -> Result<Proposal> {
    let (call, _) = enter(tx, id).await?;
    let proposal: Proposal = tx.lock(id).await?;
    require(tx, actor, &proposal, Action::UpdateProposal).await?;
    let update = input.admit(&proposal.meta)?;
    tx.save(proposal.update(update, &call, tx.now())?, actor).await
}

/// Hands a proposal in.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn submit(tx: &mut Tx, actor: &Actor, id: ProposalId, precondition: Precondition) -> Result<Proposal> {
    let invitations = tx.facilitator_invitations(id).await?;
    let submit = |proposal: Proposal, call: &Call, now| proposal.submit(&invitations, call, now);
    let submitted = by_author(tx, actor, id, Action::SubmitProposal, precondition, submit).await?;
    tx.keep_submission(&submitted).await?;
    Ok(submitted)
}

/// Takes a proposal back.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn withdraw(tx: &mut Tx, actor: &Actor, id: ProposalId, precondition: Precondition) -> Result<Proposal> {
    by_author(tx, actor, id, Action::WithdrawProposal, precondition, Proposal::withdraw).await
}

/// Confirms that the author will facilitate.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn confirm(tx: &mut Tx, actor: &Actor, id: ProposalId, precondition: Precondition) -> Result<Proposal> {
    by_author(tx, actor, id, Action::ConfirmProposal, precondition, Proposal::confirm).await
}

/// Says that the author will not facilitate.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn decline(tx: &mut Tx, actor: &Actor, id: ProposalId, precondition: Precondition) -> Result<Proposal> {
    by_author(tx, actor, id, Action::DeclineProposal, precondition, Proposal::decline).await
}

/// Stages a decision.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn stage(tx: &mut Tx, actor: &Actor, id: ProposalId, decision: Decision, input: &Input<'_, Wish>) -> Result<Proposal> {
    let (call, round) = enter(tx, id).await?;
    let proposal: Proposal = tx.lock(id).await?;
    require(tx, actor, &proposal, decision.action()).await?;
    let Wish { rank, reason } = input.admit(&proposal.meta)?;
    crate::reviews::require_quorum(tx, &proposal, reason.as_ref()).await?;
    let staged = match decision {
        Decision::Accept => Staged::Accept,
        Decision::Reject => Staged::Reject,
        Decision::Reserve => Staged::Reserve { rank: rank.unwrap_or_else(|| round.next_rank()) },
    };
    tx.save(proposal.stage(staged, reason.as_ref(), &call, tx.now())?, actor).await
}

/// Releases all staged decisions at once. Gives the proposals that were decided.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn release(tx: &mut Tx, actor: &Actor, program: ProgramId, precondition: Precondition) -> Result<Vec<Proposal>> {
    let program = crate::programs::locked(tx, actor, program, Action::ReleaseProposals).await?;
    program.meta.admit(precondition)?;
    let call = Call::of(&tx.timeline(&program).await?, &program.decisions)?;
    if tx.now() < call.confirmations_due_at {
        tx.relies_on(call.confirmations_due_at);
    }
    let round = settle(tx, program.id, call).await?;
    let letters = feedback::letters(tx, &round).await?;
    let released = save_all(tx, round.release(&letters)?, actor).await?;
    for proposal in &released {
        mails::to_author(tx, mails::told_by(proposal), proposal).await?;
    }
    Ok(released)
}

/// Asks an author for another text.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn request_revision(tx: &mut Tx, actor: &Actor, id: ProposalId, input: &Input<'_, (Message, Until)>) -> Result<Proposal> {
    let (call, _) = enter(tx, id).await?;
    let proposal: Proposal = tx.lock(id).await?;
    require(tx, actor, &proposal, Action::RequestRevision).await?;
    let (message, due) = input.admit(&proposal.meta)?;
    let asked = tx.save(proposal.request_revision(message, due, &call, tx.now())?, actor).await?;
    mails::to_author(tx, MailKind::RevisionRequested, &asked).await?;
    Ok(asked)
}

/// Gives the author of a draft longer to hand it in.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn extend(tx: &mut Tx, actor: &Actor, id: ProposalId, input: &Input<'_, (Until, Reason)>) -> Result<Proposal> {
    let (call, _) = enter(tx, id).await?;
    let proposal: Proposal = tx.lock(id).await?;
    require(tx, actor, &proposal, Action::ExtendProposal).await?;
    let (until, reason) = input.admit(&proposal.meta)?;
    let extended = tx.save(proposal.extend(until, &reason, &call, tx.now())?, actor).await?;
    mails::to_author(tx, MailKind::SubmissionExtended, &extended).await?;
    Ok(extended)
}

/// Proposals of a program as they are now, whether or not a job has written it down.
///
/// # Errors
/// The database's.
pub async fn as_they_are(read: &Read, program: ProgramId, call: &Call, proposals: Vec<Proposal>) -> Result<Vec<Proposal>> {
    // Only what lapses or is in reserve can have become another since it was saved, and only together with its like.
    let moves = |proposal: &Proposal| proposal.lapses_at(call).is_some() || proposal.standing.reserve().is_some();
    if !proposals.iter().any(moves) {
        return Ok(proposals);
    }
    let (round, _) = Round::settle(read.proposals_of_round(program).await?, *call, read.now());
    let current = |proposal: Proposal| round.get(proposal.id).cloned().unwrap_or(proposal);
    Ok(proposals.into_iter().map(current).collect())
}

/// Makes the offerings of a program final: in one transaction the program, the cohorts of its confirmed proposals with their
/// facilitators, sessions and stipends, and what becomes of the proposals.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn finalize_offerings(tx: &mut Tx, actor: &Actor, program: ProgramId, precondition: Precondition) -> Result<Program> {
    let program = crate::programs::locked(tx, actor, program, Action::FinalizeOfferings).await?;
    program.meta.admit(precondition)?;
    let timeline = tx.timeline(&program).await?;
    let call = Call::of(&timeline, &program.decisions)?;
    let round = settle(tx, program.id, call).await?;
    let year = Year { program, timeline };
    let finalized = round.finalize(&year, &tx.cohort_slugs().await?, || tx.make_id())?;
    let year = Year { program: tx.save(finalized.program, actor).await?, ..year };
    let plan: StipendPlan = tx.program_document(year.program.id).await?;
    for change in finalized.cohorts {
        let cohort = tx.save_cohort(change, actor).await?;
        sessions::add_missing(tx, actor, &cohort, &year, &UsualHours::default()).await?;
        let cohort = sessions::follow(tx, actor, cohort, &year).await?;
        if plan.terms.is_some() {
            stipends::agree(tx, actor, &cohort, &plan).await?;
        }
    }
    let settled = save_all(tx, finalized.proposals, actor).await?;
    for proposal in settled.iter().filter(|proposal| proposal.state() == ProposalState::Rejected) {
        mails::to_author(tx, MailKind::ProposalNotPlaced, proposal).await?;
    }
    Ok(year.program)
}

/// A proposal as it is now, whether or not a job has written it down.
///
/// # Errors
/// The database's.
pub async fn as_it_is(read: &Read, call: &Call, proposal: Proposal) -> Result<Proposal> {
    let current = as_they_are(read, proposal.program_id, call, vec![proposal.clone()]).await?;
    Ok(current.into_iter().next().unwrap_or(proposal))
}

/// A proposal, by its id, as it is now.
///
/// # Errors
/// It is not there; the database's.
pub async fn current(read: &Read, id: ProposalId) -> Result<Proposal> {
    let proposal: Proposal = read.get(id).await?;
    let program: Program = read.get(proposal.program_id).await?;
    let call = Call::of(&read.timeline(&program).await?, &program.decisions)?;
    as_it_is(read, &call, proposal).await
}

/// How an actor is tied to a proposal.
///
/// # Errors
/// The database's.
pub async fn tie<'a>(read: &Read, actor: &'a Actor, proposal: &Proposal) -> Result<Tie<'a>> {
    let tie = proposal.tie(actor, false);
    let Some(person) = actor.person().filter(|_| !tie.concerned && !tie.invited) else { return Ok(tie) };
    let invitations = read.facilitator_invitations(proposal.id).await?;
    if invitations.is_empty() {
        return Ok(tie);
    }
    let person: Person = read.get(person).await?;
    let invited = invitations.iter().any(|invitation| invitation.stands() && invitation.belongs_to(&person));
    Ok(proposal.tie(actor, invited))
}

/// Goes on when an actor may do this to a proposal.
pub(crate) async fn require(read: &Read, actor: &Actor, proposal: &Proposal, action: Action) -> Result<()> {
    Ok(tie(read, actor, proposal).await?.require(action, SubjectKind::Proposal)?)
}

/// When the next acceptance or revision of a program lapses.
pub(crate) async fn next_lapse_at(read: &Read, program: &Program) -> Result<Option<Timestamp>> {
    let Ok(call) = Call::of(&read.timeline(program).await?, &program.decisions) else { return Ok(None) };
    Ok(read.proposals_of_round(program.id).await?.iter().filter_map(|proposal| proposal.lapses_at(&call)).min())
}

/// Locks a program, and does what time has to do to its proposals.
pub(crate) async fn lapse(tx: &mut Tx, program: ProgramId) -> Result<()> {
    let program: Program = tx.lock(program).await?;
    settle_by_now(tx, &program).await
}

/// Does what time has to do to the proposals of a program, which is locked, where it has a call.
pub(crate) async fn settle_by_now(tx: &mut Tx, program: &Program) -> Result<()> {
    match Call::of(&tx.timeline(program).await?, &program.decisions) {
        Ok(call) => settle(tx, program.id, call).await.map(drop),
        Err(_) => Ok(()),
    }
}

/// Does what time has to do to the proposals of a program, which is locked.
pub(crate) async fn settle(tx: &mut Tx, program: ProgramId, call: Call) -> Result<Round> {
    let (mut round, changes) = Round::settle(tx.proposals_of_round(program).await?, call, tx.now());
    if !changes.is_empty() {
        let settled = save_all(tx, changes, &Actor::Time).await?;
        for proposal in &settled {
            if let Some(kind) = mails::told_by_time(proposal) {
                mails::to_author(tx, kind, proposal).await?;
            }
        }
        (round, _) = Round::settle(tx.proposals_of_round(program).await?, call, tx.now());
    }
    if let Some(lapses_at) = round.next_lapse_at() {
        tx.relies_on(lapses_at);
    }
    Ok(round)
}

/// Locks the program of a proposal, and settles its round.
pub(crate) async fn enter(tx: &mut Tx, id: ProposalId) -> Result<(Call, Round)> {
    // A proposal never changes its program: this is read without a lock, and the program is locked first.
    let program = tx.get::<Proposal>(id).await?.program_id;
    let program: Program = tx.lock(program).await?;
    let call = Call::of(&tx.timeline(&program).await?, &program.decisions)?;
    let round = settle(tx, program.id, call).await?;
    Ok((call, round))
}

/// A step that an author takes. The place that this leaves goes to the first in reserve.
async fn by_author(
    tx: &mut Tx,
    actor: &Actor,
    id: ProposalId,
    action: Action,
    precondition: Precondition,
    step: impl FnOnce(Proposal, &Call, Timestamp) -> Result<Change<Proposal>, Refusal>,
) -> Result<Proposal> {
    let (call, round) = enter(tx, id).await?;
    let before: Proposal = tx.lock(id).await?;
    require(tx, actor, &before, action).await?;
    before.meta.admit(precondition)?;
    if action == Action::SubmitProposal {
        tx.relies_on(call.window_until(before.extended_until).accepted_until);
    }
    let after = tx.save(step(before.clone(), &call, tx.now())?, actor).await?;
    if let Some(promoted) = round.promoted_after(&before, &after) {
        let promoted = tx.save(promoted, &Actor::Time).await?;
        mails::to_author(tx, MailKind::ProposalPromoted, &promoted).await?;
    }
    Ok(after)
}

pub(crate) async fn save_all(tx: &mut Tx, changes: Vec<Change<Proposal>>, actor: &Actor) -> Result<Vec<Proposal>> {
    let mut saved = Vec::with_capacity(changes.len());
    for change in changes {
        saved.push(tx.save(change, actor).await?);
    }
    Ok(saved)
}
