//! What goes in and out.

use cohortium_domain::cohorts::Audience;
use cohortium_domain::ids::{PersonId, ProgramId, ProposalId, ReviewId};
use cohortium_domain::proposals::{self, Goal};
use cohortium_domain::reviews::{self, AssessmentUpdate, ConflictKind, Matter, Points, Quorum, ReviewState};
use cohortium_domain::rubrics::{CRITERIA_MAX, Rubric, SCORE_MAX, SCORE_MIN};
use cohortium_domain::text::{Body, Reason, Slug, Summary, Title};
use cohortium_domain::time::{Date, Timestamp};
use cohortium_workflow::reviews::Case;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::auth::Caller;
use crate::extract::clearable;
use crate::v1::page;
use crate::v1::programs::Capacity;

const _: () = assert!(CRITERIA_MAX == 20 && SCORE_MIN == 1 && SCORE_MAX == 5, "the bounds below are the domain's");

/// What a reviewer gives for one criterion.
#[derive(Serialize, ToSchema)]
pub(super) struct Score {
    /// The key of the criterion.
    criterion: Slug,
    /// From 1, the lowest, to 5.
    #[schema(minimum = 1, maximum = 5)]
    #[serde(rename = "score")]
    value: u8,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<Summary>,
}

/// A review of a proposal.
#[derive(Serialize, ToSchema)]
pub(in crate::v1) struct Review {
    id: ReviewId,
    program_id: ProgramId,
    proposal_id: ProposalId,
    /// Whose review it is.
    reviewer_id: PersonId,
    state: ReviewState,
    /// The scores, by criterion.
    #[schema(max_items = 20)]
    scores: Vec<Score>,
    /// What the reviewer says about the whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<Summary>,
    /// What the reviewer says to staff alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    note_to_staff: Option<Summary>,
    /// What the scores come to by the weights of their criteria, once it is handed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 5)]
    weighted_mean: Option<f64>,
    /// Which text of the proposal it judges: the number of the submission.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 4_294_967_295_i64)]
    submission: Option<u32>,
    /// Whether the proposal was handed in anew since: then it does not count, and its reviewer can take it up again.
    outdated: bool,
    /// When it was handed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    submitted_at: Option<Timestamp>,
    /// The conflict of interest that the reviewer declared.
    #[serde(skip_serializing_if = "Option::is_none")]
    conflict: Option<DeclaredConflict>,
    /// Whether the reviewer has a conflict of interest, as the data shows it: then the review does not count. For staff alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    conflict_found: Option<bool>,
    /// The last day for handing it in, where the rubric names one.
    #[serde(skip_serializing_if = "Option::is_none")]
    due_on: Option<Date>,
    /// Raised at each change.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    version: i64,
    created_at: Timestamp,
    updated_at: Timestamp,
    /// What you may do to it now.
    #[schema(max_items = 20)]
    allowed_actions: Vec<String>,
}

/// A conflict of interest that a reviewer declared.
#[derive(Serialize, ToSchema)]
pub(super) struct DeclaredConflict {
    kind: ConflictKind,
    /// What staff should know about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<Summary>,
}

