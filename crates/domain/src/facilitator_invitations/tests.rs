use uuid::Uuid;

use super::*;
use crate::cohorts::Audience;
use crate::ids::Id;
use crate::programs::Capacity;
use crate::proposals::{Content, Standing};
use crate::text::{Name, Slug, Text};
use crate::time::Zone;
use crate::timeline::SubmissionWindow;

const HOUR: i64 = 3_600_000;

fn at(hours: i64) -> Timestamp {
    Timestamp::from_millis(hours * HOUR)
}

fn call() -> Call {
    Call {
        window: SubmissionWindow { opens_at: at(0), closes_at: at(100), accepted_until: at(100) },
        confirmations_due_at: at(200),
        days_to_confirm: 3,
        time_zone: Zone::UTC,
        finalized_at: None,
        ended_at: None,
    }
}

fn email(name: &str) -> Email {
    Email::new(&format!("{name}@example.org")).unwrap()
}

fn person(n: u128, name: &str) -> Person {
    Person {
        id: Uuid::from_u128(n).into(),
        given_name: Name::new(name).unwrap(),
        family_name: Name::new("Tester").unwrap(),
        email: email(name),
        email_proven_at: Some(at(0)),
        time_zone: None,
        external_id: None,
        meta: Meta::new(at(0)),
    }
}

fn ana() -> Person {
    person(1, "ana")
}

fn ben() -> Person {
    person(2, "ben")
}

fn proposal() -> Proposal {
    let content = Content {
        r#abstract: Some(Text::new("What it is about").unwrap()),
        audience: Audience { roles: [Slug::new("principal").unwrap()].into(), ..Audience::default() },
        goals: vec![Text::new("A goal").unwrap()],
        session_plan: Some(Text::new("A plan").unwrap()),
        preferred_capacity: Some(Capacity { min: 10, max: 15 }),
        ..Content::titled(Text::new("A title").unwrap())
    };
    Proposal::create(Uuid::from_u128(10).into(), Uuid::from_u128(11).into(), ana().id, content, at(0)).unwrap().value
}

fn standing(standing: Standing) -> Proposal {
    Proposal { submission: 1, submitted_at: Some(at(1)), standing, ..proposal() }
}

fn invite(address: &str, others: &[FacilitatorInvitation]) -> Result<FacilitatorInvitation, Refusal> {
    let id = InvitationId::from_uuid(Uuid::from_u128(20));
    let made = FacilitatorInvitation::invite(id, email(address), (proposal(), &ana()), others, &call(), at(1))?;
    assert_eq!(made.happened[0].entry_type(), "facilitator_invitation.made");
    Ok(made.value)
}

fn accepted() -> (FacilitatorInvitation, Proposal) {
    let answered = invite("ben", &[]).unwrap().accept(ben().id, proposal(), &call(), at(2)).unwrap();
    (answered.invitation.value, answered.proposal.unwrap().value)
}

