//! Sessions, as a cohort's facilitators and staff plan them.
//!
//! What always holds: whatever moves a session locks its cohort first, because a cohort's kick-off is where its kick-off session
//! is.

use cohortium_domain::access::{Action, Actor, Tie};
use cohortium_domain::cohorts::{Cohort, Year};
use cohortium_domain::ids::{CohortId, SessionId};
use cohortium_domain::journal::SubjectKind;
use cohortium_domain::meta::Precondition;
use cohortium_domain::refusal::Refusal;
use cohortium_domain::sessions::generate::{For, UsualHours, generate, planned};
use cohortium_domain::sessions::{Details, Session, SessionUpdate, Slot, kickoff_at};
use cohortium_domain::stipends::DueWhen;
use cohortium_domain::text::Reason;
use cohortium_domain::time::{Date, WallTime, Zone};
use cohortium_store::{Read, Result, Tx};

use crate::input::Input;
use crate::seats::{self, Entered};
use crate::{cohorts, stipends};

/// A session that is wished for.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionWish {
    /// What it is about, and how one comes to it.
    pub details: Details,
    /// On which day.
    pub on: Date,
    /// At what time of the day.
    pub wall_time: WallTime,
    /// In which zone; in the program's, where none is said.
    pub time_zone: Option<Zone>,
    /// For how long.
    pub duration_minutes: u16,
}

/// Adds a session to a cohort.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn create(tx: &mut Tx, actor: &Actor, cohort: CohortId, input: &Input<'_, SessionWish>) -> Result<Session> {
    let entered = enter(tx, actor, cohort, Action::CreateSession).await?;
    let SessionWish { details, on, wall_time, time_zone, duration_minutes } = input.read()?;
    let slot = Slot::new(on, wall_time, time_zone.unwrap_or(entered.year.program.time_zone), duration_minutes)?;
    entered.cohort().require_not_over()?;
    let session = tx.save(Session::create(tx.make_id(), cohort, details, slot, tx.now()), actor).await?;
    leave(tx, actor, entered).await?;
    Ok(session)
}

/// Generates the sessions that the dates of a cohort call for and that are missing, and moves those that follow a date which moved.
/// Gives those that were added or moved.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn generate_all(tx: &mut Tx, actor: &Actor, cohort: CohortId, input: &Input<'_, UsualHours>) -> Result<Vec<Session>> {
    let entered = enter(tx, actor, cohort, Action::GenerateSessions).await?;
    let hours = input.read()?;
    entered.cohort().require_not_over()?;
    let changed = add_missing(tx, actor, entered.cohort(), &entered.year, &hours).await?;
    leave(tx, actor, entered).await?;
    Ok(changed)
}

/// Changes a session, or reschedules it.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn update(tx: &mut Tx, actor: &Actor, id: SessionId, input: &Input<'_, SessionUpdate>) -> Result<Session> {
    let (entered, session) = enter_for(tx, actor, id, Action::UpdateSession).await?;
    let update = input.admit(&session.meta)?;
    let changed = session.update(update, tx.now())?;
    entered.cohort().require_not_over()?;
    let session = tx.save(changed, actor).await?;
    leave(tx, actor, entered).await?;
    Ok(session)
}

/// Cancels a session.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn cancel(tx: &mut Tx, actor: &Actor, id: SessionId, input: &Input<'_, Reason>) -> Result<Session> {
    let (entered, session) = enter_for(tx, actor, id, Action::CancelSession).await?;
    let reason = input.admit(&session.meta)?;
    let session = tx.save(session.cancel(reason, tx.now())?, actor).await?;
    leave(tx, actor, entered).await?;
    Ok(session)
}

/// Marks a session as held, and makes due what waited for that.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn hold(tx: &mut Tx, actor: &Actor, id: SessionId, precondition: Precondition) -> Result<Session> {
    let (entered, session) = enter_for(tx, actor, id, Action::HoldSession).await?;
    session.meta.admit(precondition)?;
    let session = tx.save(session.hold(actor.person(), tx.now())?, actor).await?;
    if let Some(what) = DueWhen::held(session.details.kind) {
        stipends::come_to_pass(tx, actor.person(), session.cohort_id, what).await?;
    }
    leave(tx, actor, entered).await?;
    Ok(session)
}

