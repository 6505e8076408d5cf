//! A program's timeline: read by everybody, planned by staff.

use actix_web::web::Path;
use actix_web::{get, post, put};
use cohortium_domain::access::{Action, Tie};
use cohortium_domain::ids::{EntryId, Id, MilestoneId, ProgramId};
use cohortium_domain::programs::{self, Course};
use cohortium_domain::refusal::{Fault, FaultCode, Faults, Refusal};
use cohortium_domain::text::{Name, Reason};
use cohortium_domain::time::{Date, Timestamp, Zone};
use cohortium_domain::timeline::{
    self, Blocker, DatedMilestone, MilestoneChangeKind, MilestoneDraft, MilestoneKind, MilestoneRecord, MilestoneStatus, Phase,
    When,
};
use cohortium_store::RecordedChange;
use cohortium_workflow as workflow;
use cohortium_workflow::timeline::{Outcome, Wish};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::journal::JournalActor;
use super::{page, room};
use crate::auth::Caller;
use crate::ctx::Ctx;
use crate::extract::{Body, Paging, Params};
use crate::reply::{Answer, Reply};

/// A milestone, with all its instants.
#[derive(Serialize, ToSchema)]
pub(super) struct Milestone {
    id: MilestoneId,
    kind: MilestoneKind,
    label: Name,
    /// Its civil day, where it was not set at an instant.
    #[serde(skip_serializing_if = "Option::is_none")]
    on: Option<Date>,
    /// The instant, where it was set at one.
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<Timestamp>,
    /// When it begins.
    starts_at: Timestamp,
    /// When it is over, where something is due or settled by then.
    #[serde(skip_serializing_if = "Option::is_none")]
    closes_at: Option<Timestamp>,
    /// From what it was worked out, where it was set relative to another.
    #[serde(skip_serializing_if = "Option::is_none")]
    relative_to: Option<RelativeDay>,
    status: MilestoneStatus,
}

/// So many civil days from another milestone's day.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RelativeDay {
    /// The other milestone.
    milestone_id: MilestoneId,
    /// How many days later; earlier, when negative.
    #[schema(minimum = -1000, maximum = 1000)]
    days: i32,
}

const _: () =
    assert!(timeline::MOST_RELATIVE_DAYS == 1000 && timeline::MOST_MILESTONES == 60, "the document's bounds are the domain's");

/// A program's timeline.
#[derive(Serialize, ToSchema)]
struct Timeline {
    program_id: ProgramId,
    /// The zone of its dates.
    time_zone: Zone,
    /// Where the program is in its year.
    phase: Phase,
    /// What keeps it from the next phase, though it is time.
    #[schema(max_items = 10)]
    blocked_by: Vec<Blocker>,
    /// The first milestone that has still to take effect.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_milestone: Option<Milestone>,
    /// The milestones, in the order of the year.
    #[schema(max_items = 60)]
    milestones: Vec<Milestone>,
    /// The version of the program, whose part its timeline is.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    version: i64,
    updated_at: Timestamp,
    /// What you may do to it now.
    #[schema(max_items = 20)]
    allowed_actions: Vec<String>,
}

/// A timeline as it is wished for. It replaces the old one whole.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TimelineReplace {
    /// All milestones, in any order.
    #[schema(max_items = 60)]
    milestones: Vec<MilestoneReplace>,
    /// Why. It must be said where a date that is past changes.
    reason: Option<Reason>,
}

/// A milestone as it is wished for. Give one of `on`, `at` and `relative_to`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MilestoneReplace {
    /// Which; a new UUID for one to which others are set relative. Without it, the one of the same kind is meant, and else a new
    /// one.
    id: Option<MilestoneId>,
    kind: MilestoneKind,
    /// What it is called; after its kind, when nothing is said.
    label: Option<Name>,
    /// On a civil day of the program's zone.
    on: Option<Date>,
    /// At an instant.
    at: Option<Timestamp>,
    /// So many days from another milestone of the list.
    relative_to: Option<RelativeDay>,
}

/// What a changed timeline would give.
#[derive(Serialize, ToSchema)]
struct TimelinePreview {
    /// The phases, as if whatever is not decided yet were decided on time.
    #[schema(max_items = 10)]
    phases: Vec<PhaseSpan>,
    /// The milestones, with all their instants.
    #[schema(max_items = 60)]
    milestones: Vec<Milestone>,
    /// What differs from the timeline that stands.
    #[schema(max_items = 120)]
    changes: Vec<MilestoneChange>,
    /// Whether it can be made only with a reason, since a date that is past changes.
    reason_required: bool,
    touches: TimelineReach,
}