#[test]
fn the_table_of_invitations() {
    insta::assert_snapshot!(MACHINE.describe().table(), @r"
    pending | accept | accepted | a person whom the author asked to facilitate
    pending | decline | declined | a person whom the author asked to facilitate
    pending | remove | removed | the person concerned
    accepted | decline | declined | a person whom the author asked to facilitate
    accepted | remove | removed | the person concerned
    ");
}

#[test]
fn an_invitation_is_whose_address_it_names_once_that_is_proven() {
    let invitation = invite("BEN", &[]).unwrap();
    assert!(invitation.belongs_to(&ben()), "the case does not matter");
    assert!(!invitation.belongs_to(&Person { email_proven_at: None, ..ben() }), "anybody could say so");
    assert!(!invitation.belongs_to(&person(3, "cal")));
    let (accepted, _) = accepted();
    assert!(accepted.belongs_to(&Person { email: email("moved"), ..ben() }), "who answered it keeps it");
    assert!(!accepted.belongs_to(&Person { id: Uuid::from_u128(9).into(), ..ben() }), "whoever has the address later does not");
}

#[test]
fn nobody_is_asked_twice_nor_oneself_nor_more_than_there_are_places() {
    assert!(matches!(invite("Ana", &[]), Err(Refusal::SamePerson(_))));
    let first = invite("ben", &[]).unwrap();
    for state in [Pending, Accepted, Declined] {
        let asked = FacilitatorInvitation { state, ..first.clone() };
        assert!(matches!(invite("BEN", &[asked]), Err(Refusal::AlreadyExists(_))), "{state}");
    }
    assert!(invite("ben", &[FacilitatorInvitation { state: Removed, ..first.clone() }]).is_ok(), "it was taken back");
    let others = |count: usize, state| vec![FacilitatorInvitation { email: email("other"), state, ..first.clone() }; count];
    for (state, most) in [
        (Pending, MOST_CO_FACILITATORS),
        (Accepted, MOST_CO_FACILITATORS),
        (Declined, MOST_INVITATIONS),
        (Removed, MOST_INVITATIONS),
    ] {
        assert!(invite("cal", &others(most - 1, state)).is_ok(), "{state}");
        assert!(matches!(invite("cal", &others(most, state)), Err(Refusal::NotReady { .. })), "{state}");
    }
}

#[test]
fn people_are_asked_and_agree_while_the_proposal_is_being_written() {
    let revising = standing(Standing::RevisionRequested { due_at: at(9) });
    let ask = |proposal: &Proposal, now| {
        FacilitatorInvitation::invite(Uuid::nil().into(), email("ben"), (proposal.clone(), &ana()), &[], &call(), at(now))
    };
    assert!(ask(&revising, 8).is_ok() && ask(&revising, 9).is_err(), "the day for the revision has passed");
    let agree = |proposal: &Proposal, now| invite("ben", &[]).unwrap().accept(ben().id, proposal.clone(), &call(), at(now));
    assert!(agree(&revising, 8).is_ok() && agree(&revising, 9).is_err());
    for other in [standing(Standing::Submitted), standing(Standing::Withdrawn { withdrawn_at: at(2) })] {
        assert!(ask(&other, 3).is_err() && agree(&other, 3).is_err());
    }
}

#[test]
fn who_agrees_facilitates_and_who_declines_or_is_removed_does_not_any_more() {
    let (invitation, proposal) = accepted();
    assert_eq!(proposal.facilitators(), [ana().id, ben().id]);
    let declined = invitation.clone().decline(ben().id, proposal.clone(), at(3)).unwrap();
    assert_eq!((declined.invitation.value.state, declined.invitation.happened[0].verb), (Declined, "declined"));
    assert_eq!(declined.proposal.unwrap().value.facilitators(), [ana().id]);
    let removed = invitation.remove(proposal.clone(), at(3)).unwrap();
    assert_eq!((removed.invitation.value.state, removed.proposal.unwrap().value.facilitators()), (Removed, vec![ana().id]));
    let pending = invite("ben", &[]).unwrap();
    assert_eq!(pending.clone().decline(ben().id, proposal.clone(), at(3)).unwrap().proposal, None, "nobody leaves");
    assert_eq!(pending.remove(proposal, at(3)).unwrap().proposal, None);
}

#[test]
fn who_facilitates_already_cannot_agree_again() {
    let (_, joint) = accepted();
    let other = invite("ben.tester", &[]).unwrap();
    for person in [ben().id, ana().id] {
        assert!(matches!(other.clone().accept(person, joint.clone(), &call(), at(3)), Err(Refusal::SamePerson(_))));
    }
}

#[test]
fn what_was_answered_is_answered() {
    let (accepted, joint) = accepted();
    assert!(accepted.clone().accept(ben().id, proposal(), &call(), at(3)).is_err());
    for state in [Declined, Removed] {
        let over = FacilitatorInvitation { state, ..accepted.clone() };
        assert!(over.clone().accept(ben().id, proposal(), &call(), at(3)).is_err());
        assert!(over.clone().decline(ben().id, joint.clone(), at(3)).is_err());
        assert!(over.remove(joint.clone(), at(3)).is_err());
    }
}

#[test]
fn nobody_leaves_what_has_become_a_cohort() {
    let (invitation, joint) = accepted();
    let cohort = |cohort_id| Proposal {
        co_facilitators: joint.co_facilitators.clone(),
        ..standing(Standing::Confirmed { confirmed_at: at(2), cohort_id })
    };
    assert!(invitation.clone().decline(ben().id, cohort(None), at(3)).is_ok());
    let over = cohort(Some(Uuid::nil().into()));
    assert!(matches!(invitation.clone().decline(ben().id, over.clone(), at(3)), Err(Refusal::WindowClosed { .. })));
    assert!(matches!(invitation.remove(over, at(3)), Err(Refusal::WindowClosed { .. })));
}

#[test]
fn a_proposal_is_not_handed_in_while_an_answer_is_outstanding() {
    let pending = invite("ben", &[]).unwrap();
    let Err(Refusal::NotReady { missing, .. }) = proposal().submit(std::slice::from_ref(&pending), &call(), at(2)) else {
        panic!("one is out")
    };
    assert_eq!(missing[0].params["invitation_id"], pending.id.to_string());
    for state in [Accepted, Declined, Removed] {
        assert!(proposal().submit(&[FacilitatorInvitation { state, ..pending.clone() }], &call(), at(2)).is_ok());
    }
}

#[test]
fn what_one_may_do_follows_from_the_tie_the_state_and_the_proposal() {
    let actor = |person: &Person| Actor::Person { id: person.id, grants: std::collections::BTreeSet::new() };
    let (pending, (accepted, joint)) = (invite("ben", &[]).unwrap(), accepted());
    let allowed = |invitation: &FacilitatorInvitation, person: &Person, proposal: &Proposal| {
        let actor = actor(person);
        let tie = invitation.tie(&actor, Some(person), proposal);
        invitation.allowed_actions(&tie, proposal)
    };
    assert_eq!(allowed(&pending, &ben(), &proposal()), ["accept", "decline"]);
    assert_eq!(allowed(&pending, &ana(), &proposal()), ["remove"]);
    assert_eq!(allowed(&accepted, &ben(), &joint), ["decline"]);
    assert_eq!(allowed(&pending, &ben(), &standing(Standing::Submitted)), ["decline"], "it was handed in without");
    assert!(allowed(&pending, &person(3, "cal"), &proposal()).is_empty());
}
