//! What is wrong with a timeline is told whole, each fault at its place.

use super::*;
use crate::refusal::{Fault, FaultCode};

fn plan(milestones: Vec<Milestone>) -> Result<Timeline, Refusal> {
    Timeline::plan(dcsc().calendar(), milestones)
}

/// Each fault as a line.
fn lines(faults: &[Fault]) -> Vec<String> {
    faults.iter().map(|fault| format!("{} {} {}", fault.pointer, fault.code, fault.detail)).collect()
}

fn disorder(milestones: Vec<Milestone>) -> Vec<Fault> {
    match plan(milestones) {
        Err(Refusal::TimelineOutOfOrder { faults }) => faults,
        other => panic!("not refused as out of order: {other:?}"),
    }
}

fn invalid(milestones: Vec<Milestone>) -> Vec<Fault> {
    match plan(milestones) {
        Err(Refusal::Invalid(faults)) => faults,
        other => panic!("not refused as invalid: {other:?}"),
    }
}

fn pointers(faults: &[Fault]) -> Vec<(&str, FaultCode)> {
    faults.iter().map(|fault| (fault.pointer.as_str(), fault.code)).collect()
}

#[test]
fn a_call_for_proposals_needs_six_kinds_and_a_staff_led_year_three() {
    insta::assert_snapshot!(lines(&disorder(Vec::new())).join("\n"));
    let staff_led = Timeline::plan(&calendar("America/Denver", Delivery::StaffLed), Vec::new());
    let Err(Refusal::TimelineOutOfOrder { faults }) = staff_led else { panic!("an empty year was planned") };
    assert_eq!(faults.len(), 3);
}

#[test]
fn each_kind_that_is_needed_is_missed_when_it_is_gone() {
    for kind in Delivery::CallForProposals.needs() {
        let without: Vec<_> = dcsc_milestones().into_iter().filter(|milestone| milestone.kind != *kind).collect();
        let faults = disorder(without);
        assert_eq!(pointers(&faults), [("#/milestones", FaultCode::Required)], "{kind}");
        assert_eq!(faults[0].params["kind"], kind.to_string());
    }
}

#[test]
fn all_milestones_that_are_out_of_order_are_told() {
    let mut milestones = dcsc_milestones();
    milestones[1].when = When::On(day("2019-09-01"));
    milestones[3].when = When::On(day("2019-12-20"));
    insta::assert_snapshot!(lines(&disorder(milestones)).join("\n"));
}

#[test]
fn the_pointer_names_the_member_that_says_when() {
    let mut milestones = dcsc_milestones();
    milestones[3].when = When::At(at("2019-10-01T00:00:00Z"));
    milestones[5].when = When::Relative { to: id(4), days: -60 };
    let faults = disorder(milestones);
    let expected = [("#/milestones/3/at", FaultCode::OutOfOrder), ("#/milestones/5/relative_to", FaultCode::OutOfOrder)];
    assert_eq!(pointers(&faults), expected);
    assert_eq!(faults[0].params["after"], "offerings_final");
}

#[test]
fn the_order_of_the_list_does_not_matter() {
    let mut milestones = dcsc_milestones();
    milestones.reverse();
    assert_eq!(plan(milestones), Ok(dcsc()));
}

#[test]
fn a_window_that_opens_must_stay_open_for_some_time() {
    let on_one_day = |kind: MilestoneKind, text: &str| {
        let mut milestones = dcsc_milestones();
        milestones.iter_mut().filter(|milestone| milestone.kind == kind).for_each(|milestone| milestone.when = When::On(day(text)));
        plan(milestones)
    };
    assert!(on_one_day(ProposalsDue, "2019-09-12").is_ok(), "a call of one day");
    assert!(
        on_one_day(OfferingsFinal, "2019-10-03").is_ok(),
        "offerings can be settled until the day ends on which proposals are due"
    );
    assert!(on_one_day(OfferingsFinal, "2019-10-17").is_ok(), "offerings can be settled on the day on which sign-up opens");
    assert!(on_one_day(OfferingsFinal, "2019-10-02").is_err() && on_one_day(OfferingsFinal, "2019-10-18").is_err());
    assert!(on_one_day(InPersonTraining, "2019-12-09").is_ok(), "a training on the day of the kick-off");
    assert!(on_one_day(SignupSoftDeadline, "2019-10-17").is_ok(), "a sign-up of one day");
    assert!(on_one_day(SignupSoftDeadline, "2019-12-08").is_ok(), "a deadline that ends as the kick-off begins");
    assert!(on_one_day(SignupSoftDeadline, "2019-12-09").is_err(), "it would end after the kick-off");
    assert!(on_one_day(Closeout, "2020-05-14").is_err(), "a call would come after the close-out");
    assert!(on_one_day(Closeout, "2020-05-15").is_ok());

    let staff_led = calendar("America/Denver", Delivery::StaffLed);
    let at_once = on_days(&[(SignupOpens, "2024-11-05"), (Kickoff, "2024-11-05"), (Closeout, "2025-04-15")]);
    assert!(Timeline::plan(&staff_led, at_once).is_err(), "sign-up would close as it opens");
}

