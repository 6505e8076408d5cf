//! Plans, and how a stipend is shared.

use super::*;
use crate::sessions::{Details, SessionKind, Slot};
use crate::words::Word;

fn amounts(installments: &[Installment]) -> Vec<(&str, i64)> {
    installments.iter().map(|one| (one.key.as_str(), one.amount.amount_minor)).collect()
}

fn share(n: u128, amount_minor: i64) -> Share {
    Share { person_id: person(n), amount_minor }
}

#[test]
fn every_fault_of_a_plan_is_told() {
    let replace = |terms: StipendTerms| plan(None).replace(Some(terms), at(2));
    assert!(replace(terms()).is_ok());
    let wrong = StipendTerms {
        amount: Money { amount_minor: LEAST_MINOR - 1, currency: Currency::Usd },
        installments: vec![planned("a", 0, DueWhen::KickoffHeld), planned("a", 40, DueWhen::CloseoutHeld)],
    };
    assert_eq!(
        told(replace(wrong).unwrap_err()),
        [
            ("#/amount/amount_minor".to_owned(), FaultCode::OutOfRange),
            ("#/installments/0/amount_minor".to_owned(), FaultCode::OutOfRange),
            ("#/installments/1/key".to_owned(), FaultCode::Duplicate),
            ("#/installments".to_owned(), FaultCode::InvalidValue),
        ]
    );
    let nothing = StipendTerms { installments: Vec::new(), ..terms() };
    assert_eq!(told(replace(nothing).unwrap_err()), [("#/installments".to_owned(), FaultCode::InvalidValue)]);
    let many = (0..=INSTALLMENTS_MAX).map(|n| planned(&format!("i{n}"), 1, DueWhen::CallHeld)).collect();
    let many = StipendTerms { installments: many, ..terms() };
    assert_eq!(told(replace(many).unwrap_err()), [("#/installments".to_owned(), FaultCode::TooLong)]);
}

#[test]
fn a_plan_can_be_taken_back() {
    let none = plan(Some(terms())).replace(None, at(2)).unwrap();
    assert_eq!((none.value.terms, none.happened[0].verb), (None, "stipend_plan_replaced"));
}

#[test]
fn every_kind_of_session_but_a_meeting_is_something_to_wait_for() {
    let waited: Vec<_> = SessionKind::ALL.iter().filter_map(|kind| DueWhen::held(*kind)).collect();
    assert_eq!(waited, DueWhen::ALL[..4]);
    assert_eq!(DueWhen::held(SessionKind::Meeting), None);
}

#[test]
fn who_leads_a_cohort_shares_its_stipend_to_the_cent() {
    let (stipend, installments) = both();
    assert_eq!(stipend.shares, [share(FIRST, 250_000), share(SECOND, 250_000)]);
    assert_eq!(
        amounts(&installments),
        [("kickoff", 50_000), ("kickoff", 50_000), ("training", 83_334), ("training", 83_333), ("end", 116_666), ("end", 116_667),]
    );
    assert!(installments.iter().all(|one| one.state() == InstallmentState::Pending));
    let three = agree(&cohort(&[1, 2, 3]), &plan(Some(terms())), &[]).unwrap();
    let shares: Vec<i64> = three.stipend.value.shares.iter().map(|share| share.amount_minor).collect();
    assert_eq!(shares, [166_667, 166_667, 166_666]);
}

#[test]
fn there_is_no_agreement_without_a_plan_without_facilitators_or_for_a_cohort_that_is_over() {
    let plan = plan(Some(terms()));
    assert!(matches!(agree(&cohort(&[]), &plan, &[]), Err(Refusal::NotReady { .. })));
    assert!(matches!(agree(&cohort(&[FIRST]), &super::plan(None), &[]), Err(Refusal::NotReady { .. })));
    let cancelled = cohort(&[FIRST]).cancel(&reason(), None, at(2)).unwrap().value;
    assert!(matches!(agree(&cancelled, &plan, &[]), Err(Refusal::InvalidTransition { .. })));
}

