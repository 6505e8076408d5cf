use std::collections::BTreeSet;

use super::*;
use crate::access::Grant;
use crate::proposals::Staged;
use crate::refusal::FaultCode;
use crate::words::Word;

type Step = fn(Review, &Matter<'_>, Timestamp) -> Result<Change<Review>, Refusal>;

fn steps() -> [(Action, Step); 5] {
    [
        (Action::UpdateReview, |review, matter, now| review.update(update(scores(5, 5)), matter, now)),
        (Action::SubmitReview, Review::submit),
        (Action::ReopenReview, Review::reopen),
        (Action::DeclareConflict, |review, matter, now| review.declare_conflict(conflict(), matter, now)),
        (Action::RemoveReview, |review, _, now| review.remove(Some(&reason()), now)),
    ]
}

#[test]
fn the_table_of_reviews() {
    insta::assert_snapshot!(MACHINE.describe().table());
}

#[test]
fn what_each_step_comes_to_from_each_state() {
    let (proposal, rubric) = (proposal(1), rubric());
    // Only what judges an older text is taken up again, and what does is not handed in.
    let changed = Proposal { submission: 2, ..proposal.clone() };
    for review in in_every_state(&proposal) {
        for (action, step) in steps() {
            let about = if action == Action::ReopenReview { &changed } else { &proposal };
            let outcome = step(review.clone(), &matter(about, &rubric), at(9));
            assert_eq!(outcome.is_ok(), MACHINE.check(review.state(), action).is_ok(), "{} of {:?}", action.verb(), review.state());
            if let Ok(change) = outcome {
                assert!(MACHINE.leads(review.state(), action, change.value.state()));
                assert_eq!((change.value.meta.updated_at, change.happened.len()), (at(9), 1));
                assert!(!format!("{:?}", change.happened).contains(&review.reviewer_id.to_string()), "the feed names no reviewer");
            }
        }
    }
}

#[test]
fn nobody_with_a_conflict_of_interest_is_assigned_or_scores() {
    let (proposal, rubric) = (proposal(1), rubric());
    for kind in ConflictKind::ALL {
        let matter = Matter { conflict: Some(*kind), ..matter(&proposal, &rubric) };
        let assigned = Review::assign(Uuid::nil().into(), person(1), &matter, at(2));
        assert_eq!(assigned, Err(Refusal::ConflictOfInterest));
        for review in in_every_state(&proposal) {
            for (action, step) in steps().into_iter().take(3) {
                let outcome = step(review.clone(), &matter, at(9));
                let in_table = MACHINE.check(review.state(), action).is_ok();
                assert!(!in_table || outcome == Err(Refusal::ConflictOfInterest), "{} with {kind}", action.verb());
            }
        }
        let declared = super::assigned(1, person(1), &proposal).declare_conflict(conflict(), &matter, at(9));
        assert!(declared.is_ok(), "but it can be declared");
    }
}

#[test]
fn reviews_are_written_until_the_decision_is_released() {
    let (proposal, rubric) = (proposal(1), rubric());
    let review = in_progress(1, person(1), &proposal, scores(4, 4));
    let judged = |standing| Proposal { standing, ..proposal.clone() };
    let open = [
        ProposalStanding::Submitted,
        ProposalStanding::InReview { staged: None, reserve: None },
        ProposalStanding::InReview { staged: Some(Staged::Reject), reserve: None },
    ];
    let over = [
        ProposalStanding::Draft,
        ProposalStanding::InReview { staged: None, reserve: Some(1) },
        ProposalStanding::Accepted { accepted_at: at(7), confirm_until: None },
        ProposalStanding::Confirmed { confirmed_at: at(7), cohort_id: None },
        ProposalStanding::Rejected { rejected_at: at(7) },
        ProposalStanding::Withdrawn { withdrawn_at: at(7) },
        ProposalStanding::Declined { declined_at: at(7), lapsed: false },
    ];
    for (standing, judging) in open.map(|it| (it, true)).into_iter().chain(over.map(|it| (it, false))) {
        let proposal = judged(standing);
        let matter = matter(&proposal, &rubric);
        for outcome in [
            review.clone().submit(&matter, at(9)),
            review.clone().update(update(scores(1, 1)), &matter, at(9)),
            review.clone().declare_conflict(conflict(), &matter, at(9)),
            Review::assign(Uuid::nil().into(), person(2), &matter, at(9)),
        ] {
            assert_eq!(outcome.is_ok(), judging, "{standing:?}");
        }
    }
    let ended = Matter { ended_at: Some(at(8)), ..matter(&proposal, &rubric) };
    assert!(review.clone().submit(&ended, at(7)).is_ok());
    assert!(matches!(review.submit(&ended, at(8)), Err(Refusal::WindowClosed { .. })), "the program is over");
}

#[test]
fn a_review_is_handed_in_with_a_score_for_every_criterion() {
    let (proposal, rubric) = (proposal(1), rubric());
    let review = in_progress(1, person(1), &proposal, scores(4, 2)[..1].to_vec());
    let Err(Refusal::Invalid(faults)) = review.submit(&matter(&proposal, &rubric), at(9)) else { panic!("a score is missing") };
    assert_eq!((faults.len(), faults[0].code, &faults[0].params["criterion"]), (1, FaultCode::Required, &"reach".into()));
    let mut wrong = scores(4, 2);
    wrong.extend(scores(6, 0));
    wrong[1].criterion = Slug::new("charm").unwrap();
    let outcome = assigned(1, person(1), &proposal).update(update(wrong), &matter(&proposal, &rubric), at(9));
    let Err(Refusal::Invalid(faults)) = outcome else { panic!("it must be refused") };
    let told: Vec<_> = faults.iter().map(|fault| (fault.pointer.as_str(), fault.code)).collect();
    assert_eq!(
        told,
        [
            ("#/scores/1/criterion", FaultCode::NotFound),
            ("#/scores/2/criterion", FaultCode::Duplicate),
            ("#/scores/2/score", FaultCode::OutOfRange),
            ("#/scores/3/score", FaultCode::OutOfRange),
        ]
    );
}

#[test]
fn scores_weigh_as_their_criteria_do() {
    let (proposal, rubric) = (proposal(1), rubric());
    let review = in_progress(1, person(1), &proposal, scores(5, 2));
    assert_eq!(review.weighted_mean(&rubric), None, "as long as it is not handed in");
    let handed_in = review.submit(&matter(&proposal, &rubric), at(9)).unwrap().value;
    assert_eq!(handed_in.weighted_mean(&rubric), Points::nearest(4.25));
}

#[test]
fn a_review_of_a_text_that_has_changed_is_taken_up_again_and_judges_the_new_one() {
    let (proposal, rubric) = (proposal(1), rubric());
    let changed = Proposal { submission: 2, ..proposal.clone() };
    let review = submitted(1, person(1), &proposal, 4);
    assert!(!review.outdated(&proposal) && review.outdated(&changed));
    assert!(matches!(review.clone().reopen(&matter(&proposal, &rubric), at(9)), Err(Refusal::NotReady { .. })));
    let reopened = review.reopen(&matter(&changed, &rubric), at(9)).unwrap().value;
    assert!(reopened.outdated(&changed), "the scores are still those of the old text");
    assert!(matches!(reopened.clone().submit(&matter(&changed, &rubric), at(9)), Err(Refusal::NotReady { .. })));
    let looked_again = reopened.update(AssessmentUpdate::default(), &matter(&changed, &rubric), at(9)).unwrap().value;
    let handed_in = looked_again.submit(&matter(&changed, &rubric), at(9)).unwrap().value;
    assert_eq!((handed_in.submission, handed_in.outdated(&changed)), (Some(2), false));
}

#[test]
fn what_was_begun_is_taken_away_with_a_reason_and_what_was_handed_in_not_at_all() {
    let proposal = proposal(1);
    let [assigned, begun, handed_in, ..] = in_every_state(&proposal);
    assert!(assigned.remove(None, at(9)).is_ok());
    assert!(matches!(begun.clone().remove(None, at(9)), Err(Refusal::ReasonRequired(_))));
    assert_eq!(begun.remove(Some(&reason()), at(9)).unwrap().happened[0].reason, Some(reason()));
    assert!(matches!(handed_in.remove(Some(&reason()), at(9)), Err(Refusal::InvalidTransition { .. })));
}

#[test]
fn a_review_is_its_reviewers_as_long_as_that_is_a_reviewer_and_it_is_not_taken_away() {
    let proposal = proposal(1);
    let actor = |n, grants: &[Grant]| Actor::Person { id: person(n), grants: grants.iter().copied().collect() };
    let [assigned, .., removed] = in_every_state(&proposal);
    assert!(assigned.tie(&actor(1, &[Grant::Reviewer])).reviews);
    assert!(!assigned.tie(&actor(1, &[])).reviews, "the grant was taken away");
    assert!(!assigned.tie(&actor(2, &[Grant::Reviewer])).reviews, "another's");
    assert!(!removed.tie(&actor(1, &[Grant::Reviewer])).reviews, "it was taken away");
}

#[test]
fn what_a_caller_may_do_is_what_it_would_be_let_do() {
    let (proposal, rubric) = (proposal(1), rubric());
    let changed = Proposal { submission: 2, ..proposal.clone() };
    let rejected = Proposal { standing: ProposalStanding::Rejected { rejected_at: at(7) }, ..proposal.clone() };
    let reviewer = Actor::Person { id: person(1), grants: BTreeSet::from([Grant::Reviewer]) };
    for about in [&proposal, &changed, &rejected] {
        for conflict in [None, Some(ConflictKind::Collaborator)] {
            let matter = Matter { conflict, ..matter(about, &rubric) };
            for review in in_every_state(&proposal) {
                let allowed = review.allowed_actions(&review.tie(&reviewer), &matter, at(9));
                for (action, step) in steps().into_iter().take(4) {
                    let lets = review.tie(&reviewer).reviews && step(review.clone(), &matter, at(9)).is_ok();
                    assert_eq!(allowed.contains(&action.verb()), lets, "{} of {:?}: {matter:?}", action.verb(), review.state());
                }
            }
        }
    }
}
