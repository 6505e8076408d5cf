//! What a reviewer says of a proposal: scores, and words.

use serde::{Deserialize, Serialize};

use super::Points;
use crate::journal::Changed;
use crate::refusal::{Fault, FaultCode, Faults, Refusal};
use crate::rubrics::{CRITERIA_MAX, Rubric, SCORE_MAX, SCORE_MIN};
use crate::text::{Slug, Summary};

/// What a reviewer gives for one criterion.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// The key of the criterion.
    pub criterion: Slug,
    /// From 1, the lowest, to 5.
    pub score: u8,
    /// Why.
    pub comment: Option<Summary>,
}

/// What a reviewer says. It may lack scores until it is handed in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Assessment {
    /// The scores, by criterion.
    pub scores: Vec<Score>,
    /// About the whole.
    pub comment: Option<Summary>,
    /// For staff alone.
    pub note_to_staff: Option<Summary>,
}

/// What can be changed of it: `None` leaves a part as it is, `Some(None)` clears it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AssessmentUpdate {
    /// All the scores.
    pub scores: Option<Vec<Score>>,
    /// About the whole.
    pub comment: Option<Option<Summary>>,
    /// For staff alone.
    pub note_to_staff: Option<Option<Summary>>,
}

impl Assessment {
    /// Puts in what the update gives; tells what became another.
    pub(super) fn apply(&mut self, update: AssessmentUpdate) -> Changed {
        let AssessmentUpdate { scores, comment, note_to_staff } = update;
        let mut changed = Changed::default();
        changed.set("scores", &mut self.scores, scores);
        changed.set("comment", &mut self.comment, comment);
        changed.set("note_to_staff", &mut self.note_to_staff, note_to_staff);
        changed
    }

    /// Goes on when what is there can be taken, complete or not.
    pub(super) fn check(&self, rubric: &Rubric) -> Result<(), Refusal> {
        let mut faults = Faults::default();
        if self.scores.len() > CRITERIA_MAX {
            let detail = format!("At most {CRITERIA_MAX} scores");
            faults.push(Fault::new("#/scores", FaultCode::TooLong, detail).with("max", CRITERIA_MAX));
        }
        for (index, score) in self.scores.iter().enumerate() {
            let pointer = |member: &str| format!("#/scores/{index}/{member}");
            if rubric.terms.criterion(&score.criterion).is_none() {
                faults.push(Fault::new(pointer("criterion"), FaultCode::NotFound, "The rubric has no such criterion"));
            } else if self.scores.iter().take(index).any(|earlier| earlier.criterion == score.criterion) {
                faults.push(Fault::new(pointer("criterion"), FaultCode::Duplicate, "This criterion is scored twice"));
            }
            if !(SCORE_MIN..=SCORE_MAX).contains(&score.score) {
                let detail = format!("From {SCORE_MIN} to {SCORE_MAX}");
                let fault = Fault::new(pointer("score"), FaultCode::OutOfRange, detail);
                faults.push(fault.with("min", SCORE_MIN).with("max", SCORE_MAX));
            }
        }
        faults.check()
    }

    /// Goes on when every criterion has its score.
    pub(super) fn check_complete(&self, rubric: &Rubric) -> Result<(), Refusal> {
        let mut faults = Faults::default();
        for criterion in rubric.terms.criteria.iter().filter(|criterion| self.score(&criterion.key).is_none()) {
            let fault = Fault::new("#/scores", FaultCode::Required, format!("Score \"{}\"", criterion.label));
            faults.push(fault.with("criterion", criterion.key.as_str()));
        }
        faults.check()
    }

    /// The score for a criterion.
    #[must_use]
    pub fn score(&self, criterion: &Slug) -> Option<u8> {
        self.scores.iter().find(|score| score.criterion == *criterion).map(|score| score.score)
    }

    /// What the scores come to by the weights of their criteria; nothing, as long as one is missing.
    #[must_use]
    pub fn weighted_mean(&self, rubric: &Rubric) -> Option<Points> {
        let (mut sum, mut weights) = (0_i64, 0_i64);
        for criterion in &rubric.terms.criteria {
            let weight = i64::from(criterion.weight);
            sum = sum.saturating_add(weight.saturating_mul(self.score(&criterion.key)?.into()));
            weights = weights.saturating_add(weight);
        }
        (weights > 0).then(|| Points::ratio(sum, weights))
    }
}
