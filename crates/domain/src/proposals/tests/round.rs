use std::collections::BTreeSet;

use super::*;
use crate::access::{Actor, Grant};
use crate::cohorts::{CohortState, MeetingMode};
use crate::journal::Happening;
use crate::programs::ProgramState;

#[test]
fn a_release_tells_every_decision_at_once() {
    let staged = |n, decision| standing(n, Standing::InReview { staged: Some(decision), reserve: None });
    let proposals = vec![
        staged(1, Staged::Accept),
        staged(2, Staged::Reject),
        staged(3, Staged::Reserve { rank: 4 }),
        standing(4, RESERVED),
        draft(5),
    ];
    let released = settle(proposals, at(12 * DAY)).0.release(&letters()).unwrap();
    let now: Vec<_> = released.iter().map(|change| (change.value.standing, change.happened[0].verb)).collect();
    assert_eq!(
        now,
        [
            (Standing::Accepted { accepted_at: at(12 * DAY), confirm_until: None }, "accepted"),
            (Standing::Rejected { rejected_at: at(12 * DAY) }, "rejected"),
            (Standing::InReview { staged: None, reserve: Some(4) }, "reserved"),
        ]
    );
}

#[test]
fn a_release_waits_for_the_end_of_the_call_and_for_every_decision() {
    let release = |proposals, now| settle(proposals, at(now)).0.release(&letters());
    let staged = || vec![standing(1, STAGED)];
    assert!(matches!(release(staged(), 10 * DAY + HOUR - 1), Err(Refusal::WindowClosed { .. })));
    assert!(release(staged(), 10 * DAY + HOUR).is_ok());
    let undecided = [Standing::Submitted, Standing::InReview { staged: None, reserve: None }].map(|other| standing(2, other));
    for other in undecided {
        let Err(Refusal::NotReady { missing, .. }) = release(vec![standing(1, STAGED), other.clone()], 12 * DAY) else {
            panic!("one is undecided")
        };
        assert_eq!(missing.len(), 1);
        assert_eq!(missing[0].params["proposal_id"], other.id.to_string());
    }
    for nothing in [vec![], vec![draft(1)], vec![standing(1, accepted())]] {
        assert!(matches!(release(nothing, 12 * DAY), Err(Refusal::NotReady { missing, .. }) if missing.is_empty()));
    }
}

#[test]
fn who_is_accepted_after_the_day_for_confirming_has_days_of_its_own() {
    let late = settle(vec![standing(1, STAGED)], at(20 * DAY)).0.release(&letters()).unwrap();
    assert_eq!(late[0].value.lapses_at(&call()), Some(at(24 * DAY)), "the end of the third day after the twentieth");
    let early = settle(vec![standing(1, STAGED)], at(20 * DAY - 1)).0.release(&letters()).unwrap();
    assert_eq!(early[0].value.lapses_at(&call()), Some(at(20 * DAY)));
}

#[test]
fn a_place_not_confirmed_in_time_goes_to_the_first_in_reserve_and_from_there_to_the_next() {
    let proposals = || vec![standing(1, accepted()), reserved(2, 2), reserved(3, 1), reserved(4, 3)];
    let (accepted, in_review, declined) = (ProposalState::Accepted, ProposalState::InReview, ProposalState::Declined);

    let (round, changes) = settle(proposals(), at(20 * DAY - 1));
    assert_eq!((round.proposals(), changes.len()), (&proposals()[..], 0));
    assert_eq!(round.next_lapse_at(), Some(at(20 * DAY)));

    let (round, changes) = settle(proposals(), at(20 * DAY));
    assert_eq!(states(round.proposals()), [declined, in_review, accepted, in_review]);
    let told: Vec<_> = changes.iter().map(|change| change.happened[0].entry_type()).collect();
    assert_eq!(told, ["proposal.lapsed", "proposal.promoted"]);
    assert_eq!(round.next_lapse_at(), Some(at(24 * DAY)));

    let (round, changes) = settle(proposals(), at(24 * DAY));
    assert_eq!(states(round.proposals()), [declined, accepted, declined, in_review]);
    assert_eq!(changes.iter().map(|change| change.happened.len()).collect::<Vec<_>>(), [1, 2, 1], "each proposal once");
    let late = Standing::Accepted { accepted_at: at(24 * DAY), confirm_until: Some(at(28 * DAY)) };
    assert_eq!(round.proposals()[1].standing, late, "each instant is its own, however late somebody looks");
}

#[test]
fn of_two_with_the_same_rank_the_one_handed_in_earlier_comes_first() {
    let late = Proposal { submitted_at: Some(at(9 * DAY)), ..reserved(2, 1) };
    let (round, _) = settle(vec![standing(1, accepted()), late, reserved(3, 1)], at(20 * DAY));
    assert_eq!(round.get(draft(3).id).unwrap().state(), ProposalState::Accepted);
}

#[test]
fn an_author_who_goes_leaves_the_place_to_the_first_in_reserve() {
    let gone = standing(1, accepted());
    let (round, _) = settle(vec![gone.clone(), reserved(2, 1)], at(15 * DAY));
    let declined = gone.clone().decline(&call(), at(15 * DAY)).unwrap().value;
    let withdrawn = gone.clone().withdraw(&call(), at(15 * DAY)).unwrap().value;
    for after in [&declined, &withdrawn] {
        let promoted = round.promoted_after(&gone, after).unwrap().value;
        assert_eq!(promoted.standing, Standing::Accepted { accepted_at: at(15 * DAY), confirm_until: Some(at(19 * DAY)) });
        assert_eq!(promoted.lapses_at(&call()), Some(at(20 * DAY)), "the program's day, where that is later");
    }
    assert_eq!(round.promoted_after(&gone, &standing(1, confirmed())), None, "the place is taken");
    for had_no_place in [Standing::Draft, Standing::Submitted, STAGED, RESERVED] {
        assert_eq!(round.promoted_after(&standing(1, had_no_place), &withdrawn), None);
    }
    let decided_anew = Standing::InReview { staged: Some(Staged::Reject), reserve: Some(1) };
    let (round, _) = settle(vec![gone.clone(), standing(2, decided_anew)], at(15 * DAY));
    assert_eq!(round.promoted_after(&gone, &declined), None, "staff mean to decide about it anew");
}

