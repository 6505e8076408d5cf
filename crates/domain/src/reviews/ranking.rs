//! The ranking of a program's proposals: what their reviews come to, beside each other.
//!
//! What always holds: only reviews that [count](super::Quorum) enter it; proposals that come to the same share a position; it
//! depends on nothing but what is handed in, to the last decimal. It is worked out in one pass over the reviews and one sort.

use std::collections::BTreeMap;

use super::points::divided;
use super::quorum::counted;
use super::{Acquaintances, Points, Quorum, Review};
use crate::ids::{PersonId, ProposalId};
use crate::proposals::Proposal;
use crate::rubrics::Rubric;
use crate::text::Slug;

crate::words! {
    /// By what proposals are ranked.
    pub enum RankedBy {
        /// The mean of their reviews.
        Mean = "mean",
        /// The one in the middle of their reviews, or the mean of the two in the middle.
        Median = "median",
        /// The mean of their reviews, each measured by how its reviewer scores otherwise.
        Normalized = "normalized",
    }
}

/// So many reviews the panel weighs beside a reviewer's own, when it is estimated how that reviewer scores: whoever has handed in
/// three is taken half for what they show, and half for one like all others.
pub const PANEL_WEIGHT: u8 = 3;
/// The farthest from the panel that a normalized review can lie, in standard deviations.
pub const DEVIATIONS_MAX: u8 = 10;

/// What the reviews of a proposal come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figures {
    /// The mean of the reviews' weighted means.
    pub mean: Points,
    /// Their median.
    pub median: Points,
    /// How far the lowest and the highest lie apart.
    pub spread: Points,
    /// The mean of the reviews in standard deviations, each from what is expected of its reviewer.
    pub normalized: Points,
    /// The mean of the scores for each criterion, in the rubric's order.
    pub criteria: Vec<(Slug, Points)>,
}

impl Figures {
    fn by(&self, by: RankedBy) -> Points {
        match by {
            RankedBy::Mean => self.mean,
            RankedBy::Median => self.median,
            RankedBy::Normalized => self.normalized,
        }
    }
}

/// A proposal in the ranking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ranked {
    /// Which.
    pub proposal_id: ProposalId,
    /// Its position: 1 comes first. Those that come to the same share one, and leave out as many behind it. None, as long as no
    /// review counts.
    pub position: Option<u32>,
    /// Whether it shares its position.
    pub tied: bool,
    /// What its reviews come to, where there are any that count.
    pub figures: Option<Figures>,
    /// Whether it has been judged often enough.
    pub quorum: Quorum,
}

/// Ranks proposals by their reviews: the best first, and those without any review that counts behind all others. Of those that come
/// to the same, the one handed in earlier stands first.
#[must_use]
pub fn rank(proposals: &[Proposal], reviews: &[Review], rubric: &Rubric, known: &Acquaintances, by: RankedBy) -> Vec<Ranked> {
    let mut of_proposal: BTreeMap<ProposalId, Vec<&Review>> = BTreeMap::new();
    for review in reviews {
        of_proposal.entry(review.proposal_id).or_default().push(review);
    }
    let mut judged: Vec<Judged<'_>> = proposals
        .iter()
        .map(|proposal| Judged::of(proposal, of_proposal.remove(&proposal.id).unwrap_or_default(), rubric, known))
        .collect();
    let panel = Panel::of(judged.iter().flat_map(|one| &one.counted));
    let mut ranked: Vec<_> = judged.drain(..).map(|one| (one.proposal, one.rank(rubric, &panel))).collect();
    ranked.sort_by(|(one, ranked_one), (other, ranked_other)| {
        let value = |ranked: &Ranked| ranked.figures.as_ref().map(|figures| figures.by(by));
        let earlier = (one.submitted_at, one.id).cmp(&(other.submitted_at, other.id));
        value(ranked_other).cmp(&value(ranked_one)).then(earlier)
    });
    let mut ranked: Vec<Ranked> = ranked.into_iter().map(|(_, ranked)| ranked).collect();
    give_positions(&mut ranked, by);
    ranked
}

/// Gives each that has figures its position, and says which are shared.
fn give_positions(ranked: &mut [Ranked], by: RankedBy) {
    let mut before: Option<(Points, u32)> = None;
    let mut first_of_its_value: BTreeMap<u32, u32> = BTreeMap::new();
    for (one, place) in ranked.iter_mut().zip(1..) {
        let Some(value) = one.figures.as_ref().map(|figures| figures.by(by)) else { break };
        let position = before.filter(|(same, _)| *same == value).map_or(place, |(_, position)| position);
        before = Some((value, position));
        one.position = Some(position);
        *first_of_its_value.entry(position).or_default() += 1;
    }
    for one in ranked {
        one.tied = one.position.and_then(|position| first_of_its_value.get(&position)).is_some_and(|shared| *shared > 1);
    }
}

