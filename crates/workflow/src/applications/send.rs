//! Sending an application. Where the first come are the first served, a seat is taken with it: by one statement where nothing is to
//! be decided, and else inside the cohort.

use std::collections::BTreeSet;

use cohortium_domain::access::{Action, Actor};
use cohortium_domain::applications::{Applicant, Application, Standing, Verified};
use cohortium_domain::cohorts::{Cohort, Signup, Year};
use cohortium_domain::commitments;
use cohortium_domain::eligibility::Eligibility;
use cohortium_domain::ids::ApplicationId;
use cohortium_domain::journal::{Change, Happening, SubjectKind};
use cohortium_domain::meta::Precondition;
use cohortium_domain::programs::EnrollmentMode;
use cohortium_domain::seats::Seat;
use cohortium_domain::verifications::Verification;
use cohortium_store::{Error, Result, Tx};

use super::facts::{self, Facts};
use super::{InCohort, form_of, one_cohort, tie};
use crate::seats::{Entered, EnteredTogether, enter_together, limits_organizations, signup};
use crate::{files, verifications};

/// What is sent.
pub(super) enum Sending {
    /// One that is only being made.
    New(Change<Application>),
    /// A draft, as it was read.
    Draft(Application),
}

impl Sending {
    fn application(&self) -> &Application {
        match self {
            Self::New(begun) => &begun.value,
            Self::Draft(draft) => draft,
        }
    }
}

/// Sends a draft.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn submit(tx: &mut Tx, actor: &Actor, id: ApplicationId, precondition: Precondition) -> Result<InCohort> {
    let draft: Application = tx.get(id).await?;
    let cohort = tx.cohort(draft.cohort_id).await?;
    let year = tx.year(cohort.program_id).await?;
    tie(&draft, &cohort, actor).require(Action::SubmitApplication, SubjectKind::Application)?;
    draft.meta.admit(precondition)?;
    send(tx, actor, Sending::Draft(draft), cohort, year).await
}

/// Sends an application to a cohort, which was read and not locked.
pub(super) async fn send(tx: &mut Tx, actor: &Actor, sending: Sending, cohort: Cohort, year: Year) -> Result<InCohort> {
    let signup = signup(&year, &cohort)?;
    let application = sending.application();
    application.can_be_sent(&signup, tx.now())?;
    check_answers(tx, application, &cohort, &year).await?;
    tx.relies_on(signup.window.closes_at);

    let eligibility = eligibility(tx, application, &cohort, &year).await?;
    let foreseen = foresee(tx, &eligibility, &year).await?;
    let (seat, mut entered) = ask_for_seat(tx, application, (&cohort, &year, &signup), &eligibility, foreseen).await?;
    let others = one_cohort::others(tx, &year.program, application.person_id, Some(application)).await?;
    // Inside the cohort the seats of each organization are known for certain.
    let eligibility = match &mut entered {
        Some(entered) => self::eligibility(tx, application, entered.get(cohort.id)?.cohort(), &year).await?,
        None => eligibility,
    };
    let (application, begun) = take(tx, sending).await?;
    let verification = ask_for_verification(tx, actor, &eligibility, &year).await?;
    let facts = Facts {
        verified: Verified::by(verification.as_ref()),
        verification_id: verification.map(|verification| verification.id),
        required: facts::required(tx, &cohort).await?,
        eligibility,
    };
    if facts.verified.holds(tx.now()) != foreseen.holds(tx.now()) {
        return Err(Error::Conflict("the verification changed while a seat was taken".to_owned()));
    }
    let Change { value, happened } = application.submit(&facts.applicant(), seat, &signup, tx.now())?;
    let change = Change { value, happened: begun.into_iter().chain(happened).collect() };
    match entered {
        Some(mut entered) => {
            let saved = entered.get(cohort.id)?.save(tx, &Standing::Draft, change, actor).await?;
            one_cohort::give_up(tx, actor, &mut entered, others, &saved).await?;
            entered.leave_with(tx, saved).await
        }
        None => Ok(InCohort { application: tx.save(change, actor).await?, cohort, year }),
    }
}

/// Sends the application of a member of a team, inside its cohort. Where seats go to who comes first, it takes one or waits, as the
/// team was told.
pub(crate) async fn send_with_team(
    tx: &mut Tx,
    actor: &Actor,
    all: &mut EnteredTogether,
    member: Application,
    takes_seat: bool,
) -> Result<()> {
    let entered = all.get(member.cohort_id)?;
    check_answers(tx, &member, entered.cohort(), &entered.year).await?;
    let others = one_cohort::others(tx, &entered.year.program, member.person_id, Some(&member)).await?;
    let signup = entered.signup()?;
    let eligibility = eligibility(tx, &member, entered.cohort(), &entered.year).await?;
    let verification = ask_for_verification(tx, actor, &eligibility, &entered.year).await?;
    let facts = Facts {
        verified: Verified::by(verification.as_ref()),
        verification_id: verification.map(|verification| verification.id),
        required: facts::required(tx, entered.cohort()).await?,
        eligibility,
    };
    if let Verified::Until(until) = facts.verified {
        tx.relies_on(until);
    }
    let applicant = facts.applicant();
    let seat = match signup.mode {
        EnrollmentMode::RollingReview => Seat::Unasked,
        EnrollmentMode::FirstCome if takes_seat => Seat::Held { until: applicant.holds_until(&signup, tx.now()) },
        EnrollmentMode::FirstCome => Seat::Full { place: entered.cohort_mut().seats.draw_place() },
    };
    let change = member.submit(&applicant, seat, &signup, tx.now())?;
    let sent = entered.save(tx, &Standing::Draft, change, actor).await?;
    one_cohort::give_up(tx, actor, all, others, &sent).await
}

