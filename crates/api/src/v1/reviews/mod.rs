//! Reviews, as reviewers write them and staff read them.
//!
//! What always holds: a reviewer sees others' reviews only after handing in its own, and never whose they are; in a blind program,
//! nothing that a reviewer is sent tells who wrote a proposal. Authors are sent nothing of all this.

mod types;

use actix_web::web::Path;
use actix_web::{delete, get, patch, post};
use cohortium_domain::access::{Action, Tie};
use cohortium_domain::ids::{ProposalId, ReviewId};
use cohortium_domain::journal::SubjectKind;
use cohortium_domain::proposals::Proposal;
use cohortium_domain::refusal::Refusal;
use cohortium_domain::reviews::{self, ReviewState};
use cohortium_store::{Error, Read, ReviewFilter};
use cohortium_workflow as workflow;
use cohortium_workflow::reviews::{Case, Reviewed};

use self::types::{
    ConflictDeclaration, MyReviewsQuery, PeerReview, PeerReviewList, ReviewList, ReviewPage, ReviewRemovalQuery, ReviewUpdate,
    ReviewedProposal, summary, view,
};
pub(super) use self::types::{Review, ReviewQuorum};
use super::room;
use crate::auth::Caller;
use crate::ctx::Ctx;
use crate::extract::{Body, Conditions, Paging, Params};
use crate::reply::{Answer, Reply};

/// The answer: the review as it is now.
pub(super) async fn reply(read: &Read, review: reviews::Review, caller: &Caller) -> Result<Reply, Error> {
    let case = workflow::reviews::case(read, &review).await?;
    Ok(Reply::thing(review.meta.version, &view(review, &case.matter(), caller, read.now())))
}

/// The review, for its reviewer, and what it is about.
async fn own(read: &Read, id: ReviewId, caller: &Caller, action: Action) -> Result<(reviews::Review, Case), Error> {
    let review: reviews::Review = read.get(id).await?;
    review.tie(&caller.actor).require(action, SubjectKind::Review)?;
    let case = workflow::reviews::case(read, &review).await?;
    case.require_free_of_conflict()?;
    Ok((review, case))
}

/// List a proposal's reviews
///
/// All but those that were taken away, the oldest first, and whether there are enough of them for a decision. Whoever wrote the
/// proposal does not see them, whatever else they may.
#[utoipa::path(tag = "Reviews", responses((status = 200, description = "The reviews.", body = ReviewList)))]
#[get("/v1/proposals/{proposal_id}/reviews")]
async fn list_reviews(caller: Caller, ctx: Ctx, path: Path<ProposalId>) -> Answer {
    ctx.read(&caller, async |read| {
        let proposal: Proposal = read.get(*path).await?;
        Tie::to_person(&caller.actor, proposal.author_id).require(Action::ListReviews, SubjectKind::Proposal)?;
        workflow::reviews::require_not_own(&caller.actor, &proposal)?;
        let Reviewed { rubric, reviews, quorum, conflicted } = workflow::reviews::reviewed(read, &proposal).await?;
        let known = |review: &reviews::Review| conflicted.contains(&review.reviewer_id);
        let items = reviews.into_iter().map(|review| Review::in_list(known(&review), review, &proposal, &rubric, &caller));
        Ok(Reply::ok(&ReviewList::new(items.collect(), quorum)))
    })
    .await
}

/// List the reviews assigned to oneself
///
/// But for those that staff took away, in the order in which they were assigned.
#[utoipa::path(
    tag = "Reviews",
    params(MyReviewsQuery, Paging),
    responses((status = 200, description = "One's reviews.", body = ReviewPage))
)]
#[get("/v1/me/reviews")]
async fn list_my_reviews(caller: Caller, ctx: Ctx, query: Params<MyReviewsQuery>, paging: Params<Paging>) -> Answer {
    let (reviewer, request) = (caller.person()?, paging.page(&ctx, false)?);
    let filter = ReviewFilter { program_id: query.program_id, states: query.state.clone() };
    ctx.read(&caller, async |read| {
        let found = read.reviews_by(reviewer, &filter, &request).await?;
        let proposals = read.find_all::<Proposal>(found.items.iter().map(|review| review.proposal_id)).await?;
        Ok(paging.reply(&ctx, found, |review| summary(&review, proposals.get(&review.proposal_id)), ReviewPage::new))
    })
    .await
}

/// Read a review
///
/// One's own; staff read all but those of proposals of their own.
#[utoipa::path(tag = "Reviews", responses((status = 200, description = "The review.", body = Review)))]
#[get("/v1/reviews/{review_id}")]
async fn get_review(caller: Caller, ctx: Ctx, path: Path<ReviewId>) -> Answer {
    ctx.read(&caller, async |read| {
        let review: reviews::Review = read.get(*path).await?;
        review.tie(&caller.actor).require(Action::GetReview, SubjectKind::Review)?;
        workflow::reviews::require_not_own(&caller.actor, &read.get(review.proposal_id).await?)?;
        reply(read, review, &caller).await
    })
    .await
}

