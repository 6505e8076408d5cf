//! What happens to a waitlist, move by move, and what each move is to somebody who waits.
//!
//! Every change of the order is kept as a move, in the order in which they came. What always holds: whoever follows the moves from
//! where somebody joined knows that person's position at every time, and why it changed; of others it is told what became of them,
//! and never who they are. Left out on purpose: who waits now, which the applications themselves say.

use crate::applications::{Application, ApplicationState};
use crate::ids::{ApplicationId, Id};
use crate::journal::{Change, Happening, SubjectKind};
use crate::seats::Place;
use crate::text::Reason;
use crate::time::Timestamp;

crate::words! {
    /// What happened on a waitlist.
    pub enum WaitlistCause {
        /// Began to wait, at the end.
        Joined = "joined",
        /// Was put first by staff, or back.
        Prioritized = "prioritized",
        /// Was passed over: a seat was free, but what is named as unmet stood in the way; the place was kept.
        PassedOver = "passed_over",
        /// Was offered a seat.
        Offered = "offered",
        /// Left of their own accord.
        Withdrawn = "withdrawn",
        /// Was declined.
        Declined = "declined",
        /// Sign-up closed.
        Expired = "expired",
        /// Left otherwise, for example for another cohort.
        Left = "left",
    }
}

/// One move on the waitlist of a cohort.
#[derive(Clone, Debug, PartialEq)]
pub struct WaitlistMove {
    /// Whose.
    pub application_id: ApplicationId,
    /// When.
    pub at: Timestamp,
    /// What happened.
    pub cause: WaitlistCause,
    /// The place before, where there was one that changed.
    pub before: Option<Place>,
    /// The place since, where there is one that changed.
    pub after: Option<Place>,
    /// The position that was reached with it; nothing for who left or stayed.
    pub position: Option<u32>,
    /// What stood in the way of who was passed over.
    pub unmet: Vec<String>,
    /// Why staff did it.
    pub reason: Option<Reason>,
}

/// What a change of an application that had this place is to the waitlist: its own move, and those of who was passed over with it.
/// `position` is the one that it reaches, where it comes to wait at another place.
#[must_use]
pub fn moves(was: Option<Place>, change: &Change<Application>, position: Option<u32>, now: Timestamp) -> Vec<WaitlistMove> {
    let passed_over = change.happened.iter().filter_map(|happening| passed_over(happening, now));
    let application = &change.value;
    let is = application.standing.place();
    let own = (was != is).then(|| WaitlistMove {
        application_id: application.id,
        at: now,
        cause: cause(was, is, application.state()),
        before: was,
        after: is,
        position: position.filter(|_| is.is_some()),
        unmet: Vec::new(),
        reason: change.happened.iter().find(|happening| happening.verb == "prioritized").and_then(|one| one.reason.clone()),
    });
    passed_over.chain(own).collect()
}

fn cause(was: Option<Place>, is: Option<Place>, state: ApplicationState) -> WaitlistCause {
    match (was, is, state) {
        (None, Some(_), _) => WaitlistCause::Joined,
        (Some(_), Some(_), _) => WaitlistCause::Prioritized,
        (_, None, ApplicationState::Offered) => WaitlistCause::Offered,
        (_, None, ApplicationState::Withdrawn) => WaitlistCause::Withdrawn,
        (_, None, ApplicationState::Declined) => WaitlistCause::Declined,
        (_, None, ApplicationState::Expired) => WaitlistCause::Expired,
        (_, None, _) => WaitlistCause::Left,
    }
}

fn passed_over(happening: &Happening, now: Timestamp) -> Option<WaitlistMove> {
    if happening.verb != "passed_over" || happening.subject.kind != SubjectKind::Application {
        return None;
    }
    let unmet = happening.data.get("unmet").and_then(|unmet| unmet.as_array()).into_iter().flatten();
    Some(WaitlistMove {
        application_id: ApplicationId::from_uuid(happening.subject.id),
        at: now,
        cause: WaitlistCause::PassedOver,
        before: None,
        after: None,
        position: None,
        unmet: unmet.filter_map(|rule| rule.as_str()).map(str::to_owned).collect(),
        reason: None,
    })
}

/// What a move was to somebody who waits.
#[derive(Clone, Debug, PartialEq)]
pub struct WaitlistStep {
    /// When.
    pub at: Timestamp,
    /// What happened.
    pub cause: WaitlistCause,
    /// Whether it happened to the person itself, and not to somebody ahead.
    pub own: bool,
    /// The position before; nothing for who joined.
    pub from: Option<u32>,
    /// The position since; nothing for who left.
    pub to: Option<u32>,
    /// What stood in the way of who was passed over.
    pub unmet: Vec<String>,
    /// Why staff did it to the person itself; what was said of others is not told.
    pub reason: Option<Reason>,
}

/// Where somebody is on a waitlist, while the moves are followed.
#[derive(Clone, Debug, PartialEq)]
pub struct WaitlistSpot {
    application_id: ApplicationId,
    standing: Option<(Place, u32)>,
}

impl WaitlistSpot {
    /// Before the application joined.
    #[must_use]
    pub fn before(application_id: ApplicationId) -> Self {
        Self { application_id, standing: None }
    }

    /// The position, where there is one.
    #[must_use]
    pub fn position(&self) -> Option<u32> {
        self.standing.map(|(_, position)| position)
    }

