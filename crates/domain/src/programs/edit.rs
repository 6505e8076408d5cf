//! Making and changing a program.

use super::{Capacity, Decisions, Delivery, EnrollmentMode, MACHINE, Program, ProgramState, Terms};
use crate::access::Action;
use crate::eligibility::{JoiningTerms, JoiningUpdate};
use crate::ids::ProgramId;
use crate::journal::{Change, Changed};
use crate::meta::Meta;
use crate::refusal::{Fault, FaultCode, Faults, Refusal};
use crate::text::{Reason, SchoolYear, Slug, Summary, Title};
use crate::time::{Timestamp, Zone};
use crate::timeline::{CohortSpan, Milestone, Preview, Timeline, changes, preview, require_reason, require_same_kinds};

/// A program that is to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct ProgramCreate {
    /// Its name in addresses.
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
}

/// What can be changed of a program: `None` leaves a member as it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProgramUpdate {
    /// Its name in addresses, before it is published.
    pub slug: Option<Slug>,
    /// Its name.
    pub name: Option<Title>,
    /// What it is about; `Some(None)` clears it.
    pub description: Option<Option<Summary>>,
    /// Its school year.
    pub school_year: Option<SchoolYear>,
    /// The zone of its dates, before it is published.
    pub time_zone: Option<Zone>,
    /// Who leads its cohorts, before it is published.
    pub delivery: Option<Delivery>,
    /// How a seat is come by, before it is published.
    pub enrollment_mode: Option<EnrollmentMode>,
    /// What a cohort has that sets nothing else.
    pub capacity: CapacityUpdate,
    /// Its numbers of days.
    pub terms: TermsUpdate,
    /// What it asks of everybody who joins a cohort.
    pub joining: JoiningUpdate,
}

/// What can be changed of a capacity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CapacityUpdate {
    /// Under this, a cohort is at risk.
    pub min: Option<u32>,
    /// Never more than this.
    pub max: Option<u32>,
}

/// What can be changed of a program's terms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TermsUpdate {
    /// Civil days for which a seat is held while a verification is pending.
    pub hold_days: Option<u16>,
    /// Civil days for which an offer stands.
    pub offer_days: Option<u16>,
    /// Minutes of grace.
    pub grace_minutes: Option<u16>,
    /// Whether what is due on a date is due when that day ends anywhere on Earth; before the program is published.
    pub anywhere_on_earth: Option<bool>,
    /// Whether everybody takes part in one cohort at most.
    pub one_cohort: Option<bool>,
}

/// What the dates and the states of applications follow from.
const SETTLED_BY_PUBLICATION: [&str; 5] = ["slug", "time_zone", "delivery", "enrollment_mode", "terms/anywhere_on_earth"];

impl Capacity {
    /// It with the update.
    #[must_use]
    pub fn with(self, update: CapacityUpdate) -> Self {
        Self { min: update.min.unwrap_or(self.min), max: update.max.unwrap_or(self.max) }
    }

    /// Gathers what is wrong with it, under a pointer.
    pub fn faults(self, pointer: &str, faults: &mut Faults) {
        let (least, greatest) = Self::BOUNDS;
        for (member, number) in [("min", self.min), ("max", self.max)] {
            if !(least..=greatest).contains(&number) {
                faults.push(out_of_range(&format!("{pointer}/{member}"), least, greatest));
            }
        }
        if self.min > self.max {
            let detail = format!("Not more than the maximum, which is {}", self.max);
            faults.push(Fault::new(format!("{pointer}/min"), FaultCode::OutOfRange, detail).with("max", self.max));
        }
    }
}

impl Terms {
    /// They with the update.
    #[must_use]
    pub fn with(self, update: TermsUpdate) -> Self {
        Self {
            hold_days: update.hold_days.unwrap_or(self.hold_days),
            offer_days: update.offer_days.unwrap_or(self.offer_days),
            grace_minutes: update.grace_minutes.unwrap_or(self.grace_minutes),
            anywhere_on_earth: update.anywhere_on_earth.unwrap_or(self.anywhere_on_earth),
            one_cohort: update.one_cohort.unwrap_or(self.one_cohort),
        }
    }

    fn faults(self, faults: &mut Faults) {
        let (least, greatest) = Self::DAYS;
        for (member, number) in [("hold_days", self.hold_days), ("offer_days", self.offer_days)] {
            if !(least..=greatest).contains(&number) {
                faults.push(out_of_range(&format!("#/terms/{member}"), least.into(), greatest.into()));
            }
        }
        if self.grace_minutes > Self::MOST_GRACE_MINUTES {
            faults.push(out_of_range("#/terms/grace_minutes", 0, Self::MOST_GRACE_MINUTES.into()));
        }
    }
}

fn out_of_range(pointer: &str, least: u32, greatest: u32) -> Fault {
    let detail = format!("From {least} to {greatest}");
    Fault::new(pointer, FaultCode::OutOfRange, detail).with("min", least).with("max", greatest)
}

