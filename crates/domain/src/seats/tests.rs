use super::*;
use crate::applications::fixtures::{KICKOFF, application, at, id, open_cohort, principal, signup};
use crate::applications::{Application, ApplicationState, Verified};
use crate::cohorts::Standing as CohortStanding;
use crate::eligibility::{EmploymentFacts, JoiningTerms, SeatsByOrganization, rules};
use crate::programs::EnrollmentMode::{self, FirstCome, RollingReview};
use crate::refusal::Refusal;

const NOW: i64 = 200;

fn waiting(person: u32) -> Waiting {
    let place = Place { priority: 0, number: person };
    Waiting {
        application: application(person.into(), Standing::Waitlisted { since: at(150), place }),
        employments: vec![principal(person.into(), person.into())],
        verified: Verified::Until(at(9_999)),
    }
}

/// A cohort of so many seats, so many of them held, for which so many wait.
fn cohort(max: u32, held: u32, waiting: u32) -> Cohort {
    let mut cohort = open_cohort(1, max);
    cohort.seats = Seats { held, enrolled: held, waiting, next_lapse_at: None, last_number: waiting };
    cohort
}

fn settling(cohort: Cohort, mode: EnrollmentMode, most_of_one: Option<u32>, now: i64) -> Settling {
    settling_with(cohort, mode, most_of_one, SeatsByOrganization::default(), now)
}

fn settling_with(cohort: Cohort, mode: EnrollmentMode, most_of_one: Option<u32>, seats: SeatsByOrganization, now: i64) -> Settling {
    let terms = JoiningTerms { max_per_organization: most_of_one, active_membership: true, ..JoiningTerms::default() };
    let rules = rules(&cohort.audience, &terms);
    Settling::begin(cohort, signup(mode), rules, seats, at(now))
}

fn settle(mut settling: Settling, queue: impl IntoIterator<Item = Waiting>) -> Settled {
    for waiting in queue {
        settling.consider(&waiting);
    }
    settling.finish(None)
}

fn promoted(settled: &Settled) -> Vec<u128> {
    let offered = settled.changes.iter().filter(|change| change.value.state() == ApplicationState::Offered);
    offered.map(|change| uuid::Uuid::from(change.value.person_id).as_u128()).collect()
}

#[test]
fn while_anyone_waits_no_seat_is_left_for_a_newcomer() {
    let mut cohort = cohort(20, 5, 0);
    assert_eq!(cohort.seats.left(20), 15);
    assert_eq!(cohort.ask_for_seat(None), Seat::Held { until: None });
    cohort.seats.waiting = 1;
    assert_eq!(cohort.seats.left(20), 0);
    assert!(matches!(cohort.ask_for_seat(None), Seat::Full { .. }));
}

#[test]
fn each_place_that_is_drawn_is_behind_all_before() {
    let mut cohort = cohort(1, 1, 0);
    let mut draw = || if let Seat::Full { place } = cohort.ask_for_seat(None) { place } else { panic!("no seat is free") };
    assert!(draw() < draw());
    let put_first = Place { priority: -1, number: 99 };
    assert!(put_first < draw(), "priority comes before the number");
}

#[test]
fn as_of_an_instant_what_has_lapsed_is_not_held_and_after_the_kick_off_only_who_is_enrolled_is_there() {
    let seats = Seats { held: 9, enrolled: 6, waiting: 4, next_lapse_at: Some(at(100)), last_number: 4 };
    let later = seats.as_of(false, 2, Some(at(300)));
    assert_eq!((later.held, later.waiting, later.next_lapse_at), (7, 4, Some(at(300))));
    let closed = seats.as_of(true, 0, None);
    assert_eq!((closed.held, closed.waiting, closed.next_lapse_at), (6, 0, None));
}

#[test]
fn counting_a_move_keeps_the_seats_the_enrolled_the_waiting_and_the_next_lapse() {
    let mut seats = Seats::default();
    let held = Standing::Submitted { hold_until: Some(at(300)) };
    let enrolled = Standing::Enrolled { enrolled_at: at(250) };
    let waits = Standing::Waitlisted { since: at(200), place: seats.draw_place() };
    seats.count(&Standing::Draft, &held);
    seats.count(&Standing::Draft, &waits);
    assert_eq!(seats, Seats { held: 1, enrolled: 0, waiting: 1, next_lapse_at: Some(at(300)), last_number: 1 });
    seats.count(&held, &enrolled);
    seats.count(&waits, &Standing::Offered { since: at(250), until: at(280) });
    assert_eq!(seats, Seats { held: 2, enrolled: 1, waiting: 0, next_lapse_at: Some(at(280)), last_number: 1 });
    let completed = Standing::Completed { enrolled_at: at(250), completed_at: at(900) };
    seats.count(&enrolled, &completed);
    assert_eq!((seats.held, seats.enrolled), (2, 1), "who completed a cohort has had its seat");
}

