//! What falls due: what time does to a coalition's things, at the instant at which it does it.
//!
//! A sandbox's clock that is moved runs it in the order of the instants; a coalition that runs by real time has it run by a job. What
//! always holds: nothing that anybody reads or does depends on its having run.

use cohortium_domain::cohorts::{Cohort, Year};
use cohortium_domain::ids::CohortId;
use cohortium_domain::time::{Timestamp, earliest};
use cohortium_store::{Read, Result, Tx};

use crate::seats;

/// Runs what falls due up to an instant, each thing at its own.
///
/// # Errors
/// The database's errors.
pub(crate) async fn run_until(tx: &mut Tx, until: Timestamp) -> Result<()> {
    while let Some((instant, cohorts)) = next(tx, until).await? {
        tx.move_to(instant);
        for cohort in cohorts {
            seats::enter(tx, cohort).await?.leave(tx).await?;
        }
    }
    Ok(())
}

/// The next instant, up to another, at which cohorts have something to settle, and which.
async fn next(read: &Read, until: Timestamp) -> Result<Option<(Timestamp, Vec<CohortId>)>> {
    let mut due: Vec<(Timestamp, CohortId)> = Vec::new();
    for (cohort, year) in unsettled(read).await? {
        due.extend(due_at(&cohort, &year).filter(|instant| *instant <= until).map(|instant| (instant, cohort.id)));
    }
    let Some(first) = due.iter().map(|(instant, _)| *instant).min() else { return Ok(None) };
    let now_due = due.into_iter().filter(|(instant, _)| *instant == first).map(|(_, cohort)| cohort);
    Ok(Some((first, now_due.collect())))
}

/// The cohorts that have something to settle now.
///
/// # Errors
/// The database's errors.
pub(crate) async fn now_due(read: &Read) -> Result<Vec<CohortId>> {
    let unsettled = unsettled(read).await?.into_iter();
    let is_due = |cohort: &Cohort, year: &Year| due_at(cohort, year).is_some_and(|instant| instant <= read.now());
    Ok(unsettled.filter(|(cohort, year)| is_due(cohort, year)).map(|(cohort, _)| cohort.id).collect())
}

/// The cohorts with a free seat and people who wait: more than are promoted in one go, or such as could not have it.
///
/// # Errors
/// The database's errors.
pub(crate) async fn with_seats_to_give(read: &Read) -> Result<Vec<CohortId>> {
    let unsettled = unsettled(read).await?.into_iter();
    let free = |cohort: &Cohort| cohort.seats.waiting > 0 && cohort.seats.held < cohort.capacity.max;
    Ok(unsettled.filter(|(cohort, _)| free(cohort)).map(|(cohort, _)| cohort.id).collect())
}

/// When a cohort has something to settle: a hold or an offer lapses, or its sign-up closes.
fn due_at(cohort: &Cohort, year: &Year) -> Option<Timestamp> {
    earliest([cohort.seats.next_lapse_at, year.window(cohort).map(|window| window.closes_at)])
}

/// The cohorts to which there are applications that time can still do something to, as they are stored.
async fn unsettled(read: &Read) -> Result<Vec<(Cohort, Year)>> {
    let cohorts = read.stored_cohorts_with_unsettled_applications().await?;
    read.with_years(cohorts).await
}