impl Program {
    /// A new program, as a draft, without a timeline.
    ///
    /// # Errors
    /// Says which of its numbers are out of bounds.
    pub fn create(id: ProgramId, wish: ProgramCreate, now: Timestamp) -> Result<Change<Self>, Refusal> {
        let ProgramCreate { slug, name, description, school_year, time_zone, delivery, enrollment_mode, capacity, terms, joining } =
            wish;
        let decisions = Decisions::default();
        let meta = Meta::new(now);
        let made = Self {
            id,
            slug,
            name,
            description,
            school_year,
            time_zone,
            delivery,
            enrollment_mode,
            capacity,
            terms,
            joining,
            decisions,
            meta,
        };
        made.check_numbers()?;
        let happened = made.happening("created").with("delivery", delivery.to_string());
        Ok(Change::one(made, happened))
    }

    /// Changes it. What the dates and the states of applications follow from is settled once it is published.
    ///
    /// # Errors
    /// It is over, or members are out of bounds or settled: all of those are told.
    pub fn update(self, update: ProgramUpdate, now: Timestamp) -> Result<Change<Self>, Refusal> {
        MACHINE.check(self.state(), Action::UpdateProgram)?;
        let mut faults = Faults::default();
        let settled = self.state() != ProgramState::Draft;
        let (mut updated, changed) = self.with(update);
        for member in SETTLED_BY_PUBLICATION.iter().filter(|member| settled && changed.any_of(&[member])) {
            let detail = "The program is published: this cannot be changed any more";
            faults.push(Fault::new(format!("#/{member}"), FaultCode::Frozen, detail));
        }
        updated.number_faults(&mut faults);
        faults.check()?;
        updated.meta = updated.meta.changed(now);
        let happened = updated.happening("updated").with("changed", changed.names());
        Ok(Change::one(updated, happened))
    }

    /// What a timeline of these milestones would give. The cohorts are those that count; the closure dates them by the new
    /// timeline.
    ///
    /// # Errors
    /// It is over, or the new timeline has faults, all of which are told.
    pub fn preview_timeline(
        &self,
        old: &Timeline,
        milestones: Vec<Milestone>,
        cohorts: impl FnOnce(&Timeline) -> Vec<CohortSpan>,
        now: Timestamp,
    ) -> Result<(Timeline, Preview), Refusal> {
        let new = self.plan_timeline(old, milestones)?;
        MACHINE.check(self.state(), Action::UpdateProgram)?;
        let preview = preview(old, &new, &self.decisions, &cohorts(&new), now);
        Ok((new, preview))
    }

    fn plan_timeline(&self, old: &Timeline, milestones: Vec<Milestone>) -> Result<Timeline, Refusal> {
        require_same_kinds(old, &milestones)?;
        Timeline::plan(&self.calendar(), milestones)
    }

    /// Replaces its timeline. Gives nothing where the new one says the same as the old.
    ///
    /// # Errors
    /// It is over; the new timeline has faults, all of which are told; or a date that is past would change without a reason.
    pub fn replace_timeline(
        mut self,
        old: &Timeline,
        milestones: Vec<Milestone>,
        reason: Option<&Reason>,
        now: Timestamp,
    ) -> Result<Option<Change<(Self, Timeline)>>, Refusal> {
        let new = self.plan_timeline(old, milestones)?;
        let changes = changes(old, &new);
        require_reason(&changes, reason, now)?;
        MACHINE.check(self.state(), Action::UpdateProgram)?;
        if changes.is_empty() {
            return Ok(None);
        }
        self.meta = self.meta.changed(now);
        let happened = changes.iter().map(|change| change.happening(self.id, reason)).collect();
        Ok(Some(Change { value: (self, new), happened }))
    }

    /// It with the update, and the names of the members that are others now.
    fn with(mut self, update: ProgramUpdate) -> (Self, Changed) {
        let ProgramUpdate { slug, name, description, school_year, time_zone, delivery, enrollment_mode, capacity, terms, joining } =
            update;
        let (capacity, terms) = (self.capacity.with(capacity), self.terms.with(terms));
        let mut changed = Changed::default();
        changed.set("slug", &mut self.slug, slug);
        changed.set("name", &mut self.name, name);
        changed.set("description", &mut self.description, description);
        changed.set("school_year", &mut self.school_year, school_year);
        changed.set("time_zone", &mut self.time_zone, time_zone);
        changed.set("delivery", &mut self.delivery, delivery);
        changed.set("enrollment_mode", &mut self.enrollment_mode, enrollment_mode);
        changed.set("capacity", &mut self.capacity, Some(capacity));
        changed.set("terms/anywhere_on_earth", &mut self.terms.anywhere_on_earth, Some(terms.anywhere_on_earth));
        changed.set("terms", &mut self.terms, Some(terms));
        let joining = self.joining.clone().with(joining);
        changed.set("joining", &mut self.joining, Some(joining));
        (self, changed)
    }

    fn number_faults(&self, faults: &mut Faults) {
        self.capacity.faults("#/capacity", faults);
        self.terms.faults(faults);
    }

    fn check_numbers(&self) -> Result<(), Refusal> {
        let mut faults = Faults::default();
        self.number_faults(&mut faults);
        faults.check()
    }
}
