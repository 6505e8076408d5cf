//! What a verification does, in every state, and over random years.

mod attesting;
mod documents;
mod random;
mod renewing;

use std::collections::BTreeSet;

use uuid::Uuid;

use super::policy::PolicyTerms;
use super::*;
use crate::access::Grant;
use crate::employments::{EmploymentSource, Level};
use crate::ids::{Id, OrganizationId};
use crate::organizations::{Membership, MembershipStatus, Organization, OrganizationKind};
use crate::people::Person;
use crate::text::{Email, EmailDomain, Name, RoleKey, StateCode, Title};
use crate::time::{Date, Zone};
use crate::words::Word;

const EASTERN: &str = "America/New_York";

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn noon(text: &str) -> Timestamp {
    format!("{text}T17:00:00Z").parse().unwrap()
}

fn midnight_after(text: &str) -> Timestamp {
    EASTERN.parse::<Zone>().unwrap().end_of_day(day(text))
}

fn reason() -> Reason {
    Reason::new("The principal answered the phone").unwrap()
}

fn evidence(kind: EvidenceKind, at: Timestamp) -> Evidence {
    let (id, employment_id) = (EvidenceId::from_uuid(Uuid::from_u128(7)), EmploymentId::from_uuid(Uuid::from_u128(1)));
    Evidence { id, employment_id, kind, dated_at: at, reason: None }
}

/// Everything that a verification is judged by.
struct World {
    policy: PolicyTerms,
    employment: Employment,
    organization: Organization,
}

impl World {
    fn new() -> Self {
        let meta = Meta::new(noon("2019-08-01"));
        let organization_id = OrganizationId::from_uuid(Uuid::from_u128(1));
        Self {
            policy: PolicyTerms { membership_required: true, ..PolicyTerms::default() },
            employment: Employment {
                id: EmploymentId::from_uuid(Uuid::from_u128(1)),
                person_id: PersonId::from_uuid(Uuid::from_u128(1)),
                organization_id,
                title: None,
                role: RoleKey::new("principal").unwrap(),
                level: Level::School,
                starts_on: day("2019-08-01"),
                ends_on: None,
                source: EmploymentSource::Own,
                external_id: None,
                meta,
            },
            organization: Organization {
                id: organization_id,
                name: Title::new("Cedar Hollow").unwrap(),
                kind: OrganizationKind::CharterSchool,
                parent_id: None,
                state: StateCode::new("DC").unwrap(),
                nces_id: None,
                locale: None,
                email_domains: vec![EmailDomain::new("cedarhollow.org").unwrap()],
                external_id: None,
                membership: Membership { status: MembershipStatus::Active, ..Membership::NONE },
                meta,
            },
        }
    }

    fn grounds(&self) -> Grounds<'_> {
        let zone = EASTERN.parse().unwrap();
        Grounds { policy: &self.policy, zone, employment: &self.employment, organization: &self.organization }
    }

    fn open(&self) -> Verification {
        let (id, program) = (VerificationId::from_uuid(Uuid::from_u128(1)), ProgramId::from_uuid(Uuid::from_u128(1)));
        Verification::open(id, &self.employment, program, noon("2019-11-01")).value
    }

    fn review(&self, verification: &Verification, pieces: &[Evidence], now: Timestamp) -> Verification {
        verification.review(pieces, &self.grounds(), now).map_or_else(|| verification.clone(), |change| change.value)
    }

    fn verified(&self) -> Verification {
        let now = noon("2019-11-02");
        self.review(&self.open(), &[evidence(EvidenceKind::EmailDomain, now)], now)
    }
}

fn staff(number: u128) -> Actor {
    Actor::Person { id: PersonId::from_uuid(Uuid::from_u128(number)), grants: BTreeSet::from([Grant::Staff]) }
}

fn verify(world: &World, verification: Verification, now: Timestamp) -> Result<Change<Verification>, Refusal> {
    verification.verify(&staff(99), &evidence(EvidenceKind::StaffOverride, now), &reason(), &world.grounds(), now)
}

