use std::collections::BTreeSet;

use super::*;
use crate::access::{Actor, Grant};
use crate::refusal::FaultCode;

fn sent_back(now: i64, due: Until) -> Proposal {
    standing(1, STAGED).request_revision(message(), due, &call(), at(now)).unwrap().value
}

#[test]
fn a_request_for_a_revision_drops_the_staged_decision_and_is_written_down() {
    let asked =
        standing(1, STAGED).request_revision(message(), Until::On("1970-01-15".parse().unwrap()), &call(), at(11 * DAY)).unwrap();
    let due_at = at(15 * DAY);
    assert_eq!(asked.value.standing, Standing::RevisionRequested { due_at });
    let request = RevisionRequest { submission: 1, message: message(), requested_at: at(11 * DAY), due_at, handed_in_at: None };
    assert_eq!(asked.value.revision_requests, [request]);
    assert_eq!(asked.happened[0].data["due_at"], due_at.to_rfc3339());
}

#[test]
fn a_revision_is_written_beside_the_text_that_was_handed_in_and_takes_its_place_when_it_is_handed_in_too() {
    let handed_in = complete();
    let revised = sent_back(11 * DAY, Until::At(at(15 * DAY))).update(retitled("Revised"), &call(), at(12 * DAY)).unwrap().value;
    assert_eq!((&revised.content, revised.text().title.as_str()), (&handed_in, "Revised"));
    assert_eq!(revised.clone().as_seen_by_author().content.title.as_str(), "Revised", "an author reads what it wrote");
    let again = revised.submit(&[], &call(), at(15 * DAY - 1)).unwrap().value;
    assert_eq!((again.standing, again.submission, again.submitted_at), (Standing::Submitted, 2, Some(at(15 * DAY - 1))));
    assert_eq!((again.content.title.as_str(), again.revision), ("Revised", None));
    assert_eq!(again.revision_requests[0].handed_in_at, Some(at(15 * DAY - 1)));
}

#[test]
fn a_revision_that_is_not_handed_in_by_its_day_is_none_and_the_text_before_it_stands_again() {
    let revised = sent_back(11 * DAY, Until::At(at(15 * DAY))).update(retitled("Too late"), &call(), at(12 * DAY)).unwrap().value;
    assert_eq!(revised.clone().as_of(&call(), at(15 * DAY - 1)), revised);
    let now = revised.clone().as_of(&call(), at(15 * DAY));
    assert_eq!((now.standing, &now.content, &now.revision, now.submission), (Standing::Submitted, &complete(), &None, 1));
    for refused in
        [revised.clone().submit(&[], &call(), at(15 * DAY)), revised.clone().update(retitled("Later still"), &call(), at(15 * DAY))]
    {
        assert!(matches!(refused, Err(Refusal::InvalidTransition { current_state: "submitted", .. })));
    }
    let (round, changes) = settle(vec![revised, reserved(2, 1)], at(16 * DAY));
    assert_eq!(changes.len(), 1, "no place came free by it");
    assert_eq!((changes[0].happened[0].verb, changes[0].value.meta.updated_at), ("revision_lapsed", at(15 * DAY)));
    assert_eq!(round.proposals()[0].state(), ProposalState::Submitted);
}

#[test]
fn a_revision_is_asked_for_in_the_future_of_what_is_not_in_reserve_and_so_often_only() {
    let ask = |proposal: Proposal, due| proposal.request_revision(message(), due, &call(), at(11 * DAY));
    for (due, pointer) in [(Until::At(at(11 * DAY)), "#/due_at"), (Until::On("1970-01-10".parse().unwrap()), "#/due_on")] {
        let Err(Refusal::Invalid(faults)) = ask(standing(1, STAGED), due) else { panic!("it is past") };
        assert_eq!((faults[0].pointer.as_str(), faults[0].code), (pointer, FaultCode::OutOfRange));
    }
    assert!(matches!(ask(standing(1, RESERVED), until(at(11 * DAY), 1)), Err(Refusal::InvalidTransition { .. })));
    let request = sent_back(11 * DAY, until(at(11 * DAY), 1)).revision_requests.remove(0);
    let often = Proposal { revision_requests: vec![request; MOST_REVISIONS], ..standing(1, STAGED) };
    assert!(matches!(ask(often, until(at(11 * DAY), 1)), Err(Refusal::NotReady { .. })));
}

#[test]
fn an_open_revision_hinders_a_release_and_the_offerings() {
    let open = || vec![standing(1, STAGED), standing(2, revising())];
    let Err(Refusal::NotReady { missing, .. }) = settle(open(), at(12 * DAY)).0.release(&letters()) else { panic!("one is open") };
    assert_eq!((missing.len(), &missing[0].params["state"]), (1, &"revision_requested".into()));
    let refused = settle(vec![standing(2, revising())], at(12 * DAY)).0.finalize(&year(), &BTreeSet::new(), new_ids());
    assert!(matches!(refused, Err(Refusal::NotReady { missing, .. }) if missing.len() == 1));
    let lapsed = settle(open(), at(18 * DAY)).0.release(&letters());
    assert!(matches!(lapsed, Err(Refusal::NotReady { missing, .. }) if missing[0].params["state"] == "submitted"));
}

