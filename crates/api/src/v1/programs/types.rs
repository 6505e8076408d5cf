//! What goes in and out.

use std::collections::BTreeSet;

use cohortium_domain::eligibility::{self, JoiningUpdate};
use cohortium_domain::ids::ProgramId;
use cohortium_domain::programs::{self, Course, Delivery, EnrollmentMode};
use cohortium_domain::text::{Reason, SchoolYear, Slug, StateCode, Summary, Title};
use cohortium_domain::time::{Timestamp, Zone};
use cohortium_domain::timeline::{Blocker, Phase};
use cohortium_store::ProgramOrder;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::auth::Caller;
use crate::extract::clearable;
use crate::v1::page;
use crate::v1::timeline::{Milestone, milestone};

/// A program: one year of communities of practice.
#[derive(Serialize, ToSchema)]
pub(super) struct Program {
    id: ProgramId,
    /// Its name in addresses; unique in the coalition.
    slug: Slug,
    name: Title,
    /// What it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<Summary>,
    school_year: SchoolYear,
    /// The zone of its dates.
    time_zone: Zone,
    delivery: Delivery,
    enrollment_mode: EnrollmentMode,
    /// What a cohort has that sets nothing else.
    capacity: Capacity,
    terms: Terms,
    joining: JoiningTerms,
    /// Where it is in its year, by its timeline, the decisions taken and the time.
    phase: Phase,
    /// What keeps it from the next phase, though it is time.
    #[schema(max_items = 10)]
    blocked_by: Vec<Blocker>,
    /// The first milestone that has still to take effect.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_milestone: Option<Milestone>,
    /// When it was published.
    #[serde(skip_serializing_if = "Option::is_none")]
    published_at: Option<Timestamp>,
    /// When its offerings were finalized.
    #[serde(skip_serializing_if = "Option::is_none")]
    finalized_at: Option<Timestamp>,
    /// When staff closed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    closed_at: Option<Timestamp>,
    /// When it was cancelled.
    #[serde(skip_serializing_if = "Option::is_none")]
    cancelled_at: Option<Timestamp>,
    /// Why it was cancelled.
    #[serde(skip_serializing_if = "Option::is_none")]
    cancel_reason: Option<Reason>,
    /// Raised at each change.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    version: i64,
    created_at: Timestamp,
    updated_at: Timestamp,
    /// What you may do to it now.
    #[schema(max_items = 20)]
    allowed_actions: Vec<String>,
}

/// A program, in lists and in the catalog.
#[derive(Serialize, ToSchema)]
pub(in crate::v1) struct ProgramSummary {
    id: ProgramId,
    /// Its name in addresses; unique in the coalition.
    slug: Slug,
    name: Title,
    school_year: SchoolYear,
    /// The zone of its dates.
    time_zone: Zone,
    delivery: Delivery,
    enrollment_mode: EnrollmentMode,
    /// Where it is in its year, by its timeline, the decisions taken and the time.
    phase: Phase,
    /// What keeps it from the next phase, though it is time.
    #[schema(max_items = 10)]
    blocked_by: Vec<Blocker>,
    /// The first milestone that has still to take effect.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_milestone: Option<Milestone>,
}

page!(
    /// Programs, a page at a time.
    pub(super) ProgramPage of ProgramSummary
);

/// How many people a cohort is for.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::v1) struct Capacity {
    /// Under this, a cohort is at risk.
    #[schema(minimum = 1, maximum = 500)]
    min: u32,
    /// Never more than this.
    #[schema(minimum = 1, maximum = 500)]
    max: u32,
}

const _: () =
    assert!(programs::Capacity::BOUNDS.0 == 1 && programs::Capacity::BOUNDS.1 == 500, "the bounds above are the domain's");

impl From<Capacity> for programs::Capacity {
    fn from(body: Capacity) -> Self {
        Self { min: body.min, max: body.max }
    }
}

impl From<programs::Capacity> for Capacity {
    fn from(capacity: programs::Capacity) -> Self {
        Self { min: capacity.min, max: capacity.max }
    }
}

/// The numbers of days by which a program runs.
#[derive(Serialize, ToSchema)]
pub(super) struct Terms {
    /// Civil days for which a seat is held while a verification is pending.
    #[schema(minimum = 1, maximum = 90)]
    hold_days: u16,
    /// Civil days for which an offer stands.
    #[schema(minimum = 1, maximum = 90)]
    offer_days: u16,
    /// Minutes after what is due in which it is still taken; told to staff alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 2880)]
    grace_minutes: Option<u16>,
    /// Whether what is due on a date is due when that day ends anywhere on Earth.
    anywhere_on_earth: bool,
    /// Whether everybody takes part in one cohort at most: who is enrolled in one gives up what else they have applied to in the
    /// program.
    one_cohort: bool,
}

