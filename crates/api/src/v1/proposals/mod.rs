//! Proposals, as their authors and staff see them.

mod types;

use actix_web::web::Path;
use actix_web::{get, patch, post};
use cohortium_domain::access::Action;
use cohortium_domain::ids::{ProgramId, ProposalId};
use cohortium_domain::journal::SubjectKind;
use cohortium_domain::programs::Program;
use cohortium_domain::proposals::{self, Call, Decision};
use cohortium_store::{Error, Read};
use cohortium_workflow as workflow;
use cohortium_workflow::proposals::Wish;

use self::types::{
    Proposal, ProposalCreate, ProposalDecision, ProposalExtension, ProposalPage, ProposalRelease, ProposalReserve,
    ProposalSubmissionList, ProposalUpdate, RevisionAsk, as_seen_by, summary, view,
};
use super::room;
use crate::auth::Caller;
use crate::ctx::Ctx;
use crate::extract::{Body, Conditions, Paging, Params};
use crate::reply::{Answer, Reply};

/// The answer: the proposal as it is now, as this caller may see it.
async fn reply(read: &Read, proposal: proposals::Proposal, caller: &Caller) -> Result<Reply, Error> {
    let version = proposal.meta.version;
    let program: Program = read.get(proposal.program_id).await?;
    let call = Call::of(&read.timeline(&program).await?, &program.decisions)?;
    let proposal = workflow::proposals::as_it_is(read, &call, proposal).await?;
    let tie = workflow::proposals::tie(read, &caller.actor, &proposal).await?;
    Ok(Reply::thing(version, &view(as_seen_by(proposal, caller), &tie, &call, read.now())))
}

/// List a program's proposals
///
/// Staff see all of them, everybody else those that they would facilitate, in the order in which they were begun.
#[utoipa::path(tag = "Proposals", params(Paging), responses((status = 200, description = "Proposals.", body = ProposalPage)))]
#[get("/v1/programs/{program_id}/proposals")]
async fn list_proposals(caller: Caller, ctx: Ctx, path: Path<ProgramId>, paging: Params<Paging>) -> Answer {
    let request = paging.page(&ctx, false)?;
    ctx.read(&caller, async |read| {
        let program: Program = read.get(*path).await?;
        program.require(&caller.actor, Action::ListProposals)?;
        let facilitator = if caller.actor.staff() { None } else { caller.actor.person() };
        let mut found = read.proposals(program.id, facilitator, &request).await?;
        if let Ok(call) = Call::of(&read.timeline(&program).await?, &program.decisions) {
            found.items = workflow::proposals::as_they_are(read, program.id, &call, found.items).await?;
        }
        Ok(paging.reply(&ctx, found, |proposal| summary(as_seen_by(proposal, &caller)), ProposalPage::new))
    })
    .await
}

/// Begin a proposal
///
/// A draft of your own: it may lack all but its title until you submit it.
#[utoipa::path(tag = "Proposals", request_body = ProposalCreate, responses((status = 201, description = "The new draft.", body = Proposal)))]
#[post("/v1/programs/{program_id}/proposals")]
async fn create_proposal(caller: Caller, ctx: Ctx, path: Path<ProgramId>, body: Body<ProposalCreate>) -> Answer {
    ctx.write(&caller, body.conditions(), async |tx| {
        let proposal = workflow::proposals::create(tx, &caller.actor, *path, &body.input()).await?;
        let location = format!("/v1/proposals/{}", proposal.id);
        Ok(Reply::created_at(location, reply(tx, proposal, &caller).await?))
    })
    .await
}

/// Read a proposal
///
/// Its author, and who was asked to facilitate with the author, see no decision before it is released.
#[utoipa::path(tag = "Proposals", responses((status = 200, description = "The proposal.", body = Proposal)))]
#[get("/v1/proposals/{proposal_id}")]
async fn get_proposal(caller: Caller, ctx: Ctx, path: Path<ProposalId>) -> Answer {
    ctx.read(&caller, async |read| {
        let proposal: proposals::Proposal = read.get(*path).await?;
        let tie = workflow::proposals::tie(read, &caller.actor, &proposal).await?;
        tie.require(Action::GetProposal, SubjectKind::Proposal)?;
        reply(read, proposal, &caller).await
    })
    .await
}