/// Whom a changed timeline touches.
#[derive(Serialize, ToSchema)]
struct TimelineReach {
    /// How many cohorts would have other dates, of those that are not over.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    cohorts: u64,
    /// How many open applications and enrollments there are in these cohorts.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    applications: u64,
}

/// A phase, and from when to when it is.
#[derive(Serialize, ToSchema)]
struct PhaseSpan {
    phase: Phase,
    /// Its first instant; absent where it has been so from the beginning.
    #[serde(skip_serializing_if = "Option::is_none")]
    starts_at: Option<Timestamp>,
    /// The first instant after it; absent where it stays so.
    #[serde(skip_serializing_if = "Option::is_none")]
    ends_at: Option<Timestamp>,
}

/// What differs at one milestone.
#[derive(Serialize, ToSchema)]
struct MilestoneChange {
    change: MilestoneChangeKind,
    milestone_id: MilestoneId,
    kind: MilestoneKind,
    /// As it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<MilestoneRecord>,
    /// As it is to be.
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<MilestoneRecord>,
}

/// A change of a timeline, as it was made.
#[derive(Serialize, ToSchema)]
struct TimelineChange {
    id: EntryId,
    occurred_at: Timestamp,
    actor: JournalActor,
    change: MilestoneChangeKind,
    milestone_id: MilestoneId,
    kind: MilestoneKind,
    /// As it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<MilestoneRecord>,
    /// As it became.
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<MilestoneRecord>,
    /// Why, where somebody said.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Reason>,
}

page!(
    /// Changes of a timeline, a page at a time.
    TimelineChangePage of TimelineChange
);

impl MilestoneReplace {
    fn when(&self) -> Option<When> {
        match (self.on, self.at, self.relative_to) {
            (Some(day), None, None) => Some(When::On(day)),
            (None, Some(instant), None) => Some(When::At(instant)),
            (None, None, Some(RelativeDay { milestone_id, days })) => Some(When::Relative { to: milestone_id, days }),
            _ => None,
        }
    }
}

impl TryFrom<TimelineReplace> for Wish {
    type Error = Refusal;

    fn try_from(body: TimelineReplace) -> Result<Self, Refusal> {
        Ok(Self { milestones: drafts(body.milestones)?, reason: body.reason })
    }
}

/// The milestones under `#/milestones`, as they are wished for.
pub(super) fn drafts(wishes: Vec<MilestoneReplace>) -> Result<Vec<MilestoneDraft>, Refusal> {
    let mut faults = Faults::default();
    let mut milestones = Vec::new();
    for (index, wish) in wishes.into_iter().enumerate() {
        let Some(when) = wish.when() else {
            let detail = "Give one of `on`, `at` and `relative_to`";
            faults.push(Fault::new(format!("#/milestones/{index}"), FaultCode::InvalidValue, detail));
            continue;
        };
        let label = wish.label.map_or_else(|| Name::new(wish.kind.default_label()), Ok);
        let label =
            label.map_err(|fault| Refusal::invalid(format!("#/milestones/{index}/label"), fault.code(), fault.to_string()))?;
        milestones.push(MilestoneDraft { id: wish.id, kind: wish.kind, label, when });
    }
    faults.check()?;
    Ok(milestones)
}

pub(super) fn milestone(dated: &DatedMilestone, now: Timestamp) -> Milestone {
    let (at, relative_to) = match dated.milestone.when {
        When::On(_) => (None, None),
        When::At(instant) => (Some(instant), None),
        When::Relative { to, days } => (None, Some(RelativeDay { milestone_id: to, days })),
    };
    Milestone {
        id: dated.id(),
        kind: dated.kind(),
        label: dated.milestone.label.clone(),
        on: at.is_none().then_some(dated.on),
        at,
        starts_at: dated.starts_at,
        closes_at: dated.closes_at,
        relative_to,
        status: dated.status(now),
    }
}

pub(super) fn milestones(timeline: &timeline::Timeline, now: Timestamp) -> Vec<Milestone> {
    timeline.milestones().iter().map(|dated| milestone(dated, now)).collect()
}

fn view(course: &Course, now: Timestamp, caller: &Caller) -> Timeline {
    let here = course.phase(now);
    let tie = Tie::none(&caller.actor);
    let actions = [Action::ReplaceTimeline, Action::PreviewTimeline].into_iter();
    let allowed = actions.filter(|action| tie.allows(*action) && course.program.can_be_changed());
    Timeline {
        program_id: course.program.id,
        time_zone: course.program.time_zone,
        phase: here.phase,
        blocked_by: here.blocked_by,
        next_milestone: here.next_milestone.map(|dated| milestone(&dated, now)),
        milestones: milestones(&course.timeline, now),
        version: course.program.meta.version,
        updated_at: course.program.meta.updated_at,
        allowed_actions: allowed.map(|action| action.verb().to_owned()).collect(),
    }
}

