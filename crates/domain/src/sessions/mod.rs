//! Sessions: the meetings of a cohort.
//!
//! A session is held at a wall time in a zone, so that four in the afternoon stays four in the afternoon through a clock change;
//! its instants follow. Sessions are added by hand, or generated from the timeline's milestones; see [`generate`](mod@generate).
//! What always holds: each rescheduling is kept, with its reason where a person did it; the join link is shown to the cohort's
//! people alone, from shortly before the session to its end.
//!
//! Left out on purpose: who attended, which comes with cohort life.

pub mod generate;
mod slot;
#[cfg(test)]
mod tests;

pub use slot::{LONGEST_MINUTES, SHORTEST_MINUTES, Slot};

use chrono::Duration;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::{Action, Tie};
use crate::cohorts::MeetingMode;
use crate::commitments::Commitment;
use crate::ids::{CohortId, MilestoneId, PersonId, SessionId};
use crate::journal::{Change, Changed, Happening, Subject, SubjectKind};
use crate::machine::{Machine, Transition};
use crate::meta::Meta;
use crate::refusal::{FaultCode, Refusal};
use crate::text::{Body, Reason, Summary, Text, Title, WebAddress};
use crate::time::{Date, Timestamp, WallTime, Zone};
use crate::timeline::MilestoneKind;

crate::words! {
    /// What a session is for.
    pub enum SessionKind {
        /// The cohort begins.
        Kickoff = "kickoff",
        /// A training.
        Training = "training",
        /// A call.
        Call = "call",
        /// The cohort ends.
        Closeout = "closeout",
        /// Another meeting.
        Meeting = "meeting",
    }

    /// Where a session stands.
    pub enum SessionState {
        /// It is to be held.
        Scheduled = "scheduled",
        /// It was held.
        Held = "held",
        /// It is not to be held.
        Cancelled = "cancelled",
    }
}

use SessionState::{Cancelled, Held, Scheduled};

/// The machine of sessions.
pub const MACHINE: Machine<SessionState> = Machine {
    name: "session",
    transitions: &[
        Transition { action: Action::UpdateSession, from: &[Scheduled], to: &[Scheduled] },
        Transition { action: Action::CancelSession, from: &[Scheduled], to: &[Cancelled] },
        Transition { action: Action::HoldSession, from: &[Scheduled], to: &[Held] },
    ],
};

/// How long before a session its people can see the join link.
pub const JOIN_LINK_SHOWN_BEFORE: Duration = Duration::minutes(15);

/// How often one session can be rescheduled.
pub const MOST_RESCHEDULINGS: usize = 50;

impl SessionKind {
    /// The kind of session that a milestone stands for, where it stands for one.
    #[must_use]
    pub fn of_milestone(kind: MilestoneKind) -> Option<Self> {
        match kind {
            MilestoneKind::Kickoff => Some(Self::Kickoff),
            MilestoneKind::InPersonTraining => Some(Self::Training),
            MilestoneKind::Call => Some(Self::Call),
            MilestoneKind::Closeout => Some(Self::Closeout),
            MilestoneKind::ProposalsOpen
            | MilestoneKind::ProposalsDue
            | MilestoneKind::DecisionsAnnounced
            | MilestoneKind::ConfirmationsDue
            | MilestoneKind::OfferingsFinal
            | MilestoneKind::SignupOpens
            | MilestoneKind::SignupSoftDeadline => None,
        }
    }
}

/// Where a session stands, with what belongs to it there.
#[derive(Clone, Debug, PartialEq)]
pub enum Standing {
    /// It is to be held.
    Scheduled,
    /// It was held.
    Held {
        /// When that was said.
        held_at: Timestamp,
        /// Who said so.
        held_by: Option<PersonId>,
    },
    /// It is not to be held.
    Cancelled {
        /// When that was decided.
        cancelled_at: Timestamp,
        /// Why.
        reason: Reason,
    },
}

impl Standing {
    /// The state.
    #[must_use]
    pub fn state(&self) -> SessionState {
        match self {
            Self::Scheduled => Scheduled,
            Self::Held { .. } => Held,
            Self::Cancelled { .. } => Cancelled,
        }
    }
}

/// What a session is about, and how one comes to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Details {
    /// What for.
    pub kind: SessionKind,
    /// What it is called.
    pub title: Title,
    /// Whether people meet on line, at a place, or both.
    pub delivery: MeetingMode,
    /// Where one joins on line.
    pub join_link: Option<WebAddress>,
    /// Where one meets otherwise.
    pub place: Option<Summary>,
    /// What is done.
    pub agenda: Option<Body>,
}

