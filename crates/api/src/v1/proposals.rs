//! Proposals, as their authors and staff see them.

use actix_web::web::Path;
use actix_web::{get, patch, post};
use cohortium_domain::access::{Action, Tie};
use cohortium_domain::cohorts::Audience;
use cohortium_domain::ids::{CohortId, PersonId, ProgramId, ProposalId};
use cohortium_domain::journal::SubjectKind;
use cohortium_domain::programs::Program;
use cohortium_domain::proposals::{self, Call, Content, ContentUpdate, Decision, Goal, ProposalState, Rank};
use cohortium_domain::text::{Body as LongText, Reason, Summary, Title};
use cohortium_domain::time::Timestamp;
use cohortium_store::{Error, Read};
use cohortium_workflow as workflow;
use cohortium_workflow::proposals::Wish;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::programs::Capacity;
use super::{page, room};
use crate::auth::Caller;
use crate::ctx::Ctx;
use crate::extract::{Body, Conditions, Paging, Params, clearable};
use crate::reply::{Answer, Reply};

/// A proposal to lead a cohort.
#[derive(Serialize, ToSchema)]
struct Proposal {
    id: ProposalId,
    program_id: ProgramId,
    /// Who wrote it, and would facilitate.
    author_id: PersonId,
    /// What it is called.
    title: Title,
    /// What it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    r#abstract: Option<Summary>,
    audience: Audience,
    /// What its people will have achieved.
    #[schema(max_items = 10)]
    goals: Vec<Goal>,
    /// What happens in its sessions.
    #[serde(skip_serializing_if = "Option::is_none")]
    session_plan: Option<LongText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    preferred_capacity: Option<Capacity>,
    state: ProposalState,
    /// When it was handed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    submitted_at: Option<Timestamp>,
    /// The decision that waits for its release. Only staff see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    staged: Option<StagedDecision>,
    /// Its rank in the reserve, where a release put it there.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 1000)]
    reserve_rank: Option<Rank>,
    /// Since when it is accepted, confirmed, rejected, withdrawn or declined.
    #[serde(skip_serializing_if = "Option::is_none")]
    settled_at: Option<Timestamp>,
    /// When an acceptance lapses, unless it is confirmed before.
    #[serde(skip_serializing_if = "Option::is_none")]
    lapses_at: Option<Timestamp>,
    /// Whether it was accepted, and its author let the time to confirm pass.
    lapsed: bool,
    /// The cohort that became of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    cohort_id: Option<CohortId>,
    /// Raised at each change.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    version: i64,
    created_at: Timestamp,
    updated_at: Timestamp,
    /// What you may do to it now.
    #[schema(max_items = 20)]
    allowed_actions: Vec<String>,
}

/// A decision before its release.
#[derive(Serialize, ToSchema)]
struct StagedDecision {
    decision: Decision,
    /// Its rank, when it is to be kept in reserve.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 1000)]
    rank: Option<Rank>,
}

/// A proposal, in lists.
#[derive(Serialize, ToSchema)]
struct ProposalSummary {
    id: ProposalId,
    program_id: ProgramId,
    /// Who wrote it, and would facilitate.
    author_id: PersonId,
    /// What it is called.
    title: Title,
    state: ProposalState,
    /// When it was handed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    submitted_at: Option<Timestamp>,
    /// The decision that waits for its release. Only staff see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    staged: Option<StagedDecision>,
    /// Its rank in the reserve, where a release put it there.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 1000)]
    reserve_rank: Option<Rank>,
    updated_at: Timestamp,
}

page!(
    /// Proposals, a page at a time.
    ProposalPage of ProposalSummary
);

/// What a proposal is made of. A draft may lack all but its title.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ProposalCreate {
    /// What it is called.
    title: Title,
    /// What it is about.
    r#abstract: Option<Summary>,
    audience: Option<Audience>,
    /// What its people will have achieved.
    #[serde(default)]
    #[schema(max_items = 10)]
    goals: Vec<Goal>,
    /// What happens in its sessions.
    session_plan: Option<LongText>,
    preferred_capacity: Option<Capacity>,
}

