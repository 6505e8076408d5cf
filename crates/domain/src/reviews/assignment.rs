//! Who reviews what: every proposal as often as it needs, and the work shared out evenly.
//!
//! It is solved as a flow: from each proposal as many units as it lacks reviews, one at most to each reviewer who is free to judge
//! it, and from each reviewer as many on as make the loads even. What always holds: a plan is for all proposals or for none; the
//! same seed makes the same plan. Left out on purpose: what reviewers would like, and how long a proposal is.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::algo::dinics;
use petgraph::graph::{DiGraph, NodeIndex};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::still_open;
use crate::ids::{Id, PersonId, ProposalId};
use crate::refusal::Refusal;

/// A proposal that lacks reviews.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Which.
    pub proposal_id: ProposalId,
    /// How many more reviewers it needs.
    pub reviewers: u32,
    /// Who cannot be one of them: who has a conflict of interest, or is assigned already.
    pub barred: BTreeSet<PersonId>,
}

/// A reviewer who can be assigned proposals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Panelist {
    /// Who.
    pub reviewer_id: PersonId,
    /// How many reviews of the program the reviewer has already.
    pub load: u32,
}

/// Who reviews what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Each proposal with each reviewer who gets it, by proposal.
    pub assigned: Vec<(ProposalId, PersonId)>,
}

/// Why there is no plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unsolvable {
    /// These proposals lack so many reviewers who are free to judge them.
    Lacking(Vec<(ProposalId, u32)>),
    /// The loads cannot be so even.
    Uneven {
        /// By how much they must differ at least.
        least_difference: u32,
    },
}

impl From<Unsolvable> for Refusal {
    fn from(unsolvable: Unsolvable) -> Self {
        match unsolvable {
            Unsolvable::Lacking(proposals) => {
                let fault = |(proposal, lacking): (ProposalId, u32)| {
                    let detail = format!("It lacks {lacking} reviewers who are free of conflict");
                    still_open(proposal, detail).with("lacking", lacking)
                };
                let what = "Some proposals have too few reviewers who are free of conflict: name more reviewers".to_owned();
                Self::NotReady { what, missing: proposals.into_iter().map(fault).collect() }
            }
            Unsolvable::Uneven { least_difference } => {
                let what = format!(
                    "The reviewers' loads would differ by {least_difference} at least: name more reviewers, or allow that difference"
                );
                Self::NotReady { what, missing: Vec::new() }
            }
        }
    }
}

/// Gives every proposal its reviewers, so that the loads of the panel differ by `difference` at most.
///
/// # Errors
/// What makes that impossible.
pub fn plan(wanted: &[Wanted], panel: &[Panelist], difference: u32, seed: u32) -> Result<Plan, Unsolvable> {
    let wanted: Vec<&Wanted> = wanted.iter().filter(|one| one.reviewers > 0).collect();
    let lacking: Vec<_> = wanted.iter().filter_map(|one| Some((one.proposal_id, lacks(one, panel)?))).collect();
    if !lacking.is_empty() {
        return Err(Unsolvable::Lacking(lacking));
    }
    let problem = Problem::new(wanted, panel, seed);
    problem.solve(difference).ok_or_else(|| Unsolvable::Uneven { least_difference: problem.least_difference() })
}

/// How many reviewers a proposal lacks who are free to judge it.
fn lacks(wanted: &Wanted, panel: &[Panelist]) -> Option<u32> {
    let free = panel.iter().filter(|panelist| !wanted.barred.contains(&panelist.reviewer_id)).count();
    let lacking = wanted.reviewers.saturating_sub(u32::try_from(free).unwrap_or(u32::MAX));
    (lacking > 0).then_some(lacking)
}

/// All of it, in the order that the seed gives.
struct Problem<'a> {
    wanted: Vec<&'a Wanted>,
    panel: Vec<Panelist>,
    /// How many reviews there are to be given out.
    units: u32,
}

