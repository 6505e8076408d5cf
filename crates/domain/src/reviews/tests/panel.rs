use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::assignment::{Panelist, Plan, Unsolvable, Wanted, plan};
use super::*;
use crate::time::Date;

fn employed(who: u128, organization: u128, from: (i32, u32), to: Option<(i32, u32)>) -> Employed {
    let day = |(year, month)| Date::new(year, month, 1).unwrap();
    Employed {
        person_id: person(who),
        organization_id: Uuid::from_u128(organization).into(),
        starts_on: day(from),
        ends_on: to.map(day),
    }
}

#[test]
fn the_data_shows_who_worked_or_stood_together() {
    let reviewers = BTreeSet::from([person(1), person(2), person(3)]);
    let employments = [
        employed(1, 7, (2010, 1), None),
        employed(4, 7, (2018, 1), None),
        employed(2, 7, (2000, 1), Some((2009, 6))),
        employed(2, 8, (2009, 7), Some((2015, 6))),
        employed(4, 8, (2015, 6), Some((2016, 6))),
        employed(3, 8, (2015, 7), None),
    ];
    let circles = [vec![person(3), person(5)], vec![person(6), person(7)]];
    let declared = [(person(3), Uuid::from_u128(9).into(), ConflictKind::Personal)];
    let known = Acquaintances::of(&reviewers, &employments, circles, declared);
    let conflict = |who, proposal: u128, facilitators: &[u128]| {
        let facilitators: Vec<PersonId> = facilitators.iter().map(|n| person(*n)).collect();
        known.conflict(person(who), Uuid::from_u128(proposal).into(), &facilitators)
    };
    assert_eq!(conflict(1, 1, &[1]), Some(ConflictKind::OwnProposal));
    assert_eq!(conflict(1, 1, &[6, 1]), Some(ConflictKind::OwnProposal), "also for a co-facilitator");
    assert_eq!(conflict(1, 1, &[4]), Some(ConflictKind::SameOrganization), "both work there now");
    assert_eq!(conflict(2, 1, &[4]), Some(ConflictKind::SameOrganization), "they shared a month, years ago");
    assert_eq!(conflict(3, 1, &[4]), Some(ConflictKind::SameOrganization), "the one came before the other had left");
    assert_eq!(conflict(2, 1, &[1]), None, "the one had left before the other came");
    assert_eq!(conflict(3, 1, &[6, 5]), Some(ConflictKind::Collaborator));
    assert_eq!((conflict(1, 9, &[6]), conflict(3, 9, &[6])), (None, Some(ConflictKind::Personal)), "as it was declared");
}

#[test]
fn what_counts_is_handed_in_current_and_free_of_conflict() {
    let (proposal, rubric) = (proposal(1), rubric());
    let changed = Proposal { submission: 2, ..proposal.clone() };
    let all = [submitted(1, person(1), &proposal, 4), submitted(2, person(2), &proposal, 4), assigned(3, person(3), &proposal)];
    let of = |about: &Proposal, conflicted: &[u128]| {
        let reviews: Vec<&Review> = all.iter().collect();
        Quorum::of(&reviews, about, &rubric, |who| conflicted.iter().any(|n| person(*n) == who))
    };
    let quorum = |needed, counted, outdated, pending| Quorum { needed, counted, outdated, pending, contradictory: false };
    assert_eq!(of(&proposal, &[]), quorum(2, 2, 0, 1));
    assert_eq!(of(&changed, &[]), quorum(2, 0, 2, 1));
    assert_eq!(of(&proposal, &[1]), quorum(2, 1, 0, 1));
    assert!(of(&proposal, &[]).check(None).is_ok());
    assert!(matches!(of(&proposal, &[1]).check(None), Err(Refusal::ReasonRequired(_))));
    assert!(of(&proposal, &[1]).check(Some(&reason())).is_ok());
}

#[test]
fn reviews_that_contradict_each_other_ask_for_one_more() {
    let (proposal, rubric) = (proposal(1), rubric());
    let of = |given: &[u8]| {
        let reviews: Vec<Review> = given.iter().zip(1..).map(|(score, n)| submitted(n, person(n), &proposal, *score)).collect();
        Quorum::of(&reviews.iter().collect::<Vec<_>>(), &proposal, &rubric, |_| false)
    };
    for (given, contradictory, missing) in
        [(&[3][..], false, 1), (&[3, 4], false, 0), (&[3, 5], true, 1), (&[3, 5, 4], true, 0), (&[1, 1, 5], true, 0)]
    {
        let quorum = of(given);
        assert_eq!((quorum.contradictory, quorum.missing()), (contradictory, missing), "{given:?}");
    }
}

/// A panel with proposals that each need some of it.
#[derive(Clone, Debug)]
struct Case {
    wanted: Vec<Wanted>,
    panel: Vec<Panelist>,
}

fn cases(proposals: usize, reviewers: u128) -> impl Strategy<Value = Case> {
    let wanted = (0..4_u32, proptest::collection::btree_set(0..reviewers, 0..5));
    let panel = proptest::collection::vec(0..4_u32, 1..=usize::try_from(reviewers).unwrap());
    (proptest::collection::vec(wanted, 0..=proposals), panel).prop_map(|(wanted, loads)| {
        let wanted = wanted.into_iter().zip(1..).map(|((reviewers, barred), n): (_, u128)| Wanted {
            proposal_id: Uuid::from_u128(n).into(),
            reviewers,
            barred: barred.into_iter().map(person).collect(),
        });
        let panel = loads.into_iter().zip(0..).map(|(load, n)| Panelist { reviewer_id: person(n), load });
        Case { wanted: wanted.collect(), panel: panel.collect() }
    })
}

