//! The rubric of a program: by what proposals are judged, and how many reviews a decision needs.
//!
//! What always holds: once somebody has begun to score, the criteria, and whether reviewers see who the authors are, stay as they
//! are, so that all scores of a program mean the same. Left out on purpose: what scores come to, which belongs to
//! [`crate::reviews`].

use serde::{Deserialize, Serialize};

use crate::ids::ProgramId;
use crate::journal::{Change, Happening, Subject, SubjectKind};
use crate::meta::Meta;
use crate::refusal::{Fault, FaultCode, Faults, Refusal};
use crate::reviews::Points;
use crate::text::{Name, Slug, Summary};
use crate::time::{Date, Timestamp};

/// The most criteria that a rubric can have.
pub const CRITERIA_MAX: usize = 20;
/// The greatest weight of a criterion; the least is 1.
pub const WEIGHT_MAX: u16 = 100;
/// The greatest number of reviews for which a rubric can ask; the least is 1.
pub const QUORUM_MAX: u32 = 20;
/// The lowest score.
pub const SCORE_MIN: u8 = 1;
/// The highest score.
pub const SCORE_MAX: u8 = 5;

/// One thing by which a proposal is judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Criterion {
    /// What scores call it.
    pub key: Slug,
    /// What people call it.
    pub label: Name,
    /// What each score means, say.
    pub description: Option<Summary>,
    /// How much it counts beside the others.
    pub weight: u16,
}

/// By what proposals are judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RubricTerms {
    /// The criteria, in their order.
    pub criteria: Vec<Criterion>,
    /// How many reviews a decision needs.
    pub quorum: u32,
    /// Whether who wrote a proposal is hidden from its reviewers.
    pub blind: bool,
    /// How far the weighted means of two reviews lie apart when they contradict each other.
    pub contradiction_spread: Points,
    /// The last day for handing reviews in: told to reviewers, and enforced by nobody.
    pub reviews_due_on: Option<Date>,
}

impl Default for RubricTerms {
    /// No criteria yet; two reviews, which contradict each other when they lie two points of the five apart.
    fn default() -> Self {
        Self { criteria: Vec::new(), quorum: 2, blind: false, contradiction_spread: Points::whole(2), reviews_due_on: None }
    }
}

impl RubricTerms {
    /// The criterion of this key.
    #[must_use]
    pub fn criterion(&self, key: &Slug) -> Option<&Criterion> {
        self.criteria.iter().find(|criterion| criterion.key == *key)
    }

    fn check(&self) -> Result<(), Refusal> {
        let mut faults = Faults::default();
        let range = |pointer: String, min: u32, max: u32| {
            Fault::new(pointer, FaultCode::OutOfRange, format!("From {min} to {max}")).with("min", min).with("max", max)
        };
        if self.criteria.is_empty() {
            faults.push(Fault::new("#/criteria", FaultCode::TooShort, "At least one criterion").with("min", 1));
        }
        if self.criteria.len() > CRITERIA_MAX {
            let detail = format!("At most {CRITERIA_MAX} criteria");
            faults.push(Fault::new("#/criteria", FaultCode::TooLong, detail).with("max", CRITERIA_MAX));
        }
        for (index, criterion) in self.criteria.iter().enumerate() {
            if self.criteria.iter().take(index).any(|earlier| earlier.key == criterion.key) {
                let pointer = format!("#/criteria/{index}/key");
                faults.push(Fault::new(pointer, FaultCode::Duplicate, "Another criterion has this key"));
            }
            if !(1..=WEIGHT_MAX).contains(&criterion.weight) {
                faults.push(range(format!("#/criteria/{index}/weight"), 1, WEIGHT_MAX.into()));
            }
        }
        if !(1..=QUORUM_MAX).contains(&self.quorum) {
            faults.push(range("#/quorum".to_owned(), 1, QUORUM_MAX));
        }
        // Two reviews can lie as far apart as the lowest score from the highest, and no farther.
        let widest = SCORE_MAX - SCORE_MIN;
        if !(Points::ratio(1, 10)..=Points::whole(widest)).contains(&self.contradiction_spread) {
            let detail = format!("From 0.1 to {widest}");
            faults.push(Fault::new("#/contradiction_spread", FaultCode::OutOfRange, detail).with("max", widest));
        }
        faults.check()
    }
}

/// The rubric of a program.
#[derive(Clone, Debug, PartialEq)]
pub struct Rubric {
    /// Whose.
    pub program_id: ProgramId,
    /// By what its proposals are judged.
    pub terms: RubricTerms,
    /// Version and instants.
    pub meta: Meta,
}

impl Rubric {
    /// The rubric of a program that has set none: nothing can be reviewed, and decisions ask for no reviews.
    #[must_use]
    pub fn initial(program_id: ProgramId, now: Timestamp) -> Self {
        Self { program_id, terms: RubricTerms::default(), meta: Meta::new(now) }
    }

