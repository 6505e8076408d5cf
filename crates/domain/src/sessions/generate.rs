//! Sessions made from the milestones of a cohort's timeline.
//!
//! What always holds: generating again adds only what is missing, and moves only what followed its milestone so far; what a person
//! rescheduled, cancelled or has begun stays as it is.

use super::{Details, MeetingMode, Session, SessionKind, SessionState, Slot};
use crate::cohorts::{Cohort, Year};
use crate::ids::{CohortId, MilestoneId, SessionId};
use crate::journal::Change;
use crate::refusal::{Fault, Faults, Refusal};
use crate::text::Name;
use crate::time::{Date, Timestamp, WallTime, Zone};
use crate::timeline::{CohortDates, DatedMilestone, When};

/// When a milestone is, once what it was relative to has been worked out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dated {
    /// On a civil day.
    On(Date),
    /// At an instant.
    At(Timestamp),
}

/// A milestone for which a session is due.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    /// Which.
    pub milestone_id: MilestoneId,
    /// What kind of session it stands for.
    pub kind: SessionKind,
    /// What it is called.
    pub label: Name,
    /// When it is.
    pub dated: Dated,
}

/// When in the day a session of some kind begins, and how long it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hours {
    /// When it begins, where its milestone names a day alone.
    pub wall_time: WallTime,
    /// How long it takes.
    pub duration_minutes: u16,
}

/// The hours of each kind of session that milestones stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UsualHours {
    /// Of a kick-off.
    pub kickoff: Hours,
    /// Of a training.
    pub training: Hours,
    /// Of a call.
    pub call: Hours,
    /// Of a close-out.
    pub closeout: Hours,
}

const MORNING: WallTime = match WallTime::new(9, 0) {
    Some(time) => time,
    None => panic!("nine in the morning is a time of the day"),
};
const AFTERNOON: WallTime = match WallTime::new(16, 0) {
    Some(time) => time,
    None => panic!("four in the afternoon is a time of the day"),
};

impl Default for UsualHours {
    fn default() -> Self {
        let call = Hours { wall_time: AFTERNOON, duration_minutes: 60 };
        Self { kickoff: call, training: Hours { wall_time: MORNING, duration_minutes: 240 }, call, closeout: call }
    }
}

impl UsualHours {
    /// The hours of a kind, and the name of the member that holds them; other meetings keep the hours of a call.
    fn of(&self, kind: SessionKind) -> (&'static str, Hours) {
        match kind {
            SessionKind::Kickoff => ("kickoff", self.kickoff),
            SessionKind::Training => ("training", self.training),
            SessionKind::Call | SessionKind::Meeting => ("call", self.call),
            SessionKind::Closeout => ("closeout", self.closeout),
        }
    }
}

/// The cohort for which sessions are generated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct For {
    /// Which.
    pub cohort_id: CohortId,
    /// How it meets, but for trainings, which are in person, and for the rest of a cohort that does both, which is on line.
    pub delivery: MeetingMode,
    /// The zone of its days.
    pub time_zone: Zone,
}

impl For {
    fn delivery_of(self, kind: SessionKind) -> MeetingMode {
        match (kind, self.delivery) {
            (SessionKind::Training, _) => MeetingMode::InPerson,
            (_, MeetingMode::Hybrid) => MeetingMode::Virtual,
            (_, delivery) => delivery,
        }
    }
}

/// The sessions that the dates of a cohort call for, its own and its program's.
#[must_use]
pub fn planned(cohort: &Cohort, year: &Year) -> Vec<Planned> {
    // Where a session of its own has moved the kick-off, what counts is still the day that the kick-off was set on.
    let dates = CohortDates { kickoff_session_at: None, ..cohort.dates.clone() };
    year.timeline.for_cohort(&dates).milestones().iter().filter_map(Planned::of).collect()
}

