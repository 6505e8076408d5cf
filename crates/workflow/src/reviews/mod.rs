//! Reviews: who is assigned them, what reviewers write, and what staff decide by them.
//!
//! What always holds: whoever assigns reviews or decides by them locks the program, and whoever writes one holds it, so that no
//! review changes while a decision is taken by it, and no rubric while somebody scores by it.

mod assigning;
mod deciding;

pub use assigning::{Assigned, Assignment, assign, assign_all};
pub use deciding::{Drawn, LineWish, Ranking, Reviewed, draw_line, ranking, reviewed};

pub(crate) use deciding::require_quorum;

use std::collections::BTreeSet;

use cohortium_domain::access::{Action, Actor};
use cohortium_domain::ids::{PersonId, ReviewId};
use cohortium_domain::journal::{Change, SubjectKind};
use cohortium_domain::meta::Precondition;
use cohortium_domain::programs::Program;
use cohortium_domain::proposals::{Call, Proposal};
use cohortium_domain::refusal::Refusal;
use cohortium_domain::reviews::{AssessmentUpdate, Conflict, ConflictKind, Matter, Review};
use cohortium_domain::rubrics::Rubric;
use cohortium_domain::text::Reason;
use cohortium_domain::time::{Timestamp, earliest};
use cohortium_store::{Read, Result, Tx};

use crate::input::Input;

/// What a review is about, read for one reviewer.
#[derive(Clone, Debug)]
pub struct Case {
    /// The proposal.
    pub proposal: Proposal,
    /// By what it is judged.
    pub rubric: Rubric,
    /// The conflict that the data shows, or that the reviewer declared.
    pub conflict: Option<ConflictKind>,
    ended_at: Option<Timestamp>,
}

impl Case {
    /// As the domain takes it.
    #[must_use]
    pub fn matter(&self) -> Matter<'_> {
        Matter { proposal: &self.proposal, rubric: &self.rubric, conflict: self.conflict, ended_at: self.ended_at }
    }

    /// Goes on when the reviewer is free to judge it, and to know how others do.
    ///
    /// # Errors
    /// [`Refusal::ConflictOfInterest`].
    pub fn require_free_of_conflict(&self) -> Result<(), Refusal> {
        if self.conflict.is_none() { Ok(()) } else { Err(Refusal::ConflictOfInterest) }
    }
}

/// What a review is about.
///
/// # Errors
/// The database's.
pub async fn case(read: &Read, review: &Review) -> Result<Case> {
    let program: Program = read.get(review.program_id).await?;
    let proposal: Proposal = read.get(review.proposal_id).await?;
    case_of(read, &program, proposal, review.reviewer_id, std::slice::from_ref(review)).await
}

/// What a reviewer's review of a proposal is about, or would be.
async fn case_of(read: &Read, program: &Program, mut proposal: Proposal, reviewer: PersonId, reviews: &[Review]) -> Result<Case> {
    if let Ok(call) = Call::of(&read.timeline(program).await?, &program.decisions) {
        proposal = proposal.as_of(&call, read.now());
    }
    let facilitators = proposal.facilitators();
    let known = read.acquaintances(&BTreeSet::from([reviewer]), facilitators.iter().copied(), reviews).await?;
    let conflict = known.conflict(reviewer, proposal.id, &facilitators);
    let rubric = read.program_document(program.id).await?;
    Ok(Case { proposal, rubric, conflict, ended_at: ended_at(program) })
}

fn ended_at(program: &Program) -> Option<Timestamp> {
    earliest([program.decisions.closed_at, program.decisions.cancelled_at()])
}

/// Changes what a reviewer says.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn update(tx: &mut Tx, actor: &Actor, id: ReviewId, input: &Input<'_, AssessmentUpdate>) -> Result<Review> {
    let review = enter(tx, actor, id, Action::UpdateReview).await?;
    let update = input.admit(&review.meta)?;
    let case = case(tx, &review).await?;
    tx.save(review.update(update, &case.matter(), tx.now())?, actor).await
}

/// Hands a review in.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn submit(tx: &mut Tx, actor: &Actor, id: ReviewId, precondition: Precondition) -> Result<Review> {
    by_reviewer(tx, actor, id, Action::SubmitReview, precondition, Review::submit).await
}

/// Takes a review up again.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn reopen(tx: &mut Tx, actor: &Actor, id: ReviewId, precondition: Precondition) -> Result<Review> {
    by_reviewer(tx, actor, id, Action::ReopenReview, precondition, Review::reopen).await
}

/// Gives a review back because of a conflict of interest.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn declare_conflict(tx: &mut Tx, actor: &Actor, id: ReviewId, input: &Input<'_, Conflict>) -> Result<Review> {
    let review = enter(tx, actor, id, Action::DeclareConflict).await?;
    let conflict = input.admit(&review.meta)?;
    let case = case(tx, &review).await?;
    tx.save(review.declare_conflict(conflict, &case.matter(), tx.now())?, actor).await
}

/// Takes a review from its reviewer.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn remove(tx: &mut Tx, actor: &Actor, id: ReviewId, reason: Option<&Reason>, precondition: Precondition) -> Result<()> {
    let review = enter(tx, actor, id, Action::RemoveReview).await?;
    review.meta.admit(precondition)?;
    require_not_own(actor, &tx.get(review.proposal_id).await?)?;
    tx.save(review.remove(reason, tx.now())?, actor).await.map(drop)
}

/// Goes on unless the proposal is the actor's own: whoever wrote it has no hand in its reviews, nor sees them, whatever its grants.
///
/// # Errors
/// [`Refusal::ConflictOfInterest`].
pub fn require_not_own(actor: &Actor, proposal: &Proposal) -> Result<(), Refusal> {
    let own = actor.person().is_some_and(|person| proposal.facilitators().contains(&person));
    if own { Err(Refusal::ConflictOfInterest) } else { Ok(()) }
}

/// Holds the program of a review, and locks the review.
async fn enter(tx: &mut Tx, actor: &Actor, id: ReviewId, action: Action) -> Result<Review> {
    // A review never changes its program: this is read without a lock, and the program is held first.
    let program = tx.get::<Review>(id).await?.program_id;
    let _: Program = tx.hold(program).await?;
    let review: Review = tx.lock(id).await?;
    review.tie(actor).require(action, SubjectKind::Review)?;
    Ok(review)
}

async fn by_reviewer(
    tx: &mut Tx,
    actor: &Actor,
    id: ReviewId,
    action: Action,
    precondition: Precondition,
    step: impl FnOnce(Review, &Matter<'_>, Timestamp) -> Result<Change<Review>, Refusal>,
) -> Result<Review> {
    let review = enter(tx, actor, id, action).await?;
    review.meta.admit(precondition)?;
    let case = case(tx, &review).await?;
    tx.save(step(review, &case.matter(), tx.now())?, actor).await
}
