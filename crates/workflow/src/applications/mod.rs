//! Applications, as people send them and staff and facilitators decide about them; from `enrolled` on, enrollments.
//!
//! Whatever is decided about an application is decided inside its cohort, which is entered first; only drafts are begun and changed
//! outside, because they take nothing from anybody.

mod add;
pub(crate) mod facts;
pub(crate) mod one_cohort;
mod recommend;
mod resting;
mod send;
mod transfer;

use std::collections::BTreeSet;

use cohortium_domain::access::{Action, Actor, Tie};
use cohortium_domain::applications::{
    Accepted, Answers, Application, ApplicationDraft, ApplicationState, ApplicationUpdate, DeclineReason,
};
use cohortium_domain::cohorts::{Cohort, Year};
use cohortium_domain::commitments::Commitment;
use cohortium_domain::eligibility::{Eligibility, Workplace};
use cohortium_domain::forms::ApplicationForm;
use cohortium_domain::ids::{ApplicationId, CohortId, EmploymentId, PersonId};
use cohortium_domain::journal::{Change, SubjectKind};
use cohortium_domain::meta::Precondition;
use cohortium_domain::programs::EnrollmentMode;
use cohortium_domain::refusal::{FaultCode, Refusal};
use cohortium_domain::text::Reason;
use cohortium_store::{Read, Result, Tx};
use serde_json::{Map, Value};

use crate::input::Input;
use crate::seats::{self, Entered, signup};
use crate::{cohorts, files};

pub use self::add::{Addition, add};
use self::facts::Facts;
pub use self::recommend::{Recommendation, recommended};
pub(crate) use self::resting::{admit, enter_resting};
pub use self::send::submit;
pub(crate) use self::send::{require_complete, send_with_team};
pub use self::transfer::{TransferWish, confirm, transfer};

/// An application that is wished for.
#[derive(Clone, Debug, PartialEq)]
pub struct ApplicationWish {
    /// The answers to the form.
    pub answers: Map<String, Value>,
    /// The commitments that are accepted.
    pub commitments: Vec<Accepted>,
    /// The employment on which it is to stand; the one that fits best, where none is named.
    pub employment_id: Option<EmploymentId>,
    /// Whether it is to be sent at once.
    pub submit: bool,
}

/// What is to be changed of an application: `None` leaves a member as it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ApplicationChange {
    /// The answers to the form.
    pub answers: Option<Map<String, Value>>,
    /// The commitments that are accepted.
    pub commitments: Option<Vec<Accepted>>,
    /// The employment on which it is to stand; `Some(None)` leaves it to what fits best.
    pub employment_id: Option<Option<EmploymentId>>,
}

/// An application with the cohort and the year by which it is read.
pub struct InCohort {
    /// The application.
    pub application: Application,
    /// Its cohort.
    pub cohort: Cohort,
    /// The year of the cohort's program.
    pub year: Year,
}

/// Where on the waitlist an application is put.
#[derive(Clone, Debug, PartialEq)]
pub struct Prioritization {
    /// The greater comes first; 0 puts it back where its number does.
    pub priority: u8,
    /// Why.
    pub reason: Reason,
}

/// Why an application is declined.
#[derive(Clone, Debug, PartialEq)]
pub struct Decline {
    /// Why.
    pub reason: DeclineReason,
    /// What the person is told besides.
    pub note: Option<Reason>,
}

/// Begins an application, and sends it where that is wished.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn create(tx: &mut Tx, actor: &Actor, cohort: CohortId, input: &Input<'_, ApplicationWish>) -> Result<InCohort> {
    let cohort = tx.cohort(cohort).await?;
    let year = tx.year(cohort.program_id).await?;
    cohorts::require(&year, &cohort, actor, Action::CreateApplication)?;
    let person = actor.person().ok_or_else(|| Refusal::Forbidden(Action::CreateApplication.only_for()))?;
    let wish = input.read()?;
    make_room(tx, &cohort, &year, person).await?;
    // Who comes first takes a seat by a statement that asks the same.
    let takes_seat = wish.submit && year.program.enrollment_mode == EnrollmentMode::FirstCome;
    let cohort = if takes_seat { cohort } else { tx.hold_cohort(cohort.id).await? };
    if !wish.submit {
        one_cohort::others(tx, &year.program, person, None).await?;
    }
    let draft = ApplicationDraft {
        answers: answers(tx, person, &cohort, wish.answers).await?,
        commitments: wish.commitments,
        workplace: workplace(tx, person, wish.employment_id).await?,
        team_id: None,
    };
    let required = facts::required(tx, &cohort).await?;
    let window = year.window(&cohort);
    let begun = Application::begin(tx.make_id(), (&cohort, person), draft, &required, window.as_ref(), tx.now())?;
    if let Some(window) = window {
        tx.relies_on(window.closes_at);
    }
    if wish.submit {
        return Box::pin(send::send(tx, actor, send::Sending::New(begun), cohort, year)).await;
    }
    let application = tx.save(begun, actor).await?;
    Ok(InCohort { application, cohort, year })
}

