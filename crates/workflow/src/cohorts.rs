//! Cohorts, as staff make them and their facilitators run them.

mod merging;

use cohortium_domain::access::{Action, Actor};
use cohortium_domain::applications::ApplicationState;
use cohortium_domain::cohorts::{Audience, Cohort, CohortUpdate, MeetingMode, NewCohort, Year};
use cohortium_domain::ids::{CohortId, PersonId, ProgramId};
use cohortium_domain::journal::{Change, SubjectKind};
use cohortium_domain::meta::Precondition;
use cohortium_domain::people::Person;
use cohortium_domain::programs::{CapacityUpdate, Program};
use cohortium_domain::refusal::{Fault, FaultCode, Faults, Refusal};
use cohortium_domain::stipends::DueWhen;
use cohortium_domain::text::{Reason, Slug, Summary, Title};
use cohortium_domain::time::Date;
use cohortium_domain::timeline::{CohortDates, Milestone, MilestoneDraft, Timeline};
use cohortium_store::{Read, Result, Tx};

use crate::input::Input;
use crate::seats::{self, Entered};
use crate::{sessions, stipends};

pub use self::merging::{Cancellation, Merge, cancel, merge};

/// A cohort that is wished for: what is not said is as its program has it.
#[derive(Clone, Debug, PartialEq)]
pub struct CohortWish {
    /// Its name in addresses; one that its title suggests, where none is said.
    pub slug: Option<Slug>,
    /// Its name.
    pub title: Title,
    /// What it is about.
    pub description: Option<Summary>,
    /// For whom it is.
    pub audience: Audience,
    /// Where it meets.
    pub delivery: MeetingMode,
    /// How many people it is for.
    pub capacity: CapacityUpdate,
    /// Who leads it.
    pub facilitators: Vec<PersonId>,
    /// The dates that it sets for itself.
    pub milestones: Vec<MilestoneDraft>,
}

/// What is to be changed of a cohort: `None` leaves a member as it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CohortChange {
    /// Its name in addresses.
    pub slug: Option<Slug>,
    /// Its name.
    pub title: Option<Title>,
    /// What it is about; `Some(None)` clears it.
    pub description: Option<Option<Summary>>,
    /// For whom it is.
    pub audience: Option<Audience>,
    /// Where it meets.
    pub delivery: Option<MeetingMode>,
    /// How many people it is for.
    pub capacity: CapacityUpdate,
    /// Who leads it.
    pub facilitators: Option<Vec<PersonId>>,
    /// The dates that it sets for itself.
    pub milestones: Option<Vec<MilestoneDraft>>,
}

/// A cohort with the year by which it is read.
pub type InYear = (Cohort, Year);

/// Makes a cohort, as a draft.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn create(tx: &mut Tx, actor: &Actor, program: ProgramId, input: &Input<'_, CohortWish>) -> Result<InYear> {
    let program: Program = tx.hold(program).await?;
    program.require(actor, Action::CreateCohort)?;
    let wish = input.read()?;
    check_people(tx, &wish.facilitators).await?;
    let timeline = tx.timeline(&program).await?;
    let new = NewCohort {
        program_id: program.id,
        proposal_id: None,
        slug: wish.slug.unwrap_or_else(|| Slug::suggested_by(wish.title.as_str())),
        title: wish.title,
        description: wish.description,
        audience: wish.audience,
        delivery: wish.delivery,
        capacity: program.capacity.with(wish.capacity),
        facilitators: wish.facilitators,
        dates: plan(tx, &timeline, &CohortDates::default(), wish.milestones)?,
    };
    let cohort = tx.save_cohort(Cohort::create(tx.make_id(), new, tx.now())?, actor).await?;
    Ok((cohort, Year { program, timeline }))
}

