//! The dates of a cohort over those of its program.

use super::*;
use crate::refusal::FaultCode;

fn dates(milestones: Vec<Milestone>) -> CohortDates {
    CohortDates::plan(&dcsc(), milestones).unwrap()
}

#[test]
fn a_cohort_that_sets_nothing_has_its_programs_dates() {
    let cohort = dcsc().for_cohort(&CohortDates::default());
    assert_eq!(cohort.milestones(), &dcsc().milestones()[5..]);
    assert_eq!(cohort.kickoff_at(), Some(at("2019-12-09T05:00:00Z")));
    assert_eq!(cohort.closes_at(), Some(at("2020-06-16T04:00:00Z")));
}

#[test]
fn a_kind_that_a_cohort_sets_replaces_all_of_that_kind() {
    let own = dates(vec![
        milestone(60, Kickoff, When::At(at("2019-12-04T21:00:00Z"))),
        milestone(61, Call, When::On(day("2020-02-20"))),
        milestone(62, Call, When::On(day("2020-04-20"))),
    ]);
    let cohort = dcsc().for_cohort(&own);
    let days: Vec<_> = cohort.milestones().iter().map(|dated| format!("{} {}", dated.on, dated.kind())).collect();
    let expected =
        ["2019-12-04 kickoff", "2020-01-30 in_person_training", "2020-02-20 call", "2020-04-20 call", "2020-06-15 closeout"];
    assert_eq!(days, expected);
    assert_eq!(cohort.kickoff_at(), Some(at("2019-12-04T21:00:00Z")));
}

#[test]
fn what_is_relative_to_the_kickoff_follows_the_cohorts_own() {
    let mut milestones = dcsc_milestones();
    milestones[4].when = When::Relative { to: id(5), days: -25 };
    milestones[7].when = When::Relative { to: id(5), days: 60 };
    milestones[8].when = When::Relative { to: id(7), days: 30 };
    milestones[9].when = When::Relative { to: id(4), days: 150 };
    let timeline = Timeline::plan(dcsc().calendar(), milestones).unwrap();
    let own = CohortDates::plan(&timeline, vec![milestone(60, Kickoff, When::On(day("2019-12-04")))]).unwrap();
    let cohort = timeline.for_cohort(&own);
    let on = |number| cohort.milestones().iter().find(|dated| dated.id() == id(number)).unwrap().on;
    assert_eq!(on(7), day("2020-02-02"), "five days earlier than the program's");
    assert_eq!(on(8), day("2020-03-03"), "by way of another");
    assert_eq!(on(9), timeline.milestone(id(9)).unwrap().on, "what hangs on the program's own dates stays");
    let window = cohort.signup_window(&published("2019-09-01T00:00:00Z"), None).unwrap();
    assert_eq!(window.soft_deadline_at, Some(at("2019-11-15T05:00:00Z")), "the soft deadline is the program's");
}

#[test]
fn sign_up_closes_at_the_kickoff_or_at_the_start_the_earlier() {
    let decisions = published("2019-09-01T00:00:00Z");
    let cohort = dcsc().for_cohort(&CohortDates::default());
    let closes_at = |started_at| cohort.signup_window(&decisions, started_at).unwrap().closes_at;
    assert_eq!(closes_at(None), at("2019-12-09T05:00:00Z"));
    assert_eq!(closes_at(Some(at("2019-12-05T12:00:00Z"))), at("2019-12-05T12:00:00Z"));
    assert_eq!(closes_at(Some(at("2019-12-11T12:00:00Z"))), at("2019-12-09T05:00:00Z"), "a late start opens nothing again");
    assert_eq!(cohort.span(Some(at("2019-12-05T12:00:00Z"))).unwrap().kickoff_at, at("2019-12-05T12:00:00Z"));
    assert_eq!(cohort.span(None).unwrap().closes_at, at("2020-06-16T04:00:00Z"));
}

#[test]
fn sign_up_needs_a_published_program_and_ends_with_it() {
    let cohort = dcsc().for_cohort(&CohortDates::default());
    assert_eq!(cohort.signup_window(&Decisions::default(), None), None);
    let closed_at = Some(at("2019-11-01T12:00:00Z"));
    let closed = Decisions { closed_at, ..published("2019-09-01T00:00:00Z") };
    assert_eq!(cohort.signup_window(&closed, None).map(|window| window.closes_at), closed_at);
    let cancelled = Decisions { cancelled: closed_at.zip(crate::text::Reason::new("No funds").ok()), closed_at: None, ..closed };
    assert_eq!(cohort.signup_window(&cancelled, None).map(|window| window.closes_at), closed_at);
}

#[test]
fn a_kickoff_on_a_day_begins_with_its_session_where_one_is_set() {
    let session = at("2019-12-09T21:00:00Z");
    let of_program = CohortDates { kickoff_session_at: Some(session), ..CohortDates::default() };
    assert_eq!(dcsc().for_cohort(&of_program).kickoff_at(), Some(session));
    let on_a_day =
        CohortDates { kickoff_session_at: Some(session), ..dates(vec![milestone(60, Kickoff, When::On(day("2019-12-09")))]) };
    assert_eq!(dcsc().for_cohort(&on_a_day).kickoff_at(), Some(session));
    let instant = at("2019-12-09T14:00:00Z");
    let at_an_instant = CohortDates { kickoff_session_at: Some(session), ..dates(vec![milestone(60, Kickoff, When::At(instant))]) };
    assert_eq!(dcsc().for_cohort(&at_an_instant).kickoff_at(), Some(instant), "an instant is what it says");
}

#[test]
fn what_a_cohort_may_not_set_is_told_whole() {
    let wish = vec![
        milestone(60, SignupOpens, When::On(day("2019-10-20"))),
        milestone(61, Kickoff, When::Relative { to: id(3), days: 40 }),
        milestone(62, Kickoff, When::On(day("2019-12-04"))),
        milestone(62, Call, When::At(Timestamp::from_millis(i64::MAX))),
    ];
    let Err(Refusal::Invalid(faults)) = CohortDates::plan(&dcsc(), wish) else { panic!("taken") };
    let told: Vec<_> = faults.iter().map(|fault| (fault.pointer.as_str(), fault.code)).collect();
    let expected = [
        ("#/milestones/2/kind", FaultCode::Duplicate),
        ("#/milestones/3/id", FaultCode::Duplicate),
        ("#/milestones/0/kind", FaultCode::InvalidValue),
        ("#/milestones/1/relative_to", FaultCode::InvalidValue),
        ("#/milestones/3/at", FaultCode::OutOfRange),
    ];
    assert!(expected.iter().all(|fault| told.contains(fault)), "{told:?}");
}

#[test]
fn a_cohort_cannot_kick_off_before_sign_up_opens_nor_after_its_trainings_and_its_close_out() {
    for (date, clash) in [("2019-10-17", true), ("2019-10-18", false), ("2020-01-30", false), ("2020-01-31", true)] {
        let planned = CohortDates::plan(&dcsc(), vec![milestone(60, Kickoff, When::On(day(date)))]);
        match planned {
            Err(Refusal::TimelineOutOfOrder { faults }) if clash => assert_eq!(faults[0].pointer, "#/milestones/0/on", "{date}"),
            other => assert!(other.is_ok() && !clash, "{date}: {other:?}"),
        }
    }
}
