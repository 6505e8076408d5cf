use std::collections::BTreeSet;

use super::*;
use crate::access::{Actor, Grant};
use crate::programs::{Decisions, Delivery};
use crate::refusal::FaultCode;
use crate::timeline::{Calendar, Timeline};
use crate::words::Word;

#[test]
fn the_call_follows_from_the_timeline_once_the_program_is_published() {
    let Year { program, timeline } = year();
    assert_eq!(Call::of(&timeline, &program.decisions), Ok(call()));
    let ended = Decisions { closed_at: Some(at(9)), ..program.decisions.clone() };
    assert_eq!(Call::of(&timeline, &ended), Ok(Call { ended_at: Some(at(9)), ..call() }));
    assert!(matches!(Call::of(&timeline, &Decisions::default()), Err(Refusal::WindowClosed { .. })));
    let calendar = Calendar { delivery: Delivery::StaffLed, ..program.calendar() };
    let milestones = timeline.milestones().iter().map(|dated| dated.milestone.clone()).collect();
    let led_by_staff = Timeline::resolve(&calendar, milestones).unwrap();
    assert!(matches!(Call::of(&led_by_staff, &program.decisions), Err(Refusal::WindowClosed { .. })));
}

#[test]
fn the_table_of_proposals() {
    insta::assert_snapshot!(MACHINE.describe().table());
}

