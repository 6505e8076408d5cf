//! What goes in and out.

use cohortium_domain::access::Tie;
use cohortium_domain::cohorts::Audience;
use cohortium_domain::facilitator_invitations::MOST_CO_FACILITATORS;
use cohortium_domain::ids::{CohortId, PersonId, ProgramId, ProposalId};
use cohortium_domain::proposals::{
    self, Call, Content, ContentUpdate, Decision, Goal, HIGHEST_RANK, Letter, MOST_GOALS, MOST_REVISIONS, Message, ProposalState,
    Until,
};
use cohortium_domain::refusal::{FaultCode, Refusal};
use cohortium_domain::text::{Body, Reason, Summary, Title};
use cohortium_domain::time::{Date, Timestamp};
use cohortium_workflow::proposals::Wish;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::auth::Caller;
use crate::extract::clearable;
use crate::v1::page;
use crate::v1::programs::Capacity;

const _: () = assert!(
    HIGHEST_RANK == 1_000 && MOST_GOALS == 10 && MOST_REVISIONS == 20 && MOST_CO_FACILITATORS == 4,
    "the bounds below are the domain's"
);

/// A proposal to lead a cohort.
#[derive(Serialize, ToSchema)]
pub(super) struct Proposal {
    id: ProposalId,
    program_id: ProgramId,
    /// Who wrote it, and would facilitate.
    author_id: PersonId,
    /// Who agreed to facilitate with the author.
    #[schema(max_items = 4)]
    co_facilitator_ids: Vec<PersonId>,
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
    state: ProposalState,
    /// How many texts were handed in: 0 in a draft. Staff see the last of them, its author the revision that is being written.
    #[schema(minimum = 0, maximum = 1000)]
    submission: u32,
    /// When it was last handed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    submitted_at: Option<Timestamp>,
    /// Until when this draft can be handed in, where its author was given longer than others.
    #[serde(skip_serializing_if = "Option::is_none")]
    extended_until: Option<Timestamp>,
    /// Until when the revision can be handed in that was asked for; then the text that was handed in stands again.
    #[serde(skip_serializing_if = "Option::is_none")]
    revision_due_at: Option<Timestamp>,
    /// The revisions that were asked for, the first first.
    #[schema(max_items = 20)]
    revision_requests: Vec<RevisionRequest>,
    /// What its author was told with the decision. It is there once that was released.
    #[serde(skip_serializing_if = "Option::is_none")]
    letter: Option<Letter>,
    /// The decision that waits for its release. Only staff see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    staged: Option<StagedDecision>,
    /// Its rank in the reserve, where a release put it there.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 1000)]
    reserve_rank: Option<u16>,
    /// Since when it is accepted, confirmed, rejected, withdrawn or declined.
    #[serde(skip_serializing_if = "Option::is_none")]
    settled_at: Option<Timestamp>,
    /// When an acceptance lapses, unless it is confirmed before, or a revision that was asked for, unless it is handed in.
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

/// A revision that staff asked for.
#[derive(Serialize, ToSchema)]
pub(super) struct RevisionRequest {
    /// Of which of the texts that were handed in.
    #[schema(minimum = 1, maximum = 1000)]
    submission: u32,
    /// What its author was asked to change.
    message: Message,
    requested_at: Timestamp,
    /// Until when it could be handed in.
    due_at: Timestamp,
    /// When it was, where it was in time.
    #[serde(skip_serializing_if = "Option::is_none")]
    handed_in_at: Option<Timestamp>,
}

impl From<proposals::RevisionRequest> for RevisionRequest {
    fn from(request: proposals::RevisionRequest) -> Self {
        let proposals::RevisionRequest { submission, message, requested_at, due_at, handed_in_at } = request;
        Self { submission, message, requested_at, due_at, handed_in_at }
    }
}

/// What an author is asked to change, and until when: give one of `due_on` and `due_at`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RevisionAsk {
    /// What to change.
    message: Message,
    /// By the end of this day in the program's zone.
    due_on: Option<Date>,
    /// Before this instant.
    due_at: Option<Timestamp>,
}

/// How much longer an author gets, and why: give one of `until_on` and `until_at`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ProposalExtension {
    /// To the end of this day in the program's zone.
    until_on: Option<Date>,
    /// To this instant.
    until_at: Option<Timestamp>,
    /// Why, for the journal; the author does not see it.
    reason: Reason,
}

/// One of the two ways to say until when.
fn until(name: &str, on: Option<Date>, at: Option<Timestamp>) -> Result<Until, Refusal> {
    match (on, at) {
        (Some(day), None) => Ok(Until::On(day)),
        (None, Some(instant)) => Ok(Until::At(instant)),
        (None, None) => {
            Err(Refusal::invalid(format!("#/{name}_on"), FaultCode::Required, "Say until when, by a day or an instant"))
        }
        (Some(_), Some(_)) => {
            Err(Refusal::invalid(format!("#/{name}_at"), FaultCode::Duplicate, "Give a day or an instant, and not both"))
        }
    }
}

impl TryFrom<RevisionAsk> for (Message, Until) {
    type Error = Refusal;

