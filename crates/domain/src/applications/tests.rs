use super::fixtures::{KICKOFF, OPENS, application, at, draft_cohort, id, open_cohort, principal, reason, signup, window};
use super::*;
use crate::access::{Actor, Grant};
use crate::cohorts::Cohort;
use crate::commitments::{Commitment, CommitmentKind};
use crate::eligibility::{Eligibility, JoiningTerms, Outcome, SeatsByOrganization, judge, rules};
use crate::forms::FormSchema;
use crate::ids::CommitmentId;
use crate::programs::EnrollmentMode::{FirstCome, RollingReview};
use crate::refusal::FaultCode;
use crate::seats::{FreeSeat, Place, Seat};
use crate::text::{Name, Reason, RoleKey, Summary};
use crate::time::Date;
use crate::words::Word;
use serde_json::json;

mod joining;

/// The files of somebody who has uploaded nothing.
const NONE: &BTreeSet<FileId> = &BTreeSet::new();
const NOW: i64 = 200;
/// The days are counted from the one after `NOW`, which is the ninth hour of its own.
const END_OF_THIRD_DAY: i64 = 288;
const END_OF_FOURTH_DAY: i64 = 312;

fn verified() -> Verified {
    Verified::Until(at(9_999))
}

fn place() -> Place {
    Place { priority: 0, number: 7 }
}

fn seat() -> FreeSeat {
    FreeSeat { passing_over: Vec::new() }
}

fn form() -> FormSchema {
    let schema = json!({"type": "object", "properties": {"why": {"type": "string", "x-frozen-from": "1970-01-10"}}});
    FormSchema::new(schema).unwrap()
}

/// The day of `NOW`.
fn today() -> Date {
    "1970-01-09".parse().unwrap()
}

fn eligible() -> Eligibility {
    let cohort = open_cohort(1, 2);
    judge(&rules(&cohort.audience, &JoiningTerms::default()), &[principal(1, 7)], &SeatsByOrganization::default())
}

/// Of somebody in a role for which the cohort is not.
fn unmet() -> Eligibility {
    let teacher = EmploymentFacts { role: RoleKey::new("teacher").unwrap(), ..principal(1, 7) };
    judge(&rules(&open_cohort(1, 2).audience, &JoiningTerms::default()), &[teacher], &SeatsByOrganization::default())
}

/// Of somebody of whom no employment is known.
fn unknown() -> Eligibility {
    judge(&rules(&open_cohort(1, 2).audience, &JoiningTerms::default()), &[], &SeatsByOrganization::default())
}

/// A second cohort of the program.
fn other_cohort() -> Cohort {
    Cohort { id: id(3), ..open_cohort(1, 2) }
}

/// An application of the same person to the second cohort.
fn application_there() -> Application {
    let standing = Standing::Enrolled { enrolled_at: at(NOW) };
    Application { id: id(2_000), cohort_id: id(3), ..application(1, standing) }
}

fn applicant(eligibility: &Eligibility, verified: Verified) -> Applicant<'_> {
    Applicant { eligibility, verified, verification_id: None, required: &[] }
}

/// Each state, as it is just before an action that it allows.
fn in_state(state: ApplicationState, action: Action) -> Application {
    let since = at(NOW - 10);
    let standing = match state {
        ApplicationState::Draft => Standing::Draft,
        ApplicationState::Submitted => {
            Standing::Submitted { hold_until: (action == Action::AdmitApplication).then(|| at(NOW + 10)) }
        }
        ApplicationState::Waitlisted => Standing::Waitlisted { since, place: place() },
        ApplicationState::Offered => Standing::Offered { since, until: at(NOW + 10) },
        ApplicationState::Enrolled => Standing::Enrolled { enrolled_at: since },
        ApplicationState::Completed => Standing::Completed { enrolled_at: since, completed_at: since },
        ApplicationState::Expired => Standing::Expired { at: since, cause: ExpiryCause::OfferLapsed },
        ApplicationState::Declined => Standing::Declined { at: since, reason: DeclineReason::Full, note: None },
        ApplicationState::Withdrawn => Standing::Withdrawn { at: since, enrolled_at: None },
        ApplicationState::Removed => {
            Standing::Removed { at: since, enrolled_at: since, cause: RemovalCause::StaffDecision, note: None }
        }
        ApplicationState::Transferred => Standing::Transferred { at: since, enrolled_at: None, to: id(2_000) },
    };
    application(1, standing)
}

