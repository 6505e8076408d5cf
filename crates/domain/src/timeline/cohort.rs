//! A cohort's own dates, over those of its program.
//!
//! A kind that a cohort sets for itself replaces the program's milestones of that kind. What the program set relative to one of
//! them follows the cohort's: a call 30 days after the kick-off is 30 days after each cohort's own.

use super::{Calendar, DatedMilestone, Milestone, MilestoneKind, SignupWindow, Timeline, When, order, resolve};
use crate::ids::MilestoneId;
use crate::programs::Decisions;
use crate::refusal::{Fault, FaultCode, Faults, Refusal};
use crate::time::{Date, Timestamp, earliest};

/// The dates that a cohort sets for itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CohortDates {
    /// Its own milestones: kick-off, trainings, calls and close-out, on a day or at an instant.
    pub milestones: Vec<Milestone>,
    /// The start of its kick-off session, where one is set: a kick-off that is set on a day then begins at this instant.
    pub kickoff_session_at: Option<Timestamp>,
    /// The day until which staff gave it longer to find its people than the program's soft deadline does.
    pub extended_until: Option<Date>,
}

/// The dates of a cohort, its own and its program's.
#[derive(Clone, Debug, PartialEq)]
pub struct CohortTimeline {
    milestones: Vec<DatedMilestone>,
    signup_opens_at: Option<Timestamp>,
    soft_deadline_at: Option<Timestamp>,
}

/// From when to when a cohort meets. Only cohorts that are open, in session or completed have one that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CohortSpan {
    /// Its kick-off, or its start where that came earlier.
    pub kickoff_at: Timestamp,
    /// The end of the day of its close-out.
    pub closes_at: Timestamp,
}

impl CohortDates {
    /// The dates that a cohort wishes to set, which must agree with its program's.
    ///
    /// # Errors
    /// All faults at once: [`Refusal::TimelineOutOfOrder`] when milestones are out of order and nothing else is wrong, else
    /// [`Refusal::Invalid`].
    pub fn plan(timeline: &Timeline, milestones: Vec<Milestone>) -> Result<Self, Refusal> {
        resolve::check_length(&milestones)?;
        let mut invalid = Faults::default();
        resolve::repeated(&milestones).for_each(|fault| invalid.push(fault));
        for (index, milestone) in milestones.iter().enumerate() {
            own_faults(milestone).for_each(|fault| invalid.push(fault.under(&format!("#/milestones/{index}"))));
        }
        let dates = Self { milestones, ..Self::default() };
        let disorder = dates.out_of_order(timeline);
        if !invalid.is_empty() {
            return Err(Refusal::Invalid([invalid.into_vec(), disorder].concat()));
        }
        order::refuse(disorder)?;
        Ok(dates)
    }

    fn out_of_order(&self, timeline: &Timeline) -> Vec<Fault> {
        let place = |id: MilestoneId| self.milestones.iter().position(|own| own.id == id);
        let cohort = timeline.for_cohort(self);
        let own = cohort.milestones.iter().map(|dated| (place(dated.id()), dated));
        let opening = timeline.first(MilestoneKind::SignupOpens).map(|dated| (None, dated));
        order::out_of_order(&own.chain(opening).collect::<Vec<_>>())
    }

    /// The day and the instant of one of its milestones.
    fn anchor(&self, calendar: &Calendar, milestone: &Milestone) -> Option<(Date, Option<Timestamp>)> {
        let session = self.kickoff_session_at.filter(|_| milestone.kind == MilestoneKind::Kickoff);
        match (milestone.when, session) {
            (When::At(at), _) | (When::On(_), Some(at)) => Some((calendar.time_zone.date_of(at), Some(at))),
            (When::On(on), None) => Some((on, None)),
            (When::Relative { .. }, _) => None,
        }
    }
}

fn own_faults(milestone: &Milestone) -> impl Iterator<Item = Fault> {
    let foreign = !milestone.kind.of_cohort();
    let beyond = matches!(milestone.when, When::At(at) if !at.in_range());
    let relative = matches!(milestone.when, When::Relative { .. });
    let fault = |member: &str, code: FaultCode, detail: &str| Fault::new(format!("#/{member}"), code, detail);
    [
        foreign
            .then(|| fault("kind", FaultCode::InvalidValue, "A cohort sets its own kick-off, trainings, calls and close-out only")),
        beyond.then(|| fault("at", FaultCode::OutOfRange, "Not an instant that can be planned for")),
        relative.then(|| fault("relative_to", FaultCode::InvalidValue, "A cohort's own dates are days or instants")),
    ]
    .into_iter()
    .flatten()
}

