use std::collections::BTreeSet;

use proptest::prelude::*;
use uuid::Uuid;

use super::generate::{Dated, For, Hours, Planned, UsualHours, generate, planned as planned_for};
use super::*;
use crate::access::{Actor, Grant};
use crate::cohorts::{Audience, Cohort, NewCohort, Year};
use crate::ids::Id;
use crate::programs::{Capacity, Delivery, EnrollmentMode, Program, ProgramCreate, Terms};
use crate::text::{SchoolYear, Slug, Text};
use crate::timeline::{CohortDates, Milestone, Timeline, When};
use crate::words::Word;

const NEW_YORK: &str = "America/New_York";

fn zone() -> Zone {
    NEW_YORK.parse().unwrap()
}

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn time(text: &str) -> WallTime {
    text.parse().unwrap()
}

/// Long before every session of these tests.
fn now() -> Timestamp {
    instant("2019-10-10T12:00:00Z")
}

fn reason() -> Reason {
    Text::new("The school is closed").unwrap()
}

fn details() -> Details {
    Details {
        kind: SessionKind::Call,
        title: Text::new("First call").unwrap(),
        delivery: MeetingMode::Virtual,
        join_link: Some(WebAddress::new("https://meet.example.org/abc").unwrap()),
        place: None,
        agenda: None,
    }
}

/// A call of an hour on February 14, 2020, at four in the afternoon, which is nine in the evening in UTC.
fn scheduled() -> Session {
    let slot = Slot::new(day("2020-02-14"), time("16:00"), zone(), 60).unwrap();
    Session::create(Uuid::from_u128(1).into(), Uuid::from_u128(2).into(), details(), slot, now()).value
}

fn every_standing() -> [Standing; 3] {
    let cancelled_at = now();
    [Standing::Scheduled, Standing::Held { held_at: now() }, Standing::Cancelled { cancelled_at, reason: reason() }]
}

fn to_march() -> SessionUpdate {
    SessionUpdate { on: Some(day("2020-03-16")), reason: Some(reason()), ..SessionUpdate::default() }
}

#[test]
fn the_table_of_sessions() {
    insta::assert_snapshot!(MACHINE.describe().table());
}