impl Case {
    /// Everything that a plan must keep to; gives the loads that come of it.
    fn check(&self, plan: &Plan) -> Vec<u32> {
        let pairs: BTreeSet<_> = plan.assigned.iter().collect();
        assert_eq!(pairs.len(), plan.assigned.len(), "nobody gets a proposal twice");
        for one in &self.wanted {
            let given: Vec<_> = plan.assigned.iter().filter(|(proposal, _)| *proposal == one.proposal_id).collect();
            assert_eq!(u32::try_from(given.len()).unwrap(), one.reviewers, "every proposal gets what it needs");
            assert!(given.iter().all(|(_, reviewer)| !one.barred.contains(reviewer)), "nobody who is barred");
        }
        let mut loads: BTreeMap<PersonId, u32> = self.panel.iter().map(|panelist| (panelist.reviewer_id, panelist.load)).collect();
        for (_, reviewer) in &plan.assigned {
            *loads.get_mut(reviewer).unwrap() += 1;
        }
        loads.into_values().collect()
    }

    /// The least difference of loads, by trying everything. None, where some proposal has too few.
    fn least_difference(&self) -> Option<u32> {
        let mut best = None;
        let mut loads: Vec<u32> = self.panel.iter().map(|panelist| panelist.load).collect();
        self.try_all(0, 0, self.wanted.first().map_or(0, |one| one.reviewers), &mut loads, &mut best);
        best
    }

    fn try_all(&self, proposal: usize, from: usize, left: u32, loads: &mut Vec<u32>, best: &mut Option<u32>) {
        let Some(one) = self.wanted.get(proposal) else {
            let difference = loads.iter().max().unwrap() - loads.iter().min().unwrap();
            *best = Some(best.map_or(difference, |best| best.min(difference)));
            return;
        };
        if left == 0 {
            let next = self.wanted.get(proposal + 1).map_or(0, |one| one.reviewers);
            return self.try_all(proposal + 1, 0, next, loads, best);
        }
        for reviewer in from..self.panel.len() {
            if !one.barred.contains(&self.panel[reviewer].reviewer_id) {
                loads[reviewer] += 1;
                self.try_all(proposal, reviewer + 1, left - 1, loads, best);
                loads[reviewer] -= 1;
            }
        }
    }
}

fn difference(loads: &[u32]) -> u32 {
    loads.iter().max().unwrap() - loads.iter().min().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_plan_is_found_whenever_there_is_one(case in cases(5, 5), allowed in 1..4_u32, seed: u32) {
        let best = case.least_difference();
        match plan(&case.wanted, &case.panel, allowed, seed) {
            Ok(plan) => {
                let loads = case.check(&plan);
                prop_assert!(plan.assigned.is_empty() || difference(&loads) <= allowed);
            }
            Err(Unsolvable::Lacking(lacking)) => {
                prop_assert!(best.is_none());
                for one in &case.wanted {
                    let free = case.panel.iter().filter(|panelist| !one.barred.contains(&panelist.reviewer_id)).count();
                    let lacks = one.reviewers.saturating_sub(u32::try_from(free).unwrap());
                    let told = lacking.iter().find(|(proposal, _)| *proposal == one.proposal_id).map_or(0, |(_, lacks)| *lacks);
                    prop_assert_eq!(told, lacks);
                }
            }
            Err(Unsolvable::Uneven { least_difference }) => {
                prop_assert_eq!(Some(least_difference), best);
                prop_assert!(least_difference > allowed);
                let allowed = plan(&case.wanted, &case.panel, least_difference, seed).unwrap();
                prop_assert_eq!(difference(&case.check(&allowed)), least_difference);
            }
        }
    }

    #[test]
    fn large_panels_are_assigned_evenly_and_by_a_seed_the_same_each_time(case in cases(60, 12), seed: u32) {
        if let Ok(found) = plan(&case.wanted, &case.panel, 2, seed) {
            let loads = case.check(&found);
            prop_assert!(found.assigned.is_empty() || difference(&loads) <= 2);
            let mut turned = case.clone();
            turned.wanted.reverse();
            turned.panel.reverse();
            prop_assert_eq!(plan(&turned.wanted, &turned.panel, 2, seed).unwrap(), found, "whatever the order of what is given");
        }
    }
}

#[test]
fn what_is_in_the_way_of_a_plan_is_told() {
    let wanted = |n: u128, reviewers, barred: &[u128]| Wanted {
        proposal_id: Uuid::from_u128(n).into(),
        reviewers,
        barred: barred.iter().map(|n| person(*n)).collect(),
    };
    let panel = |loads: &[u32]| -> Vec<Panelist> {
        loads.iter().zip(1..).map(|(load, n)| Panelist { reviewer_id: person(n), load: *load }).collect()
    };
    let lacking = plan(&[wanted(1, 2, &[1]), wanted(2, 1, &[])], &panel(&[0, 0]), 1, 0);
    assert_eq!(lacking, Err(Unsolvable::Lacking(vec![(Uuid::from_u128(1).into(), 1)])));
    let uneven = plan(&[wanted(1, 1, &[1]), wanted(2, 1, &[1])], &panel(&[0, 0]), 1, 0);
    assert_eq!(uneven, Err(Unsolvable::Uneven { least_difference: 2 }));
    assert!(plan(&[wanted(1, 1, &[])], &[], 1, 0).is_err(), "nobody is there");
    let Refusal::NotReady { missing, .. } = Refusal::from(lacking.unwrap_err()) else { panic!() };
    assert_eq!(missing[0].params["lacking"], 1);
}