/// List the texts of a proposal that were handed in
///
/// As they were: the last one is judged, and nothing changes them.
#[utoipa::path(tag = "Proposals", responses((status = 200, description = "The texts.", body = ProposalSubmissionList)))]
#[get("/v1/proposals/{proposal_id}/submissions")]
async fn list_proposal_submissions(caller: Caller, ctx: Ctx, path: Path<ProposalId>) -> Answer {
    ctx.read(&caller, async |read| {
        let proposal: proposals::Proposal = read.get(*path).await?;
        let tie = workflow::proposals::tie(read, &caller.actor, &proposal).await?;
        tie.require(Action::ListProposalSubmissions, SubjectKind::Proposal)?;
        Ok(Reply::ok(&ProposalSubmissionList::from(read.proposal_submissions(proposal.id).await?)))
    })
    .await
}

/// Change a proposal
///
/// While it is a draft, or a revision was asked for: then what you write stands beside the text that you handed in, until you hand
/// it in too. A merge patch (RFC 7396).
#[utoipa::path(tag = "Proposals", request_body = ProposalUpdate, responses((status = 200, description = "The draft as it now is.", body = Proposal)))]
#[patch("/v1/proposals/{proposal_id}")]
async fn update_proposal(caller: Caller, ctx: Ctx, path: Path<ProposalId>, body: Body<ProposalUpdate>) -> Answer {
    ctx.write(&caller, body.conditions(), async |tx| {
        let proposal = workflow::proposals::update(tx, &caller.actor, *path, &body.input()).await?;
        reply(tx, proposal, &caller).await
    })
    .await
}

/// Hand in a proposal
///
/// While the call for proposals is open, or longer where `extended_until` says so; a revision until `revision_due_at`. It must have
/// all its parts; each that is missing is told. Everybody whom you asked to facilitate must have answered.
#[utoipa::path(tag = "Proposals", responses((status = 200, description = "The proposal, handed in.", body = Proposal)))]
#[post("/v1/proposals/{proposal_id}/submit")]
async fn submit_proposal(caller: Caller, ctx: Ctx, path: Path<ProposalId>, conditions: Conditions) -> Answer {
    ctx.write(&caller, &conditions, async |tx| {
        let proposal = workflow::proposals::submit(tx, &caller.actor, *path, conditions.precondition()).await?;
        reply(tx, proposal, &caller).await
    })
    .await
}

/// Withdraw a proposal
///
/// Until you have confirmed. If it was accepted, its place goes to the first in reserve.
#[utoipa::path(tag = "Proposals", responses((status = 200, description = "The proposal, withdrawn.", body = Proposal)))]
#[post("/v1/proposals/{proposal_id}/withdraw")]
async fn withdraw_proposal(caller: Caller, ctx: Ctx, path: Path<ProposalId>, conditions: Conditions) -> Answer {
    ctx.write(&caller, &conditions, async |tx| {
        let proposal = workflow::proposals::withdraw(tx, &caller.actor, *path, conditions.precondition()).await?;
        reply(tx, proposal, &caller).await
    })
    .await
}

/// Confirm an accepted proposal
///
/// That you will facilitate, until `lapses_at`.
#[utoipa::path(tag = "Proposals", responses((status = 200, description = "The proposal, confirmed.", body = Proposal)))]
#[post("/v1/proposals/{proposal_id}/confirm")]
async fn confirm_proposal(caller: Caller, ctx: Ctx, path: Path<ProposalId>, conditions: Conditions) -> Answer {
    ctx.write(&caller, &conditions, async |tx| {
        let proposal = workflow::proposals::confirm(tx, &caller.actor, *path, conditions.precondition()).await?;
        reply(tx, proposal, &caller).await
    })
    .await
}

/// Decline an accepted proposal
///
/// You will not facilitate after all; the place goes to the first in reserve.
#[utoipa::path(tag = "Proposals", responses((status = 200, description = "The proposal, declined.", body = Proposal)))]
#[post("/v1/proposals/{proposal_id}/decline")]
async fn decline_proposal(caller: Caller, ctx: Ctx, path: Path<ProposalId>, conditions: Conditions) -> Answer {
    ctx.write(&caller, &conditions, async |tx| {
        let proposal = workflow::proposals::decline(tx, &caller.actor, *path, conditions.precondition()).await?;
        reply(tx, proposal, &caller).await
    })
    .await
}