const _: () = assert!(
    programs::Terms::DAYS.0 == 1 && programs::Terms::DAYS.1 == 90 && programs::Terms::MOST_GRACE_MINUTES == 2880,
    "the bounds above are the domain's"
);

/// What a program asks of everybody who joins one of its cohorts.
#[derive(Serialize, ToSchema)]
pub(super) struct JoiningTerms {
    /// Whether only people of active members of the coalition can join.
    active_membership: bool,
    /// Only people of organizations in these states can join; of all, where none is named.
    #[schema(max_items = 60)]
    states: BTreeSet<StateCode>,
    /// At most so many people of one organization hold a seat in a cohort.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 500)]
    max_per_organization: Option<u32>,
}

/// What is otherwise about what a program asks of everybody who joins one of its cohorts.
#[derive(Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = JoiningTermsUpdate)]
pub(super) struct JoiningChange {
    /// Whether only people of active members of the coalition can join.
    active_membership: Option<bool>,
    /// Only people of organizations in these states can join; of all, where none is named.
    #[schema(max_items = 60)]
    states: Option<BTreeSet<StateCode>>,
    /// At most so many people of one organization hold a seat in a cohort.
    #[serde(default, deserialize_with = "clearable")]
    #[schema(minimum = 1, maximum = 500)]
    max_per_organization: Option<Option<u32>>,
}

/// What is otherwise about how many people a cohort is for.
#[derive(Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::v1) struct CapacityChange {
    /// Under this, a cohort is at risk.
    #[schema(minimum = 1, maximum = 500)]
    min: Option<u32>,
    /// Never more than this.
    #[schema(minimum = 1, maximum = 500)]
    max: Option<u32>,
}

/// What is otherwise about the numbers of days by which a program runs.
#[derive(Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TermsChange {
    /// Civil days for which a seat is held while a verification is pending.
    #[schema(minimum = 1, maximum = 90)]
    hold_days: Option<u16>,
    /// Civil days for which an offer stands.
    #[schema(minimum = 1, maximum = 90)]
    offer_days: Option<u16>,
    /// Minutes after what is due in which it is still taken.
    #[schema(minimum = 0, maximum = 2880)]
    grace_minutes: Option<u16>,
    /// Whether what is due on a date is due when that day ends anywhere on Earth. Settled when the program is published.
    anywhere_on_earth: Option<bool>,
    /// Whether everybody takes part in one cohort at most. From the moment on at which it is set, whoever comes to be enrolled in a
    /// cohort gives up their other open applications in the program, and cannot apply to another cohort before they have left that
    /// one.
    one_cohort: Option<bool>,
}

/// What a program is made of.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ProgramCreate {
    /// Its name in addresses; unique in the coalition.
    slug: Slug,
    name: Title,
    /// What it is about.
    description: Option<Summary>,
    school_year: SchoolYear,
    /// The zone of its dates.
    time_zone: Zone,
    delivery: Delivery,
    enrollment_mode: EnrollmentMode,
    /// What a cohort has that sets nothing else: 10 to 20, when nothing is said.
    #[serde(default)]
    capacity: CapacityChange,
    /// Its numbers of days: seven each and no grace, when nothing is said.
    #[serde(default)]
    terms: TermsChange,
    /// What is asked of everybody who joins a cohort: nothing, when nothing is said.
    #[serde(default)]
    joining: JoiningChange,
}

/// What can be changed of a program. What is absent stays; `null` clears what can be empty.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ProgramUpdate {
    /// Its name in addresses. Settled when it is published.
    slug: Option<Slug>,
    name: Option<Title>,
    /// What it is about.
    #[serde(default, deserialize_with = "clearable")]
    description: Option<Option<Summary>>,
    school_year: Option<SchoolYear>,
    /// The zone of its dates. Settled when it is published.
    time_zone: Option<Zone>,
    /// Settled when it is published.
    delivery: Option<Delivery>,
    /// Settled when it is published.
    enrollment_mode: Option<EnrollmentMode>,
    #[serde(default)]
    capacity: CapacityChange,
    #[serde(default)]
    terms: TermsChange,
    #[serde(default)]
    joining: JoiningChange,
}

/// Why a program is called off.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ProgramCancel {
    /// Kept with the program, and told to whoever asks why.
    pub(super) reason: Reason,
}

impl From<CapacityChange> for programs::CapacityUpdate {
    fn from(body: CapacityChange) -> Self {
        Self { min: body.min, max: body.max }
    }
}

impl From<TermsChange> for programs::TermsUpdate {
    fn from(body: TermsChange) -> Self {
        let TermsChange { hold_days, offer_days, grace_minutes, anywhere_on_earth, one_cohort } = body;
        Self { hold_days, offer_days, grace_minutes, anywhere_on_earth, one_cohort }
    }
}