/// A review, in the list of one's own.
#[derive(Serialize, ToSchema)]
pub(super) struct ReviewSummary {
    id: ReviewId,
    program_id: ProgramId,
    proposal_id: ProposalId,
    /// What the proposal is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    proposal_title: Option<Title>,
    state: ReviewState,
    /// Whether the proposal was handed in anew since.
    outdated: bool,
    /// When it was handed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    submitted_at: Option<Timestamp>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

page!(
    /// Reviews, a page at a time.
    pub(super) ReviewPage of ReviewSummary
);

/// The reviews of a proposal.
#[derive(Serialize, ToSchema)]
pub(super) struct ReviewList {
    #[schema(max_items = 1000)]
    items: Vec<Review>,
    /// Whether there are enough for a decision, where the program has a rubric.
    #[serde(skip_serializing_if = "Option::is_none")]
    quorum: Option<ReviewQuorum>,
}

impl ReviewList {
    pub(super) fn new(items: Vec<Review>, quorum: Option<Quorum>) -> Self {
        Self { items, quorum: quorum.map(Into::into) }
    }
}

/// Whether a proposal has been judged often enough for a decision.
#[derive(Serialize, ToSchema)]
pub(in crate::v1) struct ReviewQuorum {
    /// How many reviews a decision needs: as the rubric says, and one more where those that count contradict each other.
    #[schema(minimum = 1, maximum = 21)]
    needed: u32,
    /// How many count: handed in, about the text as it is, by who has no conflict of interest.
    #[schema(minimum = 0, maximum = 1000)]
    counted: u32,
    /// How many are missing. A decision without them needs a reason.
    #[schema(minimum = 0, maximum = 21)]
    missing: u32,
    /// How many are assigned and not handed in.
    #[schema(minimum = 0, maximum = 1000)]
    pending: u32,
    /// How many were handed in about a text that has changed since.
    #[schema(minimum = 0, maximum = 1000)]
    outdated: u32,
    /// Whether those that count contradict each other.
    contradictory: bool,
}

impl From<Quorum> for ReviewQuorum {
    fn from(quorum: Quorum) -> Self {
        let Quorum { needed, counted, outdated, pending, contradictory } = quorum;
        Self { needed, counted, missing: quorum.missing(), pending, outdated, contradictory }
    }
}

/// What another reviewer says: it is not said who.
#[derive(Serialize, ToSchema)]
pub(super) struct PeerReview {
    /// The scores, by criterion.
    #[schema(max_items = 20)]
    scores: Vec<Score>,
    /// What the reviewer says about the whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<Summary>,
    /// What the scores come to by the weights of their criteria.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 5)]
    weighted_mean: Option<f64>,
    /// Whether the proposal was handed in anew since.
    outdated: bool,
}

/// What the other reviewers of a proposal say.
#[derive(Serialize, ToSchema)]
pub(super) struct PeerReviewList {
    #[schema(max_items = 1000)]
    pub(super) items: Vec<PeerReview>,
}

/// A proposal, as its reviewers see it.
#[derive(Serialize, ToSchema)]
pub(super) struct ReviewedProposal {
    proposal_id: ProposalId,
    program_id: ProgramId,
    /// Who would facilitate. Left out in a blind program.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 20)]
    facilitator_ids: Option<Vec<PersonId>>,
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
    session_plan: Option<Body>,
    #[serde(skip_serializing_if = "Option::is_none")]
    preferred_capacity: Option<Capacity>,
    /// Which text it is: raised each time the proposal is handed in.
    #[schema(minimum = 1, maximum = 4_294_967_295_i64)]
    submission: u32,
    /// When this text was handed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    submitted_at: Option<Timestamp>,
}

impl ReviewedProposal {
    pub(super) fn of(Case { proposal, rubric, .. }: Case) -> Self {
        let facilitator_ids = (!rubric.terms.blind).then(|| proposal.facilitators());
        let content = proposal.content;
        Self {
            proposal_id: proposal.id,
            program_id: proposal.program_id,
            facilitator_ids,
            title: content.title,
            r#abstract: content.r#abstract,
            audience: content.audience,
            goals: content.goals,
            session_plan: content.session_plan,
            preferred_capacity: content.preferred_capacity.map(Into::into),
            submission: proposal.submission,
            submitted_at: proposal.submitted_at,
        }
    }
}

/// What a reviewer gives for one criterion.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ScoreReplace {
    /// The key of the criterion.
    criterion: Slug,
    /// From 1, the lowest, to 5.
    #[schema(minimum = 1, maximum = 5)]
    score: u8,
    /// Why.
    comment: Option<Summary>,
}

/// What can be changed of a review. What is absent stays; `null` clears what can be empty.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReviewUpdate {
    /// All the scores: they may be incomplete until the review is handed in.
    #[schema(max_items = 20)]
    scores: Option<Vec<ScoreReplace>>,
    /// What you say about the whole. The other reviewers read it, once they have handed in theirs.
    #[serde(default, deserialize_with = "clearable")]
    comment: Option<Option<Summary>>,
    /// What you say to staff alone.
    #[serde(default, deserialize_with = "clearable")]
    note_to_staff: Option<Option<Summary>>,
}

/// A conflict of interest.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ConflictDeclaration {
    kind: ConflictKind,
    /// What staff should know about it.
    note: Option<Summary>,
}

