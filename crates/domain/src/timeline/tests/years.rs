//! The two real years, phase by phase.

use super::*;

fn phase_of(timeline: &Timeline, decisions: &Decisions, instant: &str) -> Phase {
    phase(timeline, decisions, &[], at(instant)).phase
}

#[test]
fn the_year_of_the_charter_schools() {
    let decisions = finalized("2019-09-03T15:00:00Z", "2019-10-09T20:00:00Z");
    insta::assert_snapshot!(table(&phases(&dcsc(), &decisions, &[])));
}

#[test]
fn the_year_of_the_state_office() {
    insta::assert_snapshot!(table(&phases(&diso(), &published("2024-08-01T16:00:00Z"), &[])));
}

#[test]
fn the_milestones_of_the_charter_schools_with_their_instants() {
    let line = |dated: &DatedMilestone| {
        let closes_at = dated.closes_at.map(|instant| format!(" to {instant}")).unwrap_or_default();
        format!("{} {:<20} {}{closes_at}", dated.on, dated.kind().to_string(), dated.starts_at)
    };
    insta::assert_snapshot!(dcsc().milestones().iter().map(line).collect::<Vec<_>>().join("\n"));
}

#[test]
fn a_day_opens_with_its_first_instant_and_what_is_due_on_it_is_due_with_its_last() {
    let (timeline, decisions) = (dcsc(), published("2019-09-01T00:00:00Z"));
    let of = |instant| phase_of(&timeline, &decisions, instant);
    assert_eq!(of("2019-09-12T03:59:59.999Z"), Phase::Scheduled);
    assert_eq!(of("2019-09-12T04:00:00.000Z"), Phase::AcceptingProposals);
    assert_eq!(of("2019-10-04T03:59:59.999Z"), Phase::AcceptingProposals);
    assert_eq!(of("2019-10-04T04:00:00.000Z"), Phase::ReviewingProposals);
}

#[test]
fn offerings_that_nobody_finalized_hold_the_year_up() {
    let (timeline, decisions) = (dcsc(), published("2019-09-01T00:00:00Z"));
    let now = |instant| phase(&timeline, &decisions, &[], at(instant));
    let (before, after) = (now("2019-10-11T03:59:59.999Z"), now("2019-10-11T04:00:00Z"));
    assert_eq!((before.phase, before.blocked_by), (Phase::ReviewingProposals, vec![]));
    assert_eq!((after.phase, after.blocked_by), (Phase::ReviewingProposals, vec![Blocker::OfferingsNotFinal]));
    assert_eq!(now("2020-05-01T00:00:00Z").phase, Phase::ReviewingProposals, "sign-up does not open by itself");
    assert_eq!(now("2020-06-16T04:00:00Z").phase, Phase::Closed, "but a year is over with its last day");
}

#[test]
fn offerings_finalized_late_open_the_sign_up_at_once() {
    let decisions = finalized("2019-09-01T00:00:00Z", "2019-10-20T12:00:00Z");
    assert_eq!(phase_of(&dcsc(), &decisions, "2019-10-20T11:59:59.999Z"), Phase::ReviewingProposals);
    assert_eq!(phase_of(&dcsc(), &decisions, "2019-10-20T12:00:00Z"), Phase::SignupOpen);
}

#[test]
fn without_a_soft_deadline_sign_up_is_never_late() {
    let all = phases(&diso(), &published("2024-08-01T00:00:00Z"), &[]);
    assert!(all.iter().all(|span| span.phase != Phase::SignupLate));
}

#[test]
fn sign_up_lasts_until_the_last_cohort_has_kicked_off_and_the_year_until_the_last_has_closed() {
    let decisions = finalized("2019-09-01T00:00:00Z", "2019-10-09T00:00:00Z");
    let cohort = |kickoff: &str, closeout: &str| CohortSpan { kickoff_at: at(kickoff), closes_at: at(closeout) };
    let cohorts = [
        cohort("2019-12-04T21:00:00Z", "2020-06-11T04:00:00Z"),
        cohort("2019-12-12T21:00:00Z", "2020-06-16T04:00:00Z"),
        cohort("2019-12-05T21:00:00Z", "2020-06-20T04:00:00Z"),
    ];
    let of = |instant| phase(&dcsc(), &decisions, &cohorts, at(instant)).phase;
    assert_eq!(of("2019-12-12T20:59:59.999Z"), Phase::SignupLate);
    assert_eq!(of("2019-12-12T21:00:00Z"), Phase::InSession);
    assert_eq!(of("2020-06-20T03:59:59.999Z"), Phase::InSession);
    assert_eq!(of("2020-06-20T04:00:00Z"), Phase::Closed);
}

#[test]
fn a_decision_to_close_or_to_cancel_counts_from_its_instant_on() {
    let closed =
        Decisions { closed_at: Some(at("2020-03-01T12:00:00Z")), ..finalized("2019-09-01T00:00:00Z", "2019-10-09T00:00:00Z") };
    assert_eq!(phase_of(&dcsc(), &closed, "2020-03-01T11:59:59.999Z"), Phase::InSession);
    assert_eq!(phase_of(&dcsc(), &closed, "2020-03-01T12:00:00Z"), Phase::Closed);
    let reason = crate::text::Reason::new("Too few proposals").unwrap();
    let cancelled = Decisions { cancelled: Some((at("2019-10-05T12:00:00Z"), reason)), ..published("2019-09-01T00:00:00Z") };
    assert_eq!(phase_of(&dcsc(), &cancelled, "2019-10-05T11:59:59.999Z"), Phase::ReviewingProposals);
    assert_eq!(phase_of(&dcsc(), &cancelled, "2021-01-01T00:00:00Z"), Phase::Cancelled, "for ever");
}