impl From<JoiningChange> for JoiningUpdate {
    fn from(body: JoiningChange) -> Self {
        let JoiningChange { active_membership, states, max_per_organization } = body;
        Self { active_membership, states, max_per_organization }
    }
}

impl From<ProgramCreate> for programs::ProgramCreate {
    fn from(body: ProgramCreate) -> Self {
        let (capacity, terms) = (programs::Capacity::default(), programs::Terms::default());
        Self {
            slug: body.slug,
            name: body.name,
            description: body.description,
            school_year: body.school_year,
            time_zone: body.time_zone,
            delivery: body.delivery,
            enrollment_mode: body.enrollment_mode,
            capacity: capacity.with(body.capacity.into()),
            terms: terms.with(body.terms.into()),
            joining: eligibility::JoiningTerms::default().with(body.joining.into()),
        }
    }
}

impl From<ProgramUpdate> for programs::ProgramUpdate {
    fn from(body: ProgramUpdate) -> Self {
        Self {
            slug: body.slug,
            name: body.name,
            description: body.description,
            school_year: body.school_year,
            time_zone: body.time_zone,
            delivery: body.delivery,
            enrollment_mode: body.enrollment_mode,
            capacity: body.capacity.into(),
            terms: body.terms.into(),
            joining: body.joining.into(),
        }
    }
}

cohortium_domain::words! {
    /// By what programs are sorted; a hyphen turns it around.
    pub enum ProgramSort {
        /// By school year, the earliest first.
        SchoolYear = "school_year",
        /// The same, the latest first.
        SchoolYearDescending = "-school_year",
        /// By name.
        Name = "name",
        /// The same, from Z to A.
        NameDescending = "-name",
    }
}

impl ProgramSort {
    pub(super) fn order(self) -> (ProgramOrder, bool) {
        match self {
            Self::SchoolYear => (ProgramOrder::SchoolYear, false),
            Self::SchoolYearDescending => (ProgramOrder::SchoolYear, true),
            Self::Name => (ProgramOrder::Name, false),
            Self::NameDescending => (ProgramOrder::Name, true),
        }
    }
}

/// How the programs are wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ProgramsQuery {
    /// By what they are sorted: by school year, the latest first, when nothing is said.
    #[param(inline)]
    pub(super) sort: Option<ProgramSort>,
}

pub(super) fn view(course: &Course, now: Timestamp, caller: &Caller) -> Program {
    let Course { program, .. } = course;
    let here = course.phase(now);
    Program {
        id: program.id,
        slug: program.slug.clone(),
        name: program.name.clone(),
        description: program.description.clone(),
        school_year: program.school_year.clone(),
        time_zone: program.time_zone,
        delivery: program.delivery,
        enrollment_mode: program.enrollment_mode,
        capacity: program.capacity.into(),
        terms: Terms {
            hold_days: program.terms.hold_days,
            offer_days: program.terms.offer_days,
            grace_minutes: caller.actor.staff().then_some(program.terms.grace_minutes),
            anywhere_on_earth: program.terms.anywhere_on_earth,
            one_cohort: program.terms.one_cohort,
        },
        joining: JoiningTerms {
            active_membership: program.joining.active_membership,
            states: program.joining.states.clone(),
            max_per_organization: program.joining.max_per_organization,
        },
        phase: here.phase,
        blocked_by: here.blocked_by,
        next_milestone: here.next_milestone.map(|dated| milestone(&dated, now)),
        published_at: program.decisions.published_at,
        finalized_at: program.decisions.finalized_at,
        closed_at: program.decisions.closed_at,
        cancelled_at: program.decisions.cancelled_at(),
        cancel_reason: program.decisions.cancelled.as_ref().map(|(_, reason)| reason.clone()),
        version: program.meta.version,
        created_at: program.meta.created_at,
        updated_at: program.meta.updated_at,
        allowed_actions: course.allowed_actions(&caller.actor, now).into_iter().map(str::to_owned).collect(),
    }
}

pub(in crate::v1) fn summary(course: &Course, now: Timestamp) -> ProgramSummary {
    let Course { program, .. } = course;
    let here = course.phase(now);
    ProgramSummary {
        id: program.id,
        slug: program.slug.clone(),
        name: program.name.clone(),
        school_year: program.school_year.clone(),
        time_zone: program.time_zone,
        delivery: program.delivery,
        enrollment_mode: program.enrollment_mode,
        phase: here.phase,
        blocked_by: here.blocked_by,
        next_milestone: here.next_milestone.map(|dated| milestone(&dated, now)),
    }
}
