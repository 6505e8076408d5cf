//! What staff write about proposals, and what a release of the decisions would tell.

use actix_web::web::Path;
use actix_web::{get, put};
use cohortium_domain::access::Action;
use cohortium_domain::ids::{PersonId, ProgramId, ProposalId};
use cohortium_domain::journal::SubjectKind;
use cohortium_domain::programs::Program;
use cohortium_domain::proposals::{self, Call, Decision, Letter, Proposal, ProposalState, StaffNote};
use cohortium_domain::text::{Email, Name, Title};
use cohortium_domain::time::Timestamp;
use cohortium_workflow as workflow;
use cohortium_workflow::proposals::feedback::{Preview, Told};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::room;
use crate::auth::Caller;
use crate::ctx::Ctx;
use crate::extract::Body;
use crate::reply::{Answer, Reply};

/// What staff write about a proposal.
#[derive(Serialize, ToSchema)]
struct Feedback {
    proposal_id: ProposalId,
    /// A note among staff.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<StaffNote>,
    /// The letter that the author gets with the decision, when that is released.
    #[serde(skip_serializing_if = "Option::is_none")]
    letter: Option<Letter>,
    /// Raised at each change; 0 as long as nobody has written any.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    version: i64,
    /// When it was last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_at: Option<Timestamp>,
    /// What you may do to it now.
    #[schema(max_items = 20)]
    allowed_actions: Vec<String>,
}

/// What is to be written about a proposal. What is left out is cleared.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct FeedbackReplace {
    /// A note among staff.
    note: Option<StaffNote>,
    /// The letter that the author gets with the decision, when that is released.
    letter: Option<Letter>,
}

/// What a release would tell, and what hinders it.
#[derive(Serialize, ToSchema)]
struct ReleasePreview {
    /// What each author would be told.
    #[schema(max_items = 10000)]
    decisions: Vec<ReleasedDecision>,
    /// Why a release would be refused now; when there is nothing, it would not.
    #[schema(max_items = 10000)]
    hindered_by: Vec<Hindrance>,
}

/// What an author would be told.
#[derive(Serialize, ToSchema)]
struct ReleasedDecision {
    proposal_id: ProposalId,
    /// What it is called.
    title: Title,
    decision: Decision,
    /// Its rank, when it would be in reserve.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 1000)]
    reserve_rank: Option<u16>,
    /// Until when its author would have to confirm, when it would be accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    lapses_at: Option<Timestamp>,
    author_id: PersonId,
    given_name: Name,
    family_name: Name,
    /// The address to which the mail would go.
    email: Email,
    /// The subject of the mail.
    #[schema(min_length = 1, max_length = 200)]
    subject: String,
    /// What the mail would say, the letter included.
    #[schema(min_length = 1, max_length = 20000)]
    text: String,
}

/// A reason why a release would be refused.
#[derive(Serialize, ToSchema)]
struct Hindrance {
    /// The proposal because of which, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    proposal_id: Option<ProposalId>,
    /// Where that stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<ProposalState>,
    /// Why, and what would help.
    #[schema(min_length = 1, max_length = 1000)]
    detail: String,
}

impl From<proposals::Hindrance> for Hindrance {
    fn from(hindrance: proposals::Hindrance) -> Self {
        let (proposal_id, state) = hindrance.proposal.unzip();
        Self { proposal_id, state, detail: hindrance.detail }
    }
}

fn reply(feedback: proposals::Feedback, caller: &Caller) -> Reply {
    let proposals::Feedback { proposal_id, note, letter, meta } = feedback;
    let view = Feedback {
        proposal_id,
        note,
        letter,
        version: meta.version,
        updated_at: (meta.version > 0).then_some(meta.updated_at),
        allowed_actions: caller.allowed([Action::ReplaceFeedback]),
    };
    Reply::thing(meta.version, &view)
}

fn decision(told: Told, call: &Call) -> ReleasedDecision {
    let Told { proposal, author, subject, text } = told;
    ReleasedDecision {
        proposal_id: proposal.id,
        decision: Decision::released(&proposal),
        reserve_rank: proposal.standing.reserve(),
        lapses_at: proposal.lapses_at(call),
        title: proposal.content.title,
        author_id: author.id,
        given_name: author.given_name,
        family_name: author.family_name,
        email: author.email,
        subject: subject.to_owned(),
        text,
    }
}

/// Read what staff write about a proposal
#[utoipa::path(tag = "Proposals", responses((status = 200, description = "What is written.", body = Feedback)))]
#[get("/v1/proposals/{proposal_id}/feedback")]
async fn get_feedback(caller: Caller, ctx: Ctx, path: Path<ProposalId>) -> Answer {
    ctx.read(&caller, async |read| {
        let proposal: Proposal = read.get(*path).await?;
        let tie = workflow::proposals::tie(read, &caller.actor, &proposal).await?;
        tie.require(Action::GetFeedback, SubjectKind::Proposal)?;
        Ok(reply(workflow::proposals::feedback::of(read, proposal.id).await?, &caller))
    })
    .await
}

/// Replace what staff write about a proposal
///
/// The author gets the letter as it is when the decision is released; what is written afterwards goes with the next one.
#[utoipa::path(
    tag = "Proposals",
    request_body = FeedbackReplace,
    responses((status = 200, description = "What is written now.", body = Feedback))
)]
#[put("/v1/proposals/{proposal_id}/feedback")]
async fn replace_feedback(caller: Caller, ctx: Ctx, path: Path<ProposalId>, body: Body<FeedbackReplace>) -> Answer {
    ctx.write(&caller, body.conditions(), async |tx| {
        let input = body.input_as(|body| Ok((body.note, body.letter)));
        Ok(reply(workflow::proposals::feedback::replace(tx, &caller.actor, *path, &input).await?, &caller))
    })
    .await
}

/// See what a release of the decisions would tell
///
/// To each author, in the words of the mail, if it were made now; and everything that hinders it.
#[utoipa::path(tag = "Proposals", responses((status = 200, description = "What it would tell.", body = ReleasePreview)))]
#[get("/v1/programs/{program_id}/proposals/release/preview")]
async fn preview_release(caller: Caller, ctx: Ctx, path: Path<ProgramId>) -> Answer {
    ctx.read(&caller, async |read| {
        let program: Program = read.get(*path).await?;
        program.require(&caller.actor, Action::PreviewRelease)?;
        let call = Call::of(&read.timeline(&program).await?, &program.decisions)?;
        let Preview { told, hindered_by } = workflow::proposals::feedback::preview(read, &program).await?;
        let decisions = told.into_iter().map(|told| decision(told, &call)).collect();
        Ok(Reply::ok(&ReleasePreview { decisions, hindered_by: hindered_by.into_iter().map(Into::into).collect() }))
    })
    .await
}

room!(get_feedback, replace_feedback, preview_release);