/// Cancels what a cohort that was called off still had before it. The cohort is locked.
pub(crate) async fn cancel_all(tx: &mut Tx, actor: &Actor, cohort: CohortId, reason: &Reason) -> Result<()> {
    for session in tx.sessions_of(cohort).await? {
        if session.slot.starts_at > tx.now()
            && let Ok(cancelled) = session.cancel(reason.clone(), tx.now())
        {
            tx.save(cancelled, actor).await?;
        }
    }
    Ok(())
}

/// Adds what a cohort's dates call for and it has not, and moves what follows them. The cohort is locked.
pub(crate) async fn add_missing(
    tx: &mut Tx,
    actor: &Actor,
    cohort: &Cohort,
    year: &Year,
    hours: &UsualHours,
) -> Result<Vec<Session>> {
    let existing = tx.sessions_of(cohort.id).await?;
    let of = For { cohort_id: cohort.id, delivery: cohort.delivery, time_zone: year.program.time_zone };
    let changes = generate(of, &existing, &planned(cohort, year), hours, || tx.make_id(), tx.now())?;
    let mut changed = Vec::with_capacity(changes.len());
    for change in changes {
        changed.push(tx.save(change, actor).await?);
    }
    Ok(changed)
}

/// How an actor is tied to a cohort's sessions.
///
/// # Errors
/// The database's errors.
pub async fn tie<'a>(read: &Read, cohort: &Cohort, actor: &'a Actor) -> Result<Tie<'a>> {
    let enrolled = match actor.person() {
        Some(person) => read.belongs_to(cohort.id, person).await?,
        None => false,
    };
    Ok(Tie { enrolled, ..cohort.tie(actor) })
}

/// Goes on when the action is allowed to this actor on the sessions of a cohort.
///
/// # Errors
/// [`Refusal::Hidden`] when the actor may not know of the cohort, else [`Refusal::Forbidden`].
pub fn require(year: &Year, cohort: &Cohort, tie: &Tie<'_>, action: Action) -> Result<(), Refusal> {
    if !year.shows(cohort, tie.actor) {
        return Err(Refusal::Hidden(SubjectKind::Cohort.noun()));
    }
    tie.require(action, SubjectKind::Cohort)
}

/// Locks a cohort, for somebody who may do this to its sessions.
async fn enter(tx: &mut Tx, actor: &Actor, cohort: CohortId, action: Action) -> Result<Entered> {
    let entered = seats::enter(tx, cohort).await?;
    cohorts::require(&entered.year, entered.cohort(), actor, action)?;
    Ok(entered)
}

/// Locks the cohort of a session and then the session, for somebody who may do this to it.
async fn enter_for(tx: &mut Tx, actor: &Actor, id: SessionId, action: Action) -> Result<(Entered, Session)> {
    // A session never changes its cohort: this is read without a lock, and the cohort is locked first.
    let cohort = tx.get::<Session>(id).await?.cohort_id;
    let entered = seats::enter(tx, cohort).await?;
    let session: Session = tx.lock(id).await?;
    tie(tx, entered.cohort(), actor).await?.require(action, SubjectKind::Session)?;
    Ok((entered, session))
}

/// Lets the cohort's kick-off follow its kick-off session, and settles what follows from that.
async fn leave(tx: &mut Tx, actor: &Actor, mut entered: Entered) -> Result<()> {
    let (cohort, year) = (entered.cohort().clone(), entered.year.clone());
    *entered.cohort_mut() = follow(tx, actor, cohort, &year).await?;
    entered.leave(tx).await.map(drop)
}

/// Lets the kick-off of a cohort, which is locked, be where its kick-off session is.
pub(crate) async fn follow(tx: &mut Tx, actor: &Actor, cohort: Cohort, year: &Year) -> Result<Cohort> {
    let kickoff = kickoff_at(&tx.sessions_of(cohort.id).await?);
    match cohort.clone().follow_kickoff_session(kickoff, year, tx.now()) {
        Some(followed) => tx.save_cohort(followed, actor).await,
        None => Ok(cohort),
    }
}
