//! The ranking of a program's proposals, and the line that staff draw through it.

use actix_web::web::Path;
use actix_web::{get, post};
use cohortium_domain::access::Action;
use cohortium_domain::ids::{ProgramId, ProposalId};
use cohortium_domain::programs::Program;
use cohortium_domain::proposals::{self, Decision, HIGHEST_RANK, ProposalState};
use cohortium_domain::reviews::ranking::{DEVIATIONS_MAX, Figures, Ranked, RankedBy};
use cohortium_domain::reviews::{Line, Points};
use cohortium_domain::text::{Reason, Slug, Title};
use cohortium_workflow as workflow;
use cohortium_workflow::reviews::{Drawn, LineWish, Ranking};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::reviews::ReviewQuorum;
use super::room;
use crate::auth::Caller;
use crate::ctx::Ctx;
use crate::extract::{Body, Params};
use crate::reply::{Answer, Reply};

const _: () = assert!(HIGHEST_RANK == 1_000 && DEVIATIONS_MAX == 10, "the bounds below are the domain's");

/// The proposals of a program, the best first.
#[derive(Serialize, ToSchema)]
struct ProposalRanking {
    program_id: ProgramId,
    by: RankedBy,
    #[schema(max_items = 10_000)]
    items: Vec<RankedProposal>,
}

/// A proposal in the ranking.
#[derive(Serialize, ToSchema)]
struct RankedProposal {
    proposal_id: ProposalId,
    /// What it is called.
    title: Title,
    state: ProposalState,
    /// 1 comes first. Proposals that come to the same share a position. Left out as long as no review counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 10_000)]
    position: Option<u32>,
    /// Whether it shares its position with others.
    tied: bool,
    /// What its reviews come to, once there are any that count.
    #[serde(skip_serializing_if = "Option::is_none")]
    figures: Option<ReviewFigures>,
    quorum: ReviewQuorum,
    /// The decision that waits for its release.
    #[serde(skip_serializing_if = "Option::is_none")]
    staged_decision: Option<Decision>,
}

/// What the reviews of a proposal come to, of those that count.
#[derive(Serialize, ToSchema)]
struct ReviewFigures {
    /// The mean of the reviews, each of which is the mean of its scores by the weights of the criteria.
    #[schema(minimum = 1, maximum = 5)]
    mean: f64,
    /// The review in the middle, or the mean of the two in the middle.
    #[schema(minimum = 1, maximum = 5)]
    median: f64,
    /// How far the lowest and the highest review lie apart.
    #[schema(minimum = 0, maximum = 4)]
    spread: f64,
    /// The mean of the reviews in standard deviations, each from what is expected of its reviewer: so that a strict reviewer's 4 is
    /// worth more than a lenient one's. What is expected is the mean and the variance of the reviewer's own `n` reviews in this
    /// program, drawn toward those of the whole panel: `(n × own + 3 × panel) / (n + 3)`. Who has handed in one review is so taken,
    /// for three quarters, for one like all others.
    #[schema(minimum = -10, maximum = 10)]
    normalized: f64,
    /// The mean of the scores for each criterion.
    #[schema(max_items = 20)]
    criteria: Vec<CriterionMean>,
}

/// The mean of the scores for one criterion.
#[derive(Serialize, ToSchema)]
struct CriterionMean {
    /// The key of the criterion.
    criterion: Slug,
    #[schema(minimum = 1, maximum = 5)]
    mean: f64,
}

/// By what proposals are to be ranked.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct RankingQuery {
    /// By the mean, when nothing is said.
    #[param(inline)]
    by: Option<RankedBy>,
}

/// Where the line is to be drawn.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ProposalLine {
    /// How many of the first are to be accepted.
    #[schema(minimum = 0, maximum = 10_000)]
    accept: u32,
    /// How many of those behind them are to be kept in reserve, in this order: none, when nothing is said.
    #[schema(minimum = 0, maximum = 1000)]
    reserve: Option<u16>,
    /// Through which ranking: that by the mean, when nothing is said.
    by: Option<RankedBy>,
    /// Whether what was staged before stays as it is, and takes no place. Otherwise the line stages it anew.
    keep_staged: Option<bool>,
    /// Why, for the journal: needed where proposals lack reviews, or the line parts some that share a position.
    reason: Option<Reason>,
}

