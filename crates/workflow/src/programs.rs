//! Programs, as staff make and decide about them.

use cohortium_domain::access::{Action, Actor, Tie};
use cohortium_domain::ids::ProgramId;
use cohortium_domain::journal::SubjectKind;
use cohortium_domain::meta::Precondition;
use cohortium_domain::programs::{Program, ProgramCreate, ProgramUpdate};
use cohortium_domain::text::Reason;
use cohortium_store::{Result, Tx};

use crate::input::Input;
use crate::{cohorts, proposals};

/// Makes a program.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn create(tx: &mut Tx, actor: &Actor, input: &Input<'_, ProgramCreate>) -> Result<Program> {
    Tie::none(actor).require(Action::CreateProgram, SubjectKind::Program)?;
    let program = Program::create(tx.make_id(), input.read()?, tx.now())?;
    tx.save(program, actor).await
}

/// Changes a program.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn update(tx: &mut Tx, actor: &Actor, id: ProgramId, input: &Input<'_, ProgramUpdate>) -> Result<Program> {
    let program = locked(tx, actor, id, Action::UpdateProgram).await?;
    let update = input.admit(&program.meta)?;
    tx.save(program.update(update, tx.now())?, actor).await
}

/// Publishes a program.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn publish(tx: &mut Tx, actor: &Actor, id: ProgramId, precondition: Precondition) -> Result<Program> {
    let program = locked(tx, actor, id, Action::PublishProgram).await?;
    program.meta.admit(precondition)?;
    let timeline = tx.timeline(&program).await?;
    tx.save(program.publish(&timeline, tx.now())?, actor).await
}

/// Closes a program, and with it sign-up to its cohorts.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn close(tx: &mut Tx, actor: &Actor, id: ProgramId, precondition: Precondition) -> Result<Program> {
    let program = locked(tx, actor, id, Action::CloseProgram).await?;
    program.meta.admit(precondition)?;
    let program = tx.save(program.close(tx.now())?, actor).await?;
    proposals::settle_by_now(tx, &program).await?;
    cohorts::settle_all(tx, program.id).await?;
    Ok(program)
}

/// Cancels a program, and with it its cohorts.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn cancel(tx: &mut Tx, actor: &Actor, id: ProgramId, input: &Input<'_, Reason>) -> Result<Program> {
    let program = locked(tx, actor, id, Action::CancelProgram).await?;
    let reason = input.admit(&program.meta)?;
    // Before the program is over, or its applications would expire with it instead of being declined.
    cohorts::cancel_all(tx, actor, program.id, &reason).await?;
    let program = tx.save(program.cancel(&reason, tx.now())?, actor).await?;
    proposals::settle_by_now(tx, &program).await?;
    Ok(program)
}

/// The program, locked, for somebody who may do this to it.
pub(crate) async fn locked(tx: &mut Tx, actor: &Actor, id: ProgramId, action: Action) -> Result<Program> {
    let program: Program = tx.lock(id).await?;
    program.require(actor, action)?;
    Ok(program)
}
