//! Programs: one year of communities of practice.
//!
//! A program is prepared as a draft, published, and at last closed or cancelled; where there is a call for proposals, its offerings
//! are finalized in between. What always holds: a published program has a timeline that is complete and in order; what its dates
//! and the states of its applications follow from is settled when it is published.
//!
//! Left out on purpose: the phase, which follows from the timeline (see [`crate::timeline`]), and what becomes of its proposals and
//! cohorts, which their own machines say.

mod course;
mod decide;
mod edit;
#[cfg(test)]
mod tests;

pub use course::Course;
pub use edit::{CapacityUpdate, ProgramCreate, ProgramUpdate, TermsUpdate};

use crate::access::{Action, Actor, Tie};
use crate::cohorts::MOST_SEATS;
use crate::eligibility::JoiningTerms;
use crate::ids::ProgramId;
use crate::journal::{Happening, Subject, SubjectKind};
use crate::machine::{Machine, Transition};
use crate::meta::Meta;
use crate::refusal::Refusal;
use crate::text::{Reason, SchoolYear, Slug, Summary, Title};
use crate::time::{Timestamp, Zone};
use crate::timeline::Calendar;

crate::words! {
    /// Who leads the cohorts of a program.
    pub enum Delivery {
        /// Facilitators who answered a call for proposals.
        CallForProposals = "call_for_proposals",
        /// The coalition's own staff.
        StaffLed = "staff_led",
    }

    /// How a seat is come by.
    pub enum EnrollmentMode {
        /// Whoever signs up first, once verified.
        FirstCome = "first_come",
        /// Staff or the facilitator review each application as it comes.
        RollingReview = "rolling_review",
    }

    /// Where a program stands, as far as staff have decided.
    pub enum ProgramState {
        /// In preparation.
        Draft = "draft",
        /// There to be seen.
        Published = "published",
        /// Its offerings are final.
        Finalized = "finalized",
        /// Closed by staff.
        Closed = "closed",
        /// Called off.
        Cancelled = "cancelled",
    }
}

use ProgramState::{Cancelled, Closed, Draft, Finalized, Published};

/// The machine of programs.
pub const MACHINE: Machine<ProgramState> = Machine {
    name: "program",
    transitions: &[
        Transition { action: Action::UpdateProgram, from: &[Draft], to: &[Draft] },
        Transition { action: Action::UpdateProgram, from: &[Published], to: &[Published] },
        Transition { action: Action::UpdateProgram, from: &[Finalized], to: &[Finalized] },
        Transition { action: Action::PublishProgram, from: &[Draft], to: &[Published] },
        Transition { action: Action::FinalizeOfferings, from: &[Published], to: &[Finalized] },
        Transition { action: Action::CloseProgram, from: &[Published, Finalized], to: &[Closed] },
        Transition { action: Action::CancelProgram, from: &[Draft, Published, Finalized], to: &[Cancelled] },
    ],
};

/// How many people a cohort is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Capacity {
    /// Under this, a cohort is at risk.
    pub min: u32,
    /// Never more than this.
    pub max: u32,
}

impl Capacity {
    /// The least of all capacities, and the greatest.
    pub const BOUNDS: (u32, u32) = (1, MOST_SEATS);
}

impl Default for Capacity {
    fn default() -> Self {
        Self { min: 10, max: 20 }
    }
}

/// The numbers of days by which a program runs, and what else holds for all its cohorts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Civil days for which a seat is held while a verification is pending.
    pub hold_days: u16,
    /// Civil days for which an offer stands.
    pub offer_days: u16,
    /// Minutes of grace, not advertised, after what is due.
    pub grace_minutes: u16,
    /// Whether what is due on a date is due when that day ends anywhere on Earth.
    pub anywhere_on_earth: bool,
    /// Whether everybody takes part in one cohort at most: whoever is enrolled in one gives up what else they have applied to.
    pub one_cohort: bool,
}