#[test]
fn a_free_seat_is_offered_to_the_first_who_waits() {
    for mode in [FirstCome, RollingReview] {
        let settled = settle(settling(cohort(3, 1, 3), mode, None, NOW), [waiting(1), waiting(2), waiting(3)]);
        assert_eq!(promoted(&settled), [1, 2]);
        let seats = settled.cohort.seats;
        assert_eq!((seats.held, seats.waiting, seats.next_lapse_at), (3, 1, Some(at(288))));
        assert!(!settled.more);
    }
}

#[test]
fn what_has_lapsed_makes_room_for_who_waits() {
    let mut settling = settling(cohort(1, 1, 1), FirstCome, None, NOW);
    settling.expire(application(5, Standing::Offered { since: at(100), until: at(NOW) }));
    settling.expire(application(6, Standing::Offered { since: at(100), until: at(NOW + 1) }));
    let settled = settle(settling, [waiting(1)]);
    let states: Vec<_> = settled.changes.iter().map(|change| change.value.state()).collect();
    assert_eq!(states, [ApplicationState::Expired, ApplicationState::Offered], "the offer that still stands is left alone");
}

#[test]
fn who_cannot_have_a_seat_is_passed_over_with_an_entry_that_says_why_and_keeps_the_place() {
    let no_member = Waiting { employments: vec![EmploymentFacts { active_member: false, ..principal(1, 1) }], ..waiting(1) };
    let unverified = Waiting { verified: Verified::Until(at(NOW)), ..waiting(2) };
    let settled = settle(settling(cohort(1, 0, 4), RollingReview, None, NOW), [no_member, unverified, waiting(3), waiting(4)]);
    assert_eq!(promoted(&settled), [3]);
    let entries: Vec<_> = settled.changes[0]
        .happened
        .iter()
        .map(|entry| {
            (entry.verb, entry.data["person_id"].as_str().unwrap().chars().last().unwrap(), entry.data.get("unmet").cloned())
        })
        .collect();
    let unmet = |rule: &str| Some(serde_json::json!([rule]));
    assert_eq!(
        entries,
        [("passed_over", '1', unmet("active_membership")), ("passed_over", '2', unmet("not_verified")), ("offered", '3', None)]
    );
    assert_eq!(settled.cohort.seats.waiting, 3, "they wait on");
}

#[test]
fn where_the_first_come_are_the_first_served_who_is_not_verified_is_offered_a_seat_too() {
    let unverified = Waiting { verified: Verified::No, ..waiting(1) };
    assert_eq!(promoted(&settle(settling(cohort(1, 0, 1), FirstCome, None, NOW), [unverified])), [1]);
}

#[test]
fn when_nobody_who_waits_can_have_a_seat_nobody_is_passed_over_until_staff_give_it_away() {
    let unverified = Waiting { verified: Verified::No, ..waiting(1) };
    let mut settled = settle(settling(cohort(1, 0, 1), RollingReview, None, NOW), [unverified]);
    assert!(settled.changes.is_empty() && !settled.more);
    let seat = settled.seat_to_offer().unwrap();
    assert_eq!(seat.passing_over.iter().map(|entry| entry.verb).collect::<Vec<_>>(), ["passed_over"]);
}

#[test]
fn who_was_passed_over_by_a_promotion_is_passed_over_again_by_what_staff_give_away() {
    let unverified = Waiting { verified: Verified::No, ..waiting(1) };
    let mut settled = settle(settling(cohort(2, 0, 2), RollingReview, None, NOW), [unverified, waiting(2)]);
    assert_eq!((promoted(&settled), settled.changes[0].happened.len()), (vec![2], 2));
    assert_eq!(settled.seat_to_offer().unwrap().passing_over.len(), 1);
}

#[test]
fn a_limit_for_each_organization_counts_those_promoted_on_the_way() {
    let of_one = |person: u32| Waiting { employments: vec![principal(person.into(), 7)], ..waiting(person) };
    let mut queue: Vec<Waiting> = [1, 2].map(of_one).into();
    queue.push(waiting(3));
    for waiting in &mut queue {
        waiting.application.workplace = waiting.employments.first().map(|facts| facts.workplace);
    }
    let settled = settle(settling(cohort(3, 0, 3), FirstCome, Some(1), NOW), queue);
    assert_eq!(promoted(&settled), [1, 3]);
}

#[test]
fn only_so_many_are_promoted_in_one_go_and_no_one_else_is_offered_a_seat_meanwhile() {
    let mut settled = settle(settling(cohort(50, 0, 30), FirstCome, None, NOW), (1..=30).map(waiting));
    assert_eq!(promoted(&settled), (1..=20).collect::<Vec<u128>>());
    assert!(settled.more);
    assert!(matches!(settled.seat_to_offer(), Err(Refusal::CohortFull(_))));
    assert_eq!(settled.cohort.seats.left(50), 0, "nor is there a seat for a newcomer");
    let mut rest = settle(settling(settled.cohort, FirstCome, None, NOW), (21..=30).map(waiting));
    assert_eq!((promoted(&rest).len(), rest.more), (10, false));
    assert!(rest.seat_to_offer().is_ok());
}

