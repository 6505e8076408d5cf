//! What goes in and out.

use std::collections::BTreeMap;

use cohortium_domain::applications::Application;
use cohortium_domain::cohorts::{self, Audience, CohortState, EnrollmentStatus, MeetingMode, Standing, Year};
use cohortium_domain::commitments;
use cohortium_domain::eligibility::{Eligibility, Outcome, RuleKind};
use cohortium_domain::employments::Level;
use cohortium_domain::ids::{ApplicationId, CohortId, EmploymentId, PersonId, ProgramId, ProposalId};
use cohortium_domain::people::Person;
use cohortium_domain::refusal::Refusal;
use cohortium_domain::text::{Name, Query, Reason, RoleKey, Slug, Summary, Title};
use cohortium_domain::time::{Date, Timestamp};
use cohortium_store::{Error, Read};
use cohortium_workflow::cohorts::{Cancellation, CohortChange, CohortWish, Extension, InYear, Merge};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::auth::Caller;
use crate::extract::clearable;
use crate::v1::commitments::Commitment;
use crate::v1::page;
use crate::v1::programs::CapacityChange;
use crate::v1::timeline::{Milestone, MilestoneReplace, drafts, milestone};

/// A cohort: a group that people join.
#[derive(Serialize, ToSchema)]
pub(super) struct Cohort {
    #[serde(flatten)]
    summary: CohortSummary,
    /// What it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<Summary>,
    /// The proposal from which it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    proposal_id: Option<ProposalId>,
    /// When sign-up opens.
    #[serde(skip_serializing_if = "Option::is_none")]
    signup_opens_at: Option<Timestamp>,
    /// By when people are asked to have signed up.
    #[serde(skip_serializing_if = "Option::is_none")]
    signup_soft_deadline_at: Option<Timestamp>,
    /// The day until which staff gave it longer to find its people.
    #[serde(skip_serializing_if = "Option::is_none")]
    signup_extended_until_on: Option<Date>,
    /// When sign-up closes: at the kick-off, or at the start where that came earlier.
    #[serde(skip_serializing_if = "Option::is_none")]
    signup_closes_at: Option<Timestamp>,
    /// Its dates, its own and its program's.
    #[schema(max_items = 120)]
    milestones: Vec<Milestone>,
    /// What is accepted with an application: what its program asks for, and to come to each of its sessions.
    #[schema(max_items = 200)]
    commitments: Vec<Commitment>,
    /// When somebody started it, where that was not left to the kick-off.
    #[serde(skip_serializing_if = "Option::is_none")]
    started_at: Option<Timestamp>,
    /// When it was completed.
    #[serde(skip_serializing_if = "Option::is_none")]
    completed_at: Option<Timestamp>,
    /// When it was cancelled.
    #[serde(skip_serializing_if = "Option::is_none")]
    cancelled_at: Option<Timestamp>,
    /// Why it was cancelled.
    #[serde(skip_serializing_if = "Option::is_none")]
    cancel_reason: Option<Reason>,
    /// The cohort in which its people go on, where it was merged into one.
    #[serde(skip_serializing_if = "Option::is_none")]
    merged_into_id: Option<CohortId>,
    /// Raised at each change; taking a seat is none.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    version: i64,
    created_at: Timestamp,
    updated_at: Timestamp,
    /// What you may do to it now.
    #[schema(max_items = 20)]
    allowed_actions: Vec<String>,
}

/// A cohort, in lists and in the catalog.
#[derive(Serialize, ToSchema)]
pub(in crate::v1) struct CohortSummary {
    id: CohortId,
    /// Its name in addresses; unique in the coalition.
    slug: Slug,
    title: Title,
    program_id: ProgramId,
    state: CohortState,
    enrollment_status: EnrollmentStatus,
    /// Whether fewer than the minimum are enrolled, from the soft deadline to the kick-off.
    at_risk: bool,
    delivery: MeetingMode,
    audience: Audience,
    seats: Seats,
    /// How many wait for a seat.
    #[schema(minimum = 0, maximum = 4_294_967_295_u32)]
    waitlist_length: u32,
    /// Who leads it; they take no seat.
    #[schema(max_items = 10)]
    facilitators: Vec<Facilitator>,
}