/// Changes a draft, or the answers of what was sent.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn update(tx: &mut Tx, actor: &Actor, id: ApplicationId, input: &Input<'_, ApplicationChange>) -> Result<InCohort> {
    let application: Application = tx.lock(id).await?;
    let cohort = tx.cohort(application.cohort_id).await?;
    let year = tx.year(cohort.program_id).await?;
    tie(&application, &cohort, actor).require(Action::UpdateApplication, SubjectKind::Application)?;
    let change = input.admit(&application.meta)?;
    let form = form_of(tx, &application, &cohort).await?;
    let mut own_files = BTreeSet::new();
    let update = ApplicationUpdate {
        answers: match change.answers {
            // What was sent answers the form by which it was judged.
            Some(values) if application.submitted_at.is_some() => {
                own_files = files::named(tx, application.person_id, &form.schema, &values).await?;
                Some(Answers { form_version: application.answers.form_version, values })
            }
            Some(values) => Some(answers(tx, application.person_id, &cohort, values).await?),
            None => None,
        },
        commitments: change.commitments,
        workplace: match change.employment_id {
            Some(id) => Some(workplace(tx, application.person_id, id).await?),
            None => None,
        },
    };
    let required = facts::required(tx, &cohort).await?;
    let signup = signup(&year, &cohort)?;
    let today = facts::today(tx, &year);
    for deadline in [Some(signup.window.closes_at), application.standing.lapses_at()].into_iter().flatten() {
        tx.relies_on(deadline);
    }
    let updated = application.update(update, &form.schema.on(today, &own_files), &required, &signup, tx.now())?;
    let application = tx.save(updated, actor).await?;
    Ok(InCohort { application, cohort, year })
}

/// Takes an application back, or leaves the waitlist.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn withdraw(tx: &mut Tx, actor: &Actor, id: ApplicationId, precondition: Precondition) -> Result<InCohort> {
    let (entered, application) = enter(tx, actor, id, Action::WithdrawApplication).await?;
    application.meta.admit(precondition)?;
    let change = application.clone().withdraw(&entered.signup()?, tx.now())?;
    finish(tx, actor, entered, &application, change).await
}

/// Offers an application a seat. One whose turn on the waitlist has come meanwhile has its offer already.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn offer(tx: &mut Tx, actor: &Actor, id: ApplicationId, precondition: Precondition) -> Result<InCohort> {
    let (mut entered, application) = enter(tx, actor, id, Action::OfferApplication).await?;
    if entered.changed(id).is_some_and(|promoted| promoted.state() == ApplicationState::Offered) {
        return entered.leave_with(tx, application).await;
    }
    application.meta.admit(precondition)?;
    let facts = Facts::of(tx, &application, entered.cohort(), &entered.year).await?;
    let signup = entered.signup()?;
    let change = application.clone().offer(|| entered.seat_to_offer(), &facts.applicant(), &signup, tx.now())?;
    finish(tx, actor, entered, &application, change).await
}

/// Puts an application on the waitlist. Where a seat is free, its turn comes at once.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn put_on_waitlist(tx: &mut Tx, actor: &Actor, id: ApplicationId, precondition: Precondition) -> Result<InCohort> {
    let (mut entered, application) = enter(tx, actor, id, Action::WaitlistApplication).await?;
    application.meta.admit(precondition)?;
    let place = entered.cohort_mut().seats.draw_place();
    let change = application.clone().put_on_waitlist(place, &entered.signup()?, tx.now())?;
    finish(tx, actor, entered, &application, change).await
}

/// Puts an application first on the waitlist, or back where it stood; and with it whoever waits in the same team, which stays
/// together.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn prioritize(tx: &mut Tx, actor: &Actor, id: ApplicationId, input: &Input<'_, Prioritization>) -> Result<InCohort> {
    let (mut entered, application) = enter(tx, actor, id, Action::PrioritizeApplication).await?;
    let Prioritization { priority, reason } = input.admit(&application.meta)?;
    let signup = entered.signup()?;
    let change = application.clone().prioritize(priority, &reason, &signup, tx.now())?;
    if let Some(team) = application.team_id {
        let together = seats::waiting_together(tx, application.cohort_id, team).await?;
        for fellow in together.into_iter().filter(|fellow| fellow.id != id) {
            let before = fellow.standing.clone();
            entered.save(tx, &before, fellow.prioritize(priority, &reason, &signup, tx.now())?, actor).await?;
        }
    }
    finish(tx, actor, entered, &application, change).await
}

/// Declines an application.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn decline(tx: &mut Tx, actor: &Actor, id: ApplicationId, input: &Input<'_, Decline>) -> Result<InCohort> {
    let (entered, application) = enter(tx, actor, id, Action::DeclineApplication).await?;
    let Decline { reason, note } = input.admit(&application.meta)?;
    let change = application.clone().decline(reason, note.as_ref(), &entered.signup()?, tx.now())?;
    finish(tx, actor, entered, &application, change).await
}

