//! Settling a cohort: what has lapsed expires, and the seats that are free go to those who wait.

use std::collections::BTreeMap;

use crate::applications::{Application, Verified};
use crate::cohorts::{Cohort, CohortState, Signup};
use crate::eligibility::{self, EmploymentFacts, Rule, SeatsByOrganization};
use crate::ids::ApplicationId;
use crate::journal::{Change, Happening};
use crate::refusal::Refusal;
use crate::seats::{FreeSeat, Place};
use crate::time::{Timestamp, earliest};

/// How many people are promoted from a waitlist in one go; the rest follow in the next.
pub const PROMOTIONS_AT_ONCE: usize = 20;

/// Somebody on the waitlist, with what is known now.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// The application.
    pub application: Application,
    /// The person's current employments.
    pub employments: Vec<EmploymentFacts>,
    /// Whether the employment is verified.
    pub verified: Verified,
}

/// A cohort that is being settled, at one instant, under its lock.
///
/// First each application that may have lapsed is given to [`Settling::expire`]; then, as long as [`Settling::asks_for_more`], the
/// waitlist, in its order, to [`Settling::consider`], or where people wait for all or none, to [`Settling::consider_together`] in
/// the place of the first of them.
#[derive(Debug)]
pub struct Settling {
    cohort: Cohort,
    signup: Signup,
    rules: Vec<Rule>,
    seats_by_organization: SeatsByOrganization,
    now: Timestamp,
    changes: Vec<Change<Application>>,
    places: BTreeMap<ApplicationId, Place>,
    promoted: usize,
    /// An entry for each person that cannot have a seat, of which so many were written down with a promotion.
    skipped: Vec<Happening>,
    told: usize,
}

/// A cohort that has been settled, with what that changed.
#[must_use = "what settling changed must be saved"]
#[derive(Debug)]
pub struct Settled {
    /// The cohort, its counters as they are now.
    pub cohort: Cohort,
    /// The applications that expired or were promoted, in that order.
    pub changes: Vec<Change<Application>>,
    /// The places that they had on the waitlist, those who waited.
    pub places: BTreeMap<ApplicationId, Place>,
    /// Whether seats are still free for people who wait: only so many are promoted in one go.
    pub more: bool,
    /// How many people of each organization hold a seat now.
    pub seats_by_organization: SeatsByOrganization,
    passing_over: Vec<Happening>,
}

impl Settling {
    /// Begins. `seats_by_organization` counts who holds a seat before.
    #[must_use]
    pub fn begin(
        cohort: Cohort,
        signup: Signup,
        rules: Vec<Rule>,
        seats_by_organization: SeatsByOrganization,
        now: Timestamp,
    ) -> Self {
        let (changes, skipped, places) = (Vec::new(), Vec::new(), BTreeMap::new());
        Self { cohort, signup, rules, seats_by_organization, now, changes, places, promoted: 0, skipped, told: 0 }
    }

    /// Expires an application whose time is over; another is left as it is.
    pub fn expire(&mut self, application: Application) {
        let before = application.standing.clone();
        if let Some(change) = application.expire(&self.signup, self.now) {
            if before.holds_seat() {
                self.seats_by_organization.remove(change.value.workplace);
            }
            self.cohort.seats.count(&before, &change.value.standing);
            self.places.extend(before.place().map(|place| (change.value.id, place)));
            self.changes.push(change);
        }
    }

    /// Whether the next on the waitlist is to be considered.
    #[must_use]
    pub fn asks_for_more(&self) -> bool {
        self.promoted < PROMOTIONS_AT_ONCE && self.seats_are_due()
    }

    /// Offers the next on the waitlist a seat; who cannot have one keeps the place.
    pub fn consider(&mut self, waiting: &Waiting) {
        if self.asks_for_more() {
            self.offer(waiting);
        }
    }

    fn offer(&mut self, waiting: &Waiting) {
        match self.promote(waiting) {
            Ok(mut change) => {
                change.happened.splice(0..0, self.skipped.iter().skip(self.told).cloned());
                self.told = self.skipped.len();
                self.seats_by_organization.add(change.value.workplace);
                self.cohort.seats.count(&waiting.application.standing, &change.value.standing);
                self.places.extend(waiting.application.standing.place().map(|place| (change.value.id, place)));
                self.promoted = self.promoted.saturating_add(1);
                self.changes.push(change);
            }
            Err(why) => self.skipped.push(waiting.application.passed_over(&why)),
        }
    }