#[test]
fn only_what_is_scheduled_is_changed_or_cancelled() {
    type Step = fn(Session) -> Result<Change<Session>, Refusal>;
    let steps: [(Action, Step); 3] = [
        (Action::UpdateSession, |session| session.update(SessionUpdate::default(), now())),
        (Action::UpdateSession, |session| session.update(to_march(), now())),
        (Action::CancelSession, |session| session.cancel(reason(), now())),
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

fn planned(n: u128, kind: SessionKind, dated: Dated) -> Planned {
    Planned { milestone_id: Uuid::from_u128(n).into(), kind, label: Text::new(&format!("Milestone {n}")).unwrap(), dated }
}

fn on(text: &str) -> Dated {
    Dated::On(day(text))
}

fn the_year() -> Vec<Planned> {
    vec![
        planned(1, SessionKind::Kickoff, Dated::At(instant("2019-12-09T20:30:00Z"))),
        planned(2, SessionKind::Training, on("2020-01-30")),
        planned(3, SessionKind::Call, on("2020-02-14")),
        planned(4, SessionKind::Call, on("2020-03-16")),
        planned(5, SessionKind::Closeout, on("2020-06-15")),
    ]
}

fn made(existing: &[Session], milestones: &[Planned], now: Timestamp) -> Result<Vec<Change<Session>>, Refusal> {
    let cohort = For { cohort_id: Uuid::from_u128(2).into(), delivery: MeetingMode::Virtual, time_zone: zone() };
    let mut next = u128::try_from(existing.len()).unwrap() + 1_000;
    let new_id = || {
        next += 1;
        SessionId::from_uuid(Uuid::from_u128(next))
    };
    generate(cohort, existing, milestones, &UsualHours::default(), new_id, now)
}

/// The sessions after generating once more.
fn generated(existing: &[Session], milestones: &[Planned], now: Timestamp) -> Vec<Session> {
    let mut sessions = existing.to_vec();
    for change in made(existing, milestones, now).unwrap() {
        match sessions.iter_mut().find(|session| session.id == change.value.id) {
            Some(session) => *session = change.value,
            None => sessions.push(change.value),
        }
    }
    sessions
}

#[test]
fn the_timeline_gives_the_year_its_sessions() {
    let lines = generated(&[], &the_year(), now()).into_iter().map(|session| {
        let Slot { on, wall_time, duration_minutes, starts_at, .. } = session.slot;
        let Details { kind, title, delivery, .. } = session.details;
        format!("{kind} | {title} | {delivery} | {on} {wall_time} | {duration_minutes} | {starts_at}")
    });
    insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n"));
}

#[test]
fn every_milestone_that_a_cohort_meets_for_has_a_kind_of_session() {
    for kind in MilestoneKind::ALL {
        assert_eq!(SessionKind::of_milestone(*kind).is_some(), kind.of_cohort(), "{kind}");
    }
}

/// A year led by staff: its kick-off is at an instant, its call thirty days later.
fn year() -> Year {
    let milestone = |n, kind: MilestoneKind, when| Milestone {
        id: Uuid::from_u128(n).into(),
        kind,
        label: Text::new(kind.default_label()).unwrap(),
        when,
    };
    let milestones = vec![
        milestone(1, MilestoneKind::SignupOpens, When::On(day("2019-10-17"))),
        milestone(2, MilestoneKind::Kickoff, When::At(instant("2019-12-09T20:30:00Z"))),
        milestone(3, MilestoneKind::Call, When::Relative { to: Uuid::from_u128(2).into(), days: 30 }),
        milestone(4, MilestoneKind::Closeout, When::On(day("2020-06-15"))),
    ];
    let wish = ProgramCreate {
        slug: Slug::new("year").unwrap(),
        name: Text::new("A year").unwrap(),
        description: None,
        school_year: SchoolYear::new("2019-20").unwrap(),
        time_zone: zone(),
        delivery: Delivery::StaffLed,
        enrollment_mode: EnrollmentMode::FirstCome,
        capacity: Capacity::default(),
        terms: Terms::default(),
        joining: crate::eligibility::JoiningTerms::default(),
    };
    let program = Program::create(Uuid::nil().into(), wish, now()).unwrap().value;
    let timeline = Timeline::plan(&program.calendar(), milestones).unwrap();
    Year { program: program.publish(&timeline, now()).unwrap().value, timeline }
}

fn cohort(dates: CohortDates) -> Cohort {
    let new = NewCohort {
        program_id: Uuid::nil().into(),
        proposal_id: None,
        slug: Slug::new("cohort").unwrap(),
        title: Text::new("A cohort").unwrap(),
        description: None,
        audience: Audience::default(),
        delivery: MeetingMode::Hybrid,
        capacity: Capacity::default(),
        facilitators: Vec::new(),
        dates,
    };
    Cohort::create(Uuid::from_u128(2).into(), new, now()).unwrap().value
}

#[test]
fn a_milestone_is_planned_on_its_day_or_at_its_instant() {
    let told = |dates| planned_for(&cohort(dates), &year()).into_iter().map(|one| (one.kind, one.dated)).collect::<Vec<_>>();
    let (call, closeout) = ((SessionKind::Call, on("2020-01-08")), (SessionKind::Closeout, on("2020-06-15")));
    let kickoff = (SessionKind::Kickoff, Dated::At(instant("2019-12-09T20:30:00Z")));
    assert_eq!(told(CohortDates::default()), [kickoff, call, closeout]);
    let own = Milestone {
        id: Uuid::from_u128(9).into(),
        kind: MilestoneKind::Kickoff,
        label: Text::new("Our kick-off").unwrap(),
        when: When::On(day("2019-12-04")),
    };
    let own = CohortDates { milestones: vec![own], kickoff_session_at: Some(instant("2019-12-05T21:00:00Z")) };
    let (kickoff, call) = ((SessionKind::Kickoff, on("2019-12-04")), (SessionKind::Call, on("2020-01-03")));
    assert_eq!(told(own), [kickoff, call, closeout], "its own days, whatever its kick-off session was moved to");
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

#[test]
fn generating_again_adds_only_what_is_missing() {
    let year = the_year();
    let first = generated(&[], &year[..3], now());
    let cancelled: Vec<_> = first.into_iter().map(|session| session.cancel(reason(), now()).unwrap().value).collect();
    let added = made(&cancelled, &year, now()).unwrap();
    let kinds: Vec<_> = added.iter().map(|change| (change.value.details.kind, change.happened[0].verb)).collect();
    assert_eq!(kinds, [(SessionKind::Call, "scheduled"), (SessionKind::Closeout, "scheduled")]);
}

#[test]
fn a_session_follows_its_milestone_and_keeps_its_time_of_the_day() {
    let sessions = generated(&[], &the_year(), now());
    let mut moved = the_year();
    moved[2].dated = on("2020-02-21");
    let changes = made(&sessions, &moved, now()).unwrap();
    assert_eq!(changes.len(), 1);
    let followed = &changes[0].value;
    assert_eq!(followed.slot, Slot { on: day("2020-02-21"), starts_at: instant("2020-02-21T21:00:00Z"), ..sessions[2].slot });
    assert_eq!(followed.reschedulings[0].reason, None, "nobody did it");
}

#[test]
fn what_somebody_moved_or_cancelled_or_what_has_begun_stays_where_it_is() {
    let sessions = generated(&[], &the_year()[2..3], now());
    let mut moved = the_year();
    moved[2].dated = on("2020-02-21");
    let by_hand = sessions[0].clone().update(to_march(), now()).unwrap().value;
    let cancelled = sessions[0].clone().cancel(reason(), now()).unwrap().value;
    for session in [by_hand, cancelled] {
        assert_eq!(made(&[session], &moved[2..3], now()).unwrap(), []);
    }
    assert_eq!(made(&sessions, &moved[2..3], instant("2020-02-14T21:00:00Z")).unwrap(), [], "it has begun");
    assert_eq!(made(&sessions, &moved[2..3], instant("2020-02-14T20:59:59.999Z")).unwrap().len(), 1);
}

#[test]
fn other_usual_hours_do_not_move_what_is_there() {
    let sessions = generated(&[], &the_year(), now());
    let early = Hours { wall_time: time("08:00"), duration_minutes: 30 };
    let hours = UsualHours { kickoff: early, training: early, call: early, closeout: early };
    let cohort = For { cohort_id: Uuid::from_u128(2).into(), delivery: MeetingMode::Virtual, time_zone: zone() };
    let nothing = generate(cohort, &sessions, &the_year(), &hours, || Uuid::nil().into(), now()).unwrap();
    assert_eq!(nothing, []);
}

#[test]
fn a_milestone_at_an_instant_gives_the_wall_time_of_its_zone_to_the_minute() {
    let at = Dated::At(instant("2020-07-01T13:07:31.5Z"));
    let session = &generated(&[], &[planned(1, SessionKind::Call, at)], now())[0];
    assert_eq!((session.slot.on, session.slot.wall_time), (day("2020-07-01"), time("09:07")));
}

#[test]
fn usual_hours_that_the_clocks_skip_are_refused_for_each_milestone_and_nothing_is_made() {
    let night = Hours { wall_time: time("02:30"), duration_minutes: 60 };
    let hours = UsualHours { call: night, ..UsualHours::default() };
    let cohort = For { cohort_id: Uuid::from_u128(2).into(), delivery: MeetingMode::Virtual, time_zone: zone() };
    let milestones = [
        planned(1, SessionKind::Kickoff, on("2020-03-07")),
        planned(2, SessionKind::Call, on("2020-03-08")),
        planned(3, SessionKind::Call, on("2021-03-14")),
    ];
    let Err(Refusal::Invalid(faults)) = generate(cohort, &[], &milestones, &hours, || Uuid::nil().into(), now()) else {
        panic!("two calls are inside a gap")
    };
    let told: Vec<_> = faults.iter().map(|fault| (fault.pointer.as_str(), &fault.params["milestone_id"])).collect();
    let ids = [2, 3].map(|n| serde_json::Value::from(Uuid::from_u128(n).to_string()));
    assert_eq!(told, [("#/call/wall_time", &ids[0]), ("#/call/wall_time", &ids[1])]);
}

/// What happens to a cohort's sessions between two generations.
#[derive(Clone, Copy, Debug)]
enum Event {
    MilestoneMoves(usize, i64),
    MilestoneGoes(usize),
    PersonMoves(usize, i64),
    PersonCancels(usize),
    TimeGoesOn(i64),
    Generate,
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        (0..5_usize, -20..20_i64).prop_map(|(which, days)| Event::MilestoneMoves(which, days)),
        (0..5_usize).prop_map(Event::MilestoneGoes),
        (0..5_usize, 1..20_i64).prop_map(|(which, days)| Event::PersonMoves(which, days)),
        (0..5_usize).prop_map(Event::PersonCancels),
        (0..40_i64).prop_map(Event::TimeGoesOn),
        Just(Event::Generate),
    ];
    proptest::collection::vec(event, 0..30)
}

/// What a person, or the course of time, has settled about a session: it must not move any more.
fn settled(session: &Session, now: Timestamp) -> bool {
    session.moved_by_hand() || session.state() != SessionState::Scheduled || session.slot.starts_at <= now
}

proptest! {
    #[test]
    fn generating_twice_is_generating_once_and_takes_nothing_from_anybody(events in events()) {
        let (mut milestones, mut sessions, mut now) = (the_year(), Vec::<Session>::new(), now());
        for event in events {
            match event {
                Event::MilestoneMoves(which, days) => {
                    if let Some(Planned { dated: Dated::On(date), .. }) = milestones.get_mut(which) {
                        *date = date.plus_days(days);
                    }
                }
                Event::MilestoneGoes(which) if which < milestones.len() => drop(milestones.remove(which)),
                Event::PersonMoves(which, days) => {
                    if let Some(session) = sessions.get_mut(which) {
                        let update = SessionUpdate { on: Some(session.slot.on.plus_days(days)), ..to_march() };
                        *session = session.clone().update(update, now).map_or(session.clone(), |change| change.value);
                    }
                }
                Event::PersonCancels(which) => {
                    if let Some(session) = sessions.get_mut(which) {
                        *session = session.clone().cancel(reason(), now).map_or(session.clone(), |change| change.value);
                    }
                }
                Event::TimeGoesOn(days) => now = now.plus(Duration::days(days)),
                Event::MilestoneGoes(_) | Event::Generate => {}
            }
            let before = sessions.clone();
            sessions = generated(&sessions, &milestones, now);
            prop_assert_eq!(made(&sessions, &milestones, now).unwrap(), vec![], "again makes no difference");
            for session in before.iter().filter(|session| settled(session, now)) {
                prop_assert!(sessions.contains(session), "what was settled stays");
            }
            for milestone in &milestones {
                let of_it = |session: &&Session| session.milestone_id == Some(milestone.milestone_id);
                let sessions: Vec<_> = sessions.iter().filter(of_it).collect();
                prop_assert_eq!(sessions.len(), 1, "each milestone has one session");
                if let (Dated::On(date), false) = (milestone.dated, settled(sessions[0], now)) {
                    prop_assert_eq!(sessions[0].slot.on, date, "which is on its day, unless something speaks against it");
                }
            }
        }
    }
}