/// Goes on when nothing is missing of the application of a member of a team.
pub(crate) async fn require_complete(tx: &mut Tx, member: &Application, entered: &Entered) -> Result<()> {
    check_answers(tx, member, entered.cohort(), &entered.year).await?;
    eligibility(tx, member, entered.cohort(), &entered.year).await?.require_not_unmet()?;
    if entered.year.program.enrollment_mode == EnrollmentMode::FirstCome {
        commitments::require(&facts::required(tx, entered.cohort()).await?, &member.commitments)?;
    }
    Ok(())
}

/// Goes on when the answers fit the form that they answer, as it is on this day.
async fn check_answers(tx: &mut Tx, application: &Application, cohort: &Cohort, year: &Year) -> Result<()> {
    let (form, answers) = (form_of(tx, application, cohort).await?, &application.answers.values);
    let own_files = files::named(tx, application.person_id, &form.schema, answers).await?;
    Ok(form.schema.on(facts::today(tx, year), &own_files).check(answers)?)
}

async fn eligibility(tx: &Tx, application: &Application, cohort: &Cohort, year: &Year) -> Result<Eligibility> {
    let employments = application.employments_that_count(&facts::employments_of(tx, application.person_id).await?);
    facts::judge(tx, cohort, year, &employments, Some(application.id)).await
}

/// What the verification will say that is asked for once the seat is taken.
async fn foresee(tx: &Tx, eligibility: &Eligibility, year: &Year) -> Result<Verified> {
    let Some(workplace) = eligibility.workplace else { return Ok(Verified::No) };
    let foreseen = verifications::foresee(tx, &year.program, workplace.employment_id).await?;
    Ok(Verified::by(Some(&foreseen)))
}

/// The verification on which it stands, opened or used again.
async fn ask_for_verification(tx: &mut Tx, actor: &Actor, eligibility: &Eligibility, year: &Year) -> Result<Option<Verification>> {
    let Some(workplace) = eligibility.workplace else { return Ok(None) };
    verifications::ask(tx, actor, &year.program, workplace.employment_id).await.map(Some)
}

/// Asks for a seat, where seats go to who comes first. Where that could not be answered by the one statement, the cohort has been
/// entered.
async fn ask_for_seat(
    tx: &mut Tx,
    application: &Application,
    (cohort, year, signup): (&Cohort, &Year, &Signup),
    eligibility: &Eligibility,
    foreseen: Verified,
) -> Result<(Seat, Option<EnteredTogether>)> {
    if signup.mode == EnrollmentMode::RollingReview {
        // Held, so that nobody calls it off meanwhile.
        tx.hold_cohort(cohort.id).await?.require_signup_open(Some(&signup.window), tx.now())?;
        return Ok((Seat::Unasked, None));
    }
    let applicant = Applicant { eligibility, verified: foreseen, verification_id: None, required: &[] };
    let until = applicant.holds_until(signup, tx.now());
    // Who may have to give up what else they have applied to does so inside those cohorts too.
    let one_cohort = year.program.terms.one_cohort;
    if !one_cohort && !limits_organizations(&year.rules(cohort)) && tx.take_seat(cohort.id, until).await? {
        return Ok((Seat::Held { until }, None));
    }
    let beside = if one_cohort { tx.cohorts_beside(cohort.id, [application.person_id]).await? } else { BTreeSet::new() };
    let mut all = enter_together(tx, beside.into_iter().chain([cohort.id])).await?;
    let entered = all.get(cohort.id)?;
    // What was read before the lock may be over: it may have been started, or called off.
    let window = entered.year.window(entered.cohort());
    entered.cohort().require_signup_open(window.as_ref(), tx.now())?;
    let seat = entered.cohort_mut().ask_for_seat(until);
    Ok((seat, Some(all)))
}

/// The application, locked, with what happened to it before where it is only being made.
async fn take(tx: &Tx, sending: Sending) -> Result<(Application, Vec<Happening>)> {
    match sending {
        Sending::New(Change { value, happened }) => Ok((value, happened)),
        Sending::Draft(read) => {
            let locked: Application = tx.lock(read.id).await?;
            if locked.meta.version != read.meta.version {
                return Err(Error::Conflict("the application changed before it was locked".to_owned()));
            }
            Ok((locked, Vec::new()))
        }
    }
}
