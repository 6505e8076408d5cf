use proptest::prelude::*;

use super::*;
use crate::ids::Id;
use crate::sessions::generate::{Dated, For, Hours, Planned, UsualHours, generate};
use crate::words::Word;

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
    let own =
        CohortDates { milestones: vec![own], kickoff_session_at: Some(instant("2019-12-05T21:00:00Z")), extended_until: None };
    let (kickoff, call) = ((SessionKind::Kickoff, on("2019-12-04")), (SessionKind::Call, on("2020-01-03")));
    assert_eq!(told(own), [kickoff, call, closeout], "its own days, whatever its kick-off session was moved to");
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
fn a_session_follows_to_the_day_that_a_cohort_chose_for_itself() {
    let before = generated(&[], &the_year(), now());
    let mut own = the_year();
    own[0] = planned(9, SessionKind::Kickoff, on("2019-12-11"));
    let after = generated(&before, &own, now());
    let kickoffs: Vec<&Session> = after.iter().filter(|session| session.details.kind == SessionKind::Kickoff).collect();
    assert_eq!(kickoffs.len(), 1, "no second kick-off");
    assert_eq!((kickoffs[0].id, kickoffs[0].slot.on), (before[0].id, day("2019-12-11")));
    assert!(made(&after, &own, now()).unwrap().is_empty());
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