    /// Whether staff have set one.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.meta.version > 0
    }

    /// Goes on when there is one to judge by.
    ///
    /// # Errors
    /// [`Refusal::NotReady`].
    pub fn require(&self) -> Result<(), Refusal> {
        if self.is_set() {
            return Ok(());
        }
        Err(Refusal::NotReady {
            what: "Set the program's rubric before its proposals are reviewed".to_owned(),
            missing: Vec::new(),
        })
    }

    /// Puts other terms in the place of these; `begun` when somebody has scored by them.
    ///
    /// # Errors
    /// [`Refusal::Invalid`], with every member that cannot be taken, or cannot be changed any more.
    pub fn replace(mut self, terms: RubricTerms, begun: bool, now: Timestamp) -> Result<Change<Self>, Refusal> {
        terms.check()?;
        let mut faults = Faults::default();
        let frozen = [("criteria", self.terms.criteria != terms.criteria), ("blind", self.terms.blind != terms.blind)];
        for (name, _) in frozen.iter().filter(|(_, changed)| begun && *changed) {
            faults.push(Fault::new(format!("#/{name}"), FaultCode::Frozen, "Reviewers have scored by it already"));
        }
        faults.check()?;
        let criteria: Vec<&str> = terms.criteria.iter().map(|criterion| criterion.key.as_str()).collect();
        let happened = Happening::new(Subject::new(SubjectKind::Program, self.program_id), "rubric_replaced")
            .with("criteria", criteria)
            .with("quorum", terms.quorum)
            .with("blind", terms.blind);
        self.terms = terms;
        self.meta = self.meta.changed(now);
        Ok(Change::one(self, happened))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::text::Text;

    /// Two criteria, the first of which counts three times as much.
    pub(crate) fn terms() -> RubricTerms {
        let criterion = |key: &str, weight| Criterion {
            key: Slug::new(key).unwrap(),
            label: Text::new(key).unwrap(),
            description: None,
            weight,
        };
        RubricTerms { criteria: vec![criterion("plan", 3), criterion("reach", 1)], ..RubricTerms::default() }
    }

    pub(crate) fn rubric(terms: RubricTerms) -> Rubric {
        let now = Timestamp::from_millis(0);
        let mut rubric = Rubric::initial(uuid::Uuid::from_u128(100).into(), now).replace(terms, false, now).unwrap().value;
        rubric.meta.version = 1;
        rubric
    }

    fn faults(outcome: Result<Change<Rubric>, Refusal>) -> Vec<(String, FaultCode)> {
        let Err(Refusal::Invalid(faults)) = outcome else { panic!("it must be refused as not valid: {outcome:?}") };
        faults.into_iter().map(|fault| (fault.pointer, fault.code)).collect()
    }

    #[test]
    fn every_fault_of_a_rubric_is_told() {
        let mut wrong = terms();
        wrong.criteria[1].key = wrong.criteria[0].key.clone();
        wrong.criteria[1].weight = 0;
        (wrong.quorum, wrong.contradiction_spread) = (0, Points::whole(5));
        let told = faults(rubric(terms()).replace(wrong, false, Timestamp::from_millis(1)));
        let told: Vec<_> = told.iter().map(|(pointer, code)| (pointer.as_str(), *code)).collect();
        assert_eq!(
            told,
            [
                ("#/criteria/1/key", FaultCode::Duplicate),
                ("#/criteria/1/weight", FaultCode::OutOfRange),
                ("#/quorum", FaultCode::OutOfRange),
                ("#/contradiction_spread", FaultCode::OutOfRange),
            ]
        );
        let none = RubricTerms { criteria: Vec::new(), ..terms() };
        assert_eq!(faults(rubric(terms()).replace(none, false, Timestamp::from_millis(1)))[0].1, FaultCode::TooShort);
    }

    #[test]
    fn what_scores_rest_on_is_frozen_once_somebody_has_scored() {
        let later = Timestamp::from_millis(1);
        let mut heavier = terms();
        heavier.criteria[0].weight = 4;
        let seen = RubricTerms { blind: true, ..heavier };
        let frozen = [("#/criteria".to_owned(), FaultCode::Frozen), ("#/blind".to_owned(), FaultCode::Frozen)];
        assert_eq!(faults(rubric(terms()).replace(seen.clone(), true, later)), frozen);
        assert!(rubric(terms()).replace(seen, false, later).is_ok());
        let more = RubricTerms { quorum: 3, reviews_due_on: Date::new(2019, 10, 6), ..terms() };
        assert!(rubric(terms()).replace(more, true, later).is_ok(), "how many reviews are needed can always be changed");
    }

    #[test]
    fn nothing_is_judged_where_no_rubric_is_set() {
        let none = Rubric::initial(uuid::Uuid::nil().into(), Timestamp::from_millis(0));
        assert!(matches!(none.require(), Err(Refusal::NotReady { .. })));
        assert!(rubric(terms()).require().is_ok());
    }
}
