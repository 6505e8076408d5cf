//! A sandbox's clock: moving it makes happen what falls due on the way.

use cohortium_domain::access::{Action, Actor, Tie};
use cohortium_domain::coalitions::Coalition;
use cohortium_domain::journal::SubjectKind;
use cohortium_domain::time::Timestamp;
use cohortium_store::{Result, Tx};

use crate::due;
use crate::input::Input;

/// How a clock is moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// To an instant.
    To(Timestamp),
    /// By a time.
    By {
        /// How long.
        minutes: i64,
    },
}

/// Moves the coalition's clock. The transaction must hold it [`cohortium_store::ClockHold::Moving`].
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn advance(tx: &mut Tx, actor: &Actor, action: Action, by: &Input<'_, Move>) -> Result<Coalition> {
    let coalition: Coalition = tx.lock(tx.coalition_id()).await?;
    Tie::none(actor).require(action, SubjectKind::Coalition)?;
    let to = match by.read()? {
        Move::To(instant) => instant,
        Move::By { minutes } => tx.now().plus_minutes(minutes),
    };
    let moved = coalition.move_clock(to)?;
    due::run_until(tx, to).await?;
    tx.move_to(to);
    tx.save(moved, actor).await
}
