//! What a program asks for and gives: its application form, its commitments, its verification policy, its rubric and its stipend
//! plan.
//!
//! Whoever replaces one locks the program, so that two cannot replace the same version.

use cohortium_domain::access::{Action, Actor};
use cohortium_domain::commitments::{CommitmentEntry, CommitmentList};
use cohortium_domain::forms::ApplicationForm;
use cohortium_domain::ids::ProgramId;
use cohortium_domain::rubrics::{Rubric, RubricTerms};
use cohortium_domain::stipends::{StipendPlan, StipendTerms};
use cohortium_domain::verifications::policy::{PolicyTerms, VerificationPolicy};
use cohortium_store::{Result, Tx};
use serde_json::Value;

use crate::input::Input;
use crate::programs::locked;

/// Replaces a program's application form.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn replace_form(tx: &mut Tx, actor: &Actor, program: ProgramId, input: &Input<'_, Value>) -> Result<ApplicationForm> {
    let program = locked(tx, actor, program, Action::ReplaceApplicationForm).await?;
    let form: ApplicationForm = tx.program_document(program.id).await?;
    let schema = input.admit(&form.meta)?;
    tx.save_program_document(form.replace(schema, tx.now())?, actor).await
}

/// Replaces a program's commitments.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn replace_commitments(
    tx: &mut Tx,
    actor: &Actor,
    program: ProgramId,
    input: &Input<'_, Vec<CommitmentEntry>>,
) -> Result<CommitmentList> {
    let program = locked(tx, actor, program, Action::ReplaceCommitments).await?;
    let list: CommitmentList = tx.program_document(program.id).await?;
    let entries = input.admit(&list.meta)?;
    let change = list.replace(entries, || tx.make_id(), tx.now())?;
    tx.save_program_document(change, actor).await
}

/// Replaces a program's verification policy.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn replace_policy(
    tx: &mut Tx,
    actor: &Actor,
    program: ProgramId,
    input: &Input<'_, PolicyTerms>,
) -> Result<VerificationPolicy> {
    let program = locked(tx, actor, program, Action::ReplaceVerificationPolicy).await?;
    let policy: VerificationPolicy = tx.program_document(program.id).await?;
    let terms = input.admit(&policy.meta)?;
    tx.save_program_document(policy.replace(terms, tx.now())?, actor).await
}

/// Replaces a program's rubric.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn replace_rubric(tx: &mut Tx, actor: &Actor, program: ProgramId, input: &Input<'_, RubricTerms>) -> Result<Rubric> {
    let program = locked(tx, actor, program, Action::ReplaceRubric).await?;
    let rubric: Rubric = tx.program_document(program.id).await?;
    let terms = input.admit(&rubric.meta)?;
    let scored = tx.scored(program.id).await?;
    tx.save_program_document(rubric.replace(terms, scored, tx.now())?, actor).await
}

/// Replaces a program's stipend plan. Agreements that were made from it stay as they are.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn replace_stipend_plan(
    tx: &mut Tx,
    actor: &Actor,
    program: ProgramId,
    input: &Input<'_, Option<StipendTerms>>,
) -> Result<StipendPlan> {
    let program = locked(tx, actor, program, Action::ReplaceStipendPlan).await?;
    let plan: StipendPlan = tx.program_document(program.id).await?;
    let terms = input.admit(&plan.meta)?;
    tx.save_program_document(plan.replace(terms, tx.now())?, actor).await
}