/// Takes an action in circumstances in which nothing but the state can stand in the way.
#[expect(clippy::wildcard_enum_match_arm, reason = "every other action is no move of this machine")]
fn take(application: Application, action: Action, now: i64) -> Result<Change<Application>, Refusal> {
    let (signup, now) = (signup(RollingReview), at(now));
    let eligible = eligible();
    let applicant = applicant(&eligible, verified());
    let refused = |state: ApplicationState| MACHINE.refuse(state, action);
    let state = application.state();
    match action {
        Action::UpdateApplication => application.update(ApplicationUpdate::default(), &form().on(today(), NONE), &[], &signup, now),
        Action::SubmitApplication => application.submit(&applicant, Seat::Unasked, &signup, now),
        Action::AdmitApplication => application.admit(&applicant, &signup, now),
        Action::OfferApplication => application.offer(|| Ok(seat()), &applicant, &signup, now),
        Action::WaitlistApplication => application.put_on_waitlist(place(), &signup, now),
        Action::PromoteApplication => application.promote(&signup, now),
        Action::PrioritizeApplication => application.prioritize(1, &reason("left out by mistake"), &signup, now),
        Action::CreateAddition => {
            let why = reason("the superintendent asked for it");
            application.add(&open_cohort(1, 2), || Ok(seat()), (&applicant, &why), &signup, now)
        }
        Action::ConfirmApplication => application.confirm(&[], &applicant, &signup, now),
        Action::DeclineApplication => application.decline(DeclineReason::Full, None, &signup, now),
        Action::WithdrawApplication => application.withdraw(&signup, now),
        Action::ExpireApplication => application.expire(&signup, at(KICKOFF)).ok_or_else(|| refused(state)),
        Action::ReleaseApplication => application.release(&signup, now).ok_or_else(|| refused(state)),
        Action::WithdrawEnrollment => application.leave(&signup, now),
        Action::RemoveEnrollment => application.remove(&reason("never came"), &signup, now),
        Action::CompleteEnrollment => application.complete(now),
        Action::TransferApplication => {
            let there = (&other_cohort(), &signup);
            let because = reason("that group is smaller");
            application
                .transfer(id(2_000), there, || Ok(seat()), &applicant, (&because, &signup), now)
                .map(|transfer| transfer.place)
        }
        Action::MoveApplication => application.give_way(&application_there(), &signup, now),
        other => panic!("{other:?} is no move of an application"),
    }
}

#[test]
fn the_moves_of_an_application() {
    insta::assert_snapshot!(MACHINE.describe().table());
}

