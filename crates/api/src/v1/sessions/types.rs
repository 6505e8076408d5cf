//! What goes in and out.

use cohortium_domain::access::Tie;
use cohortium_domain::cohorts::MeetingMode;
use cohortium_domain::ids::{CohortId, MilestoneId, PersonId, SessionId};
use cohortium_domain::sessions::generate::{self, UsualHours};
use cohortium_domain::sessions::{self, Details, LONGEST_MINUTES, MOST_RESCHEDULINGS, Rescheduling, SHORTEST_MINUTES, Standing};
use cohortium_domain::sessions::{SessionKind, SessionState};
use cohortium_domain::text::{Body, Reason, Summary, Title, WebAddress};
use cohortium_domain::time::{Date, Timestamp, WallTime, Zone};
use cohortium_workflow::sessions::SessionWish;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::extract::clearable;
use crate::v1::page;

const _: () =
    assert!(SHORTEST_MINUTES == 5 && LONGEST_MINUTES == 1440 && MOST_RESCHEDULINGS == 50, "the bounds below are the domain's");

/// A session of a cohort.
#[derive(Serialize, ToSchema)]
pub(super) struct Session {
    id: SessionId,
    cohort_id: CohortId,
    kind: SessionKind,
    /// What it is called.
    title: Title,
    state: SessionState,
    /// On which day.
    on: Date,
    /// At what time of the day, on the wall of its zone: through a clock change it stays the same.
    wall_time: WallTime,
    time_zone: Zone,
    /// How long it takes.
    #[schema(minimum = 5, maximum = 1440)]
    duration_minutes: u16,
    /// The instant of that day and time.
    starts_at: Timestamp,
    /// When it is over.
    ends_at: Timestamp,
    delivery: MeetingMode,
    /// Where one joins on line: shown to the cohort's people alone, from fifteen minutes before the session to its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    join_link: Option<WebAddress>,
    /// Where one meets otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<Summary>,
    /// What is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    agenda: Option<Body>,
    /// The milestone from which it was generated.
    #[serde(skip_serializing_if = "Option::is_none")]
    milestone_id: Option<MilestoneId>,
    /// How it came to be when it is, the oldest first.
    #[schema(max_items = 50)]
    reschedulings: Vec<Rescheduling>,
    /// When it was marked as held.
    #[serde(skip_serializing_if = "Option::is_none")]
    held_at: Option<Timestamp>,
    /// Who marked it as held.
    #[serde(skip_serializing_if = "Option::is_none")]
    held_by: Option<PersonId>,
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

/// A session, in lists.
#[derive(Serialize, ToSchema)]
pub(super) struct SessionSummary {
    id: SessionId,
    cohort_id: CohortId,
    kind: SessionKind,
    /// What it is called.
    title: Title,
    state: SessionState,
    /// On which day.
    on: Date,
    /// At what time of the day, on the wall of its zone.
    wall_time: WallTime,
    time_zone: Zone,
    /// How long it takes.
    #[schema(minimum = 5, maximum = 1440)]
    duration_minutes: u16,
    /// The instant of that day and time.
    starts_at: Timestamp,
    /// When it is over.
    ends_at: Timestamp,
    delivery: MeetingMode,
    updated_at: Timestamp,
}

page!(
    /// Sessions, a page at a time.
    pub(super) SessionPage of SessionSummary
);

/// What a session is made of.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SessionCreate {
    kind: SessionKind,
    /// What it is called.
    title: Title,
    /// On which day.
    on: Date,
    /// At what time of the day.
    wall_time: WallTime,
    /// In which zone; the program's, when nothing is said.
    time_zone: Option<Zone>,
    /// How long it takes.
    #[schema(minimum = 5, maximum = 1440)]
    duration_minutes: u16,
    delivery: MeetingMode,
    /// Where one joins on line.
    join_link: Option<WebAddress>,
    /// Where one meets otherwise.
    place: Option<Summary>,
    /// What is done.
    agenda: Option<Body>,
}

/// What can be changed of a session. What is absent stays; `null` clears what can be empty.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SessionUpdate {
    kind: Option<SessionKind>,
    /// What it is called.
    title: Option<Title>,
    /// On which day.
    on: Option<Date>,
    /// At what time of the day.
    wall_time: Option<WallTime>,
    time_zone: Option<Zone>,
    /// How long it takes.
    #[schema(minimum = 5, maximum = 1440)]
    duration_minutes: Option<u16>,
    delivery: Option<MeetingMode>,
    /// Where one joins on line.
    #[serde(default, deserialize_with = "clearable")]
    join_link: Option<Option<WebAddress>>,
    /// Where one meets otherwise.
    #[serde(default, deserialize_with = "clearable")]
    place: Option<Option<Summary>>,
    /// What is done.
    #[serde(default, deserialize_with = "clearable")]
    agenda: Option<Option<Body>>,
    /// Why it is rescheduled: needed where its day, its time, its zone or its length changes.
    reason: Option<Reason>,
}