#[test]
fn what_each_step_comes_to_from_each_state() {
    let mut lines = Vec::new();
    for standing_before in every_standing() {
        for (action, step) in steps() {
            // A draft can be handed in only while the call is open.
            let early = (standing_before.state(), action) == (ProposalState::Draft, Action::SubmitProposal);
            let now = if early { at(5 * DAY) } else { at(15 * DAY) };
            let before = standing(1, standing_before);
            let outcome = step(before.clone(), &call(), now);
            // Who is in reserve has been decided about.
            let decided = action == Action::RequestRevision && standing_before == RESERVED;
            let in_table = MACHINE.check(before.state(), action).is_ok() && !decided;
            assert_eq!(outcome.is_ok(), in_table, "{} of {standing_before:?}", action.verb());
            let outcome = match outcome {
                Ok(change) => {
                    assert!(MACHINE.leads(before.state(), action, change.value.state()), "{}", action.verb());
                    assert_eq!(change.value.meta.updated_at, now);
                    format!("{:?} [{}]", change.value.standing, change.happened[0].entry_type())
                }
                Err(refusal) => refusal.to_string(),
            };
            lines.push(format!("{standing_before:?} | {} | {outcome}", action.verb()));
        }
    }
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn a_draft_may_lack_all_but_its_title_and_says_what_is_missing_when_it_is_handed_in() {
    let bare = Content::titled(Text::new("A title").unwrap());
    let author = PersonId::from_uuid(Uuid::nil());
    let draft = Proposal::create(Uuid::nil().into(), Uuid::nil().into(), author, bare, at(0)).unwrap().value;
    let Err(Refusal::Invalid(faults)) = draft.submit(&[], &call(), at(5 * DAY)) else { panic!("it must be refused as not valid") };
    let told: Vec<_> = faults.iter().map(|fault| (fault.pointer.as_str(), fault.code)).collect();
    let parts = ["#/abstract", "#/audience", "#/goals", "#/session_plan", "#/preferred_capacity"];
    assert_eq!(told, parts.map(|pointer| (pointer, FaultCode::Required)));
}

#[test]
fn parts_keep_their_bounds_from_the_first_draft_on() {
    let goals = vec![Text::new("One more").unwrap(); MOST_GOALS + 1];
    let preferred_capacity = Some(Capacity { min: 0, max: 0 });
    let too_much = Content { goals: goals.clone(), preferred_capacity, ..complete() };
    let Err(Refusal::Invalid(faults)) = too_much.check() else { panic!("too many goals, and room for nobody") };
    let pointers: Vec<_> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
    assert_eq!(pointers, ["#/goals", "#/preferred_capacity/min", "#/preferred_capacity/max"]);
    let update = ContentUpdate { goals: Some(goals), ..ContentUpdate::default() };
    assert!(matches!(draft(1).update(update, &call(), at(1)), Err(Refusal::Invalid(_))));
}

#[test]
fn an_update_changes_what_it_names_and_clears_what_it_clears() {
    let update = ContentUpdate {
        title: Some(Text::new("Another").unwrap()),
        r#abstract: Some(None),
        audience: Some(Audience::default()),
        goals: Some(Vec::new()),
        session_plan: Some(None),
        preferred_capacity: Some(None),
    };
    let changed = draft(1).update(update, &call(), at(7)).unwrap();
    assert_eq!(changed.value.content, Content::titled(Text::new("Another").unwrap()));
    let names = ["title", "abstract", "audience", "goals", "session_plan", "preferred_capacity"];
    assert_eq!(changed.happened[0].data["changed"], serde_json::json!(names));
    assert_eq!(draft(1).update(ContentUpdate::default(), &call(), at(7)).unwrap().value.content, complete());
}

#[test]
fn proposals_are_taken_from_the_opening_to_the_end_of_the_grace_that_is_not_advertised() {
    let (opens, until) = (DAY, 10 * DAY + HOUR);
    for (now, open) in [(opens - 1, false), (opens, true), (10 * DAY, true), (until - 1, true), (until, false)] {
        assert_eq!(draft(1).submit(&[], &call(), at(now)).is_ok(), open, "at {now}");
    }
    let Err(Refusal::WindowClosed { opens_at, .. }) = draft(1).submit(&[], &call(), at(0)) else { panic!("too early") };
    assert_eq!(opens_at, Some(at(opens)));
    let Err(Refusal::WindowClosed { closed_at, .. }) = draft(1).submit(&[], &call(), at(until)) else { panic!("too late") };
    assert_eq!(closed_at, Some(at(10 * DAY)), "what is told is the advertised instant");
}

#[test]
fn an_acceptance_not_confirmed_in_time_reads_declined_and_can_be_taken_up_by_nobody() {
    let proposal = standing(1, accepted());
    let (last, due) = (at(20 * DAY - 1), at(20 * DAY));
    assert_eq!(proposal.clone().as_of(&call(), last), proposal);
    assert!(proposal.clone().confirm(&call(), last).is_ok());
    assert_eq!(proposal.clone().as_of(&call(), due).standing, Standing::Declined { declined_at: due, lapsed: true });
    for step in [Proposal::confirm, Proposal::decline, Proposal::withdraw] {
        assert!(matches!(step(proposal.clone(), &call(), due), Err(Refusal::InvalidTransition { current_state: "declined", .. })));
    }
}

#[test]
fn an_author_sees_no_decision_before_its_release() {
    let submitted = standing(1, Standing::InReview { staged: None, reserve: None });
    for decision in [Staged::Accept, Staged::Reject, Staged::Reserve { rank: 2 }] {
        let staged = submitted.clone().stage(decision, None, &call(), at(11 * DAY)).unwrap().value;
        assert_eq!(staged.standing.staged(), Some(decision));
        assert_eq!(staged.as_seen_by_author().standing, submitted.standing);
    }
    let in_reserve = standing(1, RESERVED).stage(Staged::Reject, None, &call(), at(11 * DAY)).unwrap().value;
    assert_eq!(in_reserve.as_seen_by_author().standing, RESERVED, "what was released stays seen");
}

#[test]
fn a_staged_decision_replaces_the_one_before_and_its_reason_is_written_down() {
    let reason = Text::new("The strongest plan").unwrap();
    let staged = standing(1, STAGED).stage(Staged::Reserve { rank: 3 }, Some(&reason), &call(), at(11 * DAY)).unwrap();
    assert_eq!(staged.value.standing.staged(), Some(Staged::Reserve { rank: 3 }));
    assert_eq!(staged.happened[0].reason.as_ref(), Some(&reason));
    assert_eq!(staged.happened[0].data["decision"], "reserve");
    for rank in [0, HIGHEST_RANK + 1] {
        assert!(matches!(standing(1, STAGED).stage(Staged::Reserve { rank }, None, &call(), at(0)), Err(Refusal::Invalid(_))));
    }
}

#[test]
fn what_a_caller_may_do_follows_from_the_tie_the_state_and_the_time() {
    let author = Actor::Person { id: draft(1).author_id, grants: BTreeSet::new() };
    let staff = Actor::Person { id: Uuid::nil().into(), grants: BTreeSet::from([Grant::Staff]) };
    let allowed = |proposal: &Proposal, actor: &Actor, now| {
        proposal.allowed_actions(&Tie::to_person(actor, proposal.author_id), &call(), at(now))
    };
    assert_eq!(allowed(&draft(1), &author, 0), ["update", "invite_facilitator", "withdraw"], "the call has not opened");
    assert_eq!(allowed(&draft(1), &author, 5 * DAY), ["update", "invite_facilitator", "submit", "withdraw"]);
    assert_eq!(allowed(&standing(1, revising()), &author, 18 * DAY - 1), ["update", "invite_facilitator", "submit", "withdraw"]);
    assert_eq!(allowed(&standing(1, revising()), &author, 18 * DAY), ["withdraw"], "the day for it has passed");
    assert_eq!(allowed(&draft(1), &staff, 11 * DAY), ["extend"]);
    assert_eq!(allowed(&standing(1, STAGED), &staff, 11 * DAY), ["request_revision", "accept", "reject", "reserve"]);
    assert_eq!(allowed(&standing(1, RESERVED), &staff, 11 * DAY), ["accept", "reject", "reserve"]);
    let over = Call { finalized_at: Some(at(11 * DAY)), ..call() };
    for proposal in [draft(1), standing(1, STAGED)] {
        assert!(proposal.allowed_actions(&Tie::none(&staff), &over, at(11 * DAY)).is_empty(), "the offerings are final");
    }
    assert_eq!(allowed(&standing(1, accepted()), &author, 20 * DAY - 1), ["withdraw", "confirm", "decline"]);
    assert!(allowed(&standing(1, accepted()), &author, 20 * DAY).is_empty(), "it has lapsed");
}

#[test]
fn every_state_is_told_by_its_word() {
    let states: BTreeSet<_> = every_standing().iter().map(|standing| standing.state()).collect();
    assert_eq!(states.len(), ProposalState::ALL.len());
}