/// Which of one's reviews are wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct MyReviewsQuery {
    /// Those of this program.
    pub(super) program_id: Option<ProgramId>,
    /// Those in one of these states.
    #[param(inline, max_items = 5)]
    #[serde(default)]
    pub(super) state: Vec<ReviewState>,
}

/// Why a review is taken away.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ReviewRemovalQuery {
    /// Why: needed, once the reviewer has begun.
    #[param(inline)]
    pub(super) reason: Option<Reason>,
}

impl From<ReviewUpdate> for AssessmentUpdate {
    fn from(body: ReviewUpdate) -> Self {
        let score = |given: ScoreReplace| reviews::Score { criterion: given.criterion, score: given.score, comment: given.comment };
        let scores = body.scores.map(|scores| scores.into_iter().map(score).collect());
        Self { scores, comment: body.comment, note_to_staff: body.note_to_staff }
    }
}

impl From<ConflictDeclaration> for reviews::Conflict {
    fn from(body: ConflictDeclaration) -> Self {
        Self { kind: body.kind, note: body.note }
    }
}

impl From<reviews::Score> for Score {
    fn from(score: reviews::Score) -> Self {
        let reviews::Score { criterion, score: value, comment } = score;
        Self { criterion, value, comment }
    }
}

impl PeerReview {
    pub(super) fn of(review: reviews::Review, case: &Case) -> Self {
        Self {
            weighted_mean: review.weighted_mean(&case.rubric).map(Points::number),
            outdated: review.outdated(&case.proposal),
            scores: review.assessment.scores.into_iter().map(Into::into).collect(),
            comment: review.assessment.comment,
        }
    }
}

impl Review {
    fn of(review: reviews::Review, proposal: &proposals::Proposal, rubric: &Rubric, conflict_found: Option<bool>) -> Self {
        let submitted_at = review.standing.settled_at().filter(|_| review.state() == ReviewState::Submitted);
        let conflict = review.standing.conflict().cloned();
        Self {
            id: review.id,
            program_id: review.program_id,
            proposal_id: review.proposal_id,
            reviewer_id: review.reviewer_id,
            state: review.state(),
            weighted_mean: review.weighted_mean(rubric).map(Points::number),
            submission: review.submission,
            outdated: review.outdated(proposal),
            submitted_at,
            conflict: conflict.map(|conflict| DeclaredConflict { kind: conflict.kind, note: conflict.note }),
            conflict_found,
            due_on: rubric.terms.reviews_due_on,
            version: review.meta.version,
            created_at: review.meta.created_at,
            updated_at: review.meta.updated_at,
            allowed_actions: Vec::new(),
            scores: review.assessment.scores.into_iter().map(Into::into).collect(),
            comment: review.assessment.comment,
            note_to_staff: review.assessment.note_to_staff,
        }
    }

    /// In the list that staff read.
    pub(super) fn in_list(
        conflict_found: bool,
        review: reviews::Review,
        proposal: &proposals::Proposal,
        rubric: &Rubric,
        caller: &Caller,
    ) -> Self {
        let removable = reviews::MACHINE.allowed(review.state(), &review.tie(&caller.actor), |_| true);
        let allowed_actions = removable.into_iter().map(str::to_owned).collect();
        Self { allowed_actions, ..Self::of(review, proposal, rubric, Some(conflict_found)) }
    }
}

pub(super) fn view(review: reviews::Review, matter: &Matter<'_>, caller: &Caller, now: Timestamp) -> Review {
    let allowed = review.allowed_actions(&review.tie(&caller.actor), matter, now);
    let conflict_found = caller.actor.staff().then_some(matter.conflict.is_some());
    let allowed_actions = allowed.into_iter().map(str::to_owned).collect();
    Review { allowed_actions, ..Review::of(review, matter.proposal, matter.rubric, conflict_found) }
}

pub(super) fn summary(review: &reviews::Review, proposal: Option<&proposals::Proposal>) -> ReviewSummary {
    ReviewSummary {
        id: review.id,
        program_id: review.program_id,
        proposal_id: review.proposal_id,
        proposal_title: proposal.map(|proposal| proposal.content.title.clone()),
        state: review.state(),
        outdated: proposal.is_some_and(|proposal| review.outdated(proposal)),
        submitted_at: review.standing.settled_at().filter(|_| review.state() == ReviewState::Submitted),
        created_at: review.meta.created_at,
        updated_at: review.meta.updated_at,
    }
}
