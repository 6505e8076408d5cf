//! The timeline of a program: its milestones, and the phase that follows from them.
//!
//! A milestone is set on a day, at an instant, or so many days from another. A [`Timeline`] is the list of them with every instant
//! worked out in the program's zone, so that nobody else has to. What always holds: intervals are half-open; a stored timeline is
//! complete and in order; a [`Phase`] is worked out, never stored.
//!
//! Left out on purpose: wall times. What happens at an hour is a session of a cohort, or a milestone set at an instant.

mod change;
mod cohort;
mod order;
mod phase;
mod resolve;
#[cfg(test)]
mod tests;
mod windows;

pub use change::{MilestoneChange, MilestoneChangeKind, MilestoneRecord, Preview, assign_ids, changes, preview};
pub(crate) use change::{require_reason, require_same_kinds};
pub use cohort::{CohortDates, CohortSpan, CohortTimeline};
pub use phase::{Blocker, Phase, PhaseNow, PhaseSpan, next_change_at, phase, phases};
pub use windows::{SignupWindow, SubmissionWindow, end_of_nth_civil_day};

use crate::ids::MilestoneId;
use crate::programs::{Delivery, Terms};
use crate::refusal::Refusal;
use crate::text::Name;
use crate::time::{Date, Timestamp, Zone, end_of_day_anywhere_on_earth};

/// The greatest number of milestones of a timeline, or of dates that a cohort sets for itself.
pub const MOST_MILESTONES: usize = 60;

/// The greatest number of days between a milestone and the one that it is set relative to.
pub const MOST_RELATIVE_DAYS: i32 = 1_000;

crate::words! {
    /// What a milestone is for.
    pub enum MilestoneKind {
        /// The call for proposals opens.
        ProposalsOpen = "proposals_open",
        /// Proposals are due.
        ProposalsDue = "proposals_due",
        /// Authors are told.
        DecisionsAnnounced = "decisions_announced",
        /// Accepted authors have confirmed.
        ConfirmationsDue = "confirmations_due",
        /// It is settled which cohorts there are.
        OfferingsFinal = "offerings_final",
        /// Sign-up opens.
        SignupOpens = "signup_opens",
        /// The day by which people are asked to have signed up.
        SignupSoftDeadline = "signup_soft_deadline",
        /// The cohorts begin.
        Kickoff = "kickoff",
        /// A training in person.
        InPersonTraining = "in_person_training",
        /// A call; there can be many.
        Call = "call",
        /// The cohorts end.
        Closeout = "closeout",
    }

    /// How a milestone lies to the present.
    pub enum MilestoneStatus {
        /// Its day is still to come.
        Upcoming = "upcoming",
        /// It is its day.
        Current = "current",
        /// Its day is over.
        Past = "past",
    }
}

impl MilestoneKind {
    /// What a milestone of this kind is called that has no name of its own.
    #[must_use]
    pub fn default_label(self) -> &'static str {
        match self {
            Self::ProposalsOpen => "Call for proposals opens",
            Self::ProposalsDue => "Proposals due",
            Self::DecisionsAnnounced => "Decisions announced",
            Self::ConfirmationsDue => "Confirmations due",
            Self::OfferingsFinal => "Offerings final",
            Self::SignupOpens => "Sign-up opens",
            Self::SignupSoftDeadline => "Sign-up requested by",
            Self::Kickoff => "Kick-off",
            Self::InPersonTraining => "In-person training",
            Self::Call => "Call",
            Self::Closeout => "Close-out",
        }
    }

    /// Whether a timeline has at most one of the kind.
    #[must_use]
    pub fn single(self) -> bool {
        self != Self::Call
    }

    /// Whether a cohort may set its own.
    #[must_use]
    pub fn of_cohort(self) -> bool {
        self.rank() >= Self::Kickoff.rank()
    }

    /// Its place in a year; trainings and calls share one.
    fn rank(self) -> u8 {
        match self {
            Self::ProposalsOpen => 0,
            Self::ProposalsDue => 1,
            Self::DecisionsAnnounced => 2,
            Self::ConfirmationsDue => 3,
            Self::OfferingsFinal => 4,
            Self::SignupOpens => 5,
            Self::SignupSoftDeadline => 6,
            Self::Kickoff => 7,
            Self::InPersonTraining | Self::Call => 8,
            Self::Closeout => 9,
        }
    }
}

