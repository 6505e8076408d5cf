//! The people of a cohort that ends, as they go on in another.
//!
//! What always holds: who had a seat is offered one, or the move does not happen (or, where a cohort is called off, the person is
//! released as everybody else); who is in both cohorts is not counted twice; nobody who waits is passed by somebody who comes over,
//! but where that is written down.

use std::cmp::Ordering;
use std::collections::HashMap;

use crate::applications::{Applicant, Application, DeclineReason, Standing};
use crate::cohorts::Signup;
use crate::commitments::Commitment;
use crate::eligibility::{self, Eligibility, Rule};
use crate::ids::{ApplicationId, PersonId};
use crate::journal::Change;
use crate::refusal::{Fault, FaultCode, Refusal};
use crate::seats::{Settled, Waiting};
use crate::time::Timestamp;

/// A cohort that has been entered, as it takes in the people of one that ends.
#[derive(Debug)]
pub struct Moving<'a> {
    /// The cohort that takes them in: what is done there is counted.
    pub there: &'a mut Settled,
    /// Sign-up to the cohort that ends.
    pub from: Signup,
    /// Sign-up to the cohort that takes them in.
    pub signup: Signup,
    /// The rules for joining it.
    pub rules: Vec<Rule>,
    /// What must be accepted by who joins it.
    pub required: Vec<Commitment>,
    /// The applications to it that are open, by person.
    pub theirs: HashMap<PersonId, Application>,
    /// When.
    pub now: Timestamp,
}

/// What became of an application to a cohort that ends.
#[must_use = "what is not saved did not happen"]
#[derive(Debug)]
pub struct Moved {
    /// What was done in the cohort that takes people in.
    pub there: Vec<Change<Application>>,
    /// What became of the application itself, and how it stood before.
    pub here: (Standing, Change<Application>),
}

/// What an open application gives a right to: the greater, the more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Claim {
    Draft,
    Turn,
    Seat,
}

impl Claim {
    fn of(standing: &Standing) -> Self {
        if standing.holds_seat() {
            Self::Seat
        } else if *standing == Standing::Draft {
            Self::Draft
        } else {
            Self::Turn
        }
    }
}