#[test]
fn kinds_and_ids_stand_once_but_calls_can_be_many() {
    let mut milestones = dcsc_milestones();
    milestones.push(milestone(90, Kickoff, When::On(day("2019-12-10"))));
    milestones.push(milestone(7, Call, When::On(day("2020-03-20"))));
    let faults = invalid(milestones);
    assert_eq!(pointers(&faults), [("#/milestones/12/kind", FaultCode::Duplicate), ("#/milestones/13/id", FaultCode::Duplicate)]);
}

#[test]
fn references_that_lead_nowhere_or_round_in_a_circle_are_told_where_they_begin() {
    let relative = |to: u128| When::Relative { to: id(to), days: 1 };
    let mut milestones = dcsc_milestones();
    milestones[6].when = relative(99);
    milestones[7].when = relative(6);
    milestones[8].when = relative(9);
    milestones[9].when = relative(8);
    milestones[10].when = relative(10);
    milestones[11].when = relative(9);
    let faults = invalid(milestones);
    let expected = [
        ("#/milestones/6/relative_to/milestone_id", FaultCode::NotFound),
        ("#/milestones/8/relative_to/milestone_id", FaultCode::InvalidValue),
        ("#/milestones/9/relative_to/milestone_id", FaultCode::InvalidValue),
        ("#/milestones/10/relative_to/milestone_id", FaultCode::InvalidValue),
        ("#/milestones", FaultCode::Required),
    ];
    assert_eq!(pointers(&faults), expected, "the close-out has no date, and so is missing too");
}

#[test]
fn days_and_instants_out_of_bounds_are_told() {
    let mut milestones = dcsc_milestones();
    milestones[7].when = When::Relative { to: id(5), days: MOST_RELATIVE_DAYS + 1 };
    milestones[8].when = When::At(Timestamp::from_millis(i64::MAX));
    milestones[11].when = When::On(day("2199-12-31"));
    milestones[10].when = When::Relative { to: id(11), days: 1 };
    let faults = invalid(milestones);
    let expected = [
        ("#/milestones/7/relative_to/days", FaultCode::OutOfRange),
        ("#/milestones/8/at", FaultCode::OutOfRange),
        ("#/milestones/10/relative_to/days", FaultCode::OutOfRange),
    ];
    assert_eq!(pointers(&faults), expected);
}

#[test]
fn the_number_of_milestones_has_a_limit() {
    let calls = |count: usize| {
        let more = (100..).take(count).map(|number| milestone(number, Call, When::On(day("2020-03-01"))));
        dcsc_milestones().into_iter().chain(more).collect::<Vec<_>>()
    };
    assert!(plan(calls(MOST_MILESTONES - 12)).is_ok());
    assert_eq!(pointers(&invalid(calls(MOST_MILESTONES - 11))), [("#/milestones", FaultCode::TooLong)]);
}

#[test]
fn faults_of_both_sorts_are_told_together() {
    let mut milestones = dcsc_milestones();
    milestones.remove(0);
    milestones.push(milestone(99, Closeout, When::On(day("2020-06-16"))));
    let faults = invalid(milestones);
    assert_eq!(pointers(&faults), [("#/milestones/11/kind", FaultCode::Duplicate), ("#/milestones", FaultCode::Required)]);
}

#[test]
fn a_stored_timeline_is_judged_again_when_it_counts() {
    let staff_led = Timeline::resolve(&calendar("America/New_York", Delivery::StaffLed), dcsc_milestones()).unwrap();
    assert_eq!(staff_led.check(), Ok(()), "what a staff-led year does not need does no harm");
    let milestones = diso().milestones().iter().map(|dated| dated.milestone.clone()).collect();
    let call = Timeline::resolve(dcsc().calendar(), milestones).unwrap();
    assert!(matches!(call.check(), Err(Refusal::TimelineOutOfOrder { faults }) if faults.len() == 3));
}