#[test]
fn a_full_cohort_has_no_seat_to_offer() {
    let mut settled = settle(settling(cohort(1, 1, 0), RollingReview, None, NOW), []);
    assert!(matches!(settled.seat_to_offer(), Err(Refusal::CohortFull(_))));
}

#[test]
fn after_the_kick_off_nobody_is_promoted_and_all_who_wait_expire() {
    let mut settling = settling(cohort(2, 0, 2), FirstCome, None, KICKOFF);
    for person in [1, 2] {
        settling.expire(waiting(person).application);
    }
    assert!(!settling.asks_for_more());
    let settled = settle(settling, []);
    assert_eq!((settled.changes.len(), settled.cohort.seats.waiting, settled.more), (2, 0, false));
}

#[test]
fn only_an_open_cohort_promotes_who_waits() {
    let standings = [CohortStanding::Draft, CohortStanding::InSession { started_at: at(NOW) }];
    for standing in standings {
        let settling = settling(Cohort { standing, ..cohort(2, 0, 1) }, FirstCome, None, NOW);
        assert!(!settling.asks_for_more());
        assert!(settle(settling, [waiting(1)]).changes.is_empty());
    }
}

#[test]
fn a_seat_that_lapses_is_counted_off_its_organization() {
    let held = Application {
        workplace: Some(principal(5, 7).workplace),
        ..application(5, Standing::Offered { since: at(100), until: at(NOW) })
    };
    let seats = [id(7)].into_iter().collect();
    let mut settling = settling_with(cohort(2, 1, 1), FirstCome, Some(1), seats, NOW);
    settling.expire(held);
    let colleague = Waiting { employments: vec![principal(1, 7)], ..waiting(1) };
    let settled = settle(settling, [colleague]);
    assert_eq!(promoted(&settled), [1]);
    assert_eq!(settled.cohort.id, id(2));
}

/// Somebody who waits, of this organization.
fn of_organization(person: u32, organization: u128) -> Waiting {
    let employment = principal(person.into(), organization);
    let application = Application { workplace: Some(employment.workplace), ..waiting(person).application };
    Waiting { application, employments: vec![employment], ..waiting(person) }
}

fn why_passed_over(settled: &mut Settled) -> Vec<serde_json::Value> {
    let entries = settled.seat_to_offer().unwrap().passing_over;
    entries.iter().map(|entry| entry.data["unmet"].clone()).collect()
}

#[test]
fn a_team_that_waits_for_all_or_none_is_offered_seats_together() {
    let mut settling = settling(cohort(3, 0, 4), FirstCome, None, NOW);
    settling.consider_together(&[waiting(1), waiting(2)]);
    settling.consider(&waiting(3));
    assert_eq!(promoted(&settling.finish(None)), [1, 2, 3]);
}

#[test]
fn a_team_that_does_not_fit_is_passed_over_by_who_does_and_keeps_its_places() {
    let mut settling = settling(cohort(2, 0, 5), FirstCome, None, NOW);
    settling.consider_together(&[waiting(1), waiting(2), waiting(3)]);
    settling.consider(&waiting(4));
    let mut settled = settling.finish(None);
    assert_eq!(promoted(&settled), [4]);
    let entries = &settled.changes[0].happened;
    assert_eq!(
        entries.iter().map(|entry| entry.verb).collect::<Vec<_>>(),
        ["passed_over", "passed_over", "passed_over", "offered"]
    );
    assert_eq!((settled.cohort.seats.held, settled.cohort.seats.waiting), (1, 4));
    settled.more = false;
    assert_eq!(why_passed_over(&mut settled), vec![serde_json::json!(["team_does_not_fit"]); 3]);
}

#[test]
fn a_team_of_which_one_cannot_have_a_seat_is_passed_over_whole() {
    let unverified = Waiting { verified: Verified::No, ..waiting(2) };
    let mut settling = settling(cohort(5, 0, 2), RollingReview, None, NOW);
    settling.consider_together(&[waiting(1), unverified]);
    let mut settled = settling.finish(None);
    assert!(settled.changes.is_empty());
    assert_eq!(why_passed_over(&mut settled), [serde_json::json!(["team_does_not_fit"]), serde_json::json!(["not_verified"])]);
}

#[test]
fn a_team_counts_against_the_limit_of_its_organization_together() {
    for (most, expected) in [(2, vec![1, 2]), (1, vec![])] {
        let mut settling = settling(cohort(5, 0, 2), FirstCome, Some(most), NOW);
        settling.consider_together(&[of_organization(1, 7), of_organization(2, 7)]);
        assert_eq!(promoted(&settling.finish(None)), expected, "at most {most} of one organization");
    }
}
