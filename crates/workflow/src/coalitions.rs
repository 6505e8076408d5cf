//! The coalition's own settings.

use cohortium_domain::access::{Action, Actor, Tie};
use cohortium_domain::coalitions::{Coalition, CoalitionUpdate};
use cohortium_domain::journal::SubjectKind;
use cohortium_domain::time::Timestamp;
use cohortium_store::{Result, Tx};

use crate::input::Input;

/// Changes the coalition's settings. `second_factor_at` is when the actor has shown a second factor.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn update(
    tx: &mut Tx,
    actor: &Actor,
    second_factor_at: Option<Timestamp>,
    input: &Input<'_, CoalitionUpdate>,
) -> Result<Coalition> {
    let coalition: Coalition = tx.lock(tx.coalition_id()).await?;
    Tie::none(actor).require(Action::UpdateCoalition, SubjectKind::Coalition)?;
    let update = input.admit(&coalition.meta)?;
    // It decides whose grants are withheld.
    tx.touch_access();
    tx.save(coalition.update(update, second_factor_at, tx.now())?, actor).await
}

/// Puts a sandbox out of reach, so that it can be made anew under the same slug. Its rows stay: a journal is never deleted.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn retire_sandbox(tx: &mut Tx, actor: &Actor) -> Result<()> {
    let coalition: Coalition = tx.lock(tx.coalition_id()).await?;
    Tie::none(actor).require(Action::ResetSandbox, SubjectKind::Coalition)?;
    let retired = coalition.retire()?;
    tx.retire_coalition().await?;
    tx.note([retired], actor);
    Ok(())
}
