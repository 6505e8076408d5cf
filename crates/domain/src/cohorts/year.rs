//! A program and its timeline, by which its cohorts are read.

use super::{Cohort, CohortState, Signup};
use crate::access::Actor;
use crate::eligibility::{self, Rule};
use crate::programs::Program;
use crate::timeline::{SignupWindow, Timeline};

/// A program and its timeline.
#[derive(Clone, Debug, PartialEq)]
pub struct Year {
    /// The program.
    pub program: Program,
    /// Its dates.
    pub timeline: Timeline,
}

impl Year {
    /// When one can sign up to a cohort; nothing before the program has come so far.
    #[must_use]
    pub fn window(&self, cohort: &Cohort) -> Option<SignupWindow> {
        self.timeline.for_cohort(&cohort.dates).signup_window(&self.program.decisions, cohort.started_at())
    }

    /// Whether this actor may know of a cohort: a draft, or one of a program that is not published, is there for staff and for who
    /// leads it.
    #[must_use]
    pub fn shows(&self, cohort: &Cohort, actor: &Actor) -> bool {
        let public = self.program.decisions.published_at.is_some() && cohort.decided_state() != CohortState::Draft;
        public || actor.staff() || actor.person().is_some_and(|person| cohort.facilitated_by(person))
    }

    /// The rules for joining a cohort.
    #[must_use]
    pub fn rules(&self, cohort: &Cohort) -> Vec<Rule> {
        eligibility::rules(&cohort.audience, &self.program.joining)
    }

    /// Sign-up to a cohort; nothing before the program has come so far.
    #[must_use]
    pub fn signup(&self, cohort: &Cohort) -> Option<Signup> {
        Some(Signup {
            mode: self.program.enrollment_mode,
            window: self.window(cohort)?,
            time_zone: self.program.time_zone,
            hold_days: self.program.terms.hold_days,
            offer_days: self.program.terms.offer_days,
        })
    }
}