#[test]
fn who_was_given_longer_hands_in_until_then_and_nobody_else_does() {
    let extended = draft(1).extend(Until::At(at(13 * DAY)), &reason(), &call(), at(9 * DAY)).unwrap();
    assert_eq!((extended.happened[0].verb, &extended.happened[0].reason), ("extended", &Some(reason())));
    assert!(extended.value.clone().submit(&[], &call(), at(13 * DAY - 1)).is_ok());
    assert!(draft(2).submit(&[], &call(), at(13 * DAY - 1)).is_err());
    let Err(Refusal::WindowClosed { closed_at, .. }) = extended.value.submit(&[], &call(), at(13 * DAY)) else {
        panic!("too late")
    };
    assert_eq!(closed_at, Some(at(13 * DAY)), "its own end");
    let day = draft(1).extend(Until::On("1970-01-13".parse().unwrap()), &reason(), &call(), at(12 * DAY)).unwrap().value;
    assert_eq!(day.extended_until, Some(at(13 * DAY)), "the end of the thirteenth day");
    for (until, now) in [(10 * DAY, 9 * DAY), (12 * DAY, 12 * DAY)] {
        let refused = draft(1).extend(Until::At(at(until)), &reason(), &call(), at(now));
        assert!(matches!(refused, Err(Refusal::Invalid(faults)) if faults[0].pointer == "#/until_at"), "no longer than others");
    }
}

#[test]
fn an_extension_holds_the_release_up_and_ends_with_the_offerings() {
    let extended = draft(1).extend(Until::At(at(13 * DAY)), &reason(), &call(), at(9 * DAY)).unwrap().value;
    let proposals = || vec![extended.clone(), standing(2, STAGED)];
    let (round, _) = settle(proposals(), at(13 * DAY - 1));
    assert_eq!(round.release_hindered_by().len(), 1);
    assert!(matches!(round.release(&letters()), Err(Refusal::NotReady { missing, .. }) if missing.len() == 1));
    let (round, _) = settle(proposals(), at(13 * DAY));
    assert_eq!(round.release_hindered_by(), []);
    assert!(round.release(&letters()).is_ok());
    let over = Call { finalized_at: Some(at(11 * DAY)), ..call() };
    assert!(matches!(extended.clone().submit(&[], &over, at(12 * DAY)), Err(Refusal::WindowClosed { .. })));
    assert!(matches!(draft(2).extend(until(at(12 * DAY), 2), &reason(), &over, at(12 * DAY)), Err(Refusal::WindowClosed { .. })));
}

#[test]
fn a_withdrawn_proposal_is_over() {
    for before in every_standing() {
        let Ok(withdrawn) = standing(1, before).withdraw(&call(), at(12 * DAY)) else { continue };
        for (action, step) in steps() {
            for now in [5 * DAY, 13 * DAY] {
                assert!(step(withdrawn.value.clone(), &call(), at(now)).is_err(), "{}", action.verb());
            }
        }
        let round = settle(vec![withdrawn.value, standing(2, STAGED)], at(13 * DAY)).0;
        let released = round.release(&letters()).unwrap();
        assert_eq!(released.len(), 1, "what was staged about it, or its place in reserve, is gone");
    }
}

#[test]
fn a_letter_is_told_with_the_decision_as_it_was_when_that_was_released() {
    let letter = |text: &str| Letter::new(text).unwrap();
    let told = BTreeMap::from([(standing(1, STAGED).id, letter("We liked the plan."))]);
    let round = settle(vec![standing(1, STAGED), standing(2, STAGED)], at(12 * DAY)).0;
    let released = round.release(&told).unwrap();
    assert_eq!(released[0].value.letter, Some(letter("We liked the plan.")));
    assert_eq!(released[1].value.letter, None);
    let again = Proposal { letter: Some(letter("Wait.")), ..standing(1, RESERVED) };
    let again = again.stage(Staged::Reject, None, &call(), at(12 * DAY)).unwrap().value;
    let released = settle(vec![again], at(13 * DAY)).0.release(&letters()).unwrap();
    assert_eq!(released[0].value.letter, None, "it was about another decision");
}

#[test]
fn who_agreed_reads_and_does_nothing_else() {
    let person = Actor::Person { id: Uuid::from_u128(7).into(), grants: BTreeSet::<Grant>::new() };
    let joint = Proposal { co_facilitators: vec![Uuid::from_u128(7).into()], ..draft(1) };
    let tie = joint.tie(&person, false);
    assert_eq!((tie.invited, tie.concerned), (true, false));
    assert!(joint.allowed_actions(&tie, &call(), at(5 * DAY)).is_empty());
    assert!(tie.allows(Action::GetProposal) && !draft(2).tie(&person, false).allows(Action::GetProposal));
}