/// What can be changed of a draft. What is absent stays; `null` clears what can be empty.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ProposalUpdate {
    /// What it is called.
    title: Option<Title>,
    /// What it is about.
    #[serde(default, deserialize_with = "clearable")]
    r#abstract: Option<Option<Summary>>,
    audience: Option<Audience>,
    /// What its people will have achieved.
    #[schema(max_items = 10)]
    goals: Option<Vec<Goal>>,
    /// What happens in its sessions.
    #[serde(default, deserialize_with = "clearable")]
    session_plan: Option<Option<LongText>>,
    #[serde(default, deserialize_with = "clearable")]
    preferred_capacity: Option<Option<Capacity>>,
}

/// Why a decision is meant.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ProposalDecision {
    /// Why, for the journal; the author does not see it.
    reason: Option<Reason>,
}

/// Where in the reserve a proposal is to be kept, and why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ProposalReserve {
    /// Its rank: 1 comes first. Behind all others, when nothing is said.
    #[schema(minimum = 1, maximum = 1000)]
    rank: Option<Rank>,
    /// Why, for the journal; the author does not see it.
    reason: Option<Reason>,
}

/// What a release told.
#[derive(Serialize, ToSchema)]
struct ProposalRelease {
    /// Those that are accepted now: their authors have to confirm.
    #[schema(max_items = 10000)]
    accepted: Vec<ProposalId>,
    /// Those that are rejected now.
    #[schema(max_items = 10000)]
    rejected: Vec<ProposalId>,
    /// Those that are in reserve now.
    #[schema(max_items = 10000)]
    reserved: Vec<ProposalId>,
}

impl From<ProposalCreate> for Content {
    fn from(body: ProposalCreate) -> Self {
        Self {
            title: body.title,
            r#abstract: body.r#abstract,
            audience: body.audience.unwrap_or_default(),
            goals: body.goals,
            session_plan: body.session_plan,
            preferred_capacity: body.preferred_capacity.map(Into::into),
        }
    }
}

impl From<ProposalUpdate> for ContentUpdate {
    fn from(body: ProposalUpdate) -> Self {
        Self {
            title: body.title,
            r#abstract: body.r#abstract,
            audience: body.audience,
            goals: body.goals,
            session_plan: body.session_plan,
            preferred_capacity: body.preferred_capacity.map(|capacity| capacity.map(Into::into)),
        }
    }
}

impl From<ProposalDecision> for Wish {
    fn from(body: ProposalDecision) -> Self {
        Self { rank: None, reason: body.reason }
    }
}

impl From<ProposalReserve> for Wish {
    fn from(body: ProposalReserve) -> Self {
        Self { rank: body.rank, reason: body.reason }
    }
}

fn staged(proposal: &proposals::Proposal) -> Option<StagedDecision> {
    proposal.standing.staged().map(|staged| StagedDecision { decision: staged.decision(), rank: staged.rank() })
}

fn view(proposal: proposals::Proposal, tie: &Tie<'_>, call: &Call, now: Timestamp) -> Proposal {
    let standing = proposal.standing;
    Proposal {
        id: proposal.id,
        program_id: proposal.program_id,
        author_id: proposal.author_id,
        state: standing.state(),
        submitted_at: proposal.submitted_at,
        staged: staged(&proposal),
        reserve_rank: standing.reserve(),
        settled_at: standing.settled_at(),
        lapses_at: proposal.lapses_at(call),
        lapsed: standing.lapsed(),
        cohort_id: standing.cohort_id(),
        version: proposal.meta.version,
        created_at: proposal.meta.created_at,
        updated_at: proposal.meta.updated_at,
        allowed_actions: proposal.allowed_actions(tie, call, now).into_iter().map(str::to_owned).collect(),
        title: proposal.content.title,
        r#abstract: proposal.content.r#abstract,
        audience: proposal.content.audience,
        goals: proposal.content.goals,
        session_plan: proposal.content.session_plan,
        preferred_capacity: proposal.content.preferred_capacity.map(Into::into),
    }
}

fn summary(proposal: proposals::Proposal) -> ProposalSummary {
    ProposalSummary {
        id: proposal.id,
        program_id: proposal.program_id,
        author_id: proposal.author_id,
        state: proposal.state(),
        submitted_at: proposal.submitted_at,
        staged: staged(&proposal),
        reserve_rank: proposal.standing.reserve(),
        updated_at: proposal.meta.updated_at,
        title: proposal.content.title,
    }
}