#[test]
fn once_the_program_is_over_nothing_is_handed_in_decided_confirmed_or_promoted() {
    let ended = Call { ended_at: Some(at(15 * DAY)), ..call() };
    let early = Call { ended_at: Some(at(5 * DAY)), ..call() };
    assert!(matches!(draft(1).submit(&[], &early, at(5 * DAY)), Err(Refusal::WindowClosed { .. })));
    assert!(draft(1).submit(&[], &early, at(5 * DAY - 1)).is_ok());
    let stage = |now| standing(1, Standing::Submitted).stage(Staged::Accept, None, &ended, at(now));
    assert!(stage(15 * DAY - 1).is_ok() && matches!(stage(15 * DAY), Err(Refusal::WindowClosed { .. })));
    let confirm = |now| standing(1, accepted()).confirm(&ended, at(now));
    assert!(confirm(15 * DAY - 1).is_ok() && confirm(15 * DAY).is_err());
    let (round, _) = Round::settle(vec![standing(1, accepted()), reserved(2, 1), standing(3, STAGED)], ended, at(15 * DAY));
    assert_eq!(states(round.proposals()), [ProposalState::Declined, ProposalState::InReview, ProposalState::InReview]);
    assert!(matches!(round.release(&letters()), Err(Refusal::WindowClosed { .. })));
    let staff = Actor::Person { id: Uuid::nil().into(), grants: BTreeSet::from([Grant::Staff]) };
    assert!(standing(3, STAGED).allowed_actions(&Tie::none(&staff), &ended, at(15 * DAY)).is_empty());
}

#[test]
fn the_next_rank_is_behind_every_other() {
    let staged = Standing::InReview { staged: Some(Staged::Reserve { rank: 7 }), reserve: Some(2) };
    assert_eq!(settle(vec![reserved(1, 4), standing(2, staged)], at(15 * DAY)).0.next_rank(), 8);
    assert_eq!(settle(vec![draft(1)], at(15 * DAY)).0.next_rank(), 1);
}

#[test]
fn the_offerings_are_final_when_everything_is_settled() {
    let proposals = vec![standing(1, confirmed()), standing(2, confirmed()), reserved(3, 1), draft(4)];
    let taken = BTreeSet::from([Slug::new("behind-the-behaviors").unwrap()]);
    let finalized = settle(proposals, at(15 * DAY)).0.finalize(&year(), &taken, new_ids()).unwrap();
    assert_eq!(finalized.program.value.state(), ProgramState::Finalized);
    let slugs: Vec<_> = finalized.cohorts.iter().map(|change| change.value.slug.as_str()).collect();
    assert_eq!(slugs, ["behind-the-behaviors-2", "behind-the-behaviors-3"]);
    let Change { value: cohort, happened } = &finalized.cohorts[0];
    assert_eq!(happened.iter().map(Happening::entry_type).collect::<Vec<_>>(), ["cohort.created", "cohort.published"]);
    assert_eq!((cohort.decided_state(), cohort.delivery), (CohortState::Open, MeetingMode::Hybrid), "there is a day in person");
    let proposal = draft(1);
    assert_eq!((cohort.proposal_id, &cohort.facilitators), (Some(proposal.id), &vec![proposal.author_id]));
    assert_eq!((&cohort.audience, Some(cohort.capacity)), (&proposal.content.audience, proposal.content.preferred_capacity));
    let told: Vec<_> = finalized.proposals.iter().map(|change| change.happened[0].entry_type()).collect();
    assert_eq!(told, ["proposal.became_cohort", "proposal.became_cohort", "proposal.rejected"]);
    let of_first = Standing::Confirmed { confirmed_at: at(12 * DAY), cohort_id: Some(cohort.id) };
    assert_eq!(finalized.proposals[0].value.standing, of_first);
}

#[test]
fn offerings_that_are_final_too_late_are_drafts_for_staff_to_date_anew() {
    let (round, _) = settle(vec![standing(1, confirmed())], at(39 * DAY));
    let finalized = round.finalize(&year(), &BTreeSet::new(), new_ids()).unwrap();
    assert_eq!(finalized.cohorts[0].value.decided_state(), CohortState::Draft);
}

#[test]
fn what_is_open_keeps_the_offerings_from_being_final_and_all_of_it_is_told() {
    let open = [Standing::Submitted, Standing::InReview { staged: None, reserve: None }, STAGED, accepted()];
    let proposals: Vec<_> = open.into_iter().zip(1..).map(|(open, n)| standing(n, open)).collect();
    let (round, _) = settle(proposals, at(15 * DAY));
    let Err(Refusal::NotReady { missing, .. }) = round.finalize(&year(), &BTreeSet::new(), new_ids()) else {
        panic!("all four are open")
    };
    assert_eq!(missing.len(), 4);
}

#[test]
fn the_offerings_are_final_once() {
    let (round, _) = settle(vec![standing(1, confirmed())], at(15 * DAY));
    let finalized = round.clone().finalize(&year(), &BTreeSet::new(), new_ids()).unwrap();
    let after = Year { program: finalized.program.value, ..year() };
    assert!(matches!(round.finalize(&after, &BTreeSet::new(), new_ids()), Err(Refusal::InvalidTransition { .. })));
}
