use super::EnrollmentStatus::{Closed, ClosingSoon, NotOpen, Open, WaitlistOnly};
use super::*;
use crate::access::{Actor, Grant};
use crate::applications::fixtures::{
    KICKOFF, OPENS, SOFT, at, draft_cohort, id, milestone, new_cohort, open_cohort, reason, window, year,
};
use crate::programs::EnrollmentMode;
use crate::time::Date;
use crate::timeline::MilestoneKind;
use crate::words::Word;

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn in_state(state: CohortState) -> Cohort {
    let standing = match state {
        CohortState::Draft => Standing::Draft,
        CohortState::Open => Standing::Open,
        CohortState::InSession => Standing::InSession { started_at: at(150) },
        CohortState::Completed => Standing::Completed { started_at: None, completed_at: at(150) },
        CohortState::Cancelled => {
            Standing::Cancelled { cancelled_at: at(150), reason: reason("too few people"), merged_into: None }
        }
    };
    Cohort { standing, ..draft_cohort(10, 20) }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "every other action is no move of this machine")]
fn take(cohort: Cohort, action: Action, now: Timestamp) -> Result<Change<Cohort>, Refusal> {
    let window = Some(&window()).copied();
    let window = window.as_ref();
    match action {
        Action::UpdateCohort => cohort.update(CohortUpdate::default(), &year(), now),
        Action::PublishCohort => cohort.publish(window, now),
        Action::StartCohort => cohort.start(window, now),
        Action::CompleteCohort => cohort.complete(window, now),
        Action::CancelCohort => cohort.cancel(&reason("too few people"), window, now),
        Action::ExtendCohort => cohort.extend(day("1970-01-30"), &reason("two schools asked for it"), &year(), now),
        Action::MergeCohort => cohort.merge(id(3), &reason("too few people"), window, now),
        other => panic!("{other:?} is no move of a cohort"),
    }
}

#[test]
fn the_moves_of_a_cohort() {
    insta::assert_snapshot!(MACHINE.describe().table());
}

#[test]
fn in_each_state_the_table_says_what_can_be_done_and_nothing_else_can() {
    let actions: BTreeSet<Action> = MACHINE.transitions.iter().map(|row| row.action).collect();
    for state in CohortState::ALL {
        for action in &actions {
            let before = in_state(*state);
            let now = if *action == Action::ExtendCohort { SOFT } else { 200 };
            match take(before.clone(), *action, at(now)) {
                Ok(change) => {
                    assert!(MACHINE.leads(*state, *action, change.value.decided_state()), "{state} {action:?}");
                    assert_eq!(change.value.meta.updated_at, at(now));
                    assert_eq!(change.happened.len(), 1);
                }
                Err(Refusal::InvalidTransition { current_state, from_here, .. }) => {
                    assert!(MACHINE.check(*state, *action).is_err(), "{state} {action:?}");
                    assert_eq!(current_state, state.as_str());
                    assert!(!from_here.contains(action));
                }
                Err(other) => panic!("{state} {action:?}: {other:?}"),
            }
        }
    }
}

#[test]
fn past_its_kick_off_an_open_cohort_is_in_session_though_nobody_started_it() {
    let cohort = open_cohort(10, 20);
    let window = window();
    assert_eq!(cohort.state_at(Some(&window), at(KICKOFF - 1)), CohortState::Open);
    assert_eq!(cohort.state_at(Some(&window), at(KICKOFF)), CohortState::InSession);
    assert_eq!(cohort.decided_state(), CohortState::Open, "nothing is stored");
    let too_late = cohort.clone().start(Some(&window), at(KICKOFF));
    assert!(matches!(too_late, Err(Refusal::InvalidTransition { current_state: "in_session", .. })));
    assert!(cohort.complete(Some(&window), at(KICKOFF)).is_ok());
}

#[test]
fn a_draft_is_not_published_once_its_kick_off_has_passed() {
    let refused = draft_cohort(10, 20).publish(Some(&window()), at(KICKOFF));
    assert!(matches!(refused, Err(Refusal::WindowClosed { closed_at: Some(closed_at), .. }) if closed_at == at(KICKOFF)));
    assert!(draft_cohort(10, 20).publish(None, at(KICKOFF)).is_ok(), "without a timeline there is no kick-off to have passed");
}

#[test]
fn one_can_sign_up_from_the_opening_to_the_kick_off_and_only_to_an_open_cohort() {
    let window = window();
    let statuses = |cohort: &Cohort| {
        [0, OPENS, SOFT, KICKOFF].map(|now| {
            let status = cohort.enrollment_status(Some(&window), at(now));
            let open = cohort.require_signup_open(Some(&window), at(now)).is_ok();
            assert_eq!(open, !matches!(status, EnrollmentStatus::NotOpen | EnrollmentStatus::Closed), "{status}");
            status
        })
    };
    assert_eq!(statuses(&in_state(CohortState::Draft)), [NotOpen, NotOpen, NotOpen, Closed]);
    assert_eq!(statuses(&in_state(CohortState::Open)), [NotOpen, Open, ClosingSoon, Closed]);
    for over in [CohortState::InSession, CohortState::Completed, CohortState::Cancelled] {
        assert_eq!(statuses(&in_state(over)), [Closed; 4]);
    }
    let mut full = in_state(CohortState::Open);
    full.seats.held = 20;
    assert_eq!(statuses(&full), [NotOpen, WaitlistOnly, WaitlistOnly, Closed]);
    let mut someone_waits = in_state(CohortState::Open);
    someone_waits.seats.waiting = 1;
    assert_eq!(statuses(&someone_waits), [NotOpen, WaitlistOnly, WaitlistOnly, Closed]);
    assert_eq!(open_cohort(10, 20).enrollment_status(None, at(SOFT)), NotOpen, "the program has not come so far");
}

