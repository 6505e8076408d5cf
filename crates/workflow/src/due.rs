//! What falls due: what time does to a coalition's things, at the instant at which it does it.
//!
//! A sandbox's clock that is moved runs it in the order of the instants; a coalition that runs by real time has it run by a job.
//! What always holds: nothing that anybody reads or does depends on its having run.

use cohortium_domain::cohorts::{Cohort, Year};
use cohortium_domain::ids::{CohortId, EvidenceId, FileId, ProgramId, VerificationId};
use cohortium_domain::time::{Timestamp, earliest};
use cohortium_store::{Read, Result, Tx};

use crate::{files, proposals, seats, verifications};

/// Something to which time has something to do, in the order of locks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Due {
    /// A program with an acceptance or a revision that lapses.
    Proposals(ProgramId),
    /// A cohort with something to settle.
    Cohort(CohortId),
    /// A verification that runs out.
    Verification(VerificationId),
    /// A verification that its person is to be asked to renew.
    Renewal(VerificationId),
    /// A document whose file is to be deleted.
    Document(EvidenceId),
    /// A file that is to be deleted, unless an application names it.
    File(FileId),
}

/// Runs what falls due up to an instant, each thing at its own.
///
/// # Errors
/// The database's errors.
pub(crate) async fn run_until(tx: &mut Tx, until: Timestamp) -> Result<()> {
    while let Some((instant, due)) = next(tx, until).await? {
        tx.move_to(instant);
        for one in due {
            run(tx, one).await?;
        }
    }
    Ok(())
}

/// Does what time has to do to one thing now.
///
/// # Errors
/// The database's errors.
pub(crate) async fn run(tx: &mut Tx, due: Due) -> Result<()> {
    match due {
        Due::Proposals(program) => proposals::lapse(tx, program).await,
        Due::Cohort(cohort) => seats::enter(tx, cohort).await?.leave(tx).await.map(drop),
        Due::Verification(verification) => verifications::expire(tx, verification).await,
        Due::Renewal(verification) => verifications::ask_for_renewal(tx, verification).await,
        Due::Document(document) => verifications::documents::delete(tx, document).await,
        Due::File(file) => files::run_out(tx, file).await,
    }
}

/// The next instant, up to another, at which something falls due, and what.
async fn next(read: &Read, until: Timestamp) -> Result<Option<(Timestamp, Vec<Due>)>> {
    let due = due_by(read, until).await?;
    let Some(first) = due.iter().map(|(instant, _)| *instant).min() else { return Ok(None) };
    let mut now_due: Vec<Due> = due.into_iter().filter(|(instant, _)| *instant == first).map(|(_, one)| one).collect();
    now_due.sort_unstable();
    Ok(Some((first, now_due)))
}

/// What is due now.
///
/// # Errors
/// The database's errors.
pub(crate) async fn now_due(read: &Read) -> Result<Vec<Due>> {
    Ok(due_by(read, read.now()).await?.into_iter().map(|(_, one)| one).collect())
}

/// What falls due by an instant, and when.
async fn due_by(read: &Read, until: Timestamp) -> Result<Vec<(Timestamp, Due)>> {
    let mut due: Vec<(Timestamp, Due)> = Vec::new();
    for (cohort, year) in unsettled(read).await? {
        due.extend(due_at(&cohort, &year).filter(|instant| *instant <= until).map(|instant| (instant, Due::Cohort(cohort.id))));
    }
    for program in read.programs_with_lapsing_proposals().await? {
        let lapses_at = proposals::next_lapse_at(read, &program).await?.filter(|instant| *instant <= until);
        due.extend(lapses_at.map(|instant| (instant, Due::Proposals(program.id))));
    }
    let run_out = read.verifications_run_out(until).await?;
    due.extend(run_out.into_iter().map(|(instant, verification)| (instant, Due::Verification(verification))));
    let renewals = read.renewals_due(until).await?;
    due.extend(renewals.into_iter().map(|(instant, verification)| (instant, Due::Renewal(verification))));
    let documents = read.documents_run_out(until).await?;
    due.extend(documents.into_iter().map(|(instant, document)| (instant, Due::Document(document))));
    let files = read.files_run_out(until).await?;
    due.extend(files.into_iter().map(|(instant, file)| (instant, Due::File(file))));
    Ok(due)
}

/// The cohorts with a free seat and people who wait: more than are promoted in one go, or such as could not have it.
///
/// # Errors
/// The database's errors.
pub(crate) async fn with_seats_to_give(read: &Read) -> Result<Vec<Due>> {
    let unsettled = unsettled(read).await?.into_iter();
    let free = |cohort: &Cohort| cohort.seats.waiting > 0 && cohort.seats.held < cohort.capacity.max;
    Ok(unsettled.filter(|(cohort, _)| free(cohort)).map(|(cohort, _)| Due::Cohort(cohort.id)).collect())
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
