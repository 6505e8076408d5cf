//! Cohorts: the groups that people join.
//!
//! What is stored is what somebody decided; what the clock decides is read from it: past its kick-off an open cohort reads
//! `in_session` though nobody started it, and whether one can sign up follows from the state, the window, the seats and the time.
//! What always holds: a cohort that is over is never changed; its maximum is never less than the seats held. Left out on purpose:
//! its dates, which are the timeline's, and who sits on which seat, which its applications know.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::{Action, Actor, Tie};
use crate::employments::Level;
use crate::ids::{CohortId, PersonId, ProgramId, ProposalId};
use crate::journal::{Change, Changed, Happening, Subject, SubjectKind};
use crate::machine::{Machine, Transition};
use crate::meta::Meta;
use crate::organizations::OrganizationKind;
use crate::programs::Capacity;
use crate::refusal::{Fault, FaultCode, Faults, Refusal};
use crate::seats::Seats;
use crate::text::{Reason, RoleKey, Slug, Summary, Title};
use crate::time::Timestamp;
use crate::timeline::{CohortDates, CohortSpan, SignupWindow, Timeline};

mod signup;
#[cfg(test)]
mod tests;
mod year;

pub use signup::{EnrollmentStatus, Signup};
pub use year::Year;

crate::words! {
    /// Where a cohort or a session meets.
    pub enum MeetingMode {
        /// On line.
        Virtual = "virtual",
        /// At a place.
        InPerson = "in_person",
        /// Both.
        Hybrid = "hybrid",
    }

    /// The states of a cohort.
    pub enum CohortState {
        /// Being prepared; only staff see it.
        Draft = "draft",
        /// Published.
        Open = "open",
        /// It has begun.
        InSession = "in_session",
        /// It is over.
        Completed = "completed",
        /// It will not be, or not go on.
        Cancelled = "cancelled",
    }
}

/// For whom a cohort is; an empty set leaves it open.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Audience {
    /// In these roles.
    #[schema(max_items = 50)]
    pub roles: BTreeSet<RoleKey>,
    /// At these levels.
    #[schema(max_items = 10)]
    pub levels: BTreeSet<Level>,
    /// Of these kinds of organizations.
    #[schema(max_items = 10)]
    pub organization_kinds: BTreeSet<OrganizationKind>,
}

impl Audience {
    /// Whether it is for one of these roles and one of these levels: for any, where it names none, or where none is asked for.
    #[must_use]
    pub fn suits(&self, roles: &[RoleKey], levels: &[Level]) -> bool {
        let role = roles.is_empty() || self.roles.is_empty() || roles.iter().any(|role| self.roles.contains(role));
        let level = levels.is_empty() || self.levels.is_empty() || levels.iter().any(|level| self.levels.contains(level));
        role && level
    }
}

/// The moves of a cohort.
pub const MACHINE: Machine<CohortState> = {
    use CohortState::{Cancelled, Completed, Draft, InSession, Open};
    Machine {
        name: "cohort",
        transitions: &[
            Transition { action: Action::UpdateCohort, from: &[Draft], to: &[Draft] },
            Transition { action: Action::UpdateCohort, from: &[Open], to: &[Open] },
            Transition { action: Action::UpdateCohort, from: &[InSession], to: &[InSession] },
            Transition { action: Action::PublishCohort, from: &[Draft], to: &[Open] },
            Transition { action: Action::ExtendCohort, from: &[Open], to: &[Open] },
            Transition { action: Action::StartCohort, from: &[Open], to: &[InSession] },
            Transition { action: Action::CompleteCohort, from: &[InSession], to: &[Completed] },
            Transition { action: Action::CancelCohort, from: &[Draft, Open, InSession], to: &[Cancelled] },
            Transition { action: Action::MergeCohort, from: &[Open], to: &[Cancelled] },
        ],
    }
};

/// The most seats that a cohort can have.
pub const MOST_SEATS: u32 = 500;
/// The most facilitators that a cohort can have.
pub const MOST_FACILITATORS: usize = 10;

/// What was decided about a cohort.
#[derive(Clone, Debug, PartialEq)]
pub enum Standing {
    /// Being prepared.
    Draft,
    /// Published.
    Open,
    /// Started before its kick-off.
    InSession {
        /// When.
        started_at: Timestamp,
    },
    /// Over.
    Completed {
        /// When somebody started it, where that was not left to the kick-off.
        started_at: Option<Timestamp>,
        /// When it was completed.
        completed_at: Timestamp,
    },
    /// Called off.
    Cancelled {
        /// When.
        cancelled_at: Timestamp,
        /// Why.
        reason: Reason,
        /// The cohort in which its people go on, where it was merged into one.
        merged_into: Option<CohortId>,
    },
}