/// Leaves a cohort.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn leave(tx: &mut Tx, actor: &Actor, id: ApplicationId, precondition: Precondition) -> Result<InCohort> {
    let (entered, enrollment) = enter(tx, actor, id, Action::WithdrawEnrollment).await?;
    enrollment.meta.admit(precondition)?;
    let change = enrollment.clone().leave(&entered.signup()?, tx.now())?;
    finish(tx, actor, entered, &enrollment, change).await
}

/// Removes a person from a cohort.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn remove(tx: &mut Tx, actor: &Actor, id: ApplicationId, input: &Input<'_, Reason>) -> Result<InCohort> {
    let (entered, enrollment) = enter(tx, actor, id, Action::RemoveEnrollment).await?;
    let reason = input.admit(&enrollment.meta)?;
    let change = enrollment.clone().remove(&reason, &entered.signup()?, tx.now())?;
    finish(tx, actor, entered, &enrollment, change).await
}

/// How the rules for joining a cohort are answered for a person.
///
/// # Errors
/// The database's errors.
pub async fn eligibility(read: &Read, person: PersonId, cohort: &Cohort, year: &Year) -> Result<Eligibility> {
    let own = read.live_application(cohort.id, person).await?;
    let employments = facts::employments_of(read, person).await?;
    let counting = match &own {
        Some(application) => application.employments_that_count(&employments),
        None => employments,
    };
    facts::judge(read, cohort, year, &counting, own.map(|application| application.id)).await
}

/// The commitments that are accepted with an application to a cohort: its program's, and to come to each of its sessions.
///
/// # Errors
/// There is no such cohort; the database's errors.
pub async fn required(read: &Read, cohort: CohortId) -> Result<Vec<Commitment>> {
    facts::required(read, &read.cohort(cohort).await?).await
}

/// How an actor is tied to an application.
#[must_use]
pub fn tie<'a>(application: &Application, cohort: &Cohort, actor: &'a Actor) -> Tie<'a> {
    Tie { concerned: actor.is(application.person_id), ..cohort.tie(actor) }
}

/// Enters the cohort of an application, then locks it, for somebody who may do this to it.
async fn enter(tx: &mut Tx, actor: &Actor, id: ApplicationId, action: Action) -> Result<(Entered, Application)> {
    let cohort = tx.cohort_of(id).await?;
    let entered = seats::enter(tx, cohort).await?;
    let application: Application = tx.lock(id).await?;
    tie(&application, entered.cohort(), actor).require(action, SubjectKind::Application)?;
    Ok((entered, application))
}

/// Saves what was decided, and leaves the cohort.
async fn finish(
    tx: &mut Tx,
    actor: &Actor,
    mut entered: Entered,
    before: &Application,
    change: Change<Application>,
) -> Result<InCohort> {
    let saved = entered.save(tx, &before.standing, change, actor).await?;
    entered.leave_with(tx, saved).await
}

/// Goes on when the person has no open application to the cohort; one that is past its time, and does not say so yet, expires.
async fn make_room(tx: &mut Tx, cohort: &Cohort, year: &Year, person: PersonId) -> Result<()> {
    let Some(earlier) = tx.live_application(cohort.id, person).await? else { return Ok(()) };
    if earlier.as_of(&signup(year, cohort)?, tx.now()).state() != ApplicationState::Expired {
        return Err(Refusal::AlreadyApplied.into());
    }
    seats::enter(tx, cohort.id).await?.leave(tx).await.map(drop)
}

/// A person's answers to the form as it is now.
pub(crate) async fn answers(tx: &mut Tx, person: PersonId, cohort: &Cohort, values: Map<String, Value>) -> Result<Answers> {
    let form: ApplicationForm = tx.program_document(cohort.program_id).await?;
    let own_files = files::named(tx, person, &form.schema, &values).await?;
    Ok(Answers::to(&form, values, &own_files)?)
}

/// The form that an application answers.
async fn form_of(read: &Read, application: &Application, cohort: &Cohort) -> Result<ApplicationForm> {
    match application.answers.form_version {
        0 => Ok(ApplicationForm::initial(cohort.program_id, read.now())),
        version => read.program_document_in(cohort.program_id, version).await,
    }
}

/// Where somebody works by this employment, which must be current and the person's own.
pub(crate) async fn workplace(read: &Read, person: PersonId, employment: Option<EmploymentId>) -> Result<Option<Workplace>> {
    let Some(employment) = employment else { return Ok(None) };
    let current = facts::employments_of(read, person).await?;
    let found = current.into_iter().map(|facts| facts.workplace).find(|workplace| workplace.employment_id == employment);
    let refusal = || Refusal::invalid("#/employment_id", FaultCode::NotFound, "The person holds no such employment now");
    Ok(Some(found.ok_or_else(refusal)?))
}