    fn try_from(body: RevisionAsk) -> Result<Self, Refusal> {
        Ok((body.message, until("due", body.due_on, body.due_at)?))
    }
}

impl TryFrom<ProposalExtension> for (Until, Reason) {
    type Error = Refusal;

    fn try_from(body: ProposalExtension) -> Result<Self, Refusal> {
        Ok((until("until", body.until_on, body.until_at)?, body.reason))
    }
}

/// A text as it was handed in.
#[derive(Serialize, ToSchema)]
pub(super) struct ProposalSubmission {
    /// Which: 1 is the first.
    #[schema(minimum = 1, maximum = 1000)]
    number: u32,
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
    submitted_at: Timestamp,
}

/// The texts of a proposal that were handed in.
#[derive(Serialize, ToSchema)]
pub(super) struct ProposalSubmissionList {
    /// The first first.
    #[schema(max_items = 21)]
    items: Vec<ProposalSubmission>,
}

impl From<proposals::Submission> for ProposalSubmission {
    fn from(submission: proposals::Submission) -> Self {
        let proposals::Submission { number, content, submitted_at } = submission;
        let Content { title, r#abstract, audience, goals, session_plan, preferred_capacity } = content;
        let preferred_capacity = preferred_capacity.map(Into::into);
        Self { number, title, r#abstract, audience, goals, session_plan, preferred_capacity, submitted_at }
    }
}

impl From<Vec<proposals::Submission>> for ProposalSubmissionList {
    fn from(submissions: Vec<proposals::Submission>) -> Self {
        Self { items: submissions.into_iter().map(Into::into).collect() }
    }
}

/// A decision before its release.
#[derive(Serialize, ToSchema)]
pub(super) struct StagedDecision {
    decision: Decision,
    /// Its rank, when it is to be kept in reserve.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 1000)]
    rank: Option<u16>,
}

/// A proposal, in lists.
#[derive(Serialize, ToSchema)]
pub(super) struct ProposalSummary {
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
    reserve_rank: Option<u16>,
    updated_at: Timestamp,
}

page!(
    /// Proposals, a page at a time.
    pub(super) ProposalPage of ProposalSummary
);

/// What a proposal is made of. A draft may lack all but its title.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ProposalCreate {
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
    session_plan: Option<Body>,
    preferred_capacity: Option<Capacity>,
}

/// What can be changed of a draft. What is absent stays; `null` clears what can be empty.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ProposalUpdate {
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
    session_plan: Option<Option<Body>>,
    #[serde(default, deserialize_with = "clearable")]
    preferred_capacity: Option<Option<Capacity>>,
}

/// Why a decision is meant.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ProposalDecision {
    /// Why, for the journal; the author does not see it.
    reason: Option<Reason>,
}

/// Where in the reserve a proposal is to be kept, and why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ProposalReserve {
    /// Its rank: 1 comes first. Behind all others, when nothing is said.
    #[schema(minimum = 1, maximum = 1000)]
    rank: Option<u16>,
    /// Why, for the journal; the author does not see it.
    reason: Option<Reason>,
}

/// What a release told.
#[derive(Serialize, ToSchema)]
pub(super) struct ProposalRelease {
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

impl ProposalRelease {
    pub(super) fn of(released: &[proposals::Proposal]) -> Self {
        let now = |state: ProposalState| released.iter().filter(|one| one.state() == state).map(|one| one.id).collect();
        Self {
            accepted: now(ProposalState::Accepted),
            rejected: now(ProposalState::Rejected),
            reserved: now(ProposalState::InReview),
        }
    }
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

pub(super) fn staged(proposal: &proposals::Proposal) -> Option<StagedDecision> {
    proposal.standing.staged().map(|staged| StagedDecision { decision: staged.decision(), rank: staged.rank() })
}

pub(super) fn view(proposal: proposals::Proposal, tie: &Tie<'_>, call: &Call, now: Timestamp) -> Proposal {
    let standing = proposal.standing;
    Proposal {
        id: proposal.id,
        program_id: proposal.program_id,
        author_id: proposal.author_id,
        co_facilitator_ids: proposal.co_facilitators.clone(),
        state: standing.state(),
        submission: proposal.submission,
        submitted_at: proposal.submitted_at,
        extended_until: proposal.extended_until,
        revision_due_at: standing.revision_due_at(),
        revision_requests: proposal.revision_requests.iter().cloned().map(Into::into).collect(),
        letter: proposal.letter.clone(),
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

pub(super) fn summary(proposal: proposals::Proposal) -> ProposalSummary {
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

/// What this caller may see of it: what has not been released is for staff alone, and what is being written for those who would
/// facilitate.
pub(super) fn as_seen_by(proposal: proposals::Proposal, caller: &Caller) -> proposals::Proposal {
    let writes = caller.actor.person().is_some_and(|person| proposal.facilitators().contains(&person));
    match (caller.actor.staff(), writes) {
        (true, true) => proposal.as_written(),
        (true, false) => proposal,
        (false, _) => proposal.as_seen_by_author(),
    }
}