/// Changes a cohort. A greater maximum lets in who waits.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn update(tx: &mut Tx, actor: &Actor, id: CohortId, input: &Input<'_, CohortChange>) -> Result<InYear> {
    let entered = enter(tx, actor, id, Action::UpdateCohort).await?;
    let change = input.admit(&entered.cohort().meta)?;
    check_people(tx, change.facilitators.as_deref().unwrap_or_default()).await?;
    let dates = match change.milestones {
        None => None,
        Some(milestones) => Some(plan(tx, &entered.year.timeline, &entered.cohort().dates, milestones)?),
    };
    let capacity = (change.capacity != CapacityUpdate::default()).then(|| entered.cohort().capacity.with(change.capacity));
    let update = CohortUpdate {
        slug: change.slug,
        title: change.title,
        description: change.description,
        audience: change.audience,
        delivery: change.delivery,
        capacity,
        facilitators: change.facilitators,
        dates,
    };
    let changed = entered.cohort().clone().update(update, &entered.year, tx.now())?;
    finish(tx, actor, entered, changed).await
}

/// Publishes a cohort.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn publish(tx: &mut Tx, actor: &Actor, id: CohortId, precondition: Precondition) -> Result<InYear> {
    let entered = enter(tx, actor, id, Action::PublishCohort).await?;
    entered.cohort().meta.admit(precondition)?;
    let changed = entered.cohort().clone().publish(entered.year.window(entered.cohort()).as_ref(), tx.now())?;
    finish(tx, actor, entered, changed).await
}

/// Until when a cohort is given to find its people.
#[derive(Clone, Debug, PartialEq)]
pub struct Extension {
    /// With the end of this day.
    pub until_on: Date,
    /// Why.
    pub reason: Reason,
}

/// Gives a cohort that is at risk longer to find its people.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn extend(tx: &mut Tx, actor: &Actor, id: CohortId, input: &Input<'_, Extension>) -> Result<InYear> {
    let entered = enter(tx, actor, id, Action::ExtendCohort).await?;
    let Extension { until_on, reason } = input.admit(&entered.cohort().meta)?;
    let changed = entered.cohort().clone().extend(until_on, &reason, &entered.year, tx.now())?;
    finish(tx, actor, entered, changed).await
}

/// Starts a cohort before its kick-off, which closes sign-up.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn start(tx: &mut Tx, actor: &Actor, id: CohortId, precondition: Precondition) -> Result<InYear> {
    let entered = enter(tx, actor, id, Action::StartCohort).await?;
    entered.cohort().meta.admit(precondition)?;
    let changed = entered.cohort().clone().start(entered.year.window(entered.cohort()).as_ref(), tx.now())?;
    finish(tx, actor, entered, changed).await
}

/// Completes a cohort, and with it its enrollments; what waited for that is due.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn complete(tx: &mut Tx, actor: &Actor, id: CohortId, precondition: Precondition) -> Result<InYear> {
    let mut entered = enter(tx, actor, id, Action::CompleteCohort).await?;
    entered.cohort().meta.admit(precondition)?;
    let changed = entered.cohort().clone().complete(entered.year.window(entered.cohort()).as_ref(), tx.now())?;
    for enrollment in tx.applications_in(id, &[ApplicationState::Enrolled]).await? {
        let before = enrollment.standing.clone();
        entered.save(tx, &before, enrollment.complete(tx.now())?, &Actor::Time).await?;
    }
    stipends::come_to_pass(tx, actor.person(), id, DueWhen::CohortCompleted).await?;
    finish(tx, actor, entered, changed).await
}

/// Calls off every cohort of a program that is not over, because the program is.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn cancel_all(tx: &mut Tx, actor: &Actor, program: ProgramId, reason: &Reason) -> Result<()> {
    for cohort in tx.cohorts_of([program]).await? {
        let entered = seats::enter(tx, cohort.id).await?;
        if entered.cohort().can_be_cancelled() {
            Box::pin(call_off(tx, actor, entered, reason)).await?;
        }
    }
    Ok(())
}