/// What a line came to: in the order of the ranking.
#[derive(Serialize, ToSchema)]
struct DrawnLine {
    /// Those that are meant to be accepted.
    #[schema(max_items = 10_000)]
    accept: Vec<ProposalId>,
    /// Those that are meant to be kept in reserve.
    #[schema(max_items = 1000)]
    reserve: Vec<ProposalId>,
    /// Those that are meant to be rejected.
    #[schema(max_items = 10_000)]
    reject: Vec<ProposalId>,
}

impl From<ProposalLine> for LineWish {
    fn from(body: ProposalLine) -> Self {
        let line =
            Line { accept: body.accept, reserve: body.reserve.unwrap_or_default(), keep_staged: body.keep_staged.unwrap_or(false) };
        Self { line, by: body.by.unwrap_or(RankedBy::Mean), reason: body.reason }
    }
}

impl From<Figures> for ReviewFigures {
    fn from(figures: Figures) -> Self {
        let mean = |(criterion, mean): (Slug, Points)| CriterionMean { criterion, mean: mean.number() };
        Self {
            mean: figures.mean.number(),
            median: figures.median.number(),
            spread: figures.spread.number(),
            normalized: figures.normalized.number(),
            criteria: figures.criteria.into_iter().map(mean).collect(),
        }
    }
}

fn item((ranked, proposal): (Ranked, proposals::Proposal)) -> RankedProposal {
    RankedProposal {
        proposal_id: proposal.id,
        state: proposal.state(),
        staged_decision: proposal.standing.staged().map(proposals::Staged::decision),
        title: proposal.content.title,
        position: ranked.position,
        tied: ranked.tied,
        figures: ranked.figures.map(Into::into),
        quorum: ranked.quorum.into(),
    }
}

impl DrawnLine {
    fn of(drawn: &Drawn) -> Self {
        let of =
            |meant: Decision| drawn.iter().filter(|(_, decision)| *decision == meant).map(|(proposal, _)| proposal.id).collect();
        Self { accept: of(Decision::Accept), reserve: of(Decision::Reserve), reject: of(Decision::Reject) }
    }
}

/// Read the ranking of a program's proposals
///
/// All at once: what their reviews come to, whether there are enough of them, and what is decided. Those that were withdrawn are
/// left out, and those of your own.
#[utoipa::path(tag = "Reviews", params(RankingQuery), responses((status = 200, description = "The ranking.", body = ProposalRanking)))]
#[get("/v1/programs/{program_id}/proposals/ranking")]
async fn get_ranking(caller: Caller, ctx: Ctx, path: Path<ProgramId>, query: Params<RankingQuery>) -> Answer {
    let by = query.by.unwrap_or(RankedBy::Mean);
    ctx.read(&caller, async |read| {
        let program: Program = read.get(*path).await?;
        program.require(&caller.actor, Action::GetRanking)?;
        let Ranking { mut items, .. } = workflow::reviews::ranking(read, &program, by).await?;
        items.retain(|(_, proposal)| workflow::reviews::require_not_own(&caller.actor, proposal).is_ok());
        let items = items.into_iter().map(item).collect();
        Ok(Reply::ok(&ProposalRanking { program_id: program.id, by, items }))
    })
    .await
}

/// Draw the line through the ranking
///
/// Stages a decision about every proposal about which none has been released: the first are to be accepted, those behind them kept
/// in reserve, the rest rejected. Each can be staged otherwise, and nobody but staff sees any of it before the release.
#[utoipa::path(
    tag = "Reviews",
    request_body = ProposalLine,
    responses((status = 200, description = "What was staged.", body = DrawnLine))
)]
#[post("/v1/programs/{program_id}/proposals/line")]
async fn draw_line(caller: Caller, ctx: Ctx, path: Path<ProgramId>, body: Body<ProposalLine>) -> Answer {
    ctx.write(&caller, body.conditions(), async |tx| {
        let drawn = workflow::reviews::draw_line(tx, &caller.actor, *path, &body.input()).await?;
        Ok(Reply::ok(&DrawnLine::of(&drawn)))
    })
    .await
}

room!(get_ranking, draw_line);
