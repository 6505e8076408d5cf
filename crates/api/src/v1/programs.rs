//! Programs, as staff run them and everybody reads them.

use std::collections::BTreeSet;

use actix_web::web::Path;
use actix_web::{get, patch, post};
use cohortium_domain::access::Action;
use cohortium_domain::eligibility::{self, JoiningUpdate};
use cohortium_domain::ids::ProgramId;
use cohortium_domain::programs::{self, Course, Delivery, EnrollmentMode};
use cohortium_domain::text::{Reason, SchoolYear, Slug, StateCode, Summary, Title};
use cohortium_domain::time::{Timestamp, Zone};
use cohortium_domain::timeline::{Blocker, Phase};
use cohortium_store::{Error, Page, ProgramOrder, Read};
use cohortium_workflow as workflow;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::timeline::{Milestone, milestone};
use super::{page, room};
use crate::auth::Caller;
use crate::ctx::Ctx;
use crate::extract::{Body, Conditions, Paging, Params, clearable};
use crate::reply::{Answer, Reply};

/// A program: one year of communities of practice.
#[derive(Serialize, ToSchema)]
struct Program {
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
pub(super) struct ProgramSummary {
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
    ProgramPage of ProgramSummary
);

/// How many people a cohort is for.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Capacity {
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
struct Terms {
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
}

const _: () = assert!(
    programs::Terms::DAYS.0 == 1 && programs::Terms::DAYS.1 == 90 && programs::Terms::MOST_GRACE_MINUTES == 2880,
    "the bounds above are the domain's"
);

/// What a program asks of everybody who joins one of its cohorts.
#[derive(Serialize, ToSchema)]
struct JoiningTerms {
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
struct JoiningChange {
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
pub(super) struct CapacityChange {
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
struct TermsChange {
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
}

/// What a program is made of.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ProgramCreate {
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
struct ProgramUpdate {
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
struct ProgramCancel {
    /// Kept with the program, and told to whoever asks why.
    reason: Reason,
}

impl From<CapacityChange> for programs::CapacityUpdate {
    fn from(body: CapacityChange) -> Self {
        Self { min: body.min, max: body.max }
    }
}

impl From<TermsChange> for programs::TermsUpdate {
    fn from(body: TermsChange) -> Self {
        let TermsChange { hold_days, offer_days, grace_minutes, anywhere_on_earth } = body;
        Self { hold_days, offer_days, grace_minutes, anywhere_on_earth }
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
    fn order(self) -> (ProgramOrder, bool) {
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
struct ProgramsQuery {
    /// By what they are sorted: by school year, the latest first, when nothing is said.
    #[param(inline)]
    sort: Option<ProgramSort>,
}

fn view(course: &Course, now: Timestamp, caller: &Caller) -> Program {
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

pub(super) fn summary(course: &Course, now: Timestamp) -> ProgramSummary {
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

async fn reply(read: &Read, program: programs::Program, caller: &Caller) -> Result<Reply, Error> {
    let course = read.course(program).await?;
    Ok(Reply::thing(course.program.meta.version, &view(&course, read.now(), caller)))
}

/// List programs
///
/// The programs of the coalition. Those that are not published yet are there for staff alone.
#[utoipa::path(tag = "Programs", params(ProgramsQuery, Paging), responses((status = 200, description = "Programs.", body = ProgramPage)))]
#[get("/v1/programs")]
async fn list_programs(caller: Caller, ctx: Ctx, query: Params<ProgramsQuery>, paging: Params<Paging>) -> Answer {
    let (order, descending) = query.sort.unwrap_or(ProgramSort::SchoolYearDescending).order();
    let request = paging.page(&ctx, descending)?;
    ctx.read(&caller, async |read| {
        let found = read.programs(!caller.actor.staff(), order, &request).await?;
        let courses = read.courses(found.items).await?;
        let found = Page { items: courses, next: found.next, total: found.total };
        Ok(paging.reply(&ctx, found, |course| summary(&course, read.now()), ProgramPage::new))
    })
    .await
}

/// Make a program
///
/// As a draft, without a timeline: plan that next.
#[utoipa::path(tag = "Programs", request_body = ProgramCreate, responses((status = 201, description = "The new program.", body = Program)))]
#[post("/v1/programs")]
async fn create_program(caller: Caller, ctx: Ctx, body: Body<ProgramCreate>) -> Answer {
    ctx.write(&caller, body.conditions(), async |tx| {
        let program = workflow::programs::create(tx, &caller.actor, &body.input()).await?;
        let location = format!("/v1/programs/{}", program.id);
        Ok(Reply::created_at(location, reply(tx, program, &caller).await?))
    })
    .await
}

/// Read a program
#[utoipa::path(tag = "Programs", responses((status = 200, description = "The program.", body = Program)))]
#[get("/v1/programs/{program_id}")]
async fn get_program(caller: Caller, ctx: Ctx, path: Path<ProgramId>) -> Answer {
    ctx.read(&caller, async |read| {
        let program: programs::Program = read.get(*path).await?;
        program.require(&caller.actor, Action::GetProgram)?;
        reply(read, program, &caller).await
    })
    .await
}

/// Change a program
///
/// A merge patch (RFC 7396). What the dates and the states of applications follow from is settled when the program is published.
#[utoipa::path(tag = "Programs", request_body = ProgramUpdate, responses((status = 200, description = "The program as it now is.", body = Program)))]
#[patch("/v1/programs/{program_id}")]
async fn update_program(caller: Caller, ctx: Ctx, path: Path<ProgramId>, body: Body<ProgramUpdate>) -> Answer {
    ctx.write(&caller, body.conditions(), async |tx| {
        let program = workflow::programs::update(tx, &caller.actor, *path, &body.input()).await?;
        reply(tx, program, &caller).await
    })
    .await
}

/// Publish a program
///
/// Its timeline must be complete and in order. From then on everybody sees it.
#[utoipa::path(tag = "Programs", responses((status = 200, description = "The program as it now is.", body = Program)))]
#[post("/v1/programs/{program_id}/publish")]
async fn publish_program(caller: Caller, ctx: Ctx, path: Path<ProgramId>, conditions: Conditions) -> Answer {
    ctx.write(&caller, &conditions, async |tx| {
        let program = workflow::programs::publish(tx, &caller.actor, *path, conditions.precondition()).await?;
        reply(tx, program, &caller).await
    })
    .await
}

/// Finalize the offerings of a program
///
/// When every proposal is decided, and every accepted one confirmed or declined: at once, and once, each confirmed proposal becomes a
/// published cohort, with its author as facilitator and with its sessions.
#[utoipa::path(tag = "Programs", responses((status = 200, description = "The program as it now is.", body = Program)))]
#[post("/v1/programs/{program_id}/finalize-offerings")]
async fn finalize_offerings(caller: Caller, ctx: Ctx, path: Path<ProgramId>, conditions: Conditions) -> Answer {
    ctx.write(&caller, &conditions, async |tx| {
        let program = workflow::proposals::finalize_offerings(tx, &caller.actor, *path, conditions.precondition()).await?;
        reply(tx, program, &caller).await
    })
    .await
}

/// Close a program
///
/// Before its time, or for good after it: sign-up to its cohorts closes with it.
#[utoipa::path(tag = "Programs", responses((status = 200, description = "The program as it now is.", body = Program)))]
#[post("/v1/programs/{program_id}/close")]
async fn close_program(caller: Caller, ctx: Ctx, path: Path<ProgramId>, conditions: Conditions) -> Answer {
    ctx.write(&caller, &conditions, async |tx| {
        let program = workflow::programs::close(tx, &caller.actor, *path, conditions.precondition()).await?;
        reply(tx, program, &caller).await
    })
    .await
}

/// Cancel a program
///
/// Calls the whole year off. It cannot be taken back.
#[utoipa::path(tag = "Programs", request_body = ProgramCancel, responses((status = 200, description = "The program as it now is.", body = Program)))]
#[post("/v1/programs/{program_id}/cancel")]
async fn cancel_program(caller: Caller, ctx: Ctx, path: Path<ProgramId>, body: Body<ProgramCancel>) -> Answer {
    ctx.write(&caller, body.conditions(), async |tx| {
        let reason = body.input_as(|body| Ok(body.reason));
        let program = workflow::programs::cancel(tx, &caller.actor, *path, &reason).await?;
        reply(tx, program, &caller).await
    })
    .await
}

room!(
    list_programs,
    create_program,
    get_program,
    update_program,
    publish_program,
    finalize_offerings,
    close_program,
    cancel_program,
);