impl Terms {
    /// The least number of days for a hold or an offer, and the greatest.
    pub const DAYS: (u16, u16) = (1, 90);
    /// The greatest number of minutes of grace: two days.
    pub const MOST_GRACE_MINUTES: u16 = 2 * 24 * 60;
}

impl Default for Terms {
    fn default() -> Self {
        Self { hold_days: 7, offer_days: 7, grace_minutes: 0, anywhere_on_earth: false, one_cohort: false }
    }
}

/// A program.
#[derive(Clone, Debug, PartialEq)]
pub struct Program {
    /// Which.
    pub id: ProgramId,
    /// Its name in addresses, unique in the coalition.
    pub slug: Slug,
    /// Its name.
    pub name: Title,
    /// What it is about.
    pub description: Option<Summary>,
    /// Its school year.
    pub school_year: SchoolYear,
    /// The zone of its dates.
    pub time_zone: Zone,
    /// Who leads its cohorts.
    pub delivery: Delivery,
    /// How a seat is come by.
    pub enrollment_mode: EnrollmentMode,
    /// What a cohort has that sets nothing else.
    pub capacity: Capacity,
    /// Its numbers of days.
    pub terms: Terms,
    /// What it asks of everybody who joins a cohort.
    pub joining: JoiningTerms,
    /// The decisions taken about it, from which, with the timeline and the time, its phase follows.
    pub decisions: Decisions,
    /// Version and instants.
    pub meta: Meta,
}

/// The decisions that staff took about a program.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decisions {
    /// When it was published.
    pub published_at: Option<Timestamp>,
    /// When its offerings were finalized.
    pub finalized_at: Option<Timestamp>,
    /// When staff closed it.
    pub closed_at: Option<Timestamp>,
    /// When it was cancelled, and why.
    pub cancelled: Option<(Timestamp, Reason)>,
}

impl Decisions {
    /// The state that they amount to.
    #[must_use]
    pub fn state(&self) -> ProgramState {
        if self.cancelled.is_some() {
            Cancelled
        } else if self.closed_at.is_some() {
            Closed
        } else if self.finalized_at.is_some() {
            Finalized
        } else if self.published_at.is_some() {
            Published
        } else {
            Draft
        }
    }

    /// When it was cancelled.
    #[must_use]
    pub fn cancelled_at(&self) -> Option<Timestamp> {
        self.cancelled.as_ref().map(|(at, _)| *at)
    }
}

impl Program {
    /// Where it stands.
    #[must_use]
    pub fn state(&self) -> ProgramState {
        self.decisions.state()
    }

    /// By what its dates are read.
    #[must_use]
    pub fn calendar(&self) -> Calendar {
        Calendar { time_zone: self.time_zone, delivery: self.delivery, terms: self.terms }
    }

    /// Whether it, and its timeline, can be changed.
    #[must_use]
    pub fn can_be_changed(&self) -> bool {
        MACHINE.check(self.state(), Action::UpdateProgram).is_ok()
    }

    /// Whether this actor may know of it: until it is published it is there for staff alone.
    #[must_use]
    pub fn visible_to(&self, actor: &Actor) -> bool {
        self.decisions.published_at.is_some() || actor.staff()
    }

    /// Goes on when the action is allowed to this actor on this program.
    ///
    /// # Errors
    /// [`Refusal::Hidden`] when the actor may not know of it, else [`Refusal::Forbidden`].
    pub fn require(&self, actor: &Actor, action: Action) -> Result<(), Refusal> {
        if !self.visible_to(actor) {
            return Err(Refusal::Hidden(SubjectKind::Program.noun()));
        }
        Tie::none(actor).require(action, SubjectKind::Program)
    }

    fn happening(&self, verb: &'static str) -> Happening {
        Happening::new(Subject::new(SubjectKind::Program, self.id), verb).with("state", self.state().to_string())
    }
}
