//! Attestations: who can be asked, and who has answered.

use super::*;
use crate::ids::{AttestationId, LinkId};
use crate::verifications::attestations::{Attestation, AttestationAnswer, AttestationState, Attester};

fn mia(world: &World) -> Person {
    Person {
        id: world.employment.person_id,
        given_name: Name::new("Mia").unwrap(),
        family_name: Name::new("Tester").unwrap(),
        email: Email::new("mia@cedarhollow.org").unwrap(),
        email_proven_at: None,
        time_zone: None,
        external_id: None,
        meta: Meta::new(noon("2019-11-01")),
    }
}

/// Asks a supervisor for this verification.
pub(super) fn ask_for(
    world: &World,
    verification: &Verification,
    (id, link): (AttestationId, LinkId),
    email: &str,
    now: Timestamp,
) -> Result<Change<Attestation>, Refusal> {
    let (person, link) = (mia(world), (link, now.plus_minutes(60)));
    Attestation::ask(id, verification, (&person, &world.organization), Email::new(email).unwrap(), link, now)
}

fn ask(world: &World, email: &str) -> Result<Change<Attestation>, Refusal> {
    let ids = (AttestationId::from_uuid(Uuid::from_u128(3)), LinkId::from_uuid(Uuid::from_u128(4)));
    ask_for(world, &world.open(), ids, email, noon("2019-11-20"))
}

pub(super) fn answer(confirms: bool) -> AttestationAnswer {
    AttestationAnswer { confirms, by: Attester { name: Name::new("Pat Principal").unwrap(), title: None } }
}

#[test]
fn only_somebody_else_at_the_organizations_own_domain_is_asked() {
    let mut world = World::new();
    world.organization.email_domains.push(EmailDomain::new("gmail.com").unwrap());
    for (email, asked) in [
        ("pat@cedarhollow.org", true),
        ("Pat@CedarHollow.ORG", true),
        ("mia.boss@cedarhollow.org", true),
        ("mia@cedarhollow.org", false),
        ("MIA@CEDARHOLLOW.ORG", false),
        ("mia+boss@cedarhollow.org", false),
        ("Mia+@cedarhollow.org", false),
        ("pat@gmail.com", false),
        ("pat@juniper.org", false),
        ("pat@students.cedarhollow.org", false),
    ] {
        let outcome = ask(&world, email);
        assert_eq!(outcome.is_ok(), asked, "{email}");
        assert!(asked || matches!(outcome, Err(Refusal::Invalid(faults)) if faults[0].pointer == "#/supervisor_email"));
    }
    world.organization.email_domains.clear();
    assert!(ask(&world, "pat@cedarhollow.org").is_err());
}

#[test]
fn a_question_is_answered_once_and_not_after_another_was_put() {
    let world = World::new();
    let (asked, verification, now) = (ask(&world, "pat@cedarhollow.org").unwrap().value, world.open(), noon("2019-11-21"));
    for (confirms, state) in [(true, AttestationState::Confirmed), (false, AttestationState::Denied)] {
        let answered = asked.clone().answer(answer(confirms), &verification, &world.organization, now).unwrap();
        assert_eq!((answered.value.state(), answered.happened[0].data["confirms"].clone()), (state, confirms.into()));
        assert!(answered.value.clone().answer(answer(true), &verification, &world.organization, now).is_err());
        assert!(answered.value.supersede(&verification, now).is_err());
    }
    let superseded = asked.supersede(&verification, now).unwrap().value;
    assert_eq!(superseded.state(), AttestationState::Superseded);
    assert_eq!(
        superseded.answer(answer(true), &verification, &world.organization, now).map(|change| change.value),
        Err(Refusal::Hidden("attestation"))
    );
}

#[test]
fn an_address_that_speaks_for_the_organization_no_more_does_not_answer() {
    let mut world = World::new();
    let asked = ask(&world, "pat@cedarhollow.org").unwrap().value;
    world.organization.email_domains.clear();
    assert!(asked.answer(answer(true), &world.open(), &world.organization, noon("2019-11-21")).is_err());
}
