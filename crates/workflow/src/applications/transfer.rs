//! Transferring an application to another cohort: a place is offered there, and when the person confirms it, the one here is given up.
//!
//! What always holds: both cohorts are entered, in the one order, before either place is touched; and of all that is on offer for one place, one is
//! taken: who confirms it gives up the others too.

use cohortium_domain::access::{Action, Actor};
use cohortium_domain::applications::{Accepted, Application, Standing};
use cohortium_domain::ids::{ApplicationId, CohortId};
use cohortium_domain::journal::SubjectKind;
use cohortium_domain::refusal::Refusal;
use cohortium_domain::text::Reason;
use cohortium_store::{Error, Result, Tx};

use super::facts::Facts;
use super::{InCohort, one_cohort, tie};
use crate::input::{Input, not_found_at};
use crate::seats::{EnteredTogether, enter_together};

/// Where somebody is to go on.
#[derive(Clone, Debug, PartialEq)]
pub struct TransferWish {
    /// In which cohort.
    pub to: CohortId,
    /// Why.
    pub reason: Reason,
}

/// Offers a place in another cohort, for the one that a person has. Gives the offer.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn transfer(tx: &mut Tx, actor: &Actor, id: ApplicationId, input: &Input<'_, TransferWish>) -> Result<InCohort> {
    let read: Application = tx.get(id).await?;
    let here = tx.cohort(read.cohort_id).await?;
    tie(&read, &here, actor).require(Action::TransferApplication, SubjectKind::Application)?;
    let TransferWish { to, reason } = input.admit(&read.meta)?;
    let named = tx.cohort(to).await.map_err(|error| not_found_at("#/to_cohort_id", error))?;
    here.require_sibling(&named, "#/to_cohort_id")?;
    let mut entered = enter_together(tx, [here.id, to]).await?;
    let application: Application = tx.lock(id).await?;
    input.admit(&application.meta)?;
    require_no_other_offer(tx, &application).await?;
    let signup = entered.get(here.id)?.signup()?;
    let there = entered.get(to)?;

    let (facts, cohort) = (Facts::of(tx, &application, there.cohort(), &there.year).await?, there.cohort().clone());
    let there_signup = there.signup()?;
    let transfer = application.transfer(
        tx.make_id(),
        (&cohort, &there_signup),
        || there.seat_to_offer(),
        &facts.applicant(),
        (&reason, &signup),
        tx.now(),
    )?;
    tx.save(transfer.place, actor).await?;
    let offer = there.save(tx, &Standing::Draft, transfer.offer, actor).await?;
    entered.leave_with(tx, offer).await
}

/// Confirms an offer. A place in another cohort for which it was made is given up, and whatever else is on offer for that.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn confirm(tx: &mut Tx, actor: &Actor, id: ApplicationId, input: &Input<'_, Vec<Accepted>>) -> Result<InCohort> {
    let read: Application = tx.get(id).await?;
    let of_place = tx.of_the_same_place(&read).await?.into_iter().filter(|other| other.standing.live());
    let beside = tx.cohorts_beside(read.cohort_id, [read.person_id]).await?;
    let cohorts = of_place.map(|other| other.cohort_id).chain(beside).chain([read.cohort_id]);
    let mut entered = enter_together(tx, cohorts).await?;
    let application: Application = tx.lock(id).await?;
    let own = entered.get(application.cohort_id)?;
    tie(&application, own.cohort(), actor).require(Action::ConfirmApplication, SubjectKind::Application)?;
    let accepted = input.admit(&application.meta)?;
    let others = one_cohort::others(tx, &own.year.program, application.person_id, Some(&application)).await?;
    let facts = Facts::of(tx, &application, own.cohort(), &own.year).await?;
    let change = application.clone().confirm(&accepted, &facts.applicant(), &own.signup()?, tx.now())?;
    let confirmed = own.save(tx, &application.standing, change, actor).await?;
    for other in tx.of_the_same_place(&confirmed).await? {
        give_up(tx, actor, &mut entered, other, &confirmed).await?;
    }
    one_cohort::give_up(tx, actor, &mut entered, others, &confirmed).await?;
    entered.leave_with(tx, confirmed).await
}

/// Gives up an application that stands for the same place, where it is not over.
async fn give_up(tx: &mut Tx, actor: &Actor, entered: &mut EnteredTogether, other: Application, to: &Application) -> Result<()> {
    if !other.standing.live() {
        return Ok(());
    }
    let Some(cohort) = entered.find(other.cohort_id) else {
        return Err(Error::Conflict("another place was offered for the same one meanwhile".to_owned()));
    };
    let other: Application = tx.lock(other.id).await?;
    let before = other.standing.clone();
    if let Ok(change) = other.give_way(to, &cohort.signup()?, tx.now()) {
        cohort.save(tx, &before, change, actor).await?;
    }
    Ok(())
}

/// Goes on when no other place is on offer for this one.
async fn require_no_other_offer(tx: &Tx, application: &Application) -> Result<()> {
    let offers = tx.live_continuations(application.id).await?;
    if offers.iter().any(|offer| offer.standing.lapses_at().is_some_and(|until| tx.now() < until)) {
        let what = "A place in another cohort is on offer already: it must be confirmed, withdrawn or lapse first";
        return Err(Refusal::AlreadyExists(what.to_owned()).into());
    }
    Ok(())
}
