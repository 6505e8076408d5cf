use std::collections::BTreeSet;

use super::*;
use crate::access::{Actor, Grant};

#[test]
fn the_table_of_sessions() {
    insta::assert_snapshot!(MACHINE.describe().table());
}

#[test]
fn only_what_is_scheduled_is_changed_or_cancelled() {
    type Step = fn(Session) -> Result<Change<Session>, Refusal>;
    let steps: [(Action, Step); 4] = [
        (Action::UpdateSession, |session| session.update(SessionUpdate::default(), now())),
        (Action::UpdateSession, |session| session.update(to_march(), now())),
        (Action::CancelSession, |session| session.cancel(reason(), now())),
        (Action::HoldSession, |session| session.hold(None, instant("2020-02-14T21:00:00Z"))),
    ];
    for standing in every_standing() {
        for (action, step) in steps {
            let before = Session { standing: standing.clone(), ..scheduled() };
            let outcome = step(before.clone());
            assert_eq!(outcome.is_ok(), MACHINE.check(before.state(), action).is_ok(), "{standing:?} {action:?}");
            match outcome {
                Ok(change) => assert!(MACHINE.leads(before.state(), action, change.value.state())),
                Err(refusal) => assert!(matches!(refusal, Refusal::InvalidTransition { .. })),
            }
        }
    }
}

#[test]
fn a_session_is_held_from_its_start_on() {
    let (early, start) = (instant("2020-02-14T20:59:59.999Z"), instant("2020-02-14T21:00:00Z"));
    let Err(Refusal::WindowClosed { opens_at, .. }) = scheduled().hold(None, early) else { panic!("it has not begun") };
    assert_eq!(opens_at, Some(start));
    let by = Some(Uuid::from_u128(3).into());
    let held = scheduled().hold(by, start).unwrap();
    assert_eq!(held.value.standing, Standing::Held { held_at: start, held_by: by });
    assert_eq!((held.happened[0].verb, &held.happened[0].data["kind"]), ("held", &serde_json::json!("call")));
    let lead = Actor::Person { id: Uuid::from_u128(3).into(), grants: BTreeSet::new() };
    let tie = Tie { facilitates: true, ..Tie::none(&lead) };
    assert_eq!(scheduled().allowed_actions(&tie, early), ["update", "cancel"]);
    assert_eq!(scheduled().allowed_actions(&tie, start), ["update", "cancel", "hold"]);
    assert_eq!(held.value.allowed_actions(&tie, start), Vec::<&str>::new());
}

#[test]
fn a_kickoff_that_was_held_is_still_the_kickoff() {
    let details = Details { kind: SessionKind::Kickoff, ..details() };
    let kickoff = Session { details, ..scheduled() };
    let held = kickoff.clone().hold(None, kickoff.slot.starts_at).unwrap().value;
    assert_eq!(kickoff_at(&[held]), Some(kickoff.slot.starts_at));
}

#[test]
fn four_in_the_afternoon_stays_four_in_the_afternoon_through_a_clock_change() {
    assert_eq!(scheduled().slot.starts_at, instant("2020-02-14T21:00:00Z"));
    let moved = scheduled().update(to_march(), now()).unwrap();
    assert_eq!(moved.value.slot.starts_at, instant("2020-03-16T20:00:00Z"));
    assert_eq!(moved.value.slot.ends_at(), instant("2020-03-16T21:00:00Z"));
}

#[test]
fn a_time_that_the_clocks_skip_is_refused_with_a_pointer_and_one_shown_twice_is_the_earlier() {
    let skipped = SessionUpdate { on: Some(day("2020-03-08")), wall_time: Some(time("02:30")), ..to_march() };
    let Err(Refusal::Invalid(faults)) = scheduled().update(skipped, now()) else { panic!("there is no such time") };
    assert_eq!((faults.len(), faults[0].pointer.as_str(), faults[0].code), (1, "#/wall_time", FaultCode::InvalidValue));
    let twice = Slot::new(day("2019-11-03"), time("01:30"), zone(), 60).unwrap();
    assert_eq!(twice.starts_at, instant("2019-11-03T05:30:00Z"));
}

#[test]
fn a_session_is_neither_too_short_nor_too_long_and_every_fault_is_told() {
    let new = |on, minutes| Slot::new(day(on), time("02:30"), zone(), minutes);
    for (minutes, good) in [(0, false), (SHORTEST_MINUTES, true), (LONGEST_MINUTES, true), (LONGEST_MINUTES + 1, false)] {
        assert_eq!(new("2020-02-14", minutes).is_ok(), good, "{minutes}");
    }
    assert!(matches!(new("2020-03-08", 0), Err(Refusal::Invalid(faults)) if faults.len() == 2));
}

#[test]
fn rescheduling_needs_a_reason_and_keeps_what_was() {
    let without = SessionUpdate { reason: None, ..to_march() };
    assert!(matches!(scheduled().update(without, now()), Err(Refusal::ReasonRequired(_))));
    let moved = scheduled().update(to_march(), now()).unwrap();
    assert_eq!(moved.happened[0].entry_type(), "session.rescheduled");
    assert_eq!(moved.happened[0].reason, Some(reason()));
    let back = SessionUpdate { on: Some(day("2020-02-14")), reason: Some(reason()), ..SessionUpdate::default() };
    let back = moved.value.clone().update(back, now()).unwrap().value;
    let ways: Vec<_> = back.reschedulings.iter().map(|way| (way.from, way.to)).collect();
    let (first, second) = (scheduled().slot, moved.value.slot);
    assert_eq!(ways, [(first, second), (second, first)]);
}