fn in_state(world: &World, state: VerificationState) -> Verification {
    let now = noon("2019-11-03");
    match state {
        Open => world.open(),
        Verified => world.verified(),
        Expired => world.review(&world.verified(), &[], noon("2021-01-01")),
        Revoked => world.verified().revoke(&staff(99), reason(), now).unwrap().value,
        Rejected => world.open().reject(&staff(99), reason(), now).unwrap().value,
    }
}

fn act(world: &World, verification: &Verification, action: Action, now: Timestamp) -> Result<Change<Verification>, Refusal> {
    let this = verification.clone();
    let nothing_follows = || Refusal::NotVerified("nothing follows by itself".to_owned());
    match action.verb() {
        "verify" => verify(world, this, now),
        "reject" => this.reject(&staff(99), reason(), now),
        "revoke" => this.revoke(&staff(99), reason(), now),
        "reopen" => this.reopen(&staff(99), None, now),
        "satisfy" | "renew" => {
            let follows = this.review(&[evidence(EvidenceKind::EmailDomain, now)], &world.grounds(), now);
            let verb = if action == Action::RenewVerification { "renewed" } else { "verified" };
            follows.filter(|change| change.happened[0].verb == verb).ok_or_else(nothing_follows)
        }
        "upload_evidence" | "ask_for_attestation" => {
            let as_it_is = Change::one(this.clone(), this.happening("supplemented"));
            this.supplement(action, now).map(|change| change.unwrap_or(as_it_is))
        }
        _ => this.review(&[], &world.grounds(), noon("2021-01-01")).ok_or_else(nothing_follows),
    }
}

fn actions() -> Vec<Action> {
    MACHINE.transitions.iter().map(|row| row.action).collect()
}

#[test]
fn the_table_of_a_verification() {
    insta::assert_snapshot!(MACHINE.describe().table());
}

#[test]
fn every_action_in_every_state_does_what_the_table_says() {
    let (world, now) = (World::new(), noon("2019-11-20"));
    for state in VerificationState::ALL {
        let before = in_state(&world, *state);
        assert_eq!(before.state(), *state);
        for action in actions() {
            let allowed = MACHINE.actions_from(*state).any(|possible| possible == action);
            match act(&world, &before, action, now) {
                Ok(change) => {
                    assert!(allowed && MACHINE.leads(*state, action, change.value.state()), "{state}, {}", action.verb());
                    assert!(!change.happened.is_empty());
                }
                Err(refusal) => assert!(!allowed, "{state}, {}: {refusal}", action.verb()),
            }
        }
    }
}

#[test]
fn evidence_that_satisfies_the_policy_verifies_by_itself_and_weaker_does_not() {
    let (world, now) = (World::new(), noon("2019-11-20"));
    let after = |kind: EvidenceKind, at: Timestamp| world.review(&world.open(), &[evidence(kind, at)], now).state();
    assert_eq!(after(EvidenceKind::EmailDomain, now), Verified);
    assert_eq!(after(EvidenceKind::SelfDeclared, now), Open, "of a kind that is not accepted");
    let later = noon("2019-11-21");
    assert_eq!(after(EvidenceKind::EmailDomain, later), Open, "evidence of tomorrow is none today");
    assert_eq!(after(EvidenceKind::EmailDomain, noon("2018-11-19")), Open, "nor is what has run out");

    let mut strict = World::new();
    strict.policy.least_strength = 3;
    assert_eq!(strict.review(&strict.open(), &[evidence(EvidenceKind::EmailDomain, now)], now).state(), Open, "too weak");
    let elsewhere =
        Evidence { employment_id: EmploymentId::from_uuid(Uuid::from_u128(2)), ..evidence(EvidenceKind::EmailDomain, now) };
    assert_eq!(world.review(&world.open(), &[elsewhere], now).state(), Open, "evidence for another employment");
}

#[test]
fn a_verification_runs_out_after_the_policys_days_or_with_the_employment_or_membership() {
    let until = |world: &World| world.verified().valid_until();
    let mut world = World::new();
    assert_eq!(until(&world), Some(midnight_after("2020-11-01")), "365 days after the second of November");
    world.employment.ends_on = Some(day("2020-06-30"));
    assert_eq!(until(&world), Some(midnight_after("2020-06-30")));
    world.organization.membership.ends_on = Some(day("2019-12-31"));
    assert_eq!(until(&world), Some(midnight_after("2019-12-31")));
    world.policy.membership_required = false;
    assert_eq!(until(&world), Some(midnight_after("2020-06-30")), "a membership that is not asked for does not limit it");
}