#[test]
fn a_closed_sign_up_says_when_it_opens_or_when_it_closed() {
    let cohort = open_cohort(10, 20);
    let refused = |now| cohort.require_signup_open(Some(&window()), at(now)).unwrap_err();
    assert!(matches!(refused(0), Refusal::WindowClosed { opens_at: Some(opens_at), closed_at: None, .. } if opens_at == at(OPENS)));
    assert!(
        matches!(refused(KICKOFF), Refusal::WindowClosed { opens_at: None, closed_at: Some(closed_at), .. } if closed_at == at(KICKOFF))
    );
}

#[test]
fn from_the_soft_deadline_to_the_kick_off_a_cohort_under_its_minimum_is_at_risk() {
    let window = window();
    let at_risk = |enrolled: u32, now: i64| {
        let mut cohort = open_cohort(10, 20);
        cohort.seats.enrolled = enrolled;
        cohort.at_risk(Some(&window), at(now))
    };
    assert_eq!([SOFT - 1, SOFT, KICKOFF - 1, KICKOFF].map(|now| at_risk(9, now)), [false, true, true, false]);
    assert!(!at_risk(10, SOFT), "the minimum is enough");
    let no_deadline = SignupWindow { soft_deadline_at: None, ..window };
    assert!(!open_cohort(10, 20).at_risk(Some(&no_deadline), at(SOFT)));
    assert!(!draft_cohort(10, 20).at_risk(Some(&window), at(SOFT)));
}

#[test]
fn the_next_change_is_the_nearest_instant_ahead_at_which_anything_reads_otherwise() {
    let mut cohort = open_cohort(10, 20);
    cohort.seats.next_lapse_at = Some(at(300));
    let next = |now| cohort.next_change_at(Some(&window()), at(now));
    assert_eq!(next(0), Some(at(OPENS)));
    assert_eq!(next(OPENS), Some(at(300)));
    assert_eq!(next(300), Some(at(SOFT)));
    assert_eq!(next(SOFT), Some(at(KICKOFF)));
    assert_eq!(next(KICKOFF), None);
}

#[test]
fn the_maximum_is_never_less_than_the_seats_held() {
    let mut cohort = open_cohort(2, 20);
    cohort.seats.held = 12;
    let to = |max| CohortUpdate { capacity: Some(Capacity { min: 2, max }), ..CohortUpdate::default() };
    let refused = cohort.clone().update(to(11), &year(), at(200));
    assert_eq!(refused.unwrap_err(), Refusal::SeatsBelowHeld { held: 12 });
    assert_eq!(cohort.update(to(12), &year(), at(200)).unwrap().value.capacity.max, 12);
}

#[test]
fn a_cohort_s_own_kick_off_moves_its_sign_up_until_it_has_passed() {
    let with_kickoff = |hours: i64| {
        let dates = CohortDates::plan(&year().timeline, vec![milestone(MilestoneKind::Kickoff, hours)]).unwrap();
        CohortUpdate { dates: Some(dates), ..CohortUpdate::default() }
    };
    let moved = open_cohort(10, 20).update(with_kickoff(KICKOFF - 100), &year(), at(200)).unwrap().value;
    assert_eq!(year().window(&moved).unwrap().closes_at, at(KICKOFF - 100));
    let again = moved.clone().update(with_kickoff(KICKOFF + 100), &year(), at(KICKOFF - 101)).unwrap().value;
    assert_eq!(year().window(&again).unwrap().closes_at, at(KICKOFF + 100));
    let too_late = moved.clone().update(with_kickoff(KICKOFF + 100), &year(), at(KICKOFF - 100));
    assert!(matches!(too_late, Err(Refusal::Invalid(faults)) if faults[0].code == FaultCode::Frozen));
    assert!(moved.update(with_kickoff(KICKOFF - 100), &year(), at(KICKOFF)).is_ok(), "the same date is no change");
}

#[test]
fn sign_up_is_as_the_program_lays_it_down() {
    let signup = year().signup(&open_cohort(10, 20)).unwrap();
    let expected = SignupWindow { opens_at: at(OPENS), soft_deadline_at: Some(at(SOFT)), closes_at: at(KICKOFF) };
    assert_eq!((signup.mode, signup.window), (EnrollmentMode::RollingReview, expected));
    assert_eq!((signup.hold_until(at(200)), signup.offer_until(at(200))), (at(312), at(288)), "the days after this one");
    let started = open_cohort(10, 20).start(Some(&window()), at(300)).unwrap().value;
    assert_eq!(year().window(&started).unwrap().closes_at, at(300));
}