impl Timeline {
    /// The dates of a cohort that sets some of its own.
    #[must_use]
    pub fn for_cohort(&self, dates: &CohortDates) -> CohortTimeline {
        let calendar = &self.calendar;
        let own = dates.milestones.iter().filter_map(|own| {
            let (on, at) = dates.anchor(calendar, own)?;
            Some(DatedMilestone::new(calendar, own.clone(), on, at))
        });
        let set_by_cohort = |kind: MilestoneKind| dates.milestones.iter().any(|own| own.kind == kind);
        let inherited = self.milestones.iter().filter(|dated| dated.kind().of_cohort() && !set_by_cohort(dated.kind()));
        let all = own.chain(inherited.map(|dated| self.inherit(dated, dates))).collect();
        CohortTimeline {
            milestones: Self::new(calendar, all).milestones,
            signup_opens_at: self.effective_at(MilestoneKind::SignupOpens),
            soft_deadline_at: self.soft_deadline_at(dates.extended_until),
        }
    }

    fn soft_deadline_at(&self, extended_until: Option<Date>) -> Option<Timestamp> {
        let extended = extended_until.map(|day| self.calendar.due_on(day));
        self.effective_at(MilestoneKind::SignupSoftDeadline).max(extended)
    }

    /// A milestone of the program's as a cohort has it that sets none of that kind itself.
    fn inherit(&self, dated: &DatedMilestone, own: &CohortDates) -> DatedMilestone {
        let session = own.kickoff_session_at.filter(|_| dated.kind() == MilestoneKind::Kickoff);
        let (on, at) = match (dated.milestone.when, session) {
            (When::At(at), _) => (dated.on, Some(at)),
            (When::On(_) | When::Relative { .. }, Some(at)) => (self.calendar.time_zone.date_of(at), Some(at)),
            (When::On(on), None) => (on, None),
            (When::Relative { to, days }, None) => {
                (self.cohort_day(to, own).map_or(dated.on, |day| day.plus_days(days.into())), None)
            }
        };
        DatedMilestone::new(&self.calendar, dated.milestone.clone(), on, at)
    }

    /// The day that a milestone of the program's has for a cohort.
    fn cohort_day(&self, id: MilestoneId, own: &CohortDates) -> Option<Date> {
        let dated = self.milestone(id)?;
        let replacing = own.milestones.iter().find(|other| other.kind == dated.kind() && other.kind.single());
        if let Some((day, _)) = replacing.and_then(|other| own.anchor(&self.calendar, other)) {
            return Some(day);
        }
        Some(if dated.kind().of_cohort() { self.inherit(dated, own).on } else { dated.on })
    }
}

impl CohortTimeline {
    /// The milestones, in the order of the year.
    #[must_use]
    pub fn milestones(&self) -> &[DatedMilestone] {
        &self.milestones
    }

    /// The instant of the kick-off.
    #[must_use]
    pub fn kickoff_at(&self) -> Option<Timestamp> {
        self.effective_at(MilestoneKind::Kickoff)
    }

    /// The end of the day of the close-out.
    #[must_use]
    pub fn closes_at(&self) -> Option<Timestamp> {
        self.effective_at(MilestoneKind::Closeout)
    }

    /// When people can sign up, given when the cohort was started, where it was. None before the program is published; it also
    /// closes when staff close or cancel the program.
    #[must_use]
    pub fn signup_window(&self, decisions: &Decisions, started_at: Option<Timestamp>) -> Option<SignupWindow> {
        decisions.published_at?;
        let ended_at = earliest([decisions.closed_at, decisions.cancelled_at()]);
        Some(SignupWindow {
            opens_at: self.signup_opens_at?,
            soft_deadline_at: self.soft_deadline_at,
            closes_at: earliest([Some(self.kickoff_at()?), started_at, ended_at])?,
        })
    }

    /// From when to when it meets, given when it was started, where it was.
    #[must_use]
    pub fn span(&self, started_at: Option<Timestamp>) -> Option<CohortSpan> {
        Some(CohortSpan { kickoff_at: earliest([Some(self.kickoff_at()?), started_at])?, closes_at: self.closes_at()? })
    }

    fn effective_at(&self, kind: MilestoneKind) -> Option<Timestamp> {
        self.milestones.iter().find(|dated| dated.kind() == kind).map(DatedMilestone::effective_at)
    }
}
