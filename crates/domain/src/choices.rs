//! Choices: in which order a person would like to take part in the cohorts of a program.
//!
//! What always holds: of each program at most three, each once. They are wishes: no seat follows from one, nor does an application.
//! Left out on purpose: whether the person may join, which is asked when they apply.

use std::collections::{BTreeMap, BTreeSet};

use crate::ids::{CohortId, PersonId, ProgramId};
use crate::journal::{Change, Happening, Subject, SubjectKind};
use crate::meta::Meta;
use crate::refusal::{Fault, FaultCode, Faults, Refusal};
use crate::time::Timestamp;

/// How many cohorts of a program somebody can choose.
pub const MOST_CHOICES: usize = 3;

/// Everything that a person has chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choices {
    /// Whose; this never changes.
    pub person_id: PersonId,
    /// The cohorts chosen of each program, the dearest first; a program of which none is chosen does not stand here.
    pub by_program: BTreeMap<ProgramId, Vec<CohortId>>,
    /// Version and instants.
    pub meta: Meta,
}

impl Choices {
    /// Those of somebody who has chosen nothing yet.
    #[must_use]
    pub fn none(person_id: PersonId, now: Timestamp) -> Self {
        Self { person_id, by_program: BTreeMap::new(), meta: Meta::new(now) }
    }

    /// Chooses these cohorts of a program, in the place of those before; none takes the choice back. `visible` are the cohorts
    /// among them that the person may know of, each with its program.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] with every fault: too many, one twice, one that is not there, or of another program.
    pub fn choose(
        mut self,
        program_id: ProgramId,
        wished: Vec<CohortId>,
        visible: &BTreeMap<CohortId, ProgramId>,
        now: Timestamp,
    ) -> Result<Change<Self>, Refusal> {
        check(program_id, &wished, visible)?;
        let ids: Vec<String> = wished.iter().map(ToString::to_string).collect();
        if wished.is_empty() {
            self.by_program.remove(&program_id);
        } else {
            self.by_program.insert(program_id, wished);
        }
        self.meta = self.meta.changed(now);
        let happened = Happening::new(Subject::new(SubjectKind::Person, self.person_id), "chose")
            .with("program_id", program_id.to_string())
            .with("cohort_ids", ids);
        Ok(Change::one(self, happened))
    }
}

fn check(program_id: ProgramId, wished: &[CohortId], visible: &BTreeMap<CohortId, ProgramId>) -> Result<(), Refusal> {
    let (mut faults, mut before) = (Faults::default(), BTreeSet::new());
    if wished.len() > MOST_CHOICES {
        let detail = format!("Choose at most {MOST_CHOICES}");
        faults.push(Fault::new("#/cohort_ids", FaultCode::TooLong, detail).with("max", MOST_CHOICES));
    }
    for (index, cohort) in wished.iter().enumerate() {
        let fault = match visible.get(cohort) {
            _ if !before.insert(cohort) => Some((FaultCode::Duplicate, "It stands here already")),
            None => Some((FaultCode::NotFound, "There is no such cohort")),
            Some(program) if *program != program_id => Some((FaultCode::InvalidValue, "It belongs to another program")),
            Some(_) => None,
        };
        if let Some((code, detail)) = fault {
            faults.push(Fault::new(format!("#/cohort_ids/{index}"), code, detail));
        }
    }
    faults.check()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Id;

    fn id<I: Id>(number: u128) -> I {
        I::from_uuid(uuid::Uuid::from_u128(number))
    }

    fn cohorts(numbers: &[u128]) -> Vec<CohortId> {
        numbers.iter().copied().map(id).collect()
    }

    /// Of five cohorts, the fourth is of another program, and the fifth is not to be seen.
    fn choose(choices: Choices, wished: &[u128]) -> Result<Change<Choices>, Refusal> {
        let visible = [(1, 1), (2, 1), (3, 1), (4, 2), (6, 1)].map(|(cohort, program)| (id(cohort), id(program)));
        choices.choose(id(1), cohorts(wished), &visible.into(), Timestamp::from_millis(9))
    }

    fn none() -> Choices {
        Choices::none(id(7), Timestamp::from_millis(0))
    }

    #[test]
    fn every_fault_is_told_at_its_place() {
        let faults = |wished: &[u128]| match choose(none(), wished) {
            Err(Refusal::Invalid(faults)) => faults.into_iter().map(|fault| (fault.pointer, fault.code)).collect::<Vec<_>>(),
            other => panic!("{other:?}"),
        };
        let at = |index: usize, code| (format!("#/cohort_ids/{index}"), code);
        assert_eq!(faults(&[4, 5, 5]), [at(0, FaultCode::InvalidValue), at(1, FaultCode::NotFound), at(2, FaultCode::Duplicate)]);
        assert_eq!(faults(&[1, 2, 3, 6]), [("#/cohort_ids".to_owned(), FaultCode::TooLong)]);
    }

    #[test]
    fn a_choice_takes_the_place_of_the_one_before_and_leaves_other_programs_alone() {
        let mut choices = none();
        choices.by_program.insert(id(2), cohorts(&[4]));
        let first = choose(choices, &[3, 1, 2]).unwrap();
        assert_eq!(first.happened[0].data["cohort_ids"].as_array().map(Vec::len), Some(3));
        assert_eq!(first.happened[0].entry_type(), "person.chose");
        let second = choose(first.value, &[1]).unwrap().value;
        assert_eq!(second.by_program, BTreeMap::from([(id(1), cohorts(&[1])), (id(2), cohorts(&[4]))]));
        let third = choose(second, &[]).unwrap().value;
        assert_eq!(third.by_program, BTreeMap::from([(id(2), cohorts(&[4]))]));
        assert_eq!(third.meta.updated_at.millis(), 9);
    }
}
