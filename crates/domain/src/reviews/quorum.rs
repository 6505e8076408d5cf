//! Whether a proposal has been judged often enough to be decided about.

use super::{Points, Review};
use crate::ids::PersonId;
use crate::proposals::Proposal;
use crate::refusal::Refusal;
use crate::rubrics::Rubric;
use crate::text::Reason;

/// How many reviews of a proposal there are, and how many it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quorum {
    /// How many a decision needs: the rubric's number, and one more where they contradict each other.
    pub needed: u32,
    /// How many count.
    pub counted: u32,
    /// How many were handed in about a text that has changed since.
    pub outdated: u32,
    /// How many are still to be handed in.
    pub pending: u32,
    /// Whether those that count contradict each other.
    pub contradictory: bool,
}

impl Quorum {
    /// Of a proposal's reviews; `conflicted` says of whom the data shows a conflict of interest.
    #[must_use]
    pub fn of(reviews: &[&Review], proposal: &Proposal, rubric: &Rubric, conflicted: impl Fn(PersonId) -> bool) -> Self {
        let free: Vec<&Review> = reviews.iter().copied().filter(|review| !conflicted(review.reviewer_id)).collect();
        let handed_in = |review: &&&Review| review.standing.settled_at().is_some() && review.open();
        let count = |some: usize| u32::try_from(some).unwrap_or(u32::MAX);
        let means: Vec<Points> = free.iter().filter_map(|review| counted(review, proposal, rubric)).collect();
        let spread = Points::spread(&means).filter(|_| means.len() > 1);
        let contradictory = spread.is_some_and(|spread| spread >= rubric.terms.contradiction_spread);
        Self {
            needed: rubric.terms.quorum.saturating_add(contradictory.into()),
            counted: count(means.len()),
            outdated: count(free.iter().filter(handed_in).filter(|review| review.outdated(proposal)).count()),
            pending: count(free.iter().filter(|review| review.open() && !handed_in(review)).count()),
            contradictory,
        }
    }

    /// How many are missing.
    #[must_use]
    pub fn missing(&self) -> u32 {
        self.needed.saturating_sub(self.counted)
    }

    /// Goes on when a decision can be taken: with enough reviews, or with a reason.
    ///
    /// # Errors
    /// [`Refusal::ReasonRequired`].
    pub fn check(&self, reason: Option<&Reason>) -> Result<(), Refusal> {
        if self.missing() == 0 || reason.is_some() {
            return Ok(());
        }
        let Self { needed, counted, .. } = self;
        let contradiction = if self.contradictory { ", one more because they contradict each other" } else { "" };
        let what = format!("{counted} of {needed} reviews are there{contradiction}: wait for them, or say why you decide without");
        Err(Refusal::ReasonRequired(what))
    }
}

/// What a review comes to, where it counts: handed in, complete, and of the text as it is.
pub(super) fn counted(review: &Review, proposal: &Proposal, rubric: &Rubric) -> Option<Points> {
    review.weighted_mean(rubric).filter(|_| !review.outdated(proposal))
}
