//! Adding a person to a cohort, on staff's word: also when sign-up has closed, and never beyond the maximum.

use cohortium_domain::access::{Action, Actor};
use cohortium_domain::applications::{Answers, Application, ApplicationState, Verified};
use cohortium_domain::cohorts::{Cohort, Year};
use cohortium_domain::eligibility::Eligibility;
use cohortium_domain::ids::{CohortId, EmploymentId, PersonId};
use cohortium_domain::journal::{Change, Happening};
use cohortium_domain::people::Person;
use cohortium_domain::refusal::Refusal;
use cohortium_domain::text::Reason;
use cohortium_domain::verifications::Verification;
use cohortium_store::{Result, Tx};

use super::facts::{self, Facts};
use super::{InCohort, one_cohort, workplace};
use crate::cohorts;
use crate::input::{Input, not_found_at};
use crate::seats::enter_together;

/// Somebody whom staff add to a cohort.
#[derive(Clone, Debug, PartialEq)]
pub struct Addition {
    /// Whom.
    pub person_id: PersonId,
    /// By which employment; the one that fits best, where none is named.
    pub employment_id: Option<EmploymentId>,
    /// Why.
    pub reason: Reason,
}

/// Adds a person to a cohort, by the draft that the person has begun or a new application. Nobody waits for a seat that is left
/// then but those who cannot have it: they are passed over with the reason.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn add(tx: &mut Tx, actor: &Actor, cohort: CohortId, input: &Input<'_, Addition>) -> Result<InCohort> {
    let read = tx.cohort(cohort).await?;
    cohorts::require(&tx.year(read.program_id).await?, &read, actor, Action::CreateAddition)?;
    let addition = input.read()?;
    let person: Person = tx.get(addition.person_id).await.map_err(|error| not_found_at("#/person_id", error))?;
    let beside = tx.cohorts_beside(cohort, [person.id]).await?;
    let mut all = enter_together(tx, beside.into_iter().chain([cohort])).await?;
    let entered = all.get(cohort)?;
    let (draft, begun) = draft(tx, entered.cohort(), person.id).await?;
    let others = one_cohort::others(tx, &entered.year.program, person.id, Some(&draft)).await?;
    let workplace = workplace(tx, person.id, addition.employment_id).await?;
    let draft = Application { workplace: workplace.or(draft.workplace), ..draft };
    let facts = known(tx, &draft, entered.cohort(), &entered.year).await?;
    let (signup, now, before) = (entered.signup()?, tx.now(), draft.standing.clone());
    let cohort = entered.cohort().clone();
    let seat = || entered.seat_to_offer();
    let Change { value, happened } = draft.add(&cohort, seat, (&facts.applicant(), &addition.reason), &signup, now)?;
    let change = Change { value, happened: begun.into_iter().chain(happened).collect() };
    let added = entered.save(tx, &before, change, actor).await?;
    one_cohort::give_up(tx, actor, &mut all, others, &added).await?;
    all.leave_with(tx, added).await
}

/// The person's draft, or a new one with what happened to it.
async fn draft(tx: &Tx, cohort: &Cohort, person: PersonId) -> Result<(Application, Vec<Happening>)> {
    if let Some(live) = tx.live_application(cohort.id, person).await? {
        let live: Application = tx.lock(live.id).await?;
        if live.state() == ApplicationState::Draft {
            return Ok((live, Vec::new()));
        }
        return Err(Refusal::AlreadyApplied.into());
    }
    let Change { value, happened } = Application::blank(tx.make_id(), cohort, person, Answers::default(), tx.now());
    Ok((value, happened))
}

/// What is known of the person now. Nothing is asked for: what is there counts.
async fn known(tx: &mut Tx, draft: &Application, cohort: &Cohort, year: &Year) -> Result<Facts> {
    let employments = draft.employments_that_count(&facts::employments_of(tx, draft.person_id).await?);
    let eligibility: Eligibility = facts::judge(tx, cohort, year, &employments, Some(draft.id)).await?;
    let verification: Option<Verification> = match eligibility.workplace {
        Some(workplace) => tx.verification_for(workplace.employment_id, year.program.id).await?,
        None => None,
    };
    let verified = Verified::by(verification.as_ref());
    Ok(Facts { eligibility, verified, verification_id: verification.map(|verification| verification.id), required: Vec::new() })
}