page!(
    /// Cohorts, a page at a time.
    pub(super) CohortPage of CohortSummary
);

/// The seats of a cohort.
#[derive(Serialize, ToSchema)]
struct Seats {
    /// With fewer people it is at risk.
    #[schema(minimum = 1, maximum = 500)]
    min: u32,
    /// Never are more held than this.
    #[schema(minimum = 1, maximum = 500)]
    max: u32,
    /// Held by who is enrolled, was offered a seat, or waits for a verification.
    #[schema(minimum = 0, maximum = 500)]
    held: u32,
    /// What a newcomer could have: none while anybody waits.
    #[schema(minimum = 0, maximum = 500)]
    left: u32,
}

/// Somebody who leads a cohort.
#[derive(Serialize, ToSchema)]
pub(super) struct Facilitator {
    person_id: PersonId,
    given_name: Name,
    family_name: Name,
}

/// What a cohort is made of. What is not said is as its program has it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CohortCreate {
    /// Its name in addresses; unique in the coalition. Made of its title, when nothing is said.
    slug: Option<Slug>,
    title: Title,
    /// What it is about.
    description: Option<Summary>,
    /// For everybody, when nothing is said.
    audience: Option<Audience>,
    delivery: MeetingMode,
    #[serde(default)]
    capacity: CapacityChange,
    /// Who leads it.
    #[serde(default)]
    #[schema(max_items = 10)]
    facilitator_ids: Vec<PersonId>,
    /// Dates of its own: of the kinds `kickoff`, `in_person_training`, `call` and `closeout`, on days or at instants.
    #[serde(default)]
    #[schema(max_items = 60)]
    milestones: Vec<MilestoneReplace>,
}

/// What can be changed of a cohort. What is absent stays; `null` clears what can be empty.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CohortUpdate {
    /// Its name in addresses; unique in the coalition.
    slug: Option<Slug>,
    title: Option<Title>,
    /// What it is about.
    #[serde(default, deserialize_with = "clearable")]
    description: Option<Option<Summary>>,
    audience: Option<Audience>,
    delivery: Option<MeetingMode>,
    /// A greater maximum lets in who waits; it cannot be less than the seats that are held.
    #[serde(default)]
    capacity: CapacityChange,
    /// All who lead it.
    #[schema(max_items = 10)]
    facilitator_ids: Option<Vec<PersonId>>,
    /// All dates of its own. A kick-off that has passed cannot be moved.
    #[schema(max_items = 60)]
    milestones: Option<Vec<MilestoneReplace>>,
}

/// Why a cohort is called off.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CohortCancel {
    /// Kept with the cohort, and told to whoever asks why.
    reason: Reason,
    /// Another cohort of the program, in which seats are offered to who holds one here.
    transfer_to_cohort_id: Option<CohortId>,
}

/// Into which cohort another is merged.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CohortMerge {
    /// Another cohort of the same program.
    into_cohort_id: CohortId,
    /// Kept with the cohort, and told to whoever asks why.
    reason: Reason,
}

impl From<CohortCancel> for Cancellation {
    fn from(body: CohortCancel) -> Self {
        Self { reason: body.reason, transfer_to: body.transfer_to_cohort_id }
    }
}

impl From<CohortMerge> for Merge {
    fn from(body: CohortMerge) -> Self {
        Self { into: body.into_cohort_id, reason: body.reason }
    }
}

/// Until when a cohort is given to find its people.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CohortExtend {
    /// With the end of this day, in the program's zone.
    until_on: Date,
    /// Kept in the journal.
    reason: Reason,
}

impl From<CohortExtend> for Extension {
    fn from(body: CohortExtend) -> Self {
        Self { until_on: body.until_on, reason: body.reason }
    }
}

impl TryFrom<CohortCreate> for CohortWish {
    type Error = Refusal;

    fn try_from(body: CohortCreate) -> Result<Self, Refusal> {
        Ok(Self {
            slug: body.slug,
            title: body.title,
            description: body.description,
            audience: body.audience.unwrap_or_default(),
            delivery: body.delivery,
            capacity: body.capacity.into(),
            facilitators: body.facilitator_ids,
            milestones: drafts(body.milestones)?,
        })
    }
}

