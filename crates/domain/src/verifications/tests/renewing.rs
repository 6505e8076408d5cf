//! New evidence: what makes a verification last longer, what opens one that is over, and what is asked for.

use super::*;

fn later(kind: EvidenceKind, at: Timestamp) -> Evidence {
    Evidence { id: EvidenceId::from_uuid(Uuid::from_u128(8)), ..evidence(kind, at) }
}

fn renewal_due_at(verification: &Verification) -> Option<Timestamp> {
    if let Standing::Verified { renewal_due_at, .. } = verification.standing { renewal_due_at } else { None }
}

#[test]
fn newer_evidence_makes_a_verification_last_longer() {
    let (world, verified) = (World::new(), World::new().verified());
    assert_eq!(verified.valid_until(), Some(midnight_after("2020-11-01")));
    let renewed = world.review(&verified, &[later(EvidenceKind::SupervisorAttestation, noon("2020-10-01"))], noon("2020-10-02"));
    assert_eq!(renewed.valid_until(), Some(midnight_after("2021-10-01")));
    let Standing::Verified { at, kind, .. } = renewed.standing else { panic!() };
    assert_eq!((at, kind), (noon("2019-11-02"), EvidenceKind::SupervisorAttestation), "it has been verified all the while");
    for piece in [later(EvidenceKind::SelfDeclared, noon("2020-10-01")), later(EvidenceKind::EmailDomain, noon("2019-11-01"))] {
        assert_eq!(world.review(&verified, &[piece], noon("2020-10-02")), verified, "too weak, or older");
    }
}

#[test]
fn renewal_never_outlasts_the_grounds() {
    let mut world = World::new();
    world.employment.ends_on = Some(day("2020-12-31"));
    let renewed = world.review(&world.verified(), &[later(EvidenceKind::CrmMatch, noon("2020-10-01"))], noon("2020-10-02"));
    assert_eq!(renewed.valid_until(), Some(midnight_after("2020-12-31")));
    assert_eq!(renewal_due_at(&renewed), None, "no evidence makes it last longer than the employment");
}

#[test]
fn a_person_is_asked_once_to_renew_and_in_time() {
    let (world, verified) = (World::new(), World::new().verified());
    let due = EASTERN.parse::<Zone>().unwrap().start_of_day(day("2020-10-03"));
    assert_eq!(renewal_due_at(&verified), Some(due));
    let before = Timestamp::from_millis(due.millis() - 1);
    assert_eq!(verified.clone().ask_for_renewal(before), None);
    assert!(verified.missing(&world.grounds(), before).is_empty());
    let asked = verified.clone().ask_for_renewal(due).unwrap();
    assert_eq!(asked.happened[0].verb, "renewal_asked");
    assert_eq!(asked.value.clone().ask_for_renewal(due), None, "once");
    let missing = asked.value.missing(&world.grounds(), due);
    assert_eq!(missing.iter().map(|missing| missing.what).collect::<Vec<_>>(), [MissingKind::Evidence]);
    assert_eq!(verified.ask_for_renewal(midnight_after("2020-11-01")), None, "it has run out");
    let renewed = world.review(&asked.value, &[later(EvidenceKind::EmailDomain, due)], due);
    assert!(renewed.missing(&world.grounds(), due).is_empty() && renewal_due_at(&renewed).is_some(), "and again the next time");
}

#[test]
fn nobody_is_asked_to_renew_where_the_program_says_so() {
    let world = World { policy: PolicyTerms { renewal_notice_days: 0, ..PolicyTerms::default() }, ..World::new() };
    assert_eq!(renewal_due_at(&world.verified()), None);
}

#[test]
fn new_evidence_opens_what_is_over_and_older_does_not_count_there() {
    let (world, now) = (World::new(), noon("2019-11-20"));
    let action = Action::UploadEvidence;
    for state in [Open, Verified] {
        assert_eq!(in_state(&world, state).supplement(action, now), Ok(None), "{state} stays as it is");
    }
    for state in [Revoked, Rejected] {
        let opened = in_state(&world, state).supplement(action, now).unwrap().unwrap().value;
        assert_eq!((opened.standing, opened.evidence_after), (Standing::Open, Some(noon("2019-11-03"))), "{state}");
    }
    let past = noon("2021-01-01");
    assert_eq!(world.verified().supplement(action, past).unwrap().unwrap().value.state(), Open, "it had run out, unnoticed");
}

#[test]
fn what_is_missing_is_told() {
    let mut world = World::new();
    let (now, open) = (noon("2019-11-20"), world.open());
    let told = |world: &World, verification: &Verification| {
        verification.missing(&world.grounds(), now).into_iter().map(|missing| missing.what).collect::<Vec<_>>()
    };
    assert_eq!(told(&world, &open), [MissingKind::Evidence]);
    let kinds = &open.missing(&world.grounds(), now)[0].kinds;
    assert!(
        kinds.contains(&EvidenceKind::Document) && !kinds.contains(&EvidenceKind::StaffOverride),
        "that is not the person's to show"
    );
    assert_eq!(told(&world, &world.verified()), []);
    world.organization.membership.status = MembershipStatus::Lapsed;
    assert_eq!(told(&world, &open), [MissingKind::Membership, MissingKind::Evidence]);
    world.employment.ends_on = Some(day("2019-11-19"));
    assert_eq!(told(&world, &open), [MissingKind::Employment, MissingKind::Evidence]);
}

#[test]
fn what_the_crm_says_is_evidence_while_the_employment_is_held() {
    let id = EvidenceId::from_uuid(Uuid::nil());
    let entered = Employment { source: EmploymentSource::Crm, ends_on: Some(day("2020-06-30")), ..World::new().employment };
    let shown = Evidence::crm_match(id, &entered, day("2020-06-30")).unwrap();
    assert_eq!((shown.kind, shown.dated_at), (EvidenceKind::CrmMatch, entered.meta.updated_at));
    assert_eq!(Evidence::crm_match(id, &entered, day("2020-07-01")), None);
    assert_eq!(Evidence::crm_match(id, &entered, day("2019-07-31")), None);
    let own = Employment { source: EmploymentSource::Own, ..entered };
    assert_eq!(Evidence::crm_match(id, &own, day("2020-06-30")), None);
}

#[test]
fn nobody_decides_about_themselves() {
    let (world, now, oneself) = (World::new(), noon("2019-11-20"), staff(1));
    let refused = [
        in_state(&world, Open).reject(&oneself, reason(), now),
        in_state(&world, Verified).revoke(&oneself, reason(), now),
        in_state(&world, Rejected).reopen(&oneself, None, now),
    ];
    assert!(refused.iter().all(|outcome| matches!(outcome, Err(Refusal::SamePerson(_)))), "{refused:?}");
}