/// When a milestone is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// On a civil day of the program's zone.
    On(Date),
    /// At an instant.
    At(Timestamp),
    /// So many civil days after another milestone's day (before, when negative).
    Relative {
        /// The other.
        to: MilestoneId,
        /// How many days later.
        days: i32,
    },
}

impl When {
    /// The member of a request that says it.
    fn member(self) -> &'static str {
        match self {
            Self::On(_) => "on",
            Self::At(_) => "at",
            Self::Relative { .. } => "relative_to",
        }
    }
}

/// A milestone of a timeline.
#[derive(Clone, Debug, PartialEq)]
pub struct Milestone {
    /// Which.
    pub id: MilestoneId,
    /// What for.
    pub kind: MilestoneKind,
    /// What it is called.
    pub label: Name,
    /// When.
    pub when: When,
}

/// A milestone as it is wished for: without an id where it is new, or where it is plain which one it replaces.
#[derive(Clone, Debug, PartialEq)]
pub struct MilestoneDraft {
    /// Which, where the caller says so.
    pub id: Option<MilestoneId>,
    /// What for.
    pub kind: MilestoneKind,
    /// What it is called.
    pub label: Name,
    /// When.
    pub when: When,
}

/// By what a program's dates are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Calendar {
    /// The zone of its days.
    pub time_zone: Zone,
    /// Which milestones it needs.
    pub delivery: Delivery,
    /// Its grace, and where on Earth its days end.
    pub terms: Terms,
}

impl Calendar {
    /// The instant at which what is due on a day is due.
    fn due_on(&self, day: Date) -> Timestamp {
        if self.terms.anywhere_on_earth { end_of_day_anywhere_on_earth(day) } else { self.time_zone.end_of_day(day) }
    }
}

/// A milestone with its instants.
#[derive(Clone, Debug, PartialEq)]
pub struct DatedMilestone {
    /// The milestone, as it was set.
    pub milestone: Milestone,
    /// Its civil day.
    pub on: Date,
    /// When it begins: its instant, or the first of its day.
    pub starts_at: Timestamp,
    /// When it is over, where something is due or settled by then.
    pub closes_at: Option<Timestamp>,
    /// From here on it is current: the first instant of its day.
    pub current_from: Timestamp,
    /// Until here it is current: the end of its day, wherever on Earth that counts.
    pub current_until: Timestamp,
}

impl DatedMilestone {
    fn new(calendar: &Calendar, milestone: Milestone, on: Date, at: Option<Timestamp>) -> Self {
        let (begins, ends) = (calendar.time_zone.start_of_day(on), calendar.time_zone.end_of_day(on));
        let closes_at = match milestone.kind {
            MilestoneKind::ProposalsDue | MilestoneKind::ConfirmationsDue | MilestoneKind::SignupSoftDeadline => {
                Some(at.unwrap_or_else(|| calendar.due_on(on)))
            }
            MilestoneKind::OfferingsFinal => Some(at.unwrap_or(ends)),
            MilestoneKind::Closeout => Some(ends),
            MilestoneKind::ProposalsOpen
            | MilestoneKind::DecisionsAnnounced
            | MilestoneKind::SignupOpens
            | MilestoneKind::Kickoff
            | MilestoneKind::InPersonTraining
            | MilestoneKind::Call => None,
        };
        let current_until = closes_at.map_or(ends, |closes_at| closes_at.max(ends));
        Self { milestone, on, starts_at: at.unwrap_or(begins), closes_at, current_from: begins, current_until }
    }