#[test]
fn a_draft_stays_a_draft() {
    assert_eq!(table(&phases(&dcsc(), &Decisions::default(), &[])), "from the beginning        draft");
}

#[test]
fn the_next_milestone_is_the_first_that_has_still_to_take_effect() {
    let decisions = finalized("2019-09-01T00:00:00Z", "2019-10-09T00:00:00Z");
    let next = |instant| phase(&dcsc(), &decisions, &[], at(instant)).next_milestone.map(|dated| dated.kind());
    assert_eq!(next("2019-11-14T17:00:00Z"), Some(SignupSoftDeadline), "its day is not over");
    assert_eq!(next("2019-11-20T17:00:00Z"), Some(Kickoff));
    assert_eq!(next("2019-12-09T17:00:00Z"), Some(InPersonTraining), "the day of the kick-off has begun");
    assert_eq!(next("2020-06-15T17:00:00Z"), Some(Closeout));
    assert_eq!(next("2020-06-16T17:00:00Z"), None);
    let closed = Decisions { closed_at: Some(at("2019-11-01T00:00:00Z")), ..decisions };
    assert_eq!(phase(&dcsc(), &closed, &[], at("2019-11-20T17:00:00Z")).next_milestone, None, "nothing more comes");
}

#[test]
fn a_milestone_is_current_during_its_civil_day() {
    let timeline = dcsc();
    let status = |kind, instant| timeline.first(kind).unwrap().status(at(instant));
    for kind in [SignupOpens, Kickoff, ProposalsDue] {
        let dated = timeline.first(kind).unwrap();
        assert_eq!(dated.status(dated.current_from.plus(chrono::Duration::milliseconds(-1))), MilestoneStatus::Upcoming);
        assert_eq!(dated.status(dated.current_from), MilestoneStatus::Current);
        assert_eq!(dated.status(dated.current_until), MilestoneStatus::Past);
    }
    assert_eq!(status(Kickoff, "2019-12-10T04:59:59.999Z"), MilestoneStatus::Current);
    assert_eq!(status(Kickoff, "2019-12-10T05:00:00Z"), MilestoneStatus::Past);
}

#[test]
fn the_next_change_is_the_next_instant_at_which_anything_reads_otherwise() {
    let decisions = finalized("2019-09-01T00:00:00Z", "2019-10-09T00:00:00Z");
    let next = |instant| next_change_at(&dcsc(), &decisions, &[], at(instant));
    assert_eq!(next("2019-11-20T17:00:00Z"), Some(at("2019-12-09T05:00:00Z")));
    assert_eq!(next("2019-12-09T05:00:00Z"), Some(at("2019-12-10T05:00:00Z")));
    assert_eq!(next("2020-06-16T04:00:00Z"), None);
}

#[test]
fn grace_and_extensions_are_taken_but_not_advertised() {
    let mut generous = calendar("America/New_York", Delivery::CallForProposals);
    generous.terms.grace_minutes = 90;
    let timeline = Timeline::plan(&generous, dcsc_milestones()).unwrap();
    let decisions = published("2019-09-01T00:00:00Z");
    let window = timeline.proposal_window().unwrap();
    assert_eq!(window.closes_at, at("2019-10-04T04:00:00Z"));
    assert_eq!(window.accepted_until, at("2019-10-04T05:30:00Z"));
    assert_eq!(
        phase_of(&timeline, &decisions, "2019-10-04T04:00:00Z"),
        Phase::ReviewingProposals,
        "the phase is what was advertised"
    );
    assert_eq!(window.check(at("2019-10-04T05:29:59.999Z")), Ok(()));
    let Err(Refusal::WindowClosed { closed_at, .. }) = window.check(at("2019-10-04T05:30:00Z")) else {
        panic!("taken after the grace")
    };
    assert_eq!(closed_at, Some(at("2019-10-04T04:00:00Z")), "who is late learns what was advertised");
    let Err(Refusal::WindowClosed { opens_at, .. }) = window.check(at("2019-09-12T03:59:59.999Z")) else {
        panic!("taken too early")
    };
    assert_eq!(opens_at, Some(at("2019-09-12T04:00:00Z")));

    let extended = window.extended(at("2019-10-06T00:00:00Z"));
    assert_eq!(extended.check(at("2019-10-05T23:59:59.999Z")), Ok(()));
    assert!(extended.check(at("2019-10-06T00:00:00Z")).is_err());
    let shorter = window.extended(at("2019-10-04T04:10:00Z"));
    assert_eq!(shorter.accepted_until, at("2019-10-04T05:30:00Z"), "an extension takes nothing away");
    assert_eq!(diso().proposal_window(), None);
}

#[test]
fn confirmations_are_due_on_their_day_or_else_when_the_offerings_are_final() {
    assert_eq!(dcsc().confirmations_due_at(), Some(at("2019-10-11T04:00:00Z")));
    let mut milestones = dcsc_milestones();
    milestones.push(milestone(50, ConfirmationsDue, When::On(day("2019-10-08"))));
    let timeline = Timeline::plan(dcsc().calendar(), milestones).unwrap();
    assert_eq!(timeline.confirmations_due_at(), Some(at("2019-10-09T04:00:00Z")));
}
