//! What rests on a verification: when one is decided, who held a seat for it is admitted, and who waits may have a turn.
//!
//! Cohorts come before people and verifications in the order of locks, so whoever may decide a verification first enters the
//! cohorts of the applications that could rest on it.

use cohortium_domain::access::Actor;
use cohortium_domain::applications::{Application, ApplicationState};
use cohortium_domain::verifications::Verification;
use cohortium_store::{Error, RestsOn, Result, Tx};

use super::facts::Facts;
use super::one_cohort;
use crate::seats::{Entered, EnteredTogether, enter_together};

/// Enters the cohorts to which there are applications or enrollments that rest on something that is about to change: what the
/// journal says of them is then what they are.
pub(crate) async fn enter_resting(tx: &mut Tx, ground: RestsOn) -> Result<EnteredTogether> {
    let cohorts = tx.cohorts_resting_on(ground).await?;
    enter_together(tx, cohorts).await
}

/// Admits whoever holds a seat in these cohorts and is verified now, and leaves them.
pub(crate) async fn admit(tx: &mut Tx, mut entered: EnteredTogether) -> Result<()> {
    let mut holders = Vec::new();
    for cohort in entered.ids() {
        holders.extend(verified_holders(tx, entered.get(cohort)?).await?);
    }
    if entered.any(|cohort| cohort.year.program.terms.one_cohort) {
        one_cohort::sort_by_wish(tx, &mut holders).await?;
    }
    for application in holders {
        admit_holder(tx, &mut entered, &application).await?;
    }
    entered.leave(tx).await
}

/// Admits who holds a seat. Who may not have it for another reason than the verification keeps the hold, for as long as it lasts.
async fn admit_holder(tx: &mut Tx, all: &mut EnteredTogether, application: &Application) -> Result<()> {
    let entered = all.get(application.cohort_id)?;
    let others = match one_cohort::others(tx, &entered.year.program, application.person_id, Some(application)).await {
        Err(Error::Refused(_)) => return Ok(()),
        found => found?,
    };
    let facts = Facts::of(tx, application, entered.cohort(), &entered.year).await?;
    let Ok(change) = application.clone().admit(&facts.applicant(), &entered.signup()?, tx.now()) else { return Ok(()) };
    let admitted = entered.save(tx, &application.standing, change, &Actor::Time).await?;
    one_cohort::give_up(tx, &Actor::Time, all, others, &admitted).await
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
