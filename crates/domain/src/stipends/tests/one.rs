//! One installment, from what it waits for to its payment.

use super::*;

const ZONE: Zone = Zone::UTC;

/// The first installment of the first payee, in a state.
fn standing(state: InstallmentState) -> (Stipend, Installment) {
    let (stipend, mut installments) = both();
    let pending = installments.swap_remove(0);
    let due = || pending.clone().fall_due(DueWhen::KickoffHeld, due(SECOND), at(2)).unwrap().value;
    let approved = || due().approve(&stipend, &staff(STAFF), at(3)).unwrap().value;
    let one = match state {
        InstallmentState::Pending => pending,
        InstallmentState::Due => due(),
        InstallmentState::Approved => approved(),
        InstallmentState::Paid => pay(approved(), payment(None), Some(&form("2019-11-01", None)), STAFF).unwrap(),
        InstallmentState::Void => pending.void(reason(), at(3)).unwrap().value,
    };
    assert_eq!(one.state(), state);
    (stipend, one)
}

fn pay(one: Installment, payment: Payment, form: Option<&TaxForm>, by: u128) -> Result<Installment, Refusal> {
    one.pay(payment, form, &staff(by), ZONE, at(5)).map(|change| change.value)
}

#[test]
fn the_table_of_installments() {
    insta::assert_snapshot!(MACHINE.describe().table());
}

#[test]
fn every_step_is_taken_from_the_states_of_the_table_and_from_no_other() {
    type Step = fn(&Stipend, Installment) -> Result<Change<Installment>, Refusal>;
    let steps: [(Action, Step); 3] = [
        (Action::ApproveStipendInstallment, |of, one| one.approve(of, &staff(STAFF), at(5))),
        (Action::PayStipendInstallment, |_, one| {
            one.pay(payment(None), Some(&form("2019-11-01", None)), &staff(STAFF), ZONE, at(5))
        }),
        (Action::VoidStipendInstallment, |_, one| one.void(reason(), at(5))),
    ];
    for state in <InstallmentState as crate::words::Word>::ALL {
        let (stipend, before) = standing(*state);
        for (action, step) in steps {
            let outcome = step(&stipend, before.clone());
            assert_eq!(outcome.is_ok(), MACHINE.check(*state, action).is_ok(), "{state} {action:?}");
            match outcome {
                Ok(change) => assert!(MACHINE.leads(*state, action, change.value.state())),
                Err(refusal) => assert!(matches!(refusal, Refusal::InvalidTransition { .. })),
            }
        }
        let falls = before.clone().fall_due(DueWhen::KickoffHeld, due(STAFF), at(5));
        assert_eq!(before.clone().fall_due(DueWhen::TrainingHeld, due(STAFF), at(5)), None, "it waits for something else");
        assert_eq!(falls.is_some(), *state == InstallmentState::Pending, "{state}");
        let unapproved = matches!(state, InstallmentState::Pending | InstallmentState::Due);
        assert_eq!(before.void_unapproved(&reason(), at(5)).is_some(), unapproved, "{state}");
    }
}

#[test]
fn nobody_approves_what_they_are_paid_from_or_said_was_due() {
    let (stipend, mut one) = standing(InstallmentState::Due);
    one.due = Some(due(OTHER_STAFF));
    for (by, may) in [(FIRST, false), (SECOND, false), (OTHER_STAFF, false), (STAFF, true)] {
        let outcome = one.clone().approve(&stipend, &staff(by), at(3));
        match outcome {
            Ok(change) => assert!(may && change.value.approval.unwrap().by == Some(person(by)), "{by}"),
            Err(refusal) => assert!(!may && matches!(refusal, Refusal::SamePerson(_)), "{by}: {refusal:?}"),
        }
        let actor = staff(by);
        assert_eq!(one.allowed_actions(&stipend, &stipend.tie(&actor)).contains(&"approve"), may, "{by}");
    }
}

#[test]
fn who_was_dropped_from_the_agreement_is_still_the_payee_of_what_is_theirs() {
    let (mut stipend, one) = standing(InstallmentState::Due);
    stipend.shares.retain(|share| share.person_id == person(SECOND));
    assert!(matches!(one.approve(&stipend, &staff(FIRST), at(3)), Err(Refusal::SamePerson(_))));
}

#[test]
fn nobody_pays_themselves() {
    let (stipend, one) = standing(InstallmentState::Approved);
    let form = form("2019-11-01", None);
    assert!(matches!(pay(one.clone(), payment(None), Some(&form), FIRST), Err(Refusal::SamePerson(_))));
    assert!(pay(one.clone(), payment(None), Some(&form), SECOND).is_ok(), "another payee can pay");
    let (payee, other) = (staff(FIRST), staff(SECOND));
    assert_eq!(one.allowed_actions(&stipend, &stipend.tie(&payee)), ["void"]);
    assert_eq!(one.allowed_actions(&stipend, &stipend.tie(&other)), ["pay", "void"]);
}

#[test]
fn nothing_is_paid_without_a_tax_form_that_was_good_on_the_day() {
    let (_, one) = standing(InstallmentState::Approved);
    for (form, paid_on, may) in [
        (None, None, false),
        (Some(form("2019-11-05", None)), None, true),
        (Some(form("2019-11-05", None)), Some("2019-11-04"), false),
        (Some(form("2019-11-01", Some("2019-11-04"))), None, false),
        (Some(form("2019-11-01", Some("2019-11-04"))), Some("2019-11-04"), true),
    ] {
        let outcome = pay(one.clone(), payment(paid_on), form.as_ref(), STAFF);
        assert_eq!(outcome.is_ok(), may, "{form:?} {paid_on:?}");
        assert!(may || matches!(outcome, Err(Refusal::TaxFormMissing(_))), "{outcome:?}");
    }
}

#[test]
fn a_payment_is_made_between_its_approval_and_today() {
    let (_, one) = standing(InstallmentState::Approved);
    let form = form("2019-01-01", None);
    for (paid_on, may) in [("2019-11-02", false), ("2019-11-03", true), ("2019-11-05", true), ("2019-11-06", false)] {
        let outcome = pay(one.clone(), payment(Some(paid_on)), Some(&form), STAFF);
        match outcome {
            Ok(paid) => assert!(may && matches!(paid.end, Some(End::Paid { on, .. }) if on == day(paid_on)), "{paid_on}"),
            Err(refusal) => assert_eq!((may, told(refusal)), (false, vec![("#/paid_on".to_owned(), FaultCode::OutOfRange)])),
        }
    }
    let Some(End::Paid { on, .. }) = pay(one, payment(None), Some(&form), STAFF).unwrap().end else { panic!() };
    assert_eq!(on, day("2019-11-05"), "today");
}

#[test]
fn the_journal_hears_of_amounts_and_ids_and_of_no_reference() {
    let (_, one) = standing(InstallmentState::Approved);
    let change = one.clone().pay(payment(None), Some(&form("2019-11-01", None)), &staff(STAFF), ZONE, at(5)).unwrap();
    let told = serde_json::to_string(&change.happened[0].data).unwrap();
    assert!(!told.contains("1047") && told.contains("50000") && told.contains("paid"), "{told}");
    let voided = one.void(reason(), at(5)).unwrap();
    assert_eq!(voided.happened[0].reason, Some(reason()));
}