/// Settles every cohort of a program, because its dates have changed.
///
/// # Errors
/// The database's errors.
pub async fn settle_all(tx: &mut Tx, program: ProgramId) -> Result<()> {
    for cohort in tx.cohorts_of([program]).await? {
        seats::enter(tx, cohort.id).await?.leave(tx).await?;
    }
    Ok(())
}

async fn call_off(tx: &mut Tx, actor: &Actor, mut entered: Entered, reason: &Reason) -> Result<InYear> {
    let window = entered.year.window(entered.cohort());
    let changed = entered.cohort().clone().cancel(reason, window.as_ref(), tx.now())?;
    // Without a window nobody could sign up, so nobody is to be released.
    if let Some(signup) = entered.year.signup(entered.cohort()) {
        for application in tx.applications_in(changed.value.id, RELEASED).await? {
            let before = application.standing.clone();
            if let Some(released) = application.release(&signup, tx.now()) {
                entered.save(tx, &before, released, &Actor::Time).await?;
            }
        }
    }
    end(tx, actor, entered, changed, reason).await
}

/// Ends a cohort before its time: its sessions are cancelled, and what was not approved of its stipend is void.
async fn end(tx: &mut Tx, actor: &Actor, entered: Entered, ended: Change<Cohort>, reason: &Reason) -> Result<InYear> {
    sessions::cancel_all(tx, actor, ended.value.id, reason).await?;
    stipends::void_unapproved(tx, actor, ended.value.id, reason).await?;
    finish(tx, actor, entered, ended).await
}

/// What a cancelled cohort lets go.
const RELEASED: &[ApplicationState] = &[
    ApplicationState::Draft,
    ApplicationState::Submitted,
    ApplicationState::Waitlisted,
    ApplicationState::Offered,
    ApplicationState::Enrolled,
];

/// Locks and settles a cohort, for somebody who may do this to it.
async fn enter(tx: &mut Tx, actor: &Actor, id: CohortId, action: Action) -> Result<Entered> {
    let entered = seats::enter(tx, id).await?;
    require(&entered.year, entered.cohort(), actor, action)?;
    Ok(entered)
}

/// Goes on when the action is allowed to this actor on this cohort.
///
/// # Errors
/// [`Refusal::Hidden`] when the actor may not know of it, else [`Refusal::Forbidden`].
pub fn require(year: &Year, cohort: &Cohort, actor: &Actor, action: Action) -> Result<(), Refusal> {
    if !year.shows(cohort, actor) {
        return Err(Refusal::Hidden(SubjectKind::Cohort.noun()));
    }
    cohort.tie(actor).require(action, SubjectKind::Cohort)
}

/// Saves what became of a cohort, with its counters as they are now, and settles what follows.
async fn finish(tx: &mut Tx, actor: &Actor, mut entered: Entered, changed: Change<Cohort>) -> Result<InYear> {
    let Change { value, happened } = changed;
    let value = Cohort { seats: entered.cohort().seats, ..value };
    *entered.cohort_mut() = tx.save_cohort(Change { value, happened }, actor).await?;
    entered.leave(tx).await
}

fn plan(tx: &Tx, timeline: &Timeline, before: &CohortDates, milestones: Vec<MilestoneDraft>) -> Result<CohortDates> {
    let milestone =
        |MilestoneDraft { id, kind, label, when }| Milestone { id: id.unwrap_or_else(|| tx.make_id()), kind, label, when };
    let planned = CohortDates::plan(timeline, milestones.into_iter().map(milestone).collect())?;
    Ok(CohortDates { milestones: planned.milestones, ..before.clone() })
}

/// Goes on when all these people are there.
async fn check_people(read: &Read, people: &[PersonId]) -> Result<()> {
    let known = read.find_all::<Person>(people.iter().copied()).await?;
    let mut faults = Faults::default();
    for (index, _) in people.iter().enumerate().filter(|(_, person)| !known.contains_key(person)) {
        faults.push(Fault::new(format!("#/facilitator_ids/{index}"), FaultCode::NotFound, "There is no such person"));
    }
    Ok(faults.check()?)
}