#[test]
fn one_session_is_rescheduled_only_so_often() {
    let once = scheduled().update(to_march(), now()).unwrap().value.reschedulings;
    let tossed = Session { reschedulings: vec![once[0].clone(); MOST_RESCHEDULINGS], ..scheduled() };
    assert!(matches!(tossed.update(to_march(), now()), Err(Refusal::Invalid(_))));
}

#[test]
fn what_a_session_is_about_changes_without_a_reason_and_leaves_its_time_alone() {
    let update = SessionUpdate {
        kind: Some(SessionKind::Meeting),
        title: Some(Text::new("Another").unwrap()),
        delivery: Some(MeetingMode::Hybrid),
        join_link: Some(None),
        place: Some(Some(Text::new("Room 4").unwrap())),
        agenda: Some(Some(Text::new("One case").unwrap())),
        ..SessionUpdate::default()
    };
    let changed = scheduled().update(update, now()).unwrap();
    assert_eq!(changed.happened[0].entry_type(), "session.updated");
    let names = ["kind", "title", "delivery", "join_link", "place", "agenda"];
    assert_eq!(changed.happened[0].data["changed"], serde_json::json!(names));
    assert_eq!((changed.value.slot, changed.value.reschedulings.len()), (scheduled().slot, 0));
    let Details { kind, title, delivery, join_link, place, agenda } = changed.value.details;
    assert_eq!((kind, title.as_str(), delivery), (SessionKind::Meeting, "Another", MeetingMode::Hybrid));
    assert!(join_link.is_none() && place.is_some() && agenda.is_some());
}

#[test]
fn the_join_link_is_for_the_cohorts_people_from_a_quarter_of_an_hour_before_to_the_end() {
    let staff = Actor::Person { id: Uuid::nil().into(), grants: BTreeSet::from([Grant::Owner]) };
    let (outside, enrolled) = (Tie::none(&staff), Tie { enrolled: true, ..Tie::none(&staff) });
    let facilitates = Tie { facilitates: true, ..Tie::none(&staff) };
    let shown = |session: &Session, tie, text| session.join_link(tie, instant(text)).is_some();
    let session = scheduled();
    for (at, open) in [
        ("2020-02-14T20:44:59.999Z", false),
        ("2020-02-14T20:45:00Z", true),
        ("2020-02-14T21:59:59.999Z", true),
        ("2020-02-14T22:00:00Z", false),
    ] {
        assert_eq!((shown(&session, &enrolled, at), shown(&session, &facilitates, at)), (open, open), "{at}");
        assert!(!shown(&session, &outside, at), "not even for an owner");
    }
    let cancelled = session.cancel(reason(), now()).unwrap().value;
    assert!(!shown(&cancelled, &enrolled, "2020-02-14T21:00:00Z"));
}

#[test]
fn a_cohort_takes_its_kickoff_from_its_first_kickoff_session_until_that_has_passed() {
    let kickoff = |text: &str| {
        let details = Details { kind: SessionKind::Kickoff, ..details() };
        let slot = Slot::new(day(text), time("16:00"), zone(), 60).unwrap();
        Session::create(Uuid::nil().into(), Uuid::nil().into(), details, slot, now()).value
    };
    let (first, second) = (kickoff("2019-12-03"), kickoff("2019-12-05"));
    let cancelled = first.clone().cancel(reason(), now()).unwrap().value;
    assert_eq!(kickoff_at(&[scheduled()]), None, "a call is no kick-off");
    assert_eq!(kickoff_at(&[second.clone(), cancelled]), Some(second.slot.starts_at));
    assert_eq!(kickoff_at(&[second.clone(), first.clone()]), Some(first.slot.starts_at));

    let mut year = year();
    let dated = year.timeline.milestones().iter().map(|dated| dated.milestone.clone());
    let on_a_day = |milestone: Milestone| {
        let kickoff = milestone.kind == MilestoneKind::Kickoff;
        if kickoff { Milestone { when: When::On(day("2019-12-09")), ..milestone } } else { milestone }
    };
    year.timeline = Timeline::plan(&year.program.calendar(), dated.map(on_a_day).collect()).unwrap();
    let at = kickoff_at(&[first]);
    let followed = cohort(CohortDates::default()).follow_kickoff_session(at, &year, now()).unwrap();
    assert_eq!(followed.happened[0].data["changed"], serde_json::json!(["dates"]));
    assert_eq!(year.window(&followed.value).map(|window| window.closes_at), at, "sign-up closes with it");
    assert_eq!(followed.value.clone().follow_kickoff_session(at, &year, now()), None);
    assert_eq!(followed.value.follow_kickoff_session(None, &year, at.unwrap()), None, "it has passed");
}

#[test]
fn to_come_to_a_session_is_a_commitment_until_it_begins() {
    let commitment = scheduled().commitment(now()).unwrap();
    assert_eq!((commitment.label.as_str(), commitment.version), ("First call", 1));
    assert_eq!(commitment.text.as_str(), "To come on 2020-02-14 at 16:00 (America/New_York), for 60 minutes");
    let moved = scheduled().update(to_march(), now()).unwrap().value;
    assert_eq!(moved.commitment(now()).map(|commitment| commitment.version), Some(2), "to be accepted anew");
    assert_eq!(scheduled().commitment(scheduled().slot.starts_at), None);
    assert_eq!(scheduled().cancel(reason(), now()).unwrap().value.commitment(now()), None);
}