impl TryFrom<CohortUpdate> for CohortChange {
    type Error = Refusal;

    fn try_from(body: CohortUpdate) -> Result<Self, Refusal> {
        Ok(Self {
            slug: body.slug,
            title: body.title,
            description: body.description,
            audience: body.audience,
            delivery: body.delivery,
            capacity: body.capacity.into(),
            facilitators: body.facilitator_ids,
            milestones: body.milestones.map(drafts).transpose()?,
        })
    }
}

/// Which cohorts are wanted. Given twice, a parameter takes either value.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct CohortsQuery {
    /// Those of this program.
    #[serde(default)]
    #[param(max_items = 50)]
    pub program_id: Vec<ProgramId>,
    /// Those whose sign-up stands so now.
    #[serde(default)]
    #[param(max_items = 5)]
    pub status: Vec<EnrollmentStatus>,
    /// Those for people in this role, or in any.
    #[serde(default)]
    #[param(max_items = 50)]
    pub role: Vec<RoleKey>,
    /// Those for roles held at this level, or at any.
    #[serde(default)]
    #[param(max_items = 4)]
    pub level: Vec<Level>,
    /// Those that you lead, or in which you are enrolled.
    pub mine: Option<bool>,
    /// Those at risk now, or with `false` those that are not.
    pub at_risk: Option<bool>,
    /// Those in whose title this text stands.
    pub q: Option<Query>,
}

impl CohortsQuery {
    /// Whether a cohort is one of those.
    pub fn wants(&self, cohort: &cohorts::Cohort, year: &Year, now: Timestamp) -> bool {
        let status = || cohort.enrollment_status(year.window(cohort).as_ref(), now);
        let at_risk = || cohort.at_risk(year.window(cohort).as_ref(), now);
        cohort.audience.suits(&self.role, &self.level)
            && (self.status.is_empty() || self.status.contains(&status()))
            && self.at_risk.is_none_or(|wanted| wanted == at_risk())
    }
}

/// How the rules for joining a cohort are answered for oneself.
#[derive(Serialize, ToSchema)]
pub(in crate::v1) struct CohortEligibility {
    /// All rules together: `unmet` as soon as one is, else `unknown` as soon as one is.
    outcome: Outcome,
    /// One answer for each rule.
    #[schema(max_items = 10)]
    rules: Vec<RuleAnswer>,
    /// The employment by which they are answered: of the current ones, the one that fits best.
    #[serde(skip_serializing_if = "Option::is_none")]
    employment_id: Option<EmploymentId>,
}

/// How one rule is answered.
#[derive(Serialize, ToSchema)]
struct RuleAnswer {
    rule: RuleKind,
    outcome: Outcome,
    /// What would help, where it is not met.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 4000)]
    hint: Option<String>,
}

impl From<Eligibility> for CohortEligibility {
    fn from(eligibility: Eligibility) -> Self {
        let outcome = eligibility.outcome();
        let answers = eligibility.findings.into_iter();
        let rules = answers.map(|answer| RuleAnswer { rule: answer.rule, outcome: answer.outcome, hint: answer.hint });
        Self { outcome, rules: rules.collect(), employment_id: eligibility.workplace.map(|workplace| workplace.employment_id) }
    }
}

/// Somebody who waits for a seat.
#[derive(Serialize, ToSchema)]
pub(super) struct WaitlistEntry {
    /// The first is 1.
    #[schema(minimum = 1, maximum = 4_294_967_295_u32)]
    position: u32,
    application_id: ApplicationId,
    person_id: PersonId,
    given_name: Name,
    family_name: Name,
    /// What staff gave it: the greater comes first.
    #[schema(minimum = 0, maximum = 9)]
    priority: u8,
    /// Since when.
    waitlisted_at: Timestamp,
}

page!(
    /// The waitlist of a cohort, a page at a time.
    pub(super) WaitlistPage of WaitlistEntry
);

