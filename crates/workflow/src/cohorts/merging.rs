//! Ending a cohort whose people go on in another: it is merged into that one, or called off with an offer to transfer.
//!
//! What always holds: both cohorts are entered, in the one order; everybody is moved or released in the one transaction that ends
//! the cohort.

use std::collections::BTreeSet;

use cohortium_domain::access::{Action, Actor};
use cohortium_domain::applications::{Application, Verified};
use cohortium_domain::cohorts::Cohort;
use cohortium_domain::ids::CohortId;
use cohortium_domain::seats::{Moved, Moving, Waiting};
use cohortium_domain::teams::Team;
use cohortium_domain::text::Reason;
use cohortium_store::{Result, Tx};

use super::{InYear, call_off, end, require};
use crate::applications::facts;
use crate::input::{Input, not_found_at};
use crate::mails::moves as mails;
use crate::seats::{self, Entered, enter_together};

/// How a cohort is merged.
#[derive(Clone, Debug, PartialEq)]
pub struct Merge {
    /// Into which.
    pub into: CohortId,
    /// Why.
    pub reason: Reason,
}

/// How a cohort is called off.
#[derive(Clone, Debug, PartialEq)]
pub struct Cancellation {
    /// Why.
    pub reason: Reason,
    /// The cohort in which a seat is offered to who held one, as far as there are any.
    pub transfer_to: Option<CohortId>,
}

/// Merges a cohort into another: everybody goes on there, or nothing happens.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn merge(tx: &mut Tx, actor: &Actor, id: CohortId, input: &Input<'_, Merge>) -> Result<InYear> {
    let cohort = known(tx, actor, id, Action::MergeCohort).await?;
    let Merge { into, reason } = input.admit(&cohort.meta)?;
    let (mut here, mut there) = enter_both(tx, &cohort, into, "#/into_cohort_id").await?;
    input.admit(&here.cohort().meta)?;
    let window = here.year.window(here.cohort());
    let changed = here.cohort().clone().merge(into, &reason, window.as_ref(), tx.now())?;
    let people = people_of(tx, id).await?;
    let moved = moving(tx, &here, &mut there).await?.all(people, || tx.make_id())?;
    save(tx, &mut here, there, moved).await?;
    Box::pin(end(tx, actor, here, changed, &reason)).await
}

/// Calls a cohort off: its applications and enrollments are released, or go on in another cohort as far as seats are free there.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn cancel(tx: &mut Tx, actor: &Actor, id: CohortId, input: &Input<'_, Cancellation>) -> Result<InYear> {
    let cohort = known(tx, actor, id, Action::CancelCohort).await?;
    let Cancellation { reason, transfer_to } = input.admit(&cohort.meta)?;
    let Some(to) = transfer_to else {
        let entered = seats::enter(tx, id).await?;
        input.admit(&entered.cohort().meta)?;
        return Box::pin(call_off(tx, actor, entered, &reason)).await;
    };
    let (mut here, mut there) = enter_both(tx, &cohort, to, "#/transfer_to_cohort_id").await?;
    input.admit(&here.cohort().meta)?;
    let window = here.year.window(here.cohort());
    let changed = here.cohort().clone().cancel(&reason, window.as_ref(), tx.now())?;
    let people = people_of(tx, id).await?;
    let moved = moving(tx, &here, &mut there).await?.as_many_as_fit(people, || tx.make_id());
    save(tx, &mut here, there, moved).await?;
    Box::pin(end(tx, actor, here, changed, &reason)).await
}

/// A cohort that this actor may do this to, as it was read and not locked.
async fn known(tx: &Tx, actor: &Actor, id: CohortId, action: Action) -> Result<Cohort> {
    let cohort = tx.cohort(id).await?;
    require(&tx.year(cohort.program_id).await?, &cohort, actor, action)?;
    Ok(cohort)
}

/// Enters a cohort, and the other of its program that was named there.
async fn enter_both(tx: &mut Tx, cohort: &Cohort, other: CohortId, pointer: &str) -> Result<(Entered, Entered)> {
    let named = tx.cohort(other).await.map_err(|error| not_found_at(pointer, error))?;
    cohort.require_sibling(&named, pointer)?;
    let mut entered = enter_together(tx, [cohort.id, other]).await?;
    Ok((entered.take(cohort.id)?, entered.take(other)?))
}

/// Everybody who has something open in a cohort, or takes part. What is known of them is relied on for as long as it holds.
async fn people_of(tx: &mut Tx, cohort: CohortId) -> Result<Vec<Waiting>> {
    let people = facts::of_queue(tx, tx.live_applications(cohort).await?).await?;
    for person in &people {
        if let Verified::Until(until) = person.verified {
            tx.relies_on(until);
        }
    }
    Ok(people)
}

/// The other cohort, as it takes people in. One can sign up to it still.
async fn moving<'a>(tx: &Tx, here: &Entered, there: &'a mut Entered) -> Result<Moving<'a>> {
    let (from, signup) = (here.signup()?, there.signup()?);
    there.cohort().require_signup_open(Some(&signup.window), tx.now())?;
    let theirs = tx.live_applications(there.cohort().id).await?;
    let theirs = theirs.into_iter().map(|application: Application| (application.person_id, application)).collect();
    let required = facts::required(tx, there.cohort()).await?;
    let rules = there.year.rules(there.cohort());
    Ok(Moving { there: there.settled_mut(), from, signup, rules, required, theirs, now: tx.now() })
}

/// Saves what became of everybody, has those told who go on, and leaves the cohort that took them in. A team goes along with who
/// applies with it.
async fn save(tx: &mut Tx, here: &mut Entered, there: Entered, moved: Vec<Moved>) -> Result<()> {
    let mut teams = BTreeSet::new();
    for Moved { there: taken_in, here: (before, ended) } in moved {
        for change in taken_in {
            teams.extend(change.value.team_id);
            there.keep(tx, change, &Actor::Time).await?;
        }
        let ended = here.save(tx, &before, ended, &Actor::Time).await?;
        mails::to_moved(tx, &ended).await?;
    }
    for team in teams {
        let team: Team = tx.lock(team).await?;
        if team.cohort_id == here.cohort().id {
            tx.save(team.go_on_in(there.cohort().id, tx.now()), &Actor::Time).await?;
        }
    }
    there.leave(tx).await.map(drop)
}