#[test]
fn what_has_come_to_pass_before_the_agreement_is_due_at_once() {
    let details = Details {
        kind: SessionKind::Training,
        title: Text::new("Training").unwrap(),
        delivery: MeetingMode::Virtual,
        join_link: None,
        place: None,
        agenda: None,
    };
    let session = |n: u128, by: Option<u128>, held: i64| {
        let slot = Slot::new(day("2019-11-04"), "09:00".parse().unwrap(), Zone::UTC, 60).unwrap();
        let made = Session::create(Uuid::from_u128(n).into(), Uuid::from_u128(6).into(), details.clone(), slot, at(1)).value;
        by.map_or_else(|| made.clone(), |by| made.clone().hold(Some(person(by)), at(held)).unwrap().value)
    };
    let sessions = [session(1, None, 0), session(2, Some(STAFF), 6), session(3, Some(FIRST), 5)];
    let installments = values(agree(&cohort(&[FIRST]), &plan(Some(terms())), &sessions).unwrap().installments);
    let dues: Vec<Option<Due>> = installments.iter().map(|one| one.due).collect();
    assert_eq!(dues, [None, Some(Due { at: at(5), marked_by: Some(person(FIRST)) }), None], "the first that was held");
}

#[test]
fn staff_share_it_otherwise_and_everybody_gets_their_share() {
    let (stipend, mut installments) = both();
    installments[2] = installments[2].clone().fall_due(DueWhen::TrainingHeld, due(STAFF), at(2)).unwrap().value;
    installments[3] = installments[3].clone().fall_due(DueWhen::TrainingHeld, due(STAFF), at(2)).unwrap().value;
    let leads = [person(FIRST), person(SECOND), person(3)];
    let shares = vec![share(FIRST, 400_001), share(3, 99_999)];
    let parted = stipend.share(shares.clone(), installments.clone(), &leads, ids(), at(3)).unwrap();
    let Parted { stipend, installments: changed, removed } = parted.clone();
    assert_eq!((stipend.value.shares, stipend.happened[0].verb), (shares, "shared"));
    assert!(removed.iter().all(|one| one.payee_id == person(SECOND)) && removed.len() == 3);
    assert_eq!(parted.removals().map(|happening| happening.verb).collect::<Vec<_>>(), ["removed"; 3]);
    let sum = |n: u128| changed.iter().map(|one| &one.value).filter(move |one| one.payee_id == person(n));
    assert_eq!(sum(FIRST).map(|one| one.amount.amount_minor).sum::<i64>(), 400_001);
    assert_eq!(sum(3).map(|one| one.amount.amount_minor).sum::<i64>(), 99_999);
    assert_eq!(
        sum(3).map(Installment::state).collect::<Vec<_>>(),
        [InstallmentState::Pending, InstallmentState::Due, InstallmentState::Pending]
    );
    let kept: Vec<_> = sum(FIRST).map(|one| one.id).collect();
    assert_eq!(kept, [installments[0].id, installments[2].id, installments[4].id]);
}

#[test]
fn what_is_wrong_with_shares_is_told() {
    let (stipend, installments) = both();
    let leads = [person(FIRST), person(SECOND)];
    let attempt = |shares: Vec<Share>| stipend.clone().share(shares, installments.clone(), &leads, ids(), at(3)).unwrap_err();
    assert_eq!(
        told(attempt(vec![share(FIRST, 499_999), share(FIRST, 0), share(4, 2)])),
        [
            ("#/shares/1/person_id".to_owned(), FaultCode::Duplicate),
            ("#/shares/1/amount_minor".to_owned(), FaultCode::OutOfRange),
            ("#/shares/2/person_id".to_owned(), FaultCode::NotFound),
            ("#/shares".to_owned(), FaultCode::InvalidValue),
        ]
    );
    assert_eq!(told(attempt(Vec::new())), [("#/shares".to_owned(), FaultCode::InvalidValue)]);
}

#[test]
fn what_was_decided_about_keeps_the_shares_as_they_are() {
    let (stipend, installments) = both();
    let equal = stipend.shares.clone();
    let mut decided = installments.clone();
    decided[5] = decided[5].clone().void(reason(), at(2)).unwrap().value;
    let leads = [person(FIRST), person(SECOND)];
    let refused = stipend.clone().share(equal.clone(), decided.clone(), &leads, ids(), at(3)).unwrap_err();
    assert_eq!(told(refused), [("#/shares".to_owned(), FaultCode::Frozen)]);
    let (actor, nothing) = (staff(STAFF), Vec::<&str>::new());
    let tie = stipend.tie(&actor);
    assert_eq!((stipend.allowed_actions(&installments, &tie), stipend.allowed_actions(&decided, &tie)), (vec!["update"], nothing));
    let same = stipend.share(equal, installments, &leads, ids(), at(3)).unwrap();
    assert!(same.installments.is_empty() && same.removed.is_empty(), "nothing of it has changed");
}