/// A cohort.
#[derive(Clone, Debug, PartialEq)]
pub struct Cohort {
    /// Which.
    pub id: CohortId,
    /// Of which program.
    pub program_id: ProgramId,
    /// The proposal from which it was made.
    pub proposal_id: Option<ProposalId>,
    /// Its name in addresses, unique in the coalition.
    pub slug: Slug,
    /// Its name.
    pub title: Title,
    /// What it is about.
    pub description: Option<Summary>,
    /// For whom it is.
    pub audience: Audience,
    /// Where it meets.
    pub delivery: MeetingMode,
    /// How many people it is for.
    pub capacity: Capacity,
    /// Who leads it; they take no seat.
    pub facilitators: Vec<PersonId>,
    /// The dates that it sets for itself.
    pub dates: CohortDates,
    /// What was decided about it.
    pub standing: Standing,
    /// How many hold a seat, and how many wait.
    pub seats: Seats,
    /// Version and instants.
    pub meta: Meta,
}

/// What a cohort is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct NewCohort {
    /// Of which program.
    pub program_id: ProgramId,
    /// The proposal from which it is made.
    pub proposal_id: Option<ProposalId>,
    /// Its name in addresses.
    pub slug: Slug,
    /// Its name.
    pub title: Title,
    /// What it is about.
    pub description: Option<Summary>,
    /// For whom it is.
    pub audience: Audience,
    /// Where it meets.
    pub delivery: MeetingMode,
    /// How many people it is for.
    pub capacity: Capacity,
    /// Who leads it.
    pub facilitators: Vec<PersonId>,
    /// The dates that it sets for itself.
    pub dates: CohortDates,
}

/// What can be changed of a cohort: `None` leaves a member as it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CohortUpdate {
    /// Its name in addresses.
    pub slug: Option<Slug>,
    /// Its name.
    pub title: Option<Title>,
    /// What it is about; `Some(None)` clears it.
    pub description: Option<Option<Summary>>,
    /// For whom it is.
    pub audience: Option<Audience>,
    /// Where it meets.
    pub delivery: Option<MeetingMode>,
    /// How many people it is for.
    pub capacity: Option<Capacity>,
    /// Who leads it.
    pub facilitators: Option<Vec<PersonId>>,
    /// The dates that it sets for itself.
    pub dates: Option<CohortDates>,
}

impl Cohort {
    /// A new cohort, as a draft.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] when its capacity or its facilitators cannot be.
    pub fn create(id: CohortId, new: NewCohort, now: Timestamp) -> Result<Change<Self>, Refusal> {
        check(Some(new.capacity), Some(&new.facilitators))?;
        let NewCohort { program_id, proposal_id, slug, title, description, audience, delivery, capacity, facilitators, dates } =
            new;
        let made = Self {
            id,
            program_id,
            proposal_id,
            slug,
            title,
            description,
            audience,
            delivery,
            capacity,
            facilitators,
            dates,
            standing: Standing::Draft,
            seats: Seats::default(),
            meta: Meta::new(now),
        };
        let happened = made.happening("created");
        Ok(Change::one(made, happened))
    }

    /// Changes it.
    ///
    /// # Errors
    /// It is over, or more seats are held than the new maximum, or a kick-off that has passed would move, or its capacity or its
    /// facilitators cannot be.
    pub fn update(mut self, update: CohortUpdate, year: &Year, now: Timestamp) -> Result<Change<Self>, Refusal> {
        check(update.capacity, update.facilitators.as_ref())?;
        let window = year.window(&self);
        MACHINE.check(self.state_at(window.as_ref(), now), Action::UpdateCohort)?;
        if update.capacity.is_some_and(|capacity| capacity.max < self.seats.held) {
            return Err(Refusal::SeatsBelowHeld { held: self.seats.held });
        }
        let mut changed = Changed::default();
        changed.set("dates", &mut self.dates, update.dates);
        if let Some(before) = window.filter(|before| now >= before.closes_at)
            && year.window(&self) != Some(before)
        {
            return Err(Refusal::invalid(
                "#/milestones",
                FaultCode::Frozen,
                "The kick-off has passed: it cannot be moved any more",
            ));
        }
        changed.set("slug", &mut self.slug, update.slug);
        changed.set("title", &mut self.title, update.title);
        changed.set("description", &mut self.description, update.description);
        changed.set("audience", &mut self.audience, update.audience);
        changed.set("delivery", &mut self.delivery, update.delivery);
        changed.set("capacity", &mut self.capacity, update.capacity);
        changed.set("facilitator_ids", &mut self.facilitators, update.facilitators);
        self.meta = self.meta.changed(now);
        let happened = self.happening("updated").with("changed", changed.names());
        Ok(Change::one(self, happened))
    }