/// A proposal with those of its reviews that count.
struct Judged<'a> {
    proposal: &'a Proposal,
    quorum: Quorum,
    counted: Vec<(&'a Review, Points)>,
}

impl<'a> Judged<'a> {
    fn of(proposal: &'a Proposal, reviews: Vec<&'a Review>, rubric: &Rubric, known: &Acquaintances) -> Self {
        let facilitators = proposal.facilitators();
        let conflicted = |reviewer: PersonId| known.conflict(reviewer, proposal.id, &facilitators).is_some();
        let quorum = Quorum::of(&reviews, proposal, rubric, conflicted);
        let free = reviews.into_iter().filter(|review| !conflicted(review.reviewer_id));
        let counted = free.filter_map(|review| Some((review, counted(review, proposal, rubric)?))).collect();
        Self { proposal, quorum, counted }
    }

    fn rank(self, rubric: &Rubric, panel: &Panel) -> Ranked {
        let means: Vec<Points> = self.counted.iter().map(|(_, mean)| *mean).collect();
        let deviations: Vec<Points> =
            self.counted.iter().map(|(review, mean)| panel.deviation(review.reviewer_id, *mean)).collect();
        let figures = || {
            Some(Figures {
                mean: Points::mean(&means)?,
                median: Points::median(&means)?,
                spread: Points::spread(&means)?,
                normalized: Points::mean(&deviations)?,
                criteria: rubric.terms.criteria.iter().filter_map(|criterion| self.criterion(&criterion.key)).collect(),
            })
        };
        Ranked { proposal_id: self.proposal.id, position: None, tied: false, figures: figures(), quorum: self.quorum }
    }

    fn criterion(&self, key: &Slug) -> Option<(Slug, Points)> {
        let scores: Vec<Points> =
            self.counted.iter().filter_map(|(review, _)| review.assessment.score(key)).map(Points::whole).collect();
        Some((key.clone(), Points::mean(&scores)?))
    }
}

/// How many reviews somebody handed in, and what they come to.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    count: i64,
    sum: i64,
    squares: i64,
}

impl Sums {
    fn add(&mut self, mean: Points) {
        let parts = mean.parts();
        self.count = self.count.saturating_add(1);
        self.sum = self.sum.saturating_add(parts);
        self.squares = self.squares.saturating_add(parts.saturating_mul(parts));
    }

    fn mean(&self) -> i64 {
        divided(self.sum, self.count)
    }

    fn variance(&self) -> i64 {
        let of_mean = self.mean().saturating_mul(self.mean());
        divided(self.squares, self.count).saturating_sub(of_mean).max(0)
    }
}

/// How the panel scores, and each of its reviewers.
#[derive(Debug, Default)]
struct Panel {
    all: Sums,
    reviewers: BTreeMap<PersonId, Sums>,
}

impl Panel {
    fn of<'a>(counted: impl Iterator<Item = &'a (&'a Review, Points)>) -> Self {
        let mut panel = Self::default();
        for (review, mean) in counted {
            panel.all.add(*mean);
            panel.reviewers.entry(review.reviewer_id).or_default().add(*mean);
        }
        panel
    }

    /// How far a review lies from what is expected of its reviewer, in standard deviations. What is expected is drawn from the
    /// reviewer's own reviews toward the panel's, the more so the fewer they are.
    fn deviation(&self, reviewer: PersonId, mean: Points) -> Points {
        let own = self.reviewers.get(&reviewer).copied().unwrap_or_default();
        let weight = i64::from(PANEL_WEIGHT);
        let shrunk = |own_value: i64, panels: i64| {
            let sum = own.count.saturating_mul(own_value).saturating_add(weight.saturating_mul(panels));
            divided(sum, own.count.saturating_add(weight))
        };
        let expected = shrunk(own.mean(), self.all.mean());
        let deviation = shrunk(own.variance(), self.all.variance()).isqrt();
        if deviation == 0 {
            return Points::default();
        }
        let most = Points::whole(DEVIATIONS_MAX).parts();
        let lies_apart = (mean.parts() - expected).saturating_mul(Points::whole(1).parts());
        Points::of_parts(divided(lies_apart, deviation).clamp(-most, most))
    }
}