#[test]
fn of_several_pieces_that_which_lasts_longest_verifies() {
    let (world, now) = (World::new(), noon("2019-11-20"));
    let pieces = [
        evidence(EvidenceKind::EmailDomain, noon("2019-09-01")),
        Evidence { id: EvidenceId::from_uuid(Uuid::from_u128(8)), ..evidence(EvidenceKind::EmailDomain, noon("2019-11-01")) },
        evidence(EvidenceKind::EmailDomain, noon("2019-10-01")),
    ];
    let Standing::Verified { evidence_id, .. } = world.review(&world.open(), &pieces, now).standing else { panic!() };
    assert_eq!(evidence_id.uuid(), Uuid::from_u128(8));
}

#[test]
fn one_that_has_run_out_reads_expired_though_nobody_noticed() {
    let world = World::new();
    let verified = world.verified();
    let end = midnight_after("2020-11-01");
    let just_before = Timestamp::from_millis(end.millis() - 1);
    assert!(verified.valid_at(just_before) && !verified.valid_at(end));
    assert_eq!(verified.clone().as_of(just_before).state(), Verified);
    assert_eq!(verified.clone().as_of(end).state(), Expired);
    assert!(!verified.valid_at(noon("2019-11-01")), "and it was not valid before it was verified");

    assert!(matches!(
        verified.clone().revoke(&staff(99), reason(), end),
        Err(Refusal::InvalidTransition { current_state: "expired", .. })
    ));
    let actor = staff(99);
    assert_eq!(verified.allowed_actions(&Tie::none(&actor), end), ["reopen"]);
    let reopened = verified.reopen(&staff(99), None, end).unwrap();
    let verbs: Vec<_> = reopened.happened.iter().map(|happening| happening.verb).collect();
    assert_eq!(verbs, ["expired", "reopened"], "the journal tells what nobody had noticed, then what was done");
}

#[test]
fn it_is_taken_back_when_the_employment_or_a_required_membership_is_over() {
    let now = noon("2019-11-20");
    let cause = |world: &World| match world.review(&World::new().verified(), &[], now).standing {
        Standing::Revoked { cause, .. } => Some(cause),
        Standing::Open | Standing::Verified { .. } | Standing::Expired { .. } | Standing::Rejected { .. } => None,
    };
    let mut left = World::new();
    left.employment.ends_on = Some(day("2019-11-19"));
    assert_eq!(cause(&left), Some(RevocationCause::EmploymentEnded));
    left.employment.ends_on = Some(day("2019-11-20"));
    assert_eq!(cause(&left), None, "the last day still counts");

    let mut lapsed = World::new();
    lapsed.organization.membership.status = MembershipStatus::Lapsed;
    assert_eq!(cause(&lapsed), Some(RevocationCause::MembershipEnded));
    lapsed.policy.membership_required = false;
    assert_eq!(cause(&lapsed), None);
}

#[test]
fn an_end_that_comes_nearer_shortens_it_and_one_that_moves_out_does_not_lengthen_it() {
    let (mut world, now) = (World::new(), noon("2019-11-20"));
    world.employment.ends_on = Some(day("2020-01-31"));
    let change = world.verified();
    world.employment.ends_on = Some(day("2019-12-31"));
    let shortened = change.review(&[], &world.grounds(), now).unwrap();
    assert_eq!(shortened.happened[0].verb, "shortened");
    assert_eq!(shortened.value.valid_until(), Some(midnight_after("2019-12-31")));
    world.employment.ends_on = None;
    assert_eq!(shortened.value.review(&[], &world.grounds(), now), None);
}