    /// Goes on unless it is over: then nothing of it changes any more.
    ///
    /// # Errors
    /// It was completed or cancelled.
    pub fn require_not_over(&self) -> Result<(), Refusal> {
        MACHINE.check(self.decided_state(), Action::UpdateCohort)
    }

    /// Takes over when its kick-off session begins, for a kick-off that is set on a day. One that has passed stays where it was.
    #[must_use]
    pub fn follow_kickoff_session(mut self, at: Option<Timestamp>, year: &Year, now: Timestamp) -> Option<Change<Self>> {
        let passed = year.window(&self).is_some_and(|window| now >= window.closes_at);
        if passed || self.dates.kickoff_session_at == at {
            return None;
        }
        self.dates.kickoff_session_at = at;
        self.meta = self.meta.changed(now);
        let happened = self.happening("updated").with("changed", vec!["dates"]);
        Some(Change::one(self, happened))
    }

    /// Publishes it.
    ///
    /// # Errors
    /// It is no draft, or its kick-off has passed.
    pub fn publish(self, window: Option<&SignupWindow>, now: Timestamp) -> Result<Change<Self>, Refusal> {
        MACHINE.check(self.state_at(window, now), Action::PublishCohort)?;
        if let Some(window) = window.filter(|window| now >= window.closes_at) {
            return Err(closed("The cohort's kick-off has passed: move it first", window));
        }
        Ok(self.becomes(Standing::Open, "published", now))
    }

    /// Starts it before its kick-off, which closes sign-up.
    ///
    /// # Errors
    /// It is not open, or has begun already.
    pub fn start(self, window: Option<&SignupWindow>, now: Timestamp) -> Result<Change<Self>, Refusal> {
        MACHINE.check(self.state_at(window, now), Action::StartCohort)?;
        Ok(self.becomes(Standing::InSession { started_at: now }, "started", now))
    }

    /// Completes it; its enrollments are completed with it.
    ///
    /// # Errors
    /// It is not in session.
    pub fn complete(self, window: Option<&SignupWindow>, now: Timestamp) -> Result<Change<Self>, Refusal> {
        MACHINE.check(self.state_at(window, now), Action::CompleteCohort)?;
        let standing = Standing::Completed { started_at: self.started_at(), completed_at: now };
        Ok(self.becomes(standing, "completed", now))
    }

    /// Calls it off; its applications and enrollments are released.
    ///
    /// # Errors
    /// It is over already.
    pub fn cancel(self, reason: &Reason, window: Option<&SignupWindow>, now: Timestamp) -> Result<Change<Self>, Refusal> {
        MACHINE.check(self.state_at(window, now), Action::CancelCohort)?;
        let standing = Standing::Cancelled { cancelled_at: now, reason: reason.clone(), merged_into: None };
        Ok(self.becomes(standing, "cancelled", now).because(reason))
    }

    /// Calls it off because its people go on in another, before its kick-off.
    ///
    /// # Errors
    /// It is not open.
    pub fn merge(
        self,
        into: CohortId,
        reason: &Reason,
        window: Option<&SignupWindow>,
        now: Timestamp,
    ) -> Result<Change<Self>, Refusal> {
        MACHINE.check(self.state_at(window, now), Action::MergeCohort)?;
        let standing = Standing::Cancelled { cancelled_at: now, reason: reason.clone(), merged_into: Some(into) };
        let mut change = self.becomes(standing, "merged", now).because(reason);
        change.happened = change.happened.into_iter().map(|happening| happening.with("into_cohort_id", into.to_string())).collect();
        Ok(change)
    }

    /// Goes on when the people of this cohort can go on in that one: another of the same program. `pointer` is where it was named.
    ///
    /// # Errors
    /// [`Refusal::Invalid`].
    pub fn require_sibling(&self, other: &Self, pointer: &str) -> Result<(), Refusal> {
        if self.id != other.id && self.program_id == other.program_id {
            return Ok(());
        }
        Err(Refusal::invalid(pointer, FaultCode::InvalidValue, "It must be another cohort of the same program"))
    }

    /// The state that was decided, whatever the clock has done since.
    #[must_use]
    pub fn decided_state(&self) -> CohortState {
        match self.standing {
            Standing::Draft => CohortState::Draft,
            Standing::Open => CohortState::Open,
            Standing::InSession { .. } => CohortState::InSession,
            Standing::Completed { .. } => CohortState::Completed,
            Standing::Cancelled { .. } => CohortState::Cancelled,
        }
    }