/// What this caller may see of it: what has not been released is for staff alone.
fn as_seen_by(proposal: proposals::Proposal, caller: &Caller) -> proposals::Proposal {
    if caller.actor.staff() { proposal } else { proposal.as_seen_by_author() }
}

/// The answer: the proposal as it is now, as this caller may see it.
async fn reply(read: &Read, proposal: proposals::Proposal, caller: &Caller) -> Result<Reply, Error> {
    let (version, author) = (proposal.meta.version, proposal.author_id);
    let program: Program = read.get(proposal.program_id).await?;
    let call = Call::of(&read.timeline(&program).await?, &program.decisions)?;
    let proposal = workflow::proposals::as_it_is(read, &call, proposal).await?;
    let tie = Tie::to_person(&caller.actor, author);
    Ok(Reply::thing(version, &view(as_seen_by(proposal, caller), &tie, &call, read.now())))
}

/// List a program's proposals
///
/// Staff see all of them, everybody else their own, in the order in which they were begun.
#[utoipa::path(tag = "Proposals", params(Paging), responses((status = 200, description = "Proposals.", body = ProposalPage)))]
#[get("/v1/programs/{program_id}/proposals")]
async fn list_proposals(caller: Caller, ctx: Ctx, path: Path<ProgramId>, paging: Params<Paging>) -> Answer {
    let request = paging.page(&ctx, false)?;
    ctx.read(&caller, async |read| {
        let program: Program = read.get(*path).await?;
        program.require(&caller.actor, Action::ListProposals)?;
        let author = if caller.actor.staff() { None } else { caller.actor.person() };
        let mut found = read.proposals(program.id, author, &request).await?;
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
/// Its author sees no decision before it is released.
#[utoipa::path(tag = "Proposals", responses((status = 200, description = "The proposal.", body = Proposal)))]
#[get("/v1/proposals/{proposal_id}")]
async fn get_proposal(caller: Caller, ctx: Ctx, path: Path<ProposalId>) -> Answer {
    ctx.read(&caller, async |read| {
        let proposal: proposals::Proposal = read.get(*path).await?;
        Tie::to_person(&caller.actor, proposal.author_id).require(Action::GetProposal, SubjectKind::Proposal)?;
        reply(read, proposal, &caller).await
    })
    .await
}

/// Change a proposal
///
/// While it is a draft. A merge patch (RFC 7396).
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
/// While the call for proposals is open. It must have all its parts; each that is missing is told.
#[utoipa::path(tag = "Proposals", responses((status = 200, description = "The proposal, handed in.", body = Proposal)))]
#[post("/v1/proposals/{proposal_id}/submit")]
async fn submit_proposal(caller: Caller, ctx: Ctx, path: Path<ProposalId>, conditions: Conditions) -> Answer {
    ctx.write(&caller, &conditions, async |tx| {
        let proposal = workflow::proposals::submit(tx, &caller.actor, *path, &conditions.input()).await?;
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
        let proposal = workflow::proposals::withdraw(tx, &caller.actor, *path, &conditions.input()).await?;
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
        let proposal = workflow::proposals::confirm(tx, &caller.actor, *path, &conditions.input()).await?;
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
        let proposal = workflow::proposals::decline(tx, &caller.actor, *path, &conditions.input()).await?;
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
/// All staged decisions at once, when the call is over and no proposal is undecided: now the authors see them.
#[utoipa::path(tag = "Proposals", responses((status = 200, description = "What was released.", body = ProposalRelease)))]
#[post("/v1/programs/{program_id}/proposals/release")]
async fn release_proposals(caller: Caller, ctx: Ctx, path: Path<ProgramId>, conditions: Conditions) -> Answer {
    ctx.write(&caller, &conditions, async |tx| {
        let released = workflow::proposals::release(tx, &caller.actor, *path, &conditions.input()).await?;
        let now = |state: ProposalState| released.iter().filter(|one| one.state() == state).map(|one| one.id).collect();
        Ok(Reply::ok(&ProposalRelease {
            accepted: now(ProposalState::Accepted),
            rejected: now(ProposalState::Rejected),
            reserved: now(ProposalState::InReview),
        }))
    })
    .await
}

room!(
    list_proposals,
    create_proposal,
    get_proposal,
    update_proposal,
    submit_proposal,
    withdraw_proposal,
    confirm_proposal,
    decline_proposal,
    accept_proposal,
    reject_proposal,
    reserve_proposal,
    release_proposals,
);
