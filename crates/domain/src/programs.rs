//! Programs: one year of communities of practice.

use crate::ids::ProgramId;
use crate::meta::Meta;
use crate::text::{Reason, SchoolYear, Slug, Summary, Title};
use crate::time::{Timestamp, Zone};

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
}

/// How many people a cohort is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// Under this, a cohort is at risk.
    pub min: u32,
    /// Never more than this.
    pub max: u32,
}

/// The numbers of days by which a program runs.
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