#[test]
fn a_capacity_and_facilitators_that_cannot_be_are_all_told() {
    let mut new = new_cohort(0, 0);
    new.facilitators = vec![id(1); MOST_FACILITATORS + 1];
    let Err(Refusal::Invalid(faults)) = Cohort::create(id(2), new, at(0)) else { panic!("it cannot be") };
    let pointers: BTreeSet<&str> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
    assert!(pointers.is_superset(&BTreeSet::from([
        "#/capacity/max",
        "#/capacity/min",
        "#/facilitator_ids",
        "#/facilitator_ids/1"
    ])));
    assert!(matches!(Cohort::create(id(2), new_cohort(3, 2), at(0)), Err(Refusal::Invalid(_))));
    assert!(matches!(Cohort::create(id(2), new_cohort(3, Capacity::BOUNDS.1 + 1), at(0)), Err(Refusal::Invalid(_))));
}

#[test]
fn an_update_changes_what_it_names_and_leaves_the_rest() {
    let before = open_cohort(10, 20);
    let update = CohortUpdate {
        title: Some(Title::new("Rural Leaders").unwrap()),
        description: Some(Some(Summary::new("For those far from others").unwrap())),
        ..CohortUpdate::default()
    };
    let after = before.clone().update(update, &year(), at(200)).unwrap().value;
    assert_eq!((after.title.as_str(), after.description.is_some()), ("Rural Leaders", true));
    let clear = CohortUpdate { description: Some(None), title: Some(before.title.clone()), ..CohortUpdate::default() };
    let restored = after.update(clear, &year(), at(200)).unwrap().value;
    assert_eq!(restored, Cohort { meta: before.meta.changed(at(200)), ..before });
}

#[test]
fn what_can_be_done_depends_on_who_asks_and_on_the_time() {
    let staff = Actor::Person { id: id(1), grants: [Grant::Staff].into() };
    let stranger = Actor::Person { id: id(3), grants: BTreeSet::new() };
    let actions = |cohort: &Cohort, tie: &Tie<'_>, now| cohort.allowed_actions(tie, Some(&window()), at(now));
    let draft = draft_cohort(10, 20);
    assert_eq!(actions(&draft, &Tie::none(&staff), 0), ["update", "publish", "cancel"]);
    assert_eq!(actions(&draft, &Tie::none(&staff), KICKOFF), ["update", "cancel"]);
    let open = open_cohort(10, 20);
    assert_eq!(actions(&open, &Tie::none(&staff), 0), ["update", "start", "cancel", "merge"]);
    assert_eq!(actions(&open, &Tie { facilitates: true, ..Tie::none(&stranger) }, 0), ["start"]);
    assert_eq!(actions(&open, &Tie { facilitates: true, ..Tie::none(&stranger) }, KICKOFF), ["complete"]);
    assert!(actions(&open, &Tie::none(&stranger), 0).is_empty());
}

#[test]
fn a_cohort_at_risk_can_be_given_longer_and_is_not_at_risk_again_before_that() {
    // The soft deadline is in the 21st day, the kick-off in the 42nd, at four in the afternoon.
    let why = reason("two schools asked for it");
    let extend = |cohort: Cohort, until: &str, now| cohort.extend(day(until), &why, &year(), at(now));
    assert!(matches!(extend(open_cohort(10, 20), "1970-01-30", SOFT - 1), Err(Refusal::NotReady { .. })));
    let mut enough = open_cohort(10, 20);
    enough.seats = Seats { held: 10, enrolled: 10, ..Seats::default() };
    assert!(matches!(extend(enough, "1970-01-30", SOFT), Err(Refusal::NotReady { .. })));

    let change = extend(open_cohort(10, 20), "1970-01-30", SOFT).unwrap();
    assert_eq!((change.happened[0].verb, &change.happened[0].reason), ("extended", &Some(why.clone())));
    assert_eq!(change.happened[0].data["until_on"], "1970-01-30");
    let extended = change.value;
    let window = year().window(&extended);
    assert_eq!(window.and_then(|window| window.soft_deadline_at), Some(at(30 * 24)));
    assert_eq!(window.map(|window| window.closes_at), Some(at(KICKOFF)), "sign-up closes when it did");
    assert!(!extended.at_risk(window.as_ref(), at(30 * 24 - 1)) && extended.at_risk(window.as_ref(), at(30 * 24)));
    assert_eq!(extended.enrollment_status(window.as_ref(), at(SOFT)), Open);
    assert!(extend(extended, "1970-02-11", 30 * 24).is_ok(), "also up to the day of the kick-off, and again");

    for (until, now) in [("1970-01-20", SOFT), ("1970-02-12", SOFT), ("1970-02-12", SOFT + 24)] {
        let refused = extend(open_cohort(10, 20), until, now);
        let Err(Refusal::Invalid(faults)) = refused else { panic!("{until}: {refused:?}") };
        assert_eq!((faults[0].pointer.as_str(), faults[0].code), ("#/until_on", FaultCode::OutOfRange));
    }
}