/// One rescheduling.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = SessionRescheduling)]
pub struct Rescheduling {
    /// When it was to be before.
    pub from: Slot,
    /// When it was to be after.
    pub to: Slot,
    /// Why somebody did it; nothing where the session followed its milestone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// When this was done.
    pub rescheduled_at: Timestamp,
}

/// A session of a cohort.
#[derive(Clone, Debug, PartialEq)]
pub struct Session {
    /// Which.
    pub id: SessionId,
    /// Whose.
    pub cohort_id: CohortId,
    /// What it is about, and how one comes to it.
    pub details: Details,
    /// When.
    pub slot: Slot,
    /// From which milestone it was generated, where it was.
    pub milestone_id: Option<MilestoneId>,
    /// How it came to be when it is, the oldest first.
    pub reschedulings: Vec<Rescheduling>,
    /// Where it stands.
    pub standing: Standing,
    /// Version and instants.
    pub meta: Meta,
}

/// What can be changed of a session: `None` leaves a member as it is, `Some(None)` clears it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SessionUpdate {
    /// What for.
    pub kind: Option<SessionKind>,
    /// What it is called.
    pub title: Option<Title>,
    /// Whether people meet on line, at a place, or both.
    pub delivery: Option<MeetingMode>,
    /// Where one joins on line.
    pub join_link: Option<Option<WebAddress>>,
    /// Where one meets otherwise.
    pub place: Option<Option<Summary>>,
    /// What is done.
    pub agenda: Option<Option<Body>>,
    /// On which day.
    pub on: Option<Date>,
    /// At what time.
    pub wall_time: Option<WallTime>,
    /// In which zone.
    pub time_zone: Option<Zone>,
    /// For how long.
    pub duration_minutes: Option<u16>,
    /// Why it is rescheduled.
    pub reason: Option<Reason>,
}

impl Session {
    /// A new session, added by hand.
    pub fn create(id: SessionId, cohort_id: CohortId, details: Details, slot: Slot, now: Timestamp) -> Change<Self> {
        Self::schedule(id, cohort_id, details, slot, None, now)
    }

    fn schedule(
        id: SessionId,
        cohort_id: CohortId,
        details: Details,
        slot: Slot,
        milestone_id: Option<MilestoneId>,
        now: Timestamp,
    ) -> Change<Self> {
        let (reschedulings, standing) = (Vec::new(), Standing::Scheduled);
        let made = Self { id, cohort_id, details, slot, milestone_id, reschedulings, standing, meta: Meta::new(now) };
        let happening = made.happening("scheduled").with("starts_at", made.slot.starts_at.to_string());
        Change::one(made, happening)
    }

    /// The state in one word.
    #[must_use]
    pub fn state(&self) -> SessionState {
        self.standing.state()
    }

    /// Changes what it is about, and, for a reason, when it is.
    ///
    /// # Errors
    /// There is no such time, no reason was given, it is not scheduled any more, or it was rescheduled too often.
    pub fn update(mut self, update: SessionUpdate, now: Timestamp) -> Result<Change<Self>, Refusal> {
        let slot = Slot::new(
            update.on.unwrap_or(self.slot.on),
            update.wall_time.unwrap_or(self.slot.wall_time),
            update.time_zone.unwrap_or(self.slot.time_zone),
            update.duration_minutes.unwrap_or(self.slot.duration_minutes),
        )?;
        if slot != self.slot && update.reason.is_none() {
            return Err(Refusal::ReasonRequired("Say why the session is rescheduled".to_owned()));
        }
        MACHINE.check(self.state(), Action::UpdateSession)?;
        let reason = update.reason.clone();
        let changed = self.details.apply(update).names();
        self.meta = self.meta.changed(now);
        if slot == self.slot {
            let happening = self.happening("updated").with("changed", changed).because(reason.as_ref());
            return Ok(Change::one(self, happening));
        }
        let mut change = self.reschedule(slot, reason, now)?;
        change.happened = change.happened.into_iter().map(|happening| happening.with("changed", changed.clone())).collect();
        Ok(change)
    }

    /// Cancels it.
    ///
    /// # Errors
    /// It is not scheduled any more.
    pub fn cancel(mut self, reason: Reason, now: Timestamp) -> Result<Change<Self>, Refusal> {
        MACHINE.check(self.state(), Action::CancelSession)?;
        let happening = self.happening("cancelled").because(Some(&reason));
        self.standing = Standing::Cancelled { cancelled_at: now, reason };
        self.meta = self.meta.changed(now);
        Ok(Change::one(self, happening))
    }