fn reply(course: &Course, now: Timestamp, caller: &Caller) -> Reply {
    Reply::thing(course.program.meta.version, &view(course, now, caller))
}

fn preview(outcome: Outcome, now: Timestamp) -> TimelinePreview {
    let Outcome { timeline, preview, cohorts, applications } = outcome;
    let span = |span: timeline::PhaseSpan| PhaseSpan { phase: span.phase, starts_at: span.starts_at, ends_at: span.ends_at };
    let change = |change: &timeline::MilestoneChange| MilestoneChange {
        change: change.kind(),
        milestone_id: change.milestone().id(),
        kind: change.milestone().kind(),
        from: change.before(),
        to: change.after(),
    };
    TimelinePreview {
        changes: preview.changes.iter().map(change).collect(),
        phases: preview.phases.into_iter().map(span).collect(),
        milestones: milestones(&timeline, now),
        reason_required: preview.reason_required,
        touches: TimelineReach { cohorts, applications },
    }
}

fn recorded(change: RecordedChange) -> TimelineChange {
    TimelineChange {
        id: change.id,
        occurred_at: change.occurred_at,
        actor: JournalActor::new(change.actor_kind, change.actor_id),
        change: change.change,
        milestone_id: change.milestone_id,
        kind: change.kind,
        from: change.from,
        to: change.to,
        reason: change.reason,
    }
}

/// Read a program's timeline
///
/// Every milestone with all its instants, so that no client needs to do zone arithmetic, and the phase that follows from them.
#[utoipa::path(tag = "Programs", responses((status = 200, description = "The timeline.", body = Timeline)))]
#[get("/v1/programs/{program_id}/timeline")]
async fn get_timeline(caller: Caller, ctx: Ctx, path: Path<ProgramId>) -> Answer {
    ctx.read(&caller, async |read| {
        let program: programs::Program = read.get(*path).await?;
        program.require(&caller.actor, Action::GetTimeline)?;
        Ok(reply(&read.course(program).await?, read.now(), &caller))
    })
    .await
}

/// Replace a program's timeline
///
/// Whole, by milestones in any order. It must be complete and in order: all faults are told. A date that is past changes only with
/// a reason. Each change of a milestone is kept.
#[utoipa::path(tag = "Programs", request_body = TimelineReplace, responses((status = 200, description = "The timeline as it now is.", body = Timeline)))]
#[put("/v1/programs/{program_id}/timeline")]
async fn replace_timeline(caller: Caller, ctx: Ctx, path: Path<ProgramId>, body: Body<TimelineReplace>) -> Answer {
    ctx.write(&caller, body.conditions(), async |tx| {
        let wish = body.input_as(Wish::try_from);
        let program = workflow::timeline::replace(tx, &caller.actor, *path, &wish).await?;
        Ok(reply(&tx.course(program).await?, tx.now(), &caller))
    })
    .await
}

/// Preview a timeline
///
/// What the timeline would give that is sent, as for replacing it: its phases, what differs, and whom it touches. Nothing is saved.
#[utoipa::path(tag = "Programs", request_body = TimelineReplace, responses((status = 200, description = "What it would give.", body = TimelinePreview)))]
#[post("/v1/programs/{program_id}/timeline/preview")]
async fn preview_timeline(caller: Caller, ctx: Ctx, path: Path<ProgramId>, body: Body<TimelineReplace>) -> Answer {
    ctx.read(&caller, async |read| {
        let wish = body.input_as(Wish::try_from);
        let fresh = || MilestoneId::from_uuid(ctx.store().environment().ordered_uuid());
        let outcome = workflow::timeline::preview(read, &caller.actor, *path, &wish, fresh).await?;
        Ok(Reply::ok(&preview(outcome, read.now())))
    })
    .await
}

/// List the changes of a timeline
///
/// Each change of a milestone in the order in which it was made: who, when, from, to and why.
#[utoipa::path(tag = "Programs", params(Paging), responses((status = 200, description = "Changes.", body = TimelineChangePage)))]
#[get("/v1/programs/{program_id}/timeline/changes")]
async fn list_timeline_changes(caller: Caller, ctx: Ctx, path: Path<ProgramId>, paging: Params<Paging>) -> Answer {
    let request = paging.page(&ctx, false)?;
    ctx.read(&caller, async |read| {
        let program: programs::Program = read.get(*path).await?;
        program.require(&caller.actor, Action::ListTimelineChanges)?;
        let found = read.timeline_changes(program.id, &request).await?;
        Ok(paging.reply(&ctx, found, recorded, TimelineChangePage::new))
    })
    .await
}

room!(get_timeline, replace_timeline, preview_timeline, list_timeline_changes);