    /// The state at an instant: past its kick-off an open cohort is in session.
    #[must_use]
    pub fn state_at(&self, window: Option<&SignupWindow>, now: Timestamp) -> CohortState {
        let begun = self.standing == Standing::Open && window.is_some_and(|window| now >= window.closes_at);
        if begun { CohortState::InSession } else { self.decided_state() }
    }

    /// When somebody started it, where that was not left to the kick-off.
    #[must_use]
    pub fn started_at(&self) -> Option<Timestamp> {
        match self.standing {
            Standing::InSession { started_at } => Some(started_at),
            Standing::Completed { started_at, .. } => started_at,
            Standing::Draft | Standing::Open | Standing::Cancelled { .. } => None,
        }
    }

    /// From when to when it meets, where it counts for the phase of its program.
    #[must_use]
    pub fn span(&self, timeline: &Timeline) -> Option<CohortSpan> {
        let counts = matches!(self.decided_state(), CohortState::Open | CohortState::InSession | CohortState::Completed);
        timeline.for_cohort(&self.dates).span(self.started_at()).filter(|_| counts)
    }

    /// Whether this person leads it.
    #[must_use]
    pub fn facilitated_by(&self, person: PersonId) -> bool {
        self.facilitators.contains(&person)
    }

    /// Goes on when this person can have a seat in it, as far as who leads it goes.
    ///
    /// # Errors
    /// [`Refusal::SamePerson`].
    pub fn require_not_facilitated_by(&self, person: PersonId) -> Result<(), Refusal> {
        if self.facilitated_by(person) {
            return Err(Refusal::SamePerson("Who leads a cohort takes no seat in it".to_owned()));
        }
        Ok(())
    }

    /// How an actor is tied to it, as far as it knows itself.
    #[must_use]
    pub fn tie<'a>(&self, actor: &'a Actor) -> Tie<'a> {
        let facilitates = actor.person().is_some_and(|person| self.facilitated_by(person));
        Tie { facilitates, ..Tie::none(actor) }
    }

    /// Whether it can still be called off.
    #[must_use]
    pub fn can_be_cancelled(&self) -> bool {
        MACHINE.check(self.decided_state(), Action::CancelCohort).is_ok()
    }

    /// What this caller can do to it now.
    #[must_use]
    pub fn allowed_actions(&self, tie: &Tie<'_>, window: Option<&SignupWindow>, now: Timestamp) -> Vec<&'static str> {
        let open = |action| {
            (action != Action::PublishCohort || window.is_none_or(|window| now < window.closes_at))
                && (action != Action::ExtendCohort || self.at_risk(window, now))
        };
        MACHINE.allowed(self.state_at(window, now), tie, open)
    }

    fn becomes(mut self, standing: Standing, verb: &'static str, now: Timestamp) -> Change<Self> {
        self.standing = standing;
        self.meta = self.meta.changed(now);
        let happened = self.happening(verb);
        Change::one(self, happened)
    }

    fn happening(&self, verb: &'static str) -> Happening {
        Happening::new(Subject::new(SubjectKind::Cohort, self.id), verb)
            .with("program_id", self.program_id.to_string())
            .with("state", self.decided_state().to_string())
            .with("seats_max", self.capacity.max)
    }
}

fn closed(what: &str, window: &SignupWindow) -> Refusal {
    Refusal::WindowClosed { what: what.to_owned(), opens_at: None, closed_at: Some(window.closes_at) }
}

fn check(capacity: Option<Capacity>, facilitators: Option<&Vec<PersonId>>) -> Result<(), Refusal> {
    let mut faults = Faults::default();
    if let Some(capacity) = capacity {
        capacity.faults("#/capacity", &mut faults);
    }
    let facilitators = facilitators.map(Vec::as_slice).unwrap_or_default();
    if facilitators.len() > MOST_FACILITATORS {
        let detail = format!("At most {MOST_FACILITATORS} facilitators");
        faults.push(Fault::new("#/facilitator_ids", FaultCode::TooLong, detail).with("max", MOST_FACILITATORS));
    }
    let mut seen = BTreeSet::new();
    for (index, facilitator) in facilitators.iter().enumerate() {
        if !seen.insert(facilitator) {
            let pointer = format!("#/facilitator_ids/{index}");
            faults.push(Fault::new(pointer, FaultCode::Duplicate, "This person stands here twice"));
        }
    }
    faults.check()
}