    /// Follows a move: what it was to the application, when it was anything.
    pub fn follow(&mut self, one: &WaitlistMove) -> Option<WaitlistStep> {
        let from = self.position();
        let own = one.application_id == self.application_id;
        if !own {
            let (place, position) = self.standing?;
            let ahead = |other: Option<Place>| other.is_some_and(|other| other < place);
            let position = match (ahead(one.before), ahead(one.after)) {
                (true, false) => position.saturating_sub(1),
                (false, true) => position.saturating_add(1),
                (true, true) | (false, false) => return None,
            };
            self.standing = Some((place, position));
        } else if one.cause != WaitlistCause::PassedOver {
            self.standing = one.after.zip(one.position);
        }
        Some(WaitlistStep {
            at: one.at,
            cause: one.cause,
            own,
            from,
            to: self.position(),
            unmet: one.unmet.clone(),
            reason: one.reason.clone().filter(|_| own),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::applications::Standing;
    use crate::applications::fixtures::{application, at, id, reason, signup};
    use crate::programs::EnrollmentMode::FirstCome;

    fn waits(number: u32) -> Standing {
        Standing::Waitlisted { since: at(150), place: Place { priority: 0, number } }
    }

    fn offered() -> Standing {
        Standing::Offered { since: at(200), until: at(300) }
    }

    fn change(standing: Standing, happened: Vec<Happening>) -> Change<Application> {
        Change { value: application(1, standing), happened }
    }

    #[test]
    fn a_change_of_an_application_is_a_move_when_it_comes_to_wait_waits_elsewhere_or_waits_no_more() {
        let cause = |before: &Standing, after| {
            moves(before.place(), &change(after, Vec::new()), Some(3), at(200)).pop().map(|one| one.cause)
        };
        assert_eq!(cause(&Standing::Draft, waits(1)), Some(WaitlistCause::Joined));
        assert_eq!(cause(&waits(1), offered()), Some(WaitlistCause::Offered));
        assert_eq!(cause(&waits(1), Standing::Withdrawn { at: at(200), enrolled_at: None }), Some(WaitlistCause::Withdrawn));
        assert_eq!(cause(&waits(1), Standing::Enrolled { enrolled_at: at(200) }), Some(WaitlistCause::Left));
        assert_eq!(cause(&Standing::Draft, offered()), None);
        let left = moves(waits(1).place(), &change(offered(), Vec::new()), None, at(200));
        assert_eq!((left[0].position, left[0].after), (None, None));
    }

    #[test]
    fn who_is_put_first_keeps_the_number_and_is_told_why() {
        let before = waits(7);
        let why = reason("She was left out by mistake");
        let change = application(1, before.clone()).prioritize(2, &why, &signup(FirstCome), at(200)).unwrap();
        let moved = moves(before.place(), &change, Some(1), at(200)).pop().unwrap();
        assert_eq!(moved.after, Some(Place { priority: -2, number: 7 }));
        assert_eq!((moved.cause, &moved.reason), (WaitlistCause::Prioritized, &Some(why.clone())));
        let mut own = WaitlistSpot { application_id: id(1_001), standing: before.place().zip(Some(4)) };
        let step = own.follow(&moved).unwrap();
        assert_eq!((step.own, step.from, step.to, step.reason), (true, Some(4), Some(1), Some(why)));
        let mut other = WaitlistSpot { application_id: id(1_002), standing: Some((Place { priority: 0, number: 5 }, 2)) };
        let step = other.follow(&moved).unwrap();
        assert_eq!(
            (step.own, step.from, step.to, step.reason),
            (false, Some(2), Some(3), None),
            "what was said of others is not told"
        );
    }

    #[test]
    fn who_is_passed_over_is_told_what_stood_in_the_way_and_keeps_the_position() {
        let skipped = application(2, waits(1)).passed_over(&crate::refusal::Refusal::NotVerified(String::new()));
        let all = moves(waits(2).place(), &change(offered(), vec![skipped]), None, at(200));
        let mut spot = WaitlistSpot { application_id: id(1_002), standing: Some((Place { priority: 0, number: 1 }, 1)) };
        let steps: Vec<WaitlistStep> = all.iter().filter_map(|one| spot.follow(one)).collect();
        assert_eq!(steps.len(), 1, "who was offered the seat was behind");
        assert_eq!((steps[0].cause, steps[0].from, steps[0].to), (WaitlistCause::PassedOver, Some(1), Some(1)));
        assert_eq!(steps[0].unmet, ["not_verified"]);
    }

    /// Somebody joins, leaves, or is put first: by the number of the person.
    fn deeds() -> impl Strategy<Value = Vec<(u128, u8)>> {
        prop::collection::vec((1..9_u128, 0..4_u8), 1..80)
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn whoever_follows_the_moves_knows_every_position(deeds in deeds()) {
            let mut waiting: BTreeMap<u128, Place> = BTreeMap::new();
            let mut spots: Vec<WaitlistSpot> = (1..9).map(|person| WaitlistSpot::before(id(person))).collect();
            for (number, (person, deed)) in (0_u32..).zip(deeds) {
                let before = waiting.get(&person).copied();
                let after = match (before, deed) {
                    (None, _) => Some(Place { priority: 0, number }),
                    (Some(_), 0) => None,
                    (Some(place), priority) => Some(place.with_priority(priority)),
                };
                waiting.retain(|other, _| *other != person);
                waiting.extend(after.map(|place| (person, place)));
                let rank = |place: Place| u32::try_from(waiting.values().filter(|other| **other < place).count() + 1).unwrap();
                let cause = cause(before, after, ApplicationState::Withdrawn);
                let position = after.map(rank);
                let one = WaitlistMove { application_id: id(person), at: at(0), cause, before, after, position, unmet: Vec::new(), reason: None };
                if before != after {
                    for spot in &mut spots {
                        spot.follow(&one);
                    }
                }
                for (spot, person) in spots.iter().zip(1..) {
                    prop_assert_eq!(spot.position(), waiting.get(&person).copied().map(rank));
                }
            }
        }
    }
}