#[test]
fn in_each_state_the_table_says_what_can_be_done_and_nothing_else_can() {
    let mut actions: Vec<Action> = MACHINE.transitions.iter().map(|row| row.action).collect();
    actions.dedup();
    for state in ApplicationState::ALL {
        for action in &actions {
            match take(in_state(*state, *action), *action, NOW) {
                Ok(change) => {
                    assert!(MACHINE.leads(*state, *action, change.value.state()), "{state} {action:?} {}", change.value.state());
                    assert!(!change.happened.is_empty() && change.value.meta.updated_at > at(0));
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
fn at_the_kick_off_nothing_can_be_done_any_more_to_what_is_still_open() {
    // Staff add people also when sign-up has closed.
    let by_time = [Action::ExpireApplication, Action::ReleaseApplication, Action::CreateAddition];
    for row in MACHINE.transitions.iter().filter(|row| !by_time.contains(&row.action)) {
        for state in row.from.iter().filter(|state| in_state(**state, row.action).standing.open()) {
            let refused = take(in_state(*state, row.action), row.action, KICKOFF);
            assert!(
                matches!(refused, Err(Refusal::InvalidTransition { current_state: "expired", .. })),
                "{state} {:?}",
                row.action
            );
        }
    }
}

#[test]
fn the_one_who_comes_first_is_enrolled_when_verified_holds_a_seat_while_not_and_waits_when_there_is_none() {
    let signup = signup(FirstCome);
    let eligible = eligible();
    let submit = |verified, seat| {
        application(1, Standing::Draft).submit(&applicant(&eligible, verified), seat, &signup, at(NOW)).map(|change| {
            let verbs: Vec<&str> = change.happened.iter().map(|happening| happening.verb).collect();
            (change.value.standing, verbs)
        })
    };
    let verified = Verified::Until(at(NOW + 1));
    let enrolled = submit(verified, Seat::Held { until: None }).unwrap();
    assert_eq!(enrolled, (Standing::Enrolled { enrolled_at: at(NOW) }, vec!["submitted", "enrolled"]));
    let held = submit(Verified::No, Seat::Held { until: Some(at(300)) }).unwrap();
    assert_eq!(held, (Standing::Submitted { hold_until: Some(at(300)) }, vec!["submitted"]));
    let waiting = submit(verified, Seat::Full { place: place() }).unwrap();
    assert_eq!(waiting, (Standing::Waitlisted { since: at(NOW), place: place() }, vec!["submitted", "waitlisted"]));
    let ran_out = submit(Verified::Until(at(NOW)), Seat::Held { until: None });
    assert!(matches!(ran_out, Err(Refusal::NotVerified(_))), "a seat is held for good only for whom is verified");
}

#[test]
fn a_seat_is_held_for_good_only_for_who_is_verified_and_meets_every_rule() {
    let signup = signup(FirstCome);
    let eligible = eligible();
    let unknown = unknown();
    let holds = |eligibility, verified, now| applicant(eligibility, verified).holds_until(&signup, at(now));
    assert_eq!(holds(&eligible, verified(), NOW), None);
    assert_eq!(holds(&eligible, Verified::No, NOW), Some(at(END_OF_FOURTH_DAY)));
    assert_eq!(holds(&unknown, verified(), NOW), Some(at(END_OF_FOURTH_DAY)));
    assert_eq!(holds(&eligible, Verified::No, KICKOFF - 1), Some(at(KICKOFF)), "no hold outlives the kick-off");
}

#[test]
fn under_review_an_application_takes_no_seat_until_it_is_offered_one() {
    let signup = signup(RollingReview);
    let eligible = eligible();
    let verified = applicant(&eligible, verified());
    let sent = application(1, Standing::Draft).submit(&verified, Seat::Unasked, &signup, at(NOW)).unwrap().value;
    assert_eq!((sent.state(), sent.standing.holds_seat()), (ApplicationState::Submitted, false));
    assert!(sent.clone().admit(&verified, &signup, at(NOW)).is_err(), "a verification alone admits nobody");
    let offered = sent.offer(|| Ok(seat()), &verified, &signup, at(NOW)).unwrap().value;
    assert_eq!(offered.standing, Standing::Offered { since: at(NOW), until: at(END_OF_THIRD_DAY) });
    assert!(offered.standing.holds_seat());
}

#[test]
fn who_came_first_and_holds_a_seat_is_neither_offered_one_nor_made_to_wait() {
    let eligible = eligible();
    let held = application(1, Standing::Submitted { hold_until: Some(at(300)) });
    let offered = held.clone().offer(|| Ok(seat()), &applicant(&eligible, Verified::No), &signup(FirstCome), at(NOW));
    assert!(matches!(offered, Err(Refusal::InvalidTransition { from_here, .. }) if !from_here.contains(&Action::OfferApplication)));
    assert!(held.put_on_waitlist(place(), &signup(FirstCome), at(NOW)).is_err());
}

#[test]
fn sending_asks_that_no_rule_is_unmet_and_a_seat_asks_that_every_rule_is_met() {
    let signup = signup(RollingReview);
    let (unmet, unknown) = (unmet(), unknown());
    assert_eq!((unmet.outcome(), unknown.outcome()), (Outcome::Unmet, Outcome::Unknown));
    let submit =
        |eligibility| application(1, Standing::Draft).submit(&applicant(eligibility, verified()), Seat::Unasked, &signup, at(NOW));
    assert!(matches!(submit(&unmet), Err(Refusal::NotEligible { .. })));
    assert!(submit(&unknown).is_ok());
    let under_review = in_state(ApplicationState::Submitted, Action::OfferApplication);
    let offered = in_state(ApplicationState::Offered, Action::ConfirmApplication);
    let held = in_state(ApplicationState::Submitted, Action::AdmitApplication);
    let unknown = applicant(&unknown, verified());
    assert!(matches!(under_review.offer(|| Ok(seat()), &unknown, &signup, at(NOW)), Err(Refusal::NotEligible { .. })));
    assert!(matches!(offered.confirm(&[], &unknown, &signup, at(NOW)), Err(Refusal::NotEligible { .. })));
    assert!(matches!(held.admit(&unknown, &signup, at(NOW)), Err(Refusal::NotEligible { .. })));
}

#[test]
fn an_offer_asks_for_a_verification_under_review_and_confirming_asks_for_it_always() {
    let eligible = eligible();
    let unverified = applicant(&eligible, Verified::No);
    let offer = |mode, standing| application(1, standing).offer(|| Ok(seat()), &unverified, &signup(mode), at(NOW));
    let waiting = Standing::Waitlisted { since: at(NOW), place: place() };
    assert!(matches!(offer(RollingReview, waiting.clone()), Err(Refusal::NotVerified(_))));
    assert!(offer(FirstCome, waiting).is_ok());
    for mode in EnrollmentMode::ALL {
        let offered = in_state(ApplicationState::Offered, Action::ConfirmApplication);
        assert!(matches!(offered.confirm(&[], &unverified, &signup(*mode), at(NOW)), Err(Refusal::NotVerified(_))));
    }
}

#[test]
fn a_seat_to_offer_is_asked_for_last() {
    let eligible = eligible();
    let unverified = applicant(&eligible, Verified::No);
    let asked = || -> Result<FreeSeat, Refusal> { panic!("nothing stands in the way of asking but what was refused") };
    let under_review = in_state(ApplicationState::Submitted, Action::OfferApplication);
    assert!(matches!(
        under_review.clone().offer(asked, &unverified, &signup(RollingReview), at(NOW)),
        Err(Refusal::NotVerified(_))
    ));
    let full = || Err(Refusal::CohortFull("no seat is free".to_owned()));
    let refused = under_review.offer(full, &applicant(&eligible, verified()), &signup(RollingReview), at(NOW));
    assert!(matches!(refused, Err(Refusal::CohortFull(_))));
}

#[test]
fn no_offer_outlives_the_kick_off() {
    let eligible = eligible();
    let under_review = in_state(ApplicationState::Submitted, Action::OfferApplication);
    let applicant = applicant(&eligible, verified());
    let offered = under_review.offer(|| Ok(seat()), &applicant, &signup(RollingReview), at(KICKOFF - 1)).unwrap().value;
    assert_eq!(offered.standing.lapses_at(), Some(at(KICKOFF)));
}

#[test]
fn an_offer_or_a_hold_past_its_time_reads_expired_and_is_not_honored_though_no_job_has_run() {
    let eligible = eligible();
    let applicant = applicant(&eligible, verified());
    let signup = signup(FirstCome);
    let offered = application(1, Standing::Offered { since: at(NOW), until: at(300) });
    assert!(offered.clone().confirm(&[], &applicant, &signup, at(299)).is_ok());
    let late = offered.clone().confirm(&[], &applicant, &signup, at(300));
    assert!(matches!(late, Err(Refusal::InvalidTransition { current_state: "expired", .. })));
    let expired = Standing::Expired { at: at(300), cause: ExpiryCause::OfferLapsed };
    assert_eq!(offered.clone().as_of(&signup, at(400)).standing, expired);
    assert_eq!(offered.expire(&signup, at(400)).unwrap().value.standing, expired, "settled later, it is dated the same");

    let held = application(1, Standing::Submitted { hold_until: Some(at(300)) });
    assert!(held.clone().admit(&applicant, &signup, at(299)).is_ok());
    let late = held.clone().admit(&applicant, &signup, at(300));
    assert!(
        matches!(late, Err(Refusal::InvalidTransition { current_state: "expired", .. })),
        "a late verification revives nothing"
    );
    assert!(held.withdraw(&signup, at(300)).is_err());
}

#[test]
fn at_the_kick_off_everything_that_is_still_open_expires() {
    let signup = signup(RollingReview);
    let closed = Standing::Expired { at: at(KICKOFF), cause: ExpiryCause::SignupClosed };
    for state in [ApplicationState::Draft, ApplicationState::Submitted, ApplicationState::Waitlisted] {
        let open = in_state(state, Action::ExpireApplication);
        assert_eq!(open.clone().expire(&signup, at(KICKOFF - 1)), None, "{state}");
        assert_eq!(open.expire(&signup, at(KICKOFF)).unwrap().value.standing, closed, "{state}");
    }
    let held_to_the_end = application(1, Standing::Submitted { hold_until: Some(at(KICKOFF)) });
    assert_eq!(held_to_the_end.expire(&signup, at(KICKOFF)).unwrap().value.standing, closed);
    let offered_to_the_end = application(1, Standing::Offered { since: at(0), until: at(KICKOFF) });
    let lapsed = Standing::Expired { at: at(KICKOFF), cause: ExpiryCause::OfferLapsed };
    assert_eq!(offered_to_the_end.expire(&signup, at(KICKOFF)).unwrap().value.standing, lapsed);
    let offered_beyond = application(1, Standing::Offered { since: at(0), until: at(KICKOFF + 5) });
    assert_eq!(offered_beyond.expire(&signup, at(KICKOFF)).unwrap().value.standing, closed, "the kick-off was moved forward");
    assert_eq!(in_state(ApplicationState::Enrolled, Action::ExpireApplication).expire(&signup, at(KICKOFF)), None);
}

#[test]
fn an_application_is_begun_only_while_sign_up_is_open_and_not_by_who_leads_the_cohort() {
    let begin = |cohort: &Cohort, person, now| {
        Application::begin(id(1), (cohort, id(person)), ApplicationDraft::default(), &[], Some(&window()), at(now))
    };
    let open = open_cohort(1, 2);
    assert_eq!(begin(&open, 1, NOW).unwrap().value.state(), ApplicationState::Draft);
    assert!(matches!(begin(&open, 1, OPENS - 1), Err(Refusal::WindowClosed { .. })));
    assert!(matches!(begin(&open, 1, KICKOFF), Err(Refusal::WindowClosed { .. })));
    assert!(matches!(begin(&draft_cohort(1, 2), 1, NOW), Err(Refusal::WindowClosed { .. })));
    assert!(matches!(begin(&open, 900, NOW), Err(Refusal::SamePerson(_))));
}

#[test]
fn a_draft_is_not_sent_before_sign_up_opens() {
    let eligible = eligible();
    let draft = application(1, Standing::Draft);
    let early = draft.submit(&applicant(&eligible, verified()), Seat::Unasked, &signup(RollingReview), at(OPENS - 1));
    assert!(matches!(early, Err(Refusal::WindowClosed { opens_at: Some(opens_at), .. }) if opens_at == at(OPENS)));
}

fn commitments() -> Vec<Commitment> {
    let commitment = |number, version, label| Commitment {
        id: id(number),
        kind: CommitmentKind::Text,
        version,
        label: Name::new(label).unwrap(),
        text: Summary::new(label).unwrap(),
    };
    vec![commitment(1, 2, "Attend every meeting"), commitment(2, 1, "Share in the final product")]
}

fn acceptance(number: u128, version: u32) -> Accepted {
    (id(number), version)
}

#[test]
fn commitments_are_accepted_at_the_sending_where_the_first_come_are_the_first_served() {
    let required = commitments();
    let eligible = eligible();
    let applicant = Applicant { required: &required, ..applicant(&eligible, verified()) };
    let submit = |given: &[Accepted], mode, seat| {
        let draft = ApplicationUpdate { commitments: Some(given.to_vec()), ..ApplicationUpdate::default() };
        let draft = application(1, Standing::Draft)
            .update(draft, &form().on(today(), NONE), &required, &signup(mode), at(NOW - 5))
            .unwrap()
            .value;
        draft.submit(&applicant, seat, &signup(mode), at(NOW))
    };
    let seat = Seat::Held { until: None };
    let refused = submit(&[acceptance(1, 2)], FirstCome, seat);
    assert!(
        matches!(refused, Err(Refusal::CommitmentsMissing { missing }) if missing[0].params["commitment_id"] == id::<CommitmentId>(2).to_string())
    );
    let accepted = submit(&[acceptance(1, 2), acceptance(2, 1)], FirstCome, seat).unwrap().value.commitments;
    assert!(accepted.len() == 2 && accepted.iter().all(|commitment| commitment.accepted_at == at(NOW - 5)));
    assert!(submit(&[], RollingReview, Seat::Unasked).is_ok(), "under review they are accepted with the offer");
}

#[test]
fn confirming_asks_for_every_commitment_in_the_version_in_which_it_stands_now() {
    let required = commitments();
    let eligible = eligible();
    let applicant = Applicant { required: &required, ..applicant(&eligible, verified()) };
    let mut offered = in_state(ApplicationState::Offered, Action::ConfirmApplication);
    let accepted = |number, version| Acceptance { commitment_id: id(number), version, accepted_at: at(1) };
    offered.commitments = vec![accepted(1, 1), accepted(2, 1)];
    let confirm = |given: &[Accepted]| offered.clone().confirm(given, &applicant, &signup(FirstCome), at(NOW));
    let refused = confirm(&[]);
    assert!(
        matches!(refused, Err(Refusal::CommitmentsMissing { missing }) if missing[0].params["version"] == 2),
        "an old version is not enough"
    );
    let confirmed = confirm(&[acceptance(1, 2)]).unwrap().value;
    assert_eq!(confirmed.state(), ApplicationState::Enrolled);
    let new = Acceptance { commitment_id: id(1), version: 2, accepted_at: at(NOW) };
    assert_eq!(confirmed.commitments, [accepted(2, 1), new], "what was accepted before keeps its instant");
}

#[test]
fn a_commitment_that_nobody_asks_for_is_not_accepted() {
    let draft = ApplicationUpdate { commitments: Some(vec![acceptance(9, 1)]), ..ApplicationUpdate::default() };
    let refused =
        application(1, Standing::Draft).update(draft, &form().on(today(), NONE), &commitments(), &signup(FirstCome), at(NOW));
    assert!(matches!(refused, Err(Refusal::Invalid(faults)) if faults[0].code == FaultCode::NotFound));
}

#[test]
fn declining_for_another_reason_says_which_and_the_cohort_s_end_is_no_reason_to_give() {
    let under_review = in_state(ApplicationState::Submitted, Action::DeclineApplication);
    let decline =
        |reason, note: Option<Reason>| under_review.clone().decline(reason, note.as_ref(), &signup(RollingReview), at(NOW));
    assert!(matches!(decline(DeclineReason::Other, None), Err(Refusal::ReasonRequired(_))));
    assert!(matches!(decline(DeclineReason::CohortCancelled, None), Err(Refusal::Invalid(_))));
    let declined = decline(DeclineReason::Other, Some(reason("applied for a colleague"))).unwrap();
    assert_eq!(declined.happened[0].data["reason_code"], "other");
    assert_eq!(declined.happened[0].reason, Some(reason("applied for a colleague")));
}

#[test]
fn a_cancelled_cohort_declines_what_is_open_removes_who_is_enrolled_and_leaves_what_has_ended() {
    let signup = signup(FirstCome);
    let released = |state| {
        let change = in_state(state, Action::ReleaseApplication).release(&signup, at(NOW));
        change.map(|change| change.value.standing)
    };
    for open in [ApplicationState::Draft, ApplicationState::Submitted, ApplicationState::Waitlisted, ApplicationState::Offered] {
        let declined = Standing::Declined { at: at(NOW), reason: DeclineReason::CohortCancelled, note: None };
        assert_eq!(released(open), Some(declined), "{open}");
    }
    assert!(matches!(released(ApplicationState::Enrolled), Some(Standing::Removed { cause: RemovalCause::CohortCancelled, .. })));
    assert_eq!(released(ApplicationState::Completed), None);
    let dead = application(1, Standing::Offered { since: at(0), until: at(NOW) }).release(&signup, at(NOW)).unwrap();
    assert_eq!(dead.value.state(), ApplicationState::Expired, "what was over before is not declined");
}

#[test]
fn it_stands_on_the_employment_by_which_it_was_sent() {
    let eligible = eligible();
    let draft = application(1, Standing::Draft);
    let sent =
        draft.clone().submit(&applicant(&eligible, Verified::No), Seat::Unasked, &signup(RollingReview), at(NOW)).unwrap().value;
    let employments = [principal(1, 7), principal(2, 8)];
    assert_eq!(draft.employments_that_count(&employments).len(), 2);
    assert_eq!(sent.employments_that_count(&employments), [principal(1, 7)]);
}

#[test]
fn what_can_be_done_depends_on_who_asks_on_the_time_and_on_the_mode() {
    let person = Actor::Person { id: id(1), grants: [].into() };
    let staff = Actor::Person { id: id(2), grants: [Grant::Staff].into() };
    let actions = |standing: Standing, actor: &Actor, mode, now| {
        let application = application(1, standing);
        application.allowed_actions(&Tie::to_person(actor, application.person_id), &signup(mode), at(now))
    };
    let submitted = |hold_until| Standing::Submitted { hold_until };
    assert_eq!(actions(Standing::Draft, &person, RollingReview, NOW), ["update", "submit", "withdraw"]);
    assert_eq!(actions(Standing::Draft, &person, RollingReview, OPENS - 1), ["update", "withdraw"]);
    assert!(actions(Standing::Draft, &person, RollingReview, KICKOFF).is_empty());
    assert_eq!(actions(submitted(None), &staff, RollingReview, NOW), ["offer", "waitlist", "decline", "transfer"]);
    assert_eq!(actions(submitted(Some(at(300))), &staff, FirstCome, NOW), ["decline", "transfer"]);
    let offered = Standing::Offered { since: at(0), until: at(300) };
    assert_eq!(actions(offered.clone(), &person, RollingReview, 299), ["update", "confirm", "withdraw"]);
    assert!(actions(offered, &person, RollingReview, 300).is_empty());
    let enrolled = application(1, Standing::Enrolled { enrolled_at: at(0) });
    let open = actions(enrolled.standing.clone(), &person, FirstCome, NOW);
    assert_eq!(open, ["update"], "it is an enrollment now, of which the answers alone are the application's");
    let of_enrollment = |actor| enrolled.allowed_enrollment_actions(&Tie::to_person(actor, enrolled.person_id));
    assert_eq!((of_enrollment(&person), of_enrollment(&staff)), (vec!["withdraw"], vec!["remove"]));
}

#[test]
fn a_transfer_is_an_offer_in_the_other_cohort_for_a_place_that_stands_until_then() {
    let asked = |number: u128, version: u32| Acceptance { commitment_id: id(number), version, accepted_at: at(150) };
    let before = Application {
        verification_id: Some(id(5)),
        commitments: vec![asked(1, 2), asked(2, 1), asked(3, 1)],
        submitted_at: Some(at(140)),
        ..application(1, Standing::Enrolled { enrolled_at: at(150) })
    };
    let commitment = |number: u128, version: u32| Commitment {
        id: id::<CommitmentId>(number),
        kind: CommitmentKind::Text,
        version,
        label: Name::new("Calls").unwrap(),
        text: Summary::new("Come to every call").unwrap(),
    };
    let (eligible, required) = (eligible(), [commitment(1, 2), commitment(2, 2)]);
    let applicant = Applicant { required: &required, ..applicant(&eligible, verified()) };
    let signup = signup(RollingReview);
    let because = reason("that group is smaller");
    let transfer = before
        .clone()
        .transfer(id(2_000), (&other_cohort(), &signup), || Ok(seat()), &applicant, (&because, &signup), at(NOW))
        .unwrap();
    assert_eq!(transfer.place.value.standing, before.standing);
    let offer = &transfer.offer.value;
    assert_eq!(offer.standing, Standing::Offered { since: at(NOW), until: at(END_OF_THIRD_DAY) });
    assert_eq!((offer.cohort_id, offer.transferred_from, offer.submitted_at), (id(3), Some(before.id), before.submitted_at));
    assert_eq!((offer.verification_id, &offer.answers), (before.verification_id, &before.answers));
    assert_eq!(offer.commitments, [asked(1, 2)], "what was accepted in the wording in which it is asked there");
    assert_eq!(transfer.offer.happened.last().unwrap().reason, Some(because));

    let given_up = before.give_way(offer, &signup, at(NOW)).unwrap().value;
    assert_eq!(given_up.standing, Standing::Transferred { at: at(NOW), enrolled_at: Some(at(150)), to: offer.id });
    assert!(!given_up.standing.live() && !given_up.standing.holds_seat());
}

#[test]
fn nobody_is_transferred_to_a_cohort_that_they_could_not_join() {
    let signup = signup(RollingReview);
    let enrolled = || application(1, Standing::Enrolled { enrolled_at: at(150) });
    let (eligible, unmet, unknown) = (eligible(), unmet(), unknown());
    let transfer = |there: &Cohort, applicant: &Applicant<'_>, now: i64| {
        let asked = || -> Result<FreeSeat, Refusal> { panic!("a seat is asked for last") };
        enrolled().transfer(id(2_000), (there, &signup), asked, applicant, (&reason("a better fit"), &signup), at(now)).map(drop)
    };
    let open = other_cohort();
    let led = Cohort { facilitators: vec![id(1)], ..other_cohort() };
    let draft = Cohort { id: id(3), ..draft_cohort(1, 2) };
    let good = applicant(&eligible, verified());
    assert!(matches!(transfer(&led, &good, NOW), Err(Refusal::SamePerson(_))));
    assert!(matches!(transfer(&draft, &good, NOW), Err(Refusal::WindowClosed { .. })));
    assert!(matches!(transfer(&open, &good, KICKOFF), Err(Refusal::WindowClosed { .. })));
    assert!(matches!(transfer(&open, &applicant(&unmet, verified()), NOW), Err(Refusal::NotEligible { .. })));
    assert!(matches!(transfer(&open, &applicant(&unknown, verified()), NOW), Err(Refusal::NotEligible { .. })));
    assert!(matches!(transfer(&open, &applicant(&eligible, Verified::No), NOW), Err(Refusal::NotVerified(_))));
    let full = || Err(Refusal::CohortFull("full".to_owned()));
    let refused = enrolled().transfer(id(2_000), (&open, &signup), full, &good, (&reason("a better fit"), &signup), at(NOW));
    assert!(matches!(refused, Err(Refusal::CohortFull(_))));
}