impl Moving<'_> {
    /// Takes in everybody, or nobody: who holds a seat is offered one, who waits goes on waiting, behind who does already.
    ///
    /// # Errors
    /// [`Refusal::CohortFull`] when there are too few seats; [`Refusal::NotReady`] when somebody may not join, naming everybody who
    /// may not.
    pub fn all(mut self, people: Vec<Waiting>, make_id: impl Fn() -> ApplicationId) -> Result<Vec<Moved>, Refusal> {
        self.require_seats_for(&people)?;
        let (mut moved, mut unfit) = (Vec::new(), Vec::new());
        for person in in_order(people) {
            match self.take(&person, make_id()) {
                Ok(one) => moved.extend(one),
                Err(full @ Refusal::CohortFull(_)) => return Err(full),
                Err(why) => {
                    let fault = Fault::new("#/into_cohort_id", FaultCode::InvalidValue, why.to_string());
                    unfit.push(fault.with("application_id", person.application.id.to_string()));
                }
            }
        }
        if unfit.is_empty() {
            return Ok(moved);
        }
        let what = "Some people may not join the other cohort: let them in there, or cancel this one with an offer to transfer";
        Err(Refusal::NotReady { what: what.to_owned(), missing: unfit })
    }

    /// Offers a seat to who holds one, as long as there are any, who is enrolled first; everybody else is released.
    pub fn as_many_as_fit(mut self, people: Vec<Waiting>, make_id: impl Fn() -> ApplicationId) -> Vec<Moved> {
        let mut moved = Vec::new();
        for person in in_order(people) {
            let holds_seat = person.application.standing.holds_seat();
            let taken = if holds_seat { self.take(&person, make_id()).ok().flatten() } else { None };
            moved.extend(taken.or_else(|| self.release(&person.application)));
        }
        moved
    }

    /// Goes on when there is a seat for each that is needed.
    fn require_seats_for(&mut self, people: &[Waiting]) -> Result<(), Refusal> {
        let needs_one = |person: &&Waiting| {
            let now_self = person.application.clone().as_of(&self.from, self.now);
            let has_one = self.theirs.get(&now_self.person_id).is_some_and(|own| own.standing.holds_seat());
            now_self.standing.holds_seat() && !has_one && !self.there.cohort.facilitated_by(now_self.person_id)
        };
        let (needed, free) = (people.iter().filter(needs_one).count(), self.there.seats_to_offer());
        if usize::try_from(free).is_ok_and(|free| needed <= free) {
            return Ok(());
        }
        Err(Refusal::CohortFull(format!(
            "{needed} people need a seat there, and {free} are free: raise its maximum, or cancel this cohort with an offer to transfer"
        )))
    }

    /// Takes in one person; nothing, where the application has ended.
    fn take(&mut self, person: &Waiting, id: ApplicationId) -> Result<Option<Moved>, Refusal> {
        let old = person.application.clone().as_of(&self.from, self.now);
        if !old.standing.live() || self.there.cohort.facilitated_by(old.person_id) {
            return Ok(self.release(&person.application));
        }
        let claim = Claim::of(&old.standing);
        let own = self.theirs.get(&old.person_id).cloned();
        let there = match own {
            None => vec![self.begin(&old, person, claim, id)?],
            Some(own) => match (Claim::of(&own.standing).cmp(&claim), own.standing == Standing::Draft) {
                (Ordering::Less, true) => {
                    let new = self.begin(&old, person, claim, id)?;
                    vec![own.declined(DeclineReason::Duplicate, None, self.now), new]
                }
                (Ordering::Less, false) => vec![self.offer(own, person)?],
                (Ordering::Equal | Ordering::Greater, _) => {
                    return Ok(Some(Moved {
                        there: Vec::new(),
                        here: (old.standing.clone(), old.give_way(&own, &self.from, self.now)?),
                    }));
                }
            },
        };
        let Some(goes_on) = there.last() else { return Ok(None) };
        let here = (old.standing.clone(), old.give_way(&goes_on.value, &self.from, self.now)?);
        Ok(Some(Moved { there, here }))
    }

    /// Begins an application there.
    fn begin(
        &mut self,
        old: &Application,
        person: &Waiting,
        claim: Claim,
        id: ApplicationId,
    ) -> Result<Change<Application>, Refusal> {
        if claim == Claim::Seat {
            self.judge(person).require_met()?;
            person.verified.require_for_offer(self.signup.mode, self.now)?;
            let seat = self.there.seat_to_offer()?;
            let mut offer = old.offered_in(id, &self.there.cohort, &self.required, &self.signup, self.now);
            offer.happened.splice(0..0, seat.passing_over);
            self.count(&Standing::Draft, &offer.value);
            return Ok(offer);
        }
        let mut seats = self.there.cohort.seats;
        let begun = old.waiting_in(id, &self.there.cohort, &self.required, || seats.draw_place(), self.now);
        self.there.cohort.seats = seats;
        self.count(&Standing::Draft, &begun.value);
        Ok(begun)
    }

    /// Offers a seat to an application that waits there already.
    fn offer(&mut self, own: Application, person: &Waiting) -> Result<Change<Application>, Refusal> {
        let eligibility = self.judge(person);
        let applicant =
            Applicant { eligibility: &eligibility, verified: person.verified, verification_id: None, required: &self.required };
        let before = own.standing.clone();
        let offer = own.offer(|| self.there.seat_to_offer(), &applicant, &self.signup, self.now)?;
        self.count(&before, &offer.value);
        Ok(offer)
    }

    fn judge(&self, person: &Waiting) -> Eligibility {
        let employments = person.application.employments_that_count(&person.employments);
        eligibility::judge(&self.rules, &employments, &self.there.seats_by_organization)
    }

    fn count(&mut self, before: &Standing, after: &Application) {
        self.there.cohort.seats.count(before, &after.standing);
        if after.standing.holds_seat() && !before.holds_seat() {
            self.there.seats_by_organization.add(after.workplace);
        }
    }

    fn release(&self, application: &Application) -> Option<Moved> {
        let before = application.standing.clone();
        let released = application.clone().release(&self.from, self.now)?;
        Some(Moved { there: Vec::new(), here: (before, released) })
    }
}

