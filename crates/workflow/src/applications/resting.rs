//! What rests on a verification: when one is decided, who held a seat for it is admitted, and who waits may have a turn.
//!
//! Cohorts come before people and verifications in the order of locks, so whoever may decide a verification first enters the cohorts of
//! the applications that could rest on it.

use cohortium_domain::access::Actor;
use cohortium_domain::applications::{Application, ApplicationState};
use cohortium_domain::verifications::Verification;
use cohortium_store::{RestsOn, Result, Tx};

use super::facts::Facts;
use crate::seats::{self, Entered};

/// Enters the cohorts to which there are applications or enrollments that rest on something that is about to change: what the journal says of them is
/// then what they are.
pub(crate) async fn enter_resting(tx: &mut Tx, ground: RestsOn) -> Result<Vec<Entered>> {
    let mut entered = Vec::new();
    for cohort in tx.cohorts_resting_on(ground).await? {
        entered.push(seats::enter(tx, cohort).await?);
    }
    Ok(entered)
}

/// Admits whoever holds a seat in these cohorts and is verified now, and leaves them.
pub(crate) async fn admit(tx: &mut Tx, entered: Vec<Entered>) -> Result<()> {
    for mut entered in entered {
        for application in verified_holders(tx, &entered).await? {
            let facts = Facts::of(tx, &application, entered.cohort(), &entered.year).await?;
            // Who may not have the seat for another reason keeps the hold, for as long as it lasts.
            if let Ok(change) = application.clone().admit(&facts.applicant(), &entered.signup()?, tx.now()) {
                entered.save(tx, &application.standing, change, &Actor::Time).await?;
            }
        }
        entered.leave(tx).await?;
    }
    Ok(())
}

async fn verified_holders(tx: &Tx, entered: &Entered) -> Result<Vec<Application>> {
    let submitted = tx.applications_in(entered.cohort().id, &[ApplicationState::Submitted]).await?;
    let holders: Vec<Application> = submitted.into_iter().filter(|application| application.standing.holds_seat()).collect();
    let verifications = tx.find_all::<Verification>(holders.iter().filter_map(|holder| holder.verification_id)).await?;
    let verified = |holder: &Application| {
        let verification = holder.verification_id.and_then(|id| verifications.get(&id));
        verification.is_some_and(|verification| verification.valid_at(tx.now()))
    };
    Ok(holders.into_iter().filter(verified).collect())
}
