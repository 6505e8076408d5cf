use std::collections::BTreeSet;

use super::*;
use crate::applications::fixtures::{id, principal};
use crate::text::Slug;

fn role(text: &str) -> RoleKey {
    Slug::new(text).unwrap()
}

fn every_rule() -> Vec<Rule> {
    let audience = Audience {
        roles: BTreeSet::from([role("principal"), role("behavior_lead")]),
        levels: BTreeSet::from([Level::School]),
        organization_kinds: BTreeSet::from([OrganizationKind::CharterSchool]),
    };
    let terms = JoiningTerms {
        active_membership: true,
        states: BTreeSet::from([StateCode::new("CO").unwrap()]),
        max_per_organization: Some(2),
    };
    rules(&audience, &terms)
}

fn outcomes(eligibility: &Eligibility) -> Vec<(RuleKind, Outcome)> {
    eligibility.findings.iter().map(|finding| (finding.rule, finding.outcome)).collect()
}

/// Makes facts that one rule does not like.
type Spoil = fn(&mut EmploymentFacts);

#[test]
fn a_cohort_for_everybody_has_no_rules_and_lets_in_who_has_no_employment() {
    let eligibility = judge(&rules(&Audience::default(), &JoiningTerms::default()), &[], &SeatsByOrganization::default());
    assert_eq!((eligibility.outcome(), eligibility.findings.len()), (Outcome::Met, 0));
    assert_eq!(eligibility.require_met(), Ok(()));
}

#[test]
fn each_rule_is_met_by_what_it_asks_for_and_by_nothing_else() {
    let rules = every_rule();
    let seats = SeatsByOrganization::default();
    let judged = |change: fn(&mut EmploymentFacts)| {
        let mut facts = principal(1, 7);
        change(&mut facts);
        judge(&rules, &[facts], &seats)
    };
    assert_eq!(judged(|_| ()).outcome(), Outcome::Met);
    let not_met: [(RuleKind, Outcome, Spoil); 8] = [
        (RuleKind::ActiveMembership, Outcome::Unmet, |facts| facts.active_member = false),
        (RuleKind::OrganizationKind, Outcome::Unmet, |facts| facts.organization_kind = OrganizationKind::School),
        (RuleKind::Role, Outcome::Unmet, |facts| facts.role = Some(role("teacher"))),
        (RuleKind::Role, Outcome::Unknown, |facts| facts.role = None),
        (RuleKind::Level, Outcome::Unmet, |facts| facts.level = Some(Level::District)),
        (RuleKind::Level, Outcome::Unknown, |facts| facts.level = None),
        (RuleKind::State, Outcome::Unmet, |facts| facts.state = StateCode::new("NY").ok()),
        (RuleKind::State, Outcome::Unknown, |facts| facts.state = None),
    ];
    for (rule, outcome, change) in not_met {
        let eligibility = judged(change);
        let others_are_met =
            outcomes(&eligibility).into_iter().filter(|(other, _)| *other != rule).all(|(_, it)| it == Outcome::Met);
        assert!(others_are_met && outcomes(&eligibility).contains(&(rule, outcome)), "{rule}: {:?}", outcomes(&eligibility));
        let finding = eligibility.findings.iter().find(|finding| finding.rule == rule).unwrap();
        assert!(finding.hint.is_some(), "{rule} says what would help");
    }
}

#[test]
fn a_limit_for_each_organization_counts_who_holds_a_seat() {
    let rules = every_rule();
    let judged = |held: u32| {
        let seats: SeatsByOrganization = [(id(7), held), (id(8), 9)].into_iter().collect();
        judge(&rules, &[principal(1, 7)], &seats).outcome()
    };
    assert_eq!((judged(1), judged(2)), (Outcome::Met, Outcome::Unmet));
}

#[test]
fn without_an_employment_everything_is_unknown_and_the_hint_says_to_add_one() {
    let eligibility = judge(&every_rule(), &[], &SeatsByOrganization::default());
    assert!(eligibility.findings.iter().all(|finding| finding.outcome == Outcome::Unknown && finding.hint.is_some()));
    assert_eq!(eligibility.workplace, None);
    assert_eq!(eligibility.require_not_unmet(), Ok(()), "who is not known to be wrong here may ask");
    assert!(matches!(eligibility.require_met(), Err(Refusal::NotEligible { unmet }) if unmet.len() == 6));
}

#[test]
fn of_several_employments_the_one_that_fits_best_counts() {
    let elsewhere = EmploymentFacts { active_member: false, role: None, ..principal(1, 7) };
    let untold = EmploymentFacts { role: None, ..principal(2, 8) };
    let seats = SeatsByOrganization::default();
    let best = |employments: &[EmploymentFacts]| judge(&every_rule(), employments, &seats);
    let unknown = best(&[elsewhere.clone(), untold.clone()]);
    assert_eq!((unknown.workplace, unknown.outcome()), (Some(untold.workplace), Outcome::Unknown));
    let met = best(&[elsewhere, untold, principal(3, 9)]);
    assert_eq!((met.workplace, met.outcome()), (Some(principal(3, 9).workplace), Outcome::Met));
}

#[test]
fn the_refusal_names_each_rule_that_is_not_met_and_what_would_help() {
    let facts = EmploymentFacts { active_member: false, level: None, ..principal(1, 7) };
    let eligibility = judge(&every_rule(), &[facts], &SeatsByOrganization::default());
    let rules = |refusal| match refusal {
        Err(Refusal::NotEligible { unmet }) => unmet.iter().map(|fault| fault.params["rule"].clone()).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    assert_eq!(rules(eligibility.require_not_unmet()), ["active_membership"]);
    assert_eq!(rules(eligibility.require_met()), ["active_membership", "level"]);
}

#[test]
fn every_hint_reads_as_a_sentence() {
    let nowhere = EmploymentFacts {
        active_member: false,
        organization_kind: OrganizationKind::Agency,
        role: Some(role("teacher")),
        level: Some(Level::Boces),
        state: StateCode::new("NY").ok(),
        ..principal(1, 7)
    };
    let untold = EmploymentFacts { role: None, level: None, state: None, ..principal(1, 7) };
    let full: SeatsByOrganization = [(id(7), 2)].into_iter().collect();
    let hints = |facts, seats| {
        let findings = judge(&every_rule(), &[facts], seats).findings;
        findings.into_iter().filter_map(|finding| Some(format!("{} {}: {}", finding.rule, finding.outcome, finding.hint?)))
    };
    let all: Vec<String> = hints(nowhere, &full).chain(hints(untold, &SeatsByOrganization::default())).collect();
    insta::assert_snapshot!(all.join("\n"));
}