/// Why a session is cancelled.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SessionCancel {
    /// Why; the cohort's people see it.
    pub(super) reason: Reason,
}

/// At what time sessions begin whose dates name a day alone, and how long each takes. What is absent is as usual: trainings at nine
/// for four hours, all others at four in the afternoon for one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SessionHours {
    kickoff: Option<Hours>,
    training: Option<Hours>,
    call: Option<Hours>,
    closeout: Option<Hours>,
}

/// When in the day a session begins, and how long it takes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Hours)]
struct Hours {
    /// At what time of the day.
    wall_time: WallTime,
    /// How long it takes.
    #[schema(minimum = 5, maximum = 1440)]
    duration_minutes: u16,
}

/// What generating came to.
#[derive(Serialize, ToSchema)]
pub(super) struct SessionGeneration {
    /// The sessions that were added, and those that followed a date which had moved.
    #[schema(max_items = 200)]
    items: Vec<SessionSummary>,
}

impl From<SessionCreate> for SessionWish {
    fn from(body: SessionCreate) -> Self {
        let SessionCreate { kind, title, on, wall_time, time_zone, duration_minutes, delivery, join_link, place, agenda } = body;
        let details = Details { kind, title, delivery, join_link, place, agenda };
        Self { details, on, wall_time, time_zone, duration_minutes }
    }
}

impl From<SessionUpdate> for sessions::SessionUpdate {
    fn from(body: SessionUpdate) -> Self {
        Self {
            kind: body.kind,
            title: body.title,
            delivery: body.delivery,
            join_link: body.join_link,
            place: body.place,
            agenda: body.agenda,
            on: body.on,
            wall_time: body.wall_time,
            time_zone: body.time_zone,
            duration_minutes: body.duration_minutes,
            reason: body.reason,
        }
    }
}

impl From<Hours> for generate::Hours {
    fn from(body: Hours) -> Self {
        Self { wall_time: body.wall_time, duration_minutes: body.duration_minutes }
    }
}

impl From<SessionHours> for UsualHours {
    fn from(body: SessionHours) -> Self {
        let usual = Self::default();
        Self {
            kickoff: body.kickoff.map_or(usual.kickoff, Into::into),
            training: body.training.map_or(usual.training, Into::into),
            call: body.call.map_or(usual.call, Into::into),
            closeout: body.closeout.map_or(usual.closeout, Into::into),
        }
    }
}

impl SessionGeneration {
    pub(super) fn of(changed: Vec<sessions::Session>) -> Self {
        Self { items: changed.into_iter().map(summary).collect() }
    }
}

pub(super) fn view(session: sessions::Session, tie: &Tie<'_>, now: Timestamp) -> Session {
    let (cancelled_at, cancel_reason) = match &session.standing {
        Standing::Cancelled { cancelled_at, reason } => (Some(*cancelled_at), Some(reason.clone())),
        Standing::Scheduled | Standing::Held { .. } => (None, None),
    };
    let (held_at, held_by) = match session.standing {
        Standing::Held { held_at, held_by } => (Some(held_at), held_by),
        Standing::Scheduled | Standing::Cancelled { .. } => (None, None),
    };
    Session {
        id: session.id,
        cohort_id: session.cohort_id,
        state: session.state(),
        on: session.slot.on,
        wall_time: session.slot.wall_time,
        time_zone: session.slot.time_zone,
        duration_minutes: session.slot.duration_minutes,
        starts_at: session.slot.starts_at,
        ends_at: session.slot.ends_at(),
        join_link: session.join_link(tie, now).cloned(),
        held_at,
        held_by,
        cancelled_at,
        cancel_reason,
        version: session.meta.version,
        created_at: session.meta.created_at,
        updated_at: session.meta.updated_at,
        allowed_actions: session.allowed_actions(tie, now).into_iter().map(str::to_owned).collect(),
        milestone_id: session.milestone_id,
        reschedulings: session.reschedulings,
        kind: session.details.kind,
        title: session.details.title,
        delivery: session.details.delivery,
        place: session.details.place,
        agenda: session.details.agenda,
    }
}

pub(super) fn summary(session: sessions::Session) -> SessionSummary {
    SessionSummary {
        id: session.id,
        cohort_id: session.cohort_id,
        state: session.state(),
        on: session.slot.on,
        wall_time: session.slot.wall_time,
        time_zone: session.slot.time_zone,
        duration_minutes: session.slot.duration_minutes,
        starts_at: session.slot.starts_at,
        ends_at: session.slot.ends_at(),
        updated_at: session.meta.updated_at,
        kind: session.details.kind,
        title: session.details.title,
        delivery: session.details.delivery,
    }
}