/// The sessions that are missing, and those that follow a milestone which moved.
///
/// # Errors
/// Some would begin at a time that the clocks skip, or last too long: each is told, with a pointer to the hours of its kind.
pub fn generate(
    cohort: For,
    existing: &[Session],
    milestones: &[Planned],
    hours: &UsualHours,
    mut new_id: impl FnMut() -> SessionId,
    now: Timestamp,
) -> Result<Vec<Change<Session>>, Refusal> {
    let (mut changes, mut faults) = (Vec::new(), Faults::default());
    for planned in milestones {
        let made_of = |session: &&Session| session.milestone_id == Some(planned.milestone_id);
        // A cohort that sets a kick-off of its own puts another milestone in the place of the program's: the session stays the
        // same.
        let made_of_another = |session: &&Session| {
            let gone = session.milestone_id.is_some_and(|id| milestones.iter().all(|other| other.milestone_id != id));
            gone && session.details.kind == planned.kind && planned.kind != SessionKind::Call
        };
        let change = match existing.iter().find(made_of).or_else(|| existing.iter().find(made_of_another)) {
            None => planned.schedule(cohort, hours, new_id(), now).map(Some),
            Some(session) => Session { milestone_id: Some(planned.milestone_id), ..session.clone() }.follow(planned, now),
        };
        match change {
            Ok(change) => changes.extend(change),
            Err(Refusal::Invalid(found)) => {
                for fault in found {
                    faults.push(planned.at_fault(fault, hours));
                }
            }
            Err(other) => return Err(other),
        }
    }
    faults.check()?;
    Ok(changes)
}

impl Planned {
    /// The session that a milestone of a cohort's timeline stands for, where it stands for one.
    fn of(dated: &DatedMilestone) -> Option<Self> {
        let kind = SessionKind::of_milestone(dated.kind())?;
        let when = match dated.milestone.when {
            When::At(at) => Dated::At(at),
            When::On(_) | When::Relative { .. } => Dated::On(dated.on),
        };
        Some(Self { milestone_id: dated.id(), kind, label: dated.milestone.label.clone(), dated: when })
    }

    fn schedule(&self, cohort: For, hours: &UsualHours, id: SessionId, now: Timestamp) -> Result<Change<Session>, Refusal> {
        let (_, usual) = hours.of(self.kind);
        let slot = self.dated.slot(usual, cohort.time_zone)?;
        let delivery = cohort.delivery_of(self.kind);
        let title = self.label.clone().into();
        let details = Details { kind: self.kind, title, delivery, join_link: None, place: None, agenda: None };
        Ok(Session::schedule(id, cohort.cohort_id, details, slot, Some(self.milestone_id), now))
    }

    fn at_fault(&self, fault: Fault, hours: &UsualHours) -> Fault {
        let (member, _) = hours.of(self.kind);
        fault.under(&format!("#/{member}")).with("milestone_id", self.milestone_id.to_string())
    }
}

impl Dated {
    /// The slot of a session on this day at these hours, or at this instant.
    fn slot(self, hours: Hours, time_zone: Zone) -> Result<Slot, Refusal> {
        let (on, wall_time) = match self {
            Self::On(date) => (date, hours.wall_time),
            Self::At(instant) => (time_zone.date_of(instant), time_zone.wall_time_of(instant)),
        };
        Slot::new(on, wall_time, time_zone, hours.duration_minutes)
    }
}

impl Session {
    /// Moves to where its milestone is, unless somebody has moved it elsewhere; it keeps its time of the day.
    fn follow(self, planned: &Planned, now: Timestamp) -> Result<Option<Change<Self>>, Refusal> {
        let begun = self.slot.starts_at <= now;
        if begun || self.state() != SessionState::Scheduled || self.moved_by_hand() {
            return Ok(None);
        }
        let hours = Hours { wall_time: self.slot.wall_time, duration_minutes: self.slot.duration_minutes };
        let slot = planned.dated.slot(hours, self.slot.time_zone)?;
        if slot == self.slot { Ok(None) } else { self.reschedule(slot, None, now).map(Some) }
    }
}