    /// Offers seats to people who wait together: to all of them, or to none. Then they all keep their places.
    pub fn consider_together(&mut self, team: &[Waiting]) {
        if !self.asks_for_more() {
            return;
        }
        let free = self.cohort.capacity.max.saturating_sub(self.cohort.seats.held);
        let fits = usize::try_from(free).is_ok_and(|free| team.len() <= free);
        let before = self.seats_by_organization.clone();
        let mut reasons = Vec::new();
        for waiting in team {
            reasons.push(self.promote(waiting).err());
            self.seats_by_organization.add(waiting.application.workplace);
        }
        self.seats_by_organization = before;
        if fits && reasons.iter().all(Option::is_none) {
            for waiting in team {
                self.offer(waiting);
            }
            return;
        }
        for (waiting, why) in team.iter().zip(reasons) {
            let together = || Refusal::CohortFull("no seats for all of them".to_owned());
            self.skipped.push(waiting.application.passed_over(&why.unwrap_or_else(together)));
        }
    }

    /// Ends. `next_lapse_at` is the earliest end of a hold or an offer among those that have not lapsed and were not changed.
    pub fn finish(mut self, next_lapse_at: Option<Timestamp>) -> Settled {
        let offered = self.changes.iter().map(|change| change.value.standing.lapses_at());
        self.cohort.seats.next_lapse_at = earliest(offered.chain([next_lapse_at]));
        let more = self.seats_are_due();
        let Self { cohort, changes, places, seats_by_organization, skipped, .. } = self;
        Settled { cohort, changes, places, more, seats_by_organization, passing_over: skipped }
    }

    /// Whether a seat is free, and somebody waits who has not been considered.
    fn seats_are_due(&self) -> bool {
        let seats = self.cohort.seats;
        let state = self.cohort.state_at(Some(&self.signup.window), self.now);
        state == CohortState::Open
            && seats.held < self.cohort.capacity.max
            && usize::try_from(seats.waiting).is_ok_and(|waiting| waiting > self.skipped.len())
    }

    fn promote(&self, waiting: &Waiting) -> Result<Change<Application>, Refusal> {
        let employments = waiting.application.employments_that_count(&waiting.employments);
        eligibility::judge(&self.rules, &employments, &self.seats_by_organization).require_met()?;
        waiting.verified.require_for_offer(self.signup.mode, self.now)?;
        waiting.application.clone().promote(&self.signup, self.now)
    }
}

impl Settled {
    /// A cohort of which nothing was to be settled, because its program has not come so far that anybody could sign up.
    pub fn untouched(cohort: Cohort) -> Self {
        let (places, seats_by_organization) = (BTreeMap::new(), SeatsByOrganization::default());
        Self { cohort, changes: Vec::new(), places, more: false, seats_by_organization, passing_over: Vec::new() }
    }

    /// How many seats staff can offer, once everybody who waits and can have one was offered one.
    #[must_use]
    pub fn seats_to_offer(&self) -> u32 {
        if self.more { 0 } else { self.cohort.capacity.max.saturating_sub(self.cohort.seats.held) }
    }

    /// A seat that staff can offer, once everybody who waits and can have one was offered one.
    ///
    /// # Errors
    /// [`Refusal::CohortFull`] when none is free, or those that are free are due to people who wait.
    pub fn seat_to_offer(&mut self) -> Result<FreeSeat, Refusal> {
        if self.more {
            let advice = "The seats that are free are due to those who wait: try again in a moment";
            return Err(Refusal::CohortFull(advice.to_owned()));
        }
        if self.seats_to_offer() == 0 {
            let advice = "No seat is free: put the application on the waitlist, or raise the cohort's maximum";
            return Err(Refusal::CohortFull(advice.to_owned()));
        }
        Ok(FreeSeat { passing_over: std::mem::take(&mut self.passing_over) })
    }
}
