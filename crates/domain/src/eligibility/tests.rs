use std::collections::BTreeSet;
use std::iter::repeat_n;

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
    let judged = |change: Spoil| {
        let mut facts = principal(1, 7);
        change(&mut facts);
        judge(&rules, &[facts], &seats)
    };
    assert_eq!(judged(|_| ()).outcome(), Outcome::Met);
    let not_met: [(RuleKind, Spoil); 5] = [
        (RuleKind::ActiveMembership, |facts| facts.active_member = false),
        (RuleKind::OrganizationKind, |facts| facts.organization_kind = OrganizationKind::School),
        (RuleKind::Role, |facts| facts.role = role("teacher")),
        (RuleKind::Level, |facts| facts.level = Level::District),
        (RuleKind::State, |facts| facts.state = StateCode::new("NY").unwrap()),
    ];
    for (rule, spoil) in not_met {
        for finding in judged(spoil).findings {
            let outcome = if finding.rule == rule { Outcome::Unmet } else { Outcome::Met };
            assert_eq!(finding.outcome, outcome, "{rule}");
            assert_eq!(finding.hint.is_some(), finding.rule == rule, "{rule} says what would help");
        }
    }
}

#[test]
fn a_limit_for_each_organization_counts_who_holds_a_seat() {
    let rules = every_rule();
    let judged = |held: usize| {
        let seats = repeat_n(id(7), held).chain(repeat_n(id(8), 9)).collect();
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
    let far = EmploymentFacts { active_member: false, role: role("teacher"), ..principal(1, 7) };
    let near = EmploymentFacts { role: role("teacher"), ..principal(2, 8) };
    let seats = SeatsByOrganization::default();
    let best = |employments: &[EmploymentFacts]| judge(&every_rule(), employments, &seats);
    let unmet = best(&[far.clone(), near.clone()]);
    assert_eq!((unmet.workplace, unmet.outcome()), (Some(near.workplace), Outcome::Unmet));
    let met = best(&[far, near, principal(3, 9)]);
    assert_eq!((met.workplace, met.outcome()), (Some(principal(3, 9).workplace), Outcome::Met));
}

#[test]
fn the_refusal_names_each_rule_that_is_not_met_and_what_would_help() {
    let facts = EmploymentFacts { active_member: false, level: Level::Boces, ..principal(1, 7) };
    let refused = judge(&every_rule(), &[facts], &SeatsByOrganization::default()).require_met();
    let Err(Refusal::NotEligible { unmet }) = refused else { panic!("{refused:?}") };
    assert_eq!(unmet.iter().map(|fault| fault.params["rule"].clone()).collect::<Vec<_>>(), ["active_membership", "level"]);
}

#[test]
fn every_hint_reads_as_a_sentence() {
    let nowhere = EmploymentFacts {
        active_member: false,
        organization_kind: OrganizationKind::Agency,
        role: role("teacher"),
        level: Level::Boces,
        state: StateCode::new("NY").unwrap(),
        ..principal(1, 7)
    };
    let full = repeat_n(id(7), 2).collect();
    let findings = judge(&every_rule(), &[nowhere], &full).findings;
    let hints = findings.into_iter().filter_map(|finding| Some(format!("{}: {}", finding.rule, finding.hint?)));
    insta::assert_snapshot!(hints.collect::<Vec<_>>().join("\n"));
}