#[test]
fn staff_verify_what_the_policy_does_not_accept_but_never_an_employment_that_is_not_held() {
    let (mut world, now) = (World::new(), noon("2019-11-20"));
    world.policy.accepted_kinds = vec![EvidenceKind::EmailDomain];
    assert_eq!(verify(&world, world.open(), now).unwrap().value.state(), Verified);

    world.organization.membership.status = MembershipStatus::Lapsed;
    assert!(matches!(verify(&world, world.open(), now), Err(Refusal::NotVerified(_))));
    let mut gone = World::new();
    gone.employment.ends_on = Some(day("2019-11-19"));
    assert!(matches!(verify(&gone, gone.open(), now), Err(Refusal::NotVerified(_))));
    gone.employment.ends_on = None;
    gone.employment.starts_on = day("2019-11-21");
    assert!(matches!(verify(&gone, gone.open(), now), Err(Refusal::NotVerified(_))), "not begun yet");
}

#[test]
fn nobody_verifies_their_own_employment() {
    let (world, now) = (World::new(), noon("2019-11-20"));
    let decision = evidence(EvidenceKind::StaffOverride, now);
    let by_oneself = world.open().verify(&staff(1), &decision, &reason(), &world.grounds(), now);
    assert!(matches!(by_oneself, Err(Refusal::SamePerson(_))));
}

#[test]
fn evidence_that_staff_found_wanting_does_not_verify_again_by_itself() {
    let (world, now) = (World::new(), noon("2019-11-20"));
    let old = evidence(EvidenceKind::EmailDomain, noon("2019-11-01"));
    for wanting in [Rejected, Revoked] {
        let reopened = in_state(&world, wanting).reopen(&staff(99), None, now).unwrap().value;
        assert_eq!(world.review(&reopened, std::slice::from_ref(&old), now).state(), Open, "{wanting}");
        let of_that_instant = evidence(EvidenceKind::EmailDomain, noon("2019-11-03"));
        assert_eq!(world.review(&reopened, &[of_that_instant], now).state(), Open, "{wanting}, in a sandbox whose clock stands");
        let new = evidence(EvidenceKind::EmailDomain, noon("2019-11-19"));
        assert_eq!(world.review(&reopened, &[old.clone(), new], now).state(), Verified, "{wanting}");
    }
    let mut lapsed = World::new();
    lapsed.organization.membership.status = MembershipStatus::Lapsed;
    let revoked = lapsed.review(&world.verified(), &[], now);
    let reopened = revoked.reopen(&staff(99), None, now).unwrap().value;
    assert_eq!(
        world.review(&reopened, &[old], now).state(),
        Verified,
        "a membership that came back says nothing against the evidence"
    );
}

#[test]
fn what_was_found_wanting_does_not_count_again_once_something_else_has_verified() {
    let (mut world, now) = (World::new(), noon("2019-11-20"));
    let old = evidence(EvidenceKind::EmailDomain, noon("2019-11-01"));
    let reopened = in_state(&world, Rejected).reopen(&staff(99), None, now).unwrap().value;
    let by_their_word = verify(&world, reopened, now).unwrap().value;
    world.employment.ends_on = Some(day("2019-11-19"));
    let ended = world.review(&by_their_word, &[], now);
    world.employment.ends_on = None;
    let reopened = ended.reopen(&staff(99), None, now).unwrap().value;
    assert_eq!(world.review(&reopened, &[old], now).state(), Open);
}

#[test]
fn an_address_is_evidence_when_it_is_proven_and_at_the_organizations_domain() {
    let world = World::new();
    let person = |email: &str, proven: bool| Person {
        id: world.employment.person_id,
        given_name: Name::new("Ana").unwrap(),
        family_name: Name::new("Reyes").unwrap(),
        email: Email::new(email).unwrap(),
        email_proven_at: proven.then_some(noon("2019-11-02")),
        time_zone: None,
        external_id: None,
        meta: Meta::new(noon("2019-11-01")),
    };
    let shown = |person: &Person| {
        Evidence::email_domain(EvidenceId::from_uuid(Uuid::nil()), &world.employment, person, &world.organization)
            .map(|piece| (piece.kind, piece.dated_at))
    };
    assert_eq!(shown(&person("ana@cedarhollow.org", true)), Some((EvidenceKind::EmailDomain, noon("2019-11-02"))));
    assert_eq!(shown(&person("ana@cedarhollow.org", false)), None);
    assert_eq!(shown(&person("ana@juniper.org", true)), None);
}
