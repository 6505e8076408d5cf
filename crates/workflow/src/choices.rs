//! What people choose among the cohorts of a program.

use std::collections::BTreeMap;

use cohortium_domain::access::{Action, Actor};
use cohortium_domain::choices::Choices;
use cohortium_domain::ids::{CohortId, PersonId, ProgramId};
use cohortium_domain::people::Person;
use cohortium_domain::programs::Program;
use cohortium_store::{Result, Tx};

use crate::input::{Input, not_found_at};

/// The cohorts of a program that somebody chooses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Of which program.
    pub program_id: ProgramId,
    /// Which, the dearest first.
    pub cohort_ids: Vec<CohortId>,
}

/// Replaces what a person has chosen of one program.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn replace(tx: &mut Tx, actor: &Actor, person: PersonId, input: &Input<'_, Choice>) -> Result<Choices> {
    // Locked, so that two cannot make the first choice at once.
    let person: Person = tx.lock(person).await?;
    let choices = tx.choices(person.id).await?;
    let Choice { program_id, cohort_ids } = input.admit(&choices.meta)?;
    let program = tx.get::<Program>(program_id).await.and_then(|program| {
        program.require(actor, Action::GetProgram)?;
        Ok(program)
    });
    let program = program.map_err(|error| not_found_at("#/program_id", error))?;
    let visible = visible(tx, actor, &cohort_ids).await?;
    tx.save_choices(choices.choose(program.id, cohort_ids, &visible, tx.now())?, actor).await
}

/// Those of some cohorts of which this actor may know, each with its program.
async fn visible(tx: &Tx, actor: &Actor, cohorts: &[CohortId]) -> Result<BTreeMap<CohortId, ProgramId>> {
    let found = tx.cohorts_by_id(cohorts.iter().copied()).await?.into_values().collect();
    let found = tx.with_years(found).await?;
    let visible = found.into_iter().filter(|(cohort, year)| year.shows(cohort, actor));
    Ok(visible.map(|(cohort, _)| (cohort.id, cohort.program_id)).collect())
}