/// Ask the author for a revision
///
/// Until a day or an instant. A decision that was staged is dropped. The author is mailed what you write, and changes and submits
/// the proposal again; if not by then, the text stands again that was handed in, and the author is mailed that.
#[utoipa::path(tag = "Proposals", request_body = RevisionAsk, responses((status = 200, description = "The proposal.", body = Proposal)))]
#[post("/v1/proposals/{proposal_id}/request-revision")]
async fn request_revision(caller: Caller, ctx: Ctx, path: Path<ProposalId>, body: Body<RevisionAsk>) -> Answer {
    ctx.write(&caller, body.conditions(), async |tx| {
        let proposal = workflow::proposals::request_revision(tx, &caller.actor, *path, &body.input_as(TryInto::try_into)).await?;
        reply(tx, proposal, &caller).await
    })
    .await
}

/// Give the author of a draft longer
///
/// To hand it in after the call is over for all others, until a day or an instant. The author is mailed. Decisions are released
/// once it is past, or the proposal is in.
#[utoipa::path(tag = "Proposals", request_body = ProposalExtension, responses((status = 200, description = "The draft.", body = Proposal)))]
#[post("/v1/proposals/{proposal_id}/extend")]
async fn extend_proposal(caller: Caller, ctx: Ctx, path: Path<ProposalId>, body: Body<ProposalExtension>) -> Answer {
    ctx.write(&caller, body.conditions(), async |tx| {
        let proposal = workflow::proposals::extend(tx, &caller.actor, *path, &body.input_as(TryInto::try_into)).await?;
        reply(tx, proposal, &caller).await
    })
    .await
}

/// Mean to accept a proposal
///
/// The decision is staged: nobody but staff sees it before the release.
#[utoipa::path(tag = "Proposals", request_body = Option<ProposalDecision>, responses((status = 200, description = "The proposal.", body = Proposal)))]
#[post("/v1/proposals/{proposal_id}/accept")]
async fn accept_proposal(caller: Caller, ctx: Ctx, path: Path<ProposalId>, body: Body<ProposalDecision>) -> Answer {
    stage(&caller, &ctx, *path, Decision::Accept, &body).await
}

/// Mean to reject a proposal
///
/// The decision is staged: nobody but staff sees it before the release.
#[utoipa::path(tag = "Proposals", request_body = Option<ProposalDecision>, responses((status = 200, description = "The proposal.", body = Proposal)))]
#[post("/v1/proposals/{proposal_id}/reject")]
async fn reject_proposal(caller: Caller, ctx: Ctx, path: Path<ProposalId>, body: Body<ProposalDecision>) -> Answer {
    stage(&caller, &ctx, *path, Decision::Reject, &body).await
}

/// Mean to keep a proposal in reserve
///
/// The decision is staged: nobody but staff sees it before the release. A place that comes free goes to the first in reserve.
#[utoipa::path(tag = "Proposals", request_body = Option<ProposalReserve>, responses((status = 200, description = "The proposal.", body = Proposal)))]
#[post("/v1/proposals/{proposal_id}/reserve")]
async fn reserve_proposal(caller: Caller, ctx: Ctx, path: Path<ProposalId>, body: Body<ProposalReserve>) -> Answer {
    stage(&caller, &ctx, *path, Decision::Reserve, &body).await
}

async fn stage<T>(caller: &Caller, ctx: &Ctx, id: ProposalId, decision: Decision, body: &Body<T>) -> Answer
where
    T: serde::de::DeserializeOwned,
    Wish: From<T>,
{
    ctx.write(caller, body.conditions(), async |tx| {
        let proposal = workflow::proposals::stage(tx, &caller.actor, id, decision, &body.input()).await?;
        reply(tx, proposal, caller).await
    })
    .await
}

/// Release the decisions about proposals
///
/// All staged decisions at once, when the call is over and no proposal is undecided: now the authors see them, and each is mailed
/// its own, with the letter that staff have written. See the preview first.
#[utoipa::path(tag = "Proposals", responses((status = 200, description = "What was released.", body = ProposalRelease)))]
#[post("/v1/programs/{program_id}/proposals/release")]
async fn release_proposals(caller: Caller, ctx: Ctx, path: Path<ProgramId>, conditions: Conditions) -> Answer {
    ctx.write(&caller, &conditions, async |tx| {
        let released = workflow::proposals::release(tx, &caller.actor, *path, conditions.precondition()).await?;
        Ok(Reply::ok(&ProposalRelease::of(&released)))
    })
    .await
}

room!(
    list_proposals,
    create_proposal,
    get_proposal,
    list_proposal_submissions,
    update_proposal,
    submit_proposal,
    withdraw_proposal,
    confirm_proposal,
    decline_proposal,
    request_revision,
    extend_proposal,
    accept_proposal,
    reject_proposal,
    reserve_proposal,
    release_proposals,
);