    /// Which.
    #[must_use]
    pub fn id(&self) -> MilestoneId {
        self.milestone.id
    }

    /// What for.
    #[must_use]
    pub fn kind(&self) -> MilestoneKind {
        self.milestone.kind
    }

    /// The instant at which it takes effect: its close where it has one, else its beginning.
    #[must_use]
    pub fn effective_at(&self) -> Timestamp {
        self.closes_at.unwrap_or(self.starts_at)
    }

    /// How it lies to an instant.
    #[must_use]
    pub fn status(&self, now: Timestamp) -> MilestoneStatus {
        if now < self.current_from {
            MilestoneStatus::Upcoming
        } else if now < self.current_until {
            MilestoneStatus::Current
        } else {
            MilestoneStatus::Past
        }
    }
}

/// The milestones of a program with all their instants, in the order of a year.
#[derive(Clone, Debug, PartialEq)]
pub struct Timeline {
    calendar: Calendar,
    milestones: Vec<DatedMilestone>,
}

impl Timeline {
    /// The timeline of milestones as they stand in the store: worked out, and not judged again.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] when milestones refer to each other in a way that gives no dates. None that was planned does.
    pub fn resolve(calendar: &Calendar, milestones: Vec<Milestone>) -> Result<Self, Refusal> {
        let (dated, faults) = resolve::resolve(calendar, milestones);
        faults.check()?;
        Ok(Self::new(calendar, dated.into_iter().map(|(_, dated)| dated).collect()))
    }

    /// The timeline of milestones as they are wished for.
    ///
    /// # Errors
    /// All faults at once: [`Refusal::TimelineOutOfOrder`] when milestones are missing or out of order and nothing else is wrong,
    /// else [`Refusal::Invalid`].
    pub fn plan(calendar: &Calendar, milestones: Vec<Milestone>) -> Result<Self, Refusal> {
        resolve::check_length(&milestones)?;
        let (dated, invalid) = resolve::resolve(calendar, milestones);
        let disorder = order::faults(calendar.delivery, &dated);
        if !invalid.is_empty() {
            return Err(Refusal::Invalid([invalid.into_vec(), disorder].concat()));
        }
        order::refuse(disorder)?;
        Ok(Self::new(calendar, dated.into_iter().map(|(_, dated)| dated).collect()))
    }

    /// Goes on when the timeline is complete and in order.
    ///
    /// # Errors
    /// [`Refusal::TimelineOutOfOrder`].
    pub fn check(&self) -> Result<(), Refusal> {
        let numbered: Vec<_> = self.milestones.iter().cloned().enumerate().collect();
        order::refuse(order::faults(self.calendar.delivery, &numbered))
    }

    fn new(calendar: &Calendar, mut milestones: Vec<DatedMilestone>) -> Self {
        milestones.sort_by_key(|dated| (dated.on, dated.kind().rank(), dated.starts_at, dated.id()));
        Self { calendar: *calendar, milestones }
    }

    /// By what its dates are read.
    #[must_use]
    pub fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    /// The milestones, in the order of the year.
    #[must_use]
    pub fn milestones(&self) -> &[DatedMilestone] {
        &self.milestones
    }

    /// The milestone of an id.
    #[must_use]
    pub fn milestone(&self, id: MilestoneId) -> Option<&DatedMilestone> {
        self.milestones.iter().find(|dated| dated.id() == id)
    }

    /// The first milestone of a kind.
    #[must_use]
    pub fn first(&self, kind: MilestoneKind) -> Option<&DatedMilestone> {
        self.milestones.iter().find(|dated| dated.kind() == kind)
    }

    /// The instant at which a kind takes effect, where the timeline has it.
    fn effective_at(&self, kind: MilestoneKind) -> Option<Timestamp> {
        self.first(kind).map(DatedMilestone::effective_at)
    }
}
