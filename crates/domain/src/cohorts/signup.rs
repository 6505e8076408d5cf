//! Whether one can sign up to a cohort, and what else about it the clock decides.

use super::{Cohort, CohortState, MACHINE, Year};
use crate::access::Action;
use crate::journal::Change;
use crate::programs::EnrollmentMode;
use crate::refusal::{FaultCode, Refusal};
use crate::seats::Seats;
use crate::text::Reason;
use crate::time::{Date, Timestamp, Zone, earliest};
use crate::timeline::{SignupWindow, end_of_nth_civil_day};

crate::words! {
    /// Whether one can sign up to a cohort: the first of `closed`, `not_open`, `waitlist_only`, `closing_soon` and `open` that
    /// holds.
    pub enum EnrollmentStatus {
        /// Not yet.
        NotOpen = "not_open",
        /// Yes, and a seat is free.
        Open = "open",
        /// Yes, but the day by which people were asked to sign up has passed.
        ClosingSoon = "closing_soon",
        /// Yes, but a newcomer would wait.
        WaitlistOnly = "waitlist_only",
        /// No more.
        Closed = "closed",
    }
}

/// Sign-up to a cohort, as its program lays it down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signup {
    /// How a seat is come by.
    pub mode: EnrollmentMode,
    /// When one can sign up.
    pub window: SignupWindow,
    /// The zone in which days are counted.
    pub time_zone: Zone,
    /// Civil days for which a seat is held while a verification is pending.
    pub hold_days: u16,
    /// Civil days for which an offer stands.
    pub offer_days: u16,
}

impl Signup {
    /// Until when a seat is held that is taken now, while a verification is pending.
    #[must_use]
    pub fn hold_until(&self, now: Timestamp) -> Timestamp {
        end_of_nth_civil_day(self.time_zone, now, self.hold_days, self.window.closes_at)
    }

    /// Until when an offer stands that is made now.
    #[must_use]
    pub fn offer_until(&self, now: Timestamp) -> Timestamp {
        end_of_nth_civil_day(self.time_zone, now, self.offer_days, self.window.closes_at)
    }
}

impl Cohort {
    /// Its seats at an instant: once sign-up has closed, only those who are enrolled hold one.
    #[must_use]
    pub fn seats_at(&self, window: Option<&SignupWindow>, now: Timestamp) -> Seats {
        let closed = window.is_some_and(|window| now >= window.closes_at);
        if closed { self.seats.as_of(true, 0, None) } else { self.seats }
    }

    /// Whether one can sign up. Without a window the program has not come so far that sign-up could open.
    #[must_use]
    pub fn enrollment_status(&self, window: Option<&SignupWindow>, now: Timestamp) -> EnrollmentStatus {
        let state = self.state_at(window, now);
        if !matches!(state, CohortState::Draft | CohortState::Open) || window.is_some_and(|window| now >= window.closes_at) {
            EnrollmentStatus::Closed
        } else if state == CohortState::Draft || window.is_none_or(|window| now < window.opens_at) {
            EnrollmentStatus::NotOpen
        } else if self.seats.left(self.capacity.max) == 0 {
            EnrollmentStatus::WaitlistOnly
        } else if window.and_then(|window| window.soft_deadline_at).is_some_and(|deadline| now >= deadline) {
            EnrollmentStatus::ClosingSoon
        } else {
            EnrollmentStatus::Open
        }
    }

    /// Goes on when one can sign up.
    ///
    /// # Errors
    /// [`Refusal::WindowClosed`], with when it opens or when it closed.
    pub fn require_signup_open(&self, window: Option<&SignupWindow>, now: Timestamp) -> Result<(), Refusal> {
        match self.enrollment_status(window, now) {
            EnrollmentStatus::Open | EnrollmentStatus::ClosingSoon | EnrollmentStatus::WaitlistOnly => Ok(()),
            EnrollmentStatus::NotOpen => Err(Refusal::WindowClosed {
                what: "Sign-up to this cohort has not opened yet".to_owned(),
                opens_at: window.map(|window| window.opens_at).filter(|opens_at| now < *opens_at),
                closed_at: None,
            }),
            EnrollmentStatus::Closed => Err(Refusal::WindowClosed {
                what: "Sign-up to this cohort is closed: look for one whose sign-up is open".to_owned(),
                opens_at: None,
                closed_at: window.map(|window| window.closes_at).filter(|closes_at| now >= *closes_at),
            }),
        }
    }

    /// Whether fewer than the minimum are enrolled, from the soft deadline to the kick-off.
    #[must_use]
    pub fn at_risk(&self, window: Option<&SignupWindow>, now: Timestamp) -> bool {
        self.state_at(window, now) == CohortState::Open
            && window.and_then(|window| window.soft_deadline_at).is_some_and(|deadline| now >= deadline)
            && self.seats.enrolled < self.capacity.min
    }

    /// Gives it until a later day to find its people, when it is at risk: it is not at risk again before that day is over.
    ///
    /// # Errors
    /// It is not open, or not at risk; or that day is over already, or comes after the kick-off.
    pub fn extend(mut self, until: Date, reason: &Reason, year: &Year, now: Timestamp) -> Result<Change<Self>, Refusal> {
        let window = year.window(&self);
        MACHINE.check(self.state_at(window.as_ref(), now), Action::ExtendCohort)?;
        let Some(window) = window.filter(|window| self.at_risk(Some(window), now)) else {
            let what = "The cohort is not at risk: it has the people that it needs, or has time to find them".to_owned();
            return Err(Refusal::NotReady { what, missing: Vec::new() });
        };
        self.dates.extended_until = Some(until);
        let extended = year.window(&self).and_then(|window| window.soft_deadline_at);
        if extended.is_none_or(|deadline| deadline <= now) {
            return Err(Refusal::invalid("#/until_on", FaultCode::OutOfRange, "That day is over"));
        }
        if until > year.program.time_zone.date_of(window.closes_at) {
            return Err(Refusal::invalid("#/until_on", FaultCode::OutOfRange, "The cohort kicks off before that day"));
        }
        self.meta = self.meta.changed(now);
        let happened = self.happening("extended").with("until_on", until.to_string()).because(Some(reason));
        Ok(Change::one(self, happened))
    }

    /// Goes on when staff can add people: it is published, and not over; its sign-up may be closed.
    ///
    /// # Errors
    /// [`Refusal::InvalidTransition`].
    pub fn require_open_to_additions(&self, window: &SignupWindow, now: Timestamp) -> Result<(), Refusal> {
        let state = self.state_at(Some(window), now);
        let open = matches!(state, CohortState::Open | CohortState::InSession);
        if open { Ok(()) } else { Err(MACHINE.refuse(state, Action::CreateAddition)) }
    }

    /// The next instant at which something that is read from the clock changes.
    #[must_use]
    pub fn next_change_at(&self, window: Option<&SignupWindow>, now: Timestamp) -> Option<Timestamp> {
        let of_window = window.map(|window| [Some(window.opens_at), window.soft_deadline_at, Some(window.closes_at)]);
        let instants = of_window.into_iter().flatten().chain([self.seats.next_lapse_at]);
        earliest(instants.map(|instant| instant.filter(|instant| *instant > now)))
    }
}
