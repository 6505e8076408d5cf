//! Transferring an application to another cohort: a place is offered there, and when the person confirms it, the one here is given
//! up, with whatever else was offered for it.
//!
//! What always holds: both cohorts are entered, in the one order, before either place is touched.

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
use crate::mails::moves as mails;
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
    mails::to_offered(tx, &offer).await?;
    entered.leave_with(tx, offer).await
}

/// Confirms an offer. The place for which it was made is given up, and whatever else was offered for that.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn confirm(tx: &mut Tx, actor: &Actor, id: ApplicationId, input: &Input<'_, Vec<Accepted>>) -> Result<InCohort> {
    let read: Application = tx.get(id).await?;
    let line = read.gives_up(tx.line_of(&read).await?);
    let beside = tx.cohorts_beside(read.cohort_id, [read.person_id]).await?;
    let cohorts = line.iter().map(|earlier| earlier.cohort_id).chain([read.cohort_id]).chain(beside);
    let mut entered = enter_together(tx, cohorts).await?;
    // Nobody adds to it from here on, since that is done inside the cohorts that are locked.
    let line = read.gives_up(tx.line_of(&read).await?);
    let application: Application = tx.lock(id).await?;
    let own = entered.get(application.cohort_id)?;
    tie(&application, own.cohort(), actor).require(Action::ConfirmApplication, SubjectKind::Application)?;
    let accepted = input.admit(&application.meta)?;
    let others = one_cohort::others(tx, &own.year.program, application.person_id, Some(&application)).await?;
    let facts = Facts::of(tx, &application, own.cohort(), &own.year).await?;
    let change = application.clone().confirm(&accepted, &facts.applicant(), &own.signup()?, tx.now())?;
    let confirmed = own.save(tx, &application.standing, change, actor).await?;
    for earlier in line {
        give_up(tx, actor, &mut entered, earlier, &confirmed).await?;
    }
    one_cohort::give_up(tx, actor, &mut entered, others, &confirmed).await?;
    entered.leave_with(tx, confirmed).await
}

/// Gives up the place of an application, where it still has one.
async fn give_up(tx: &mut Tx, actor: &Actor, entered: &mut EnteredTogether, read: Application, to: &Application) -> Result<()> {
    let Some(own) = entered.find(read.cohort_id) else {
        return Err(Error::Conflict("the person was moved to another cohort meanwhile".to_owned()));
    };
    let earlier: Application = tx.lock(read.id).await?;
    let before = earlier.standing.clone();
    if let Ok(change) = earlier.give_way(to, &own.signup()?, tx.now()) {
        own.save(tx, &before, change, actor).await?;
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