impl<'a> Problem<'a> {
    fn new(mut wanted: Vec<&'a Wanted>, panel: &[Panelist], seed: u32) -> Self {
        let mut panel = panel.to_vec();
        wanted.sort_by_cached_key(|one| drawn(seed, one.proposal_id.uuid()));
        panel.sort_by_cached_key(|panelist| drawn(seed, panelist.reviewer_id.uuid()));
        let units = wanted.iter().map(|one| one.reviewers).fold(0, u32::saturating_add);
        Self { wanted, panel, units }
    }

    /// What everybody has in the end, and how many share it.
    fn totals(&self) -> (u32, u32) {
        let loads = self.panel.iter().map(|panelist| panelist.load).fold(self.units, u32::saturating_add);
        (loads, u32::try_from(self.panel.len()).unwrap_or(u32::MAX))
    }

    fn highest_load(&self) -> u32 {
        self.panel.iter().map(|panelist| panelist.load).max().unwrap_or(0)
    }

    fn solve(&self, difference: u32) -> Option<Plan> {
        if self.units == 0 {
            return Some(Plan::default());
        }
        // No lowest load can be above the mean; nor can one be more than the difference below it.
        let (total, reviewers) = self.totals();
        let highest = total.checked_div(reviewers)?;
        let lowest = total.div_ceil(reviewers).saturating_sub(difference).min(highest);
        (lowest..=highest).rev().find_map(|least| self.within(least, least.saturating_add(difference)))
    }

    /// By how much the loads differ at least. The more the least loaded must have, the more the most loaded has: so each bound is
    /// moved in one direction only.
    fn least_difference(&self) -> u32 {
        let (total, reviewers) = self.totals();
        let mut most = total.div_ceil(reviewers.max(1)).max(self.highest_load());
        let mut best = None;
        for least in 0..=total.checked_div(reviewers).unwrap_or(0) {
            while most <= total && self.within(least, most).is_none() {
                most = most.saturating_add(1);
            }
            if most > total {
                break;
            }
            best = Some(best.map_or(most - least, |best: u32| best.min(most - least)));
        }
        best.unwrap_or(total)
    }

    /// A plan by which everybody has from `least` to `most` reviews. Of what a reviewer may take, what it takes to come to the
    /// least goes straight to the sink, and the rest by way of a pool that is just large enough: so the flow is full when all
    /// bounds are kept.
    fn within(&self, least: u32, most: u32) -> Option<Plan> {
        if self.highest_load() > most {
            return None;
        }
        let owed: u32 = self.panel.iter().map(|panelist| least.saturating_sub(panelist.load)).fold(0, u32::saturating_add);
        let spare = self.units.checked_sub(owed)?;
        let mut graph: DiGraph<(), u32> = DiGraph::new();
        let (source, pool, sink) = (graph.add_node(()), graph.add_node(()), graph.add_node(()));
        graph.add_edge(pool, sink, spare);
        let reviewers: Vec<NodeIndex> = self.panel.iter().map(|_| graph.add_node(())).collect();
        for (panelist, node) in self.panel.iter().zip(&reviewers) {
            let owed = least.saturating_sub(panelist.load);
            graph.add_edge(*node, sink, owed);
            graph.add_edge(*node, pool, (most - panelist.load).saturating_sub(owed));
        }
        let mut choices = BTreeMap::new();
        for one in &self.wanted {
            let node = graph.add_node(());
            graph.add_edge(source, node, one.reviewers);
            for (panelist, reviewer) in self.panel.iter().zip(&reviewers) {
                if !one.barred.contains(&panelist.reviewer_id) {
                    let edge = graph.add_edge(node, *reviewer, 1);
                    choices.insert(edge.index(), (one.proposal_id, panelist.reviewer_id));
                }
            }
        }
        let (flow, taken) = dinics(&graph, source, sink);
        let chosen = choices.into_iter().filter(|(edge, _)| taken.get(*edge).is_some_and(|units| *units > 0));
        let mut assigned: Vec<_> = chosen.map(|(_, pair)| pair).collect();
        assigned.sort_unstable();
        (flow == self.units).then_some(Plan { assigned })
    }
}

/// The place of a thing in the order that a seed gives: as good as any, and the same everywhere.
fn drawn(seed: u32, id: Uuid) -> [u8; 32] {
    Sha256::new().chain_update(seed.to_be_bytes()).chain_update(id).finalize().into()
}