    /// It was held, as somebody says from its start on.
    ///
    /// # Errors
    /// It has not begun, or is not scheduled any more.
    pub fn hold(mut self, by: Option<PersonId>, now: Timestamp) -> Result<Change<Self>, Refusal> {
        MACHINE.check(self.state(), Action::HoldSession)?;
        if !self.begun(now) {
            let what = "The session has not begun: it can be marked as held from its start on".to_owned();
            return Err(Refusal::WindowClosed { what, opens_at: Some(self.slot.starts_at), closed_at: None });
        }
        let happening = self.happening("held").with("kind", self.details.kind.to_string());
        self.standing = Standing::Held { held_at: now, held_by: by };
        self.meta = self.meta.changed(now);
        Ok(Change::one(self, happening))
    }

    /// The join link, when this caller may see it now.
    #[must_use]
    pub fn join_link(&self, tie: &Tie<'_>, now: Timestamp) -> Option<&WebAddress> {
        let shown_from = self.slot.starts_at.plus(-JOIN_LINK_SHOWN_BEFORE);
        let shown = (shown_from..self.slot.ends_at()).contains(&now) && self.state() == Scheduled;
        self.details.join_link.as_ref().filter(|_| shown && (tie.facilitates || tie.enrolled))
    }

    /// That a participant comes to it: to be accepted anew whenever it was moved. Nothing where there is nothing to come to any
    /// more.
    #[must_use]
    pub fn commitment(&self, now: Timestamp) -> Option<Commitment> {
        if self.state() != Scheduled || self.slot.starts_at <= now {
            return None;
        }
        let moves = u32::try_from(self.reschedulings.len()).unwrap_or(u32::MAX);
        let Slot { on, wall_time, time_zone, duration_minutes, .. } = self.slot;
        let text = format!("To come on {on} at {wall_time} ({time_zone}), for {duration_minutes} minutes");
        let label = Text::clipped(self.details.title.as_str());
        Some(Commitment::of_session(self.id, moves.saturating_add(1), label, Text::clipped(&text)))
    }

    /// What this caller may do to it now.
    #[must_use]
    pub fn allowed_actions(&self, tie: &Tie<'_>, now: Timestamp) -> Vec<&'static str> {
        MACHINE.allowed(self.state(), tie, |action| action != Action::HoldSession || self.begun(now))
    }

    fn begun(&self, now: Timestamp) -> bool {
        self.slot.starts_at <= now
    }

    fn reschedule(mut self, to: Slot, reason: Option<Reason>, now: Timestamp) -> Result<Change<Self>, Refusal> {
        if self.reschedulings.len() >= MOST_RESCHEDULINGS {
            let detail = format!("It was rescheduled {MOST_RESCHEDULINGS} times: cancel it, and add another");
            return Err(Refusal::invalid("#/on", FaultCode::OutOfRange, detail));
        }
        let from = std::mem::replace(&mut self.slot, to);
        let happening = self
            .happening("rescheduled")
            .with("from", from.starts_at.to_string())
            .with("to", to.starts_at.to_string())
            .because(reason.as_ref());
        self.reschedulings.push(Rescheduling { from, to, reason, rescheduled_at: now });
        self.meta = self.meta.changed(now);
        Ok(Change::one(self, happening))
    }

    /// Whether a person rescheduled it.
    fn moved_by_hand(&self) -> bool {
        self.reschedulings.iter().any(|rescheduling| rescheduling.reason.is_some())
    }

    fn happening(&self, verb: &'static str) -> Happening {
        Happening::new(Subject::new(SubjectKind::Session, self.id), verb).with("cohort_id", self.cohort_id.to_string())
    }
}

/// When the first kick-off among sessions begins that was not cancelled.
#[must_use]
pub fn kickoff_at(sessions: &[Session]) -> Option<Timestamp> {
    let kickoffs = sessions.iter().filter(|session| session.details.kind == SessionKind::Kickoff && session.state() != Cancelled);
    kickoffs.map(|session| session.slot.starts_at).min()
}

impl Details {
    /// Puts in what the update gives; tells what became another.
    fn apply(&mut self, update: SessionUpdate) -> Changed {
        let SessionUpdate { kind, title, delivery, join_link, place, agenda, .. } = update;
        let mut changed = Changed::default();
        changed.set("kind", &mut self.kind, kind);
        changed.set("title", &mut self.title, title);
        changed.set("delivery", &mut self.delivery, delivery);
        changed.set("join_link", &mut self.join_link, join_link);
        changed.set("place", &mut self.place, place);
        changed.set("agenda", &mut self.agenda, agenda);
        changed
    }
}