impl WaitlistEntry {
    pub fn of(
        application: &Application,
        people: &BTreeMap<PersonId, Person>,
        positions: &std::collections::HashMap<ApplicationId, u32>,
    ) -> Option<Self> {
        let person = people.get(&application.person_id)?;
        Some(Self {
            position: *positions.get(&application.id)?,
            application_id: application.id,
            person_id: person.id,
            given_name: person.given_name.clone(),
            family_name: person.family_name.clone(),
            priority: application.standing.place()?.given_priority(),
            waitlisted_at: application.waitlisted_since()?,
        })
    }
}

/// The people who lead these cohorts.
pub(in crate::v1) async fn facilitators(
    read: &Read,
    cohorts: &[(cohorts::Cohort, Year)],
) -> Result<BTreeMap<PersonId, Person>, Error> {
    read.find_all(cohorts.iter().flat_map(|(cohort, _)| cohort.facilitators.iter().copied())).await
}

pub(super) fn named(ids: &[PersonId], people: &BTreeMap<PersonId, Person>) -> Vec<Facilitator> {
    let named = |person: &Person| Facilitator {
        person_id: person.id,
        given_name: person.given_name.clone(),
        family_name: person.family_name.clone(),
    };
    ids.iter().filter_map(|id| people.get(id).map(named)).collect()
}

pub(in crate::v1) fn summary(
    cohort: &cohorts::Cohort,
    year: &Year,
    people: &BTreeMap<PersonId, Person>,
    now: Timestamp,
) -> CohortSummary {
    let window = year.window(cohort);
    let seats = cohort.seats_at(window.as_ref(), now);
    CohortSummary {
        id: cohort.id,
        slug: cohort.slug.clone(),
        title: cohort.title.clone(),
        program_id: cohort.program_id,
        state: cohort.state_at(window.as_ref(), now),
        enrollment_status: cohort.enrollment_status(window.as_ref(), now),
        at_risk: cohort.at_risk(window.as_ref(), now),
        delivery: cohort.delivery,
        audience: cohort.audience.clone(),
        seats: Seats {
            min: cohort.capacity.min,
            max: cohort.capacity.max,
            held: seats.held,
            left: seats.left(cohort.capacity.max),
        },
        waitlist_length: seats.waiting,
        facilitators: named(&cohort.facilitators, people),
    }
}

pub(super) fn view(
    (cohort, year): &InYear,
    people: &BTreeMap<PersonId, Person>,
    commitments: Vec<commitments::Commitment>,
    caller: &Caller,
    now: Timestamp,
) -> Cohort {
    let window = year.window(cohort);
    let dates = year.timeline.for_cohort(&cohort.dates);
    let (completed_at, cancelled) = match &cohort.standing {
        Standing::Completed { completed_at, .. } => (Some(*completed_at), None),
        Standing::Cancelled { cancelled_at, reason, merged_into } => (None, Some((*cancelled_at, reason.clone(), *merged_into))),
        Standing::Draft | Standing::Open | Standing::InSession { .. } => (None, None),
    };
    let allowed = cohort.allowed_actions(&cohort.tie(&caller.actor), window.as_ref(), now);
    Cohort {
        summary: summary(cohort, year, people, now),
        description: cohort.description.clone(),
        proposal_id: cohort.proposal_id,
        signup_opens_at: window.map(|window| window.opens_at),
        signup_soft_deadline_at: window.and_then(|window| window.soft_deadline_at),
        signup_extended_until_on: cohort.dates.extended_until,
        signup_closes_at: window.map(|window| window.closes_at),
        milestones: dates.milestones().iter().map(|dated| milestone(dated, now)).collect(),
        commitments: commitments.into_iter().map(Into::into).collect(),
        started_at: cohort.started_at(),
        completed_at,
        cancelled_at: cancelled.as_ref().map(|(at, _, _)| *at),
        merged_into_id: cancelled.as_ref().and_then(|(_, _, into)| *into),
        cancel_reason: cancelled.map(|(_, reason, _)| reason),
        version: cohort.meta.version,
        created_at: cohort.meta.created_at,
        updated_at: cohort.meta.updated_at,
        allowed_actions: allowed.into_iter().map(str::to_owned).collect(),
    }
}
