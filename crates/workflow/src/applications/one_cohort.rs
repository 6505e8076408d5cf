//! Programs in which everybody takes part in one cohort at most: who is enrolled in one gives up what else they have applied to.
//!
//! What always holds: all cohorts of what could be given up are entered first, and the person is locked before it is read what that
//! is; so of two enrollments at once the second knows of the first. Who has applied elsewhere meanwhile makes it all run again.

use std::collections::BTreeSet;

use cohortium_domain::access::Actor;
use cohortium_domain::applications::Application;
use cohortium_domain::ids::{ApplicationId, PersonId};
use cohortium_domain::people::Person;
use cohortium_domain::programs::Program;
use cohortium_store::{Error, Result, Tx};

use crate::seats::EnteredTogether;

/// What a person gives up by being enrolled: their other open applications in the program, where it is for one cohort each; what
/// stands for the same place as their `own` is no other. Goes on when none of the others is an enrollment.
pub(crate) async fn others(tx: &Tx, program: &Program, person: PersonId, own: Option<&Application>) -> Result<Vec<Application>> {
    if !program.terms.one_cohort {
        return Ok(Vec::new());
    }
    let _: Person = tx.lock(person).await?;
    let mut others = tx.live_applications_in(program.id, person).await?;
    if let Some(own) = own {
        let same: BTreeSet<ApplicationId> = tx.line_of(own).await?.into_iter().map(|other| other.id).collect();
        others.retain(|other| !same.contains(&other.id));
    }
    Application::require_none_enrolled(&others)?;
    Ok(others)
}

/// Takes the others back, when this one has become an enrollment.
pub(crate) async fn give_up(
    tx: &mut Tx,
    actor: &Actor,
    entered: &mut EnteredTogether,
    others: Vec<Application>,
    application: &Application,
) -> Result<()> {
    if !application.standing.fills_seat() {
        return Ok(());
    }
    for other in others {
        let Some(cohort) = entered.find(other.cohort_id) else {
            return Err(Error::Conflict("the person has applied to another cohort meanwhile".to_owned()));
        };
        let other: Application = tx.lock(other.id).await?;
        let before = other.standing.clone();
        // What is past its time is nothing to give up.
        if let Ok(change) = other.give_up_for(application, &cohort.signup()?, tx.now()) {
            cohort.save(tx, &before, change, actor).await?;
        }
    }
    Ok(())
}

/// Puts what people would like best first, and of the rest what they sent first: where they can have one seat, it is that.
pub(crate) async fn sort_by_wish(tx: &Tx, applications: &mut [Application]) -> Result<()> {
    let people = applications.iter().map(|application| application.person_id).collect();
    let choices = tx.choices_among(people, applications.iter().map(|application| application.cohort_id)).await?;
    applications.sort_by_key(|application| {
        let choice = choices.get(&(application.person_id, application.cohort_id)).copied();
        (choice.unwrap_or(u8::MAX), application.submitted_at, application.id)
    });
    Ok(())
}

/// Whether a person can apply to a cohort of a program, as far as their other enrollments go.
pub(crate) async fn can_apply(tx: &Tx, program: &Program, person: PersonId) -> Result<bool> {
    match others(tx, program, person, None).await {
        Err(Error::Refused(_)) => Ok(false),
        found => found.map(|_| true),
    }
}