/// Read the proposal that a review is about
///
/// The text that was last handed in. In a blind program it does not say who wrote it.
#[utoipa::path(tag = "Reviews", responses((status = 200, description = "The proposal.", body = ReviewedProposal)))]
#[get("/v1/reviews/{review_id}/proposal")]
async fn get_reviewed_proposal(caller: Caller, ctx: Ctx, path: Path<ReviewId>) -> Answer {
    ctx.read(&caller, async |read| {
        let (_, case) = own(read, *path, &caller, Action::GetReviewedProposal).await?;
        Ok(Reply::thing(case.proposal.submission.into(), &ReviewedProposal::of(case)))
    })
    .await
}

/// Read what others say of the proposal that a review is about
///
/// Once your own review is handed in. It is not said whose they are.
#[utoipa::path(tag = "Reviews", responses((status = 200, description = "The others' reviews.", body = PeerReviewList)))]
#[get("/v1/reviews/{review_id}/peers")]
async fn list_peer_reviews(caller: Caller, ctx: Ctx, path: Path<ReviewId>) -> Answer {
    ctx.read(&caller, async |read| {
        let (review, case) = own(read, *path, &caller, Action::ListPeerReviews).await?;
        if review.state() != ReviewState::Submitted {
            let what = "Hand in your own review before you read what others say".to_owned();
            return Err(Refusal::NotReady { what, missing: Vec::new() }.into());
        }
        let mut others = read.reviews_of(case.proposal.id).await?;
        others.retain(|other| other.id != review.id && other.state() == ReviewState::Submitted);
        // By ids that tell nothing, so that the order does not tell who was assigned when.
        others.sort_by_key(|other| other.id);
        Ok(Reply::ok(&PeerReviewList { items: others.into_iter().map(|other| PeerReview::of(other, &case)).collect() }))
    })
    .await
}

/// Change a review
///
/// Until it is handed in. A merge patch (RFC 7396); it judges the text of the proposal that was handed in last.
#[utoipa::path(tag = "Reviews", request_body = ReviewUpdate, responses((status = 200, description = "The review as it now is.", body = Review)))]
#[patch("/v1/reviews/{review_id}")]
async fn update_review(caller: Caller, ctx: Ctx, path: Path<ReviewId>, body: Body<ReviewUpdate>) -> Answer {
    ctx.write(&caller, body.conditions(), async |tx| {
        let review = workflow::reviews::update(tx, &caller.actor, *path, &body.input()).await?;
        reply(tx, review, &caller).await
    })
    .await
}

/// Hand in a review
///
/// With a score for every criterion. It stays as it is, unless the text that it judges changes.
#[utoipa::path(tag = "Reviews", responses((status = 200, description = "The review, handed in.", body = Review)))]
#[post("/v1/reviews/{review_id}/submit")]
async fn submit_review(caller: Caller, ctx: Ctx, path: Path<ReviewId>, conditions: Conditions) -> Answer {
    ctx.write(&caller, &conditions, async |tx| {
        let review = workflow::reviews::submit(tx, &caller.actor, *path, conditions.precondition()).await?;
        reply(tx, review, &caller).await
    })
    .await
}

/// Take up a review again
///
/// When the proposal was handed in anew since: until the decision about it is released.
#[utoipa::path(tag = "Reviews", responses((status = 200, description = "The review, to be changed and handed in.", body = Review)))]
#[post("/v1/reviews/{review_id}/reopen")]
async fn reopen_review(caller: Caller, ctx: Ctx, path: Path<ReviewId>, conditions: Conditions) -> Answer {
    ctx.write(&caller, &conditions, async |tx| {
        let review = workflow::reviews::reopen(tx, &caller.actor, *path, conditions.precondition()).await?;
        reply(tx, review, &caller).await
    })
    .await
}

/// Declare a conflict of interest
///
/// Gives the review back, for good: it counts no more, and you see nothing more of the proposal.
#[utoipa::path(
    tag = "Reviews",
    request_body = ConflictDeclaration,
    responses((status = 200, description = "The review, given back.", body = Review))
)]
#[post("/v1/reviews/{review_id}/declare-conflict")]
async fn declare_conflict(caller: Caller, ctx: Ctx, path: Path<ReviewId>, body: Body<ConflictDeclaration>) -> Answer {
    ctx.write(&caller, body.conditions(), async |tx| {
        let review = workflow::reviews::declare_conflict(tx, &caller.actor, *path, &body.input()).await?;
        reply(tx, review, &caller).await
    })
    .await
}

/// Take a review from its reviewer
///
/// One that was begun with a reason; one that was handed in not at all.
#[utoipa::path(tag = "Reviews", params(ReviewRemovalQuery), responses((status = 204, description = "It is taken away.")))]
#[delete("/v1/reviews/{review_id}")]
async fn remove_review(
    caller: Caller,
    ctx: Ctx,
    path: Path<ReviewId>,
    query: Params<ReviewRemovalQuery>,
    conditions: Conditions,
) -> Answer {
    ctx.write(&caller, &conditions, async |tx| {
        let reason = query.reason.as_ref();
        workflow::reviews::remove(tx, &caller.actor, *path, reason, conditions.precondition()).await?;
        Ok(Reply::nothing())
    })
    .await
}

room!(
    list_reviews,
    list_my_reviews,
    get_review,
    get_reviewed_proposal,
    list_peer_reviews,
    update_review,
    submit_review,
    reopen_review,
    declare_conflict,
    remove_review,
);