/// Those who hold a seat before those who wait, these in the order in which they do, and drafts last.
fn in_order(mut people: Vec<Waiting>) -> Vec<Waiting> {
    people.sort_by_key(|person| {
        let standing = &person.application.standing;
        (!standing.fills_seat(), std::cmp::Reverse(Claim::of(standing)), standing.place())
    });
    people
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::applications::fixtures::{application, at, id, open_cohort, principal, signup};
    use crate::applications::{ApplicationState, Verified};
    use crate::cohorts::Cohort;
    use crate::eligibility::{JoiningTerms, SeatsByOrganization};
    use crate::programs::EnrollmentMode::RollingReview;
    use crate::seats::{Place, Seats, Settling};

    const NOW: i64 = 200;

    fn enrolled(person: u32) -> Waiting {
        somebody(person, Standing::Enrolled { enrolled_at: at(150) })
    }

    fn waiting(person: u32) -> Waiting {
        somebody(person, Standing::Waitlisted { since: at(150), place: Place { priority: 0, number: person } })
    }

    fn somebody(person: u32, standing: Standing) -> Waiting {
        Waiting {
            application: Application { submitted_at: Some(at(140)), ..application(person.into(), standing) },
            employments: vec![principal(person.into(), person.into())],
            verified: Verified::Until(at(9_999)),
        }
    }

    /// The cohort that takes people in, with so many seats, so many of them held.
    fn there(max: u32, held: u32) -> Settled {
        let mut cohort = Cohort { id: id(3), ..open_cohort(1, max) };
        cohort.seats = Seats { held, enrolled: held, ..Seats::default() };
        Settling::begin(cohort, signup(RollingReview), Vec::new(), SeatsByOrganization::default(), at(NOW)).finish(None)
    }

    fn moving(there: &mut Settled, theirs: impl IntoIterator<Item = (u32, Standing)>) -> Moving<'_> {
        let rules = eligibility::rules(&there.cohort.audience, &JoiningTerms::default());
        let theirs = theirs.into_iter().map(|(person, standing)| {
            let own = somebody(person, standing).application;
            (own.person_id, Application { id: id(3_000 + u128::from(person)), cohort_id: id(3), ..own })
        });
        let (from, signup) = (signup(RollingReview), signup(RollingReview));
        Moving { there, from, signup, rules, required: Vec::new(), theirs: theirs.collect(), now: at(NOW) }
    }

    fn numbers() -> impl Fn() -> ApplicationId {
        let next = std::cell::Cell::new(5_000_u128);
        move || id(next.replace(next.get() + 1))
    }

    /// How each person stands in the cohort that took them in, and in the one that ended.
    fn told(moved: &[Moved]) -> Vec<(u128, Vec<ApplicationState>, ApplicationState)> {
        let tell = |one: &Moved| {
            let person = uuid::Uuid::from(one.here.1.value.person_id).as_u128();
            (person, one.there.iter().map(|change| change.value.state()).collect(), one.here.1.value.state())
        };
        moved.iter().map(tell).collect()
    }

    use ApplicationState::{Declined, Draft, Offered, Removed, Transferred, Waitlisted};

    #[test]
    fn who_had_a_seat_is_offered_one_and_who_waited_waits_behind_in_order() {
        let mut there = there(3, 1);
        there.cohort.seats.last_number = 40;
        let people = vec![waiting(4), somebody(5, Standing::Draft), waiting(3), enrolled(2), enrolled(1)];
        let moved = moving(&mut there, []).all(people, numbers()).unwrap();
        let expected = [
            (2, vec![Offered], Transferred),
            (1, vec![Offered], Transferred),
            (3, vec![Waitlisted], Transferred),
            (4, vec![Waitlisted], Transferred),
            (5, vec![Draft], Transferred),
        ];
        assert_eq!(told(&moved), expected);
        let places: Vec<_> = moved.iter().filter_map(|one| one.there.first()?.value.standing.place()).collect();
        assert_eq!(places, [Place { priority: 0, number: 41 }, Place { priority: 0, number: 42 }]);
        let seats = there.cohort.seats;
        assert_eq!((seats.held, seats.waiting, seats.next_lapse_at.is_some()), (3, 2, true));
        for one in &moved {
            let new = one.there.first().unwrap();
            assert_eq!(new.value.transferred_from, Some(one.here.1.value.id));
            assert_eq!(one.here.1.value.standing.transferred_to(), Some(new.value.id));
            assert_eq!(new.value.cohort_id, id(3));
        }
    }

    #[test]
    fn all_find_a_seat_or_nobody_is_moved_and_the_numbers_are_told() {
        let mut there = there(2, 1);
        let refused = moving(&mut there, []).all(vec![enrolled(1), enrolled(2)], numbers());
        assert!(
            matches!(refused, Err(Refusal::CohortFull(said)) if said.starts_with("2 people need a seat there, and 1 are free"))
        );
        assert_eq!(there.cohort.seats.held, 1);
    }

    #[test]
    fn somebody_who_may_not_join_the_other_cohort_keeps_everybody_from_being_moved() {
        let mut there = there(9, 0);
        let unverified = Waiting { verified: Verified::No, ..enrolled(2) };
        let outside = Waiting { employments: Vec::new(), ..enrolled(3) };
        let refused = moving(&mut there, []).all(vec![enrolled(1), unverified, outside], numbers());
        let Err(Refusal::NotReady { missing, .. }) = refused else { panic!("{refused:?}") };
        assert_eq!(missing.len(), 2);
    }

    #[test]
    fn who_is_in_both_keeps_the_better_place() {
        let mut there = there(9, 2);
        there.cohort.seats.waiting = 0;
        let place = Place { priority: 0, number: 7 };
        let theirs = [
            (1, Standing::Enrolled { enrolled_at: at(150) }),
            (2, Standing::Submitted { hold_until: None }),
            (3, Standing::Draft),
            (4, Standing::Waitlisted { since: at(150), place }),
        ];
        let people = vec![enrolled(1), enrolled(2), enrolled(3), waiting(4)];
        let moved = moving(&mut there, theirs).all(people, numbers()).unwrap();
        let expected = [
            (1, vec![], Transferred),
            (2, vec![Offered], Transferred),
            (3, vec![Declined, Offered], Transferred),
            (4, vec![], Transferred),
        ];
        assert_eq!(told(&moved), expected);
        let to = |index: usize| moved[index].here.1.value.standing.transferred_to();
        assert_eq!((to(0), to(1), to(3)), (Some(id(3_001)), Some(id(3_002)), Some(id(3_004))));
        assert_eq!(there.cohort.seats.held, 4);
    }

    #[test]
    fn a_cohort_that_is_called_off_offers_as_many_seats_as_there_are_to_who_is_enrolled_first() {
        let mut there = there(2, 1);
        let offered = somebody(1, Standing::Offered { since: at(150), until: at(300) });
        let moved = moving(&mut there, []).as_many_as_fit(vec![offered, enrolled(2), enrolled(3), waiting(4)], numbers());
        let expected = [(2, vec![Offered], Transferred), (3, vec![], Removed), (1, vec![], Declined), (4, vec![], Declined)];
        assert_eq!(told(&moved), expected);
        assert_eq!(there.cohort.seats.held, 2);
    }

    #[test]
    fn who_may_not_join_the_other_cohort_or_leads_it_is_released_with_the_rest() {
        let mut there = there(9, 0);
        there.cohort.facilitators = vec![id(2)];
        let outside = Waiting { employments: Vec::new(), ..enrolled(1) };
        let moved = moving(&mut there, []).as_many_as_fit(vec![outside, enrolled(2)], numbers());
        assert_eq!(told(&moved), [(1, vec![], Removed), (2, vec![], Removed)]);
        assert_eq!(there.cohort.seats.held, 0);
    }
}
