//! Who reviews what: assigned by hand, or all at once by a plan.

use actix_web::post;
use actix_web::web::Path;
use cohortium_domain::ids::{PersonId, ProgramId, ProposalId, ReviewId};
use cohortium_domain::rubrics::QUORUM_MAX;
use cohortium_workflow as workflow;
use cohortium_workflow::reviews::{Assigned, Assignment};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::reviews::{Review, reply};
use super::room;
use crate::auth::Caller;
use crate::ctx::Ctx;
use crate::extract::Body;
use crate::reply::{Answer, Reply};

const _: () = assert!(QUORUM_MAX == 20, "the bounds below are the domain's");

/// Who is to review a proposal.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ReviewCreate {
    /// Somebody with the grant to review.
    reviewer_id: PersonId,
}

/// How a program's proposals are to be assigned.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ReviewAssignmentCreate {
    /// How many reviews each proposal is to have: as many as a decision needs, when nothing is said.
    #[schema(minimum = 1, maximum = 20)]
    reviews_per_proposal: Option<u32>,
    /// Who is on the panel: everybody who reviews for the coalition, when nothing is said.
    #[schema(min_items = 1, max_items = 1000)]
    reviewer_ids: Option<Vec<PersonId>>,
    /// By how much the numbers of reviews that two of the panel have may differ: 1, when nothing is said.
    #[schema(minimum = 1, maximum = 1000)]
    load_difference: Option<u32>,
    /// The same seed, with the same proposals and reviewers, gives the same assignment.
    #[schema(minimum = 0, maximum = 4_294_967_295_i64)]
    seed: Option<u32>,
    /// Whether it is only to be seen what would come of it.
    dry_run: Option<bool>,
}

/// Who is assigned what.
#[derive(Serialize, ToSchema)]
struct ReviewAssignment {
    /// Whether nothing was saved.
    dry_run: bool,
    /// The seed by which it can be made again.
    #[schema(minimum = 0, maximum = 4_294_967_295_i64)]
    seed: u32,
    /// Each proposal with each reviewer who gets it now.
    #[schema(max_items = 200_000)]
    assigned: Vec<AssignedReview>,
    /// How many reviews each of the panel has in this program, these included.
    #[schema(max_items = 1000)]
    loads: Vec<ReviewerLoad>,
}

/// A proposal that a reviewer gets.
#[expect(clippy::struct_field_names, reason = "the API calls references so")]
#[derive(Serialize, ToSchema)]
struct AssignedReview {
    proposal_id: ProposalId,
    reviewer_id: PersonId,
    /// The review, unless nothing was saved.
    #[serde(skip_serializing_if = "Option::is_none")]
    review_id: Option<ReviewId>,
}

/// How many reviews somebody has.
#[derive(Serialize, ToSchema)]
struct ReviewerLoad {
    reviewer_id: PersonId,
    #[schema(minimum = 0, maximum = 200_000)]
    reviews: u32,
}

impl From<ReviewCreate> for PersonId {
    fn from(body: ReviewCreate) -> Self {
        body.reviewer_id
    }
}

impl From<ReviewAssignmentCreate> for Assignment {
    fn from(body: ReviewAssignmentCreate) -> Self {
        Self {
            reviews_per_proposal: body.reviews_per_proposal,
            reviewers: body.reviewer_ids,
            load_difference: body.load_difference,
            seed: body.seed,
            dry_run: body.dry_run.unwrap_or(false),
        }
    }
}

impl ReviewAssignment {
    fn of(assigned: Assigned, dry_run: bool) -> Self {
        let Assigned { seed, pairs, loads } = assigned;
        let pair = |(proposal_id, reviewer_id, review_id)| AssignedReview { proposal_id, reviewer_id, review_id };
        Self {
            dry_run,
            seed,
            assigned: pairs.into_iter().map(pair).collect(),
            loads: loads.into_iter().map(|(reviewer_id, reviews)| ReviewerLoad { reviewer_id, reviews }).collect(),
        }
    }
}

/// Assign a proposal to a reviewer
///
/// By hand. Nobody is assigned a proposal with which the data shows a conflict of interest, or one has been declared. The reviewer
/// is mailed.
#[utoipa::path(tag = "Reviews", request_body = ReviewCreate, responses((status = 201, description = "The new review.", body = Review)))]
#[post("/v1/proposals/{proposal_id}/reviews")]
async fn create_review(caller: Caller, ctx: Ctx, path: Path<ProposalId>, body: Body<ReviewCreate>) -> Answer {
    ctx.write(&caller, body.conditions(), async |tx| {
        let review = workflow::reviews::assign(tx, &caller.actor, *path, &body.input()).await?;
        let location = format!("/v1/reviews/{}", review.id);
        Ok(Reply::created_at(location, reply(tx, review, &caller).await?))
    })
    .await
}

/// Assign all proposals of a program to reviewers
///
/// Every proposal that waits for a decision gets as many reviewers as it lacks, none of whom has a conflict of interest, and the
/// panel's loads are even. All proposals are assigned or none: when it cannot be done, it is said what is in the way. Each reviewer
/// is mailed once.
#[utoipa::path(
    tag = "Reviews",
    request_body = Option<ReviewAssignmentCreate>,
    responses((status = 200, description = "Who is assigned what.", body = ReviewAssignment))
)]
#[post("/v1/programs/{program_id}/reviews/assign")]
async fn assign_reviews(caller: Caller, ctx: Ctx, path: Path<ProgramId>, body: Body<ReviewAssignmentCreate>) -> Answer {
    ctx.write(&caller, body.conditions(), async |tx| {
        let dry_run = body.valid().is_ok_and(|body| body.dry_run.unwrap_or(false));
        let assigned = workflow::reviews::assign_all(tx, &caller.actor, *path, &body.input()).await?;
        Ok(Reply::ok(&ReviewAssignment::of(assigned, dry_run)))
    })
    .await
}

room!(create_review, assign_reviews);
