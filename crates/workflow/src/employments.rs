//! Employments, and the coalition's list of roles.
//!
//! Every write of an employment locks its person first: so nobody holds one role twice, however many enter it at once.

use cohortium_domain::access::{Action, Actor, Tie};
use cohortium_domain::employments::roles::{Role, RoleList};
use cohortium_domain::employments::{Employment, EmploymentCreate, EmploymentSource, EmploymentUpdate, Surroundings};
use cohortium_domain::ids::{EmploymentId, PersonId};
use cohortium_domain::journal::SubjectKind;
use cohortium_domain::organizations::Organization;
use cohortium_domain::people::Person;
use cohortium_domain::refusal::Refusal;
use cohortium_store::{RestsOn, Result, Tx};

use crate::input::{Input, not_found_at};
use crate::seats::EnteredTogether;
use crate::{applications, verifications};

/// Adds an employment to a person, for the coalition.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn create(tx: &mut Tx, actor: &Actor, person: PersonId, input: &Input<'_, EmploymentCreate>) -> Result<Employment> {
    let person: Person = tx.lock(person).await?;
    Tie::none(actor).require(Action::CreateEmployment, SubjectKind::Person)?;
    add(tx, actor, person.id, EmploymentSource::Crm, input.read()?).await
}

/// Adds an employment to oneself.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn create_own(tx: &mut Tx, actor: &Actor, input: &Input<'_, EmploymentCreate>) -> Result<Employment> {
    let person = actor.person().ok_or(Refusal::Hidden(SubjectKind::Person.noun()))?;
    let person: Person = tx.lock(person).await?;
    Tie::to_person(actor, person.id).require(Action::CreateMyEmployment, SubjectKind::Person)?;
    add(tx, actor, person.id, EmploymentSource::Own, input.read()?).await
}

/// Changes an employment, for the coalition.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn update(tx: &mut Tx, actor: &Actor, id: EmploymentId, input: &Input<'_, EmploymentUpdate>) -> Result<Employment> {
    let (resting, employment) = lock(tx, id).await?;
    Tie::none(actor).require(Action::UpdateEmployment, SubjectKind::Employment)?;
    let update = input.admit(&employment.meta)?;
    let around = surroundings(tx, employment.person_id).await?;
    let employment = tx.save(employment.update(update, &around, tx.now())?, actor).await?;
    verifications::judge_person(tx, actor, employment.person_id).await?;
    applications::admit(tx, resting).await?;
    Ok(employment)
}

/// Changes an employment that one has entered oneself.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn update_own(tx: &mut Tx, actor: &Actor, id: EmploymentId, input: &Input<'_, EmploymentUpdate>) -> Result<Employment> {
    let (resting, employment) = lock(tx, id).await?;
    Tie::to_person(actor, employment.person_id).require(Action::UpdateMyEmployment, SubjectKind::Employment)?;
    let update = input.admit(&employment.meta)?;
    let around = surroundings(tx, employment.person_id).await?;
    let verified = tx.is_verified(employment.id).await?;
    let employment = tx.save(employment.update_own(update, verified, &around, tx.now())?, actor).await?;
    verifications::judge_person(tx, actor, employment.person_id).await?;
    applications::admit(tx, resting).await?;
    Ok(employment)
}

/// Replaces the coalition's roles.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn replace_roles(tx: &mut Tx, actor: &Actor, input: &Input<'_, Vec<Role>>) -> Result<RoleList> {
    let list = tx.lock_roles().await?;
    Tie::none(actor).require(Action::ReplaceRoles, SubjectKind::Coalition)?;
    let roles = input.admit(&list.meta)?;
    tx.save(list.replace(roles, tx.now())?, actor).await
}

async fn add(
    tx: &mut Tx,
    actor: &Actor,
    person: PersonId,
    source: EmploymentSource,
    given: EmploymentCreate,
) -> Result<Employment> {
    let organization = tx.hold::<Organization>(given.organization_id).await;
    organization.map_err(|error| not_found_at("#/organization_id", error))?;
    let around = surroundings(tx, person).await?;
    tx.save(Employment::create(tx.make_id(), person, given, source, &around, tx.now())?, actor).await
}

/// The employment, locked behind its person and its organization, and before them the cohorts to which the person applies.
async fn lock(tx: &mut Tx, id: EmploymentId) -> Result<(EnteredTogether, Employment)> {
    let employment: Employment = tx.get(id).await?;
    let resting = applications::enter_resting(tx, RestsOn::Person(employment.person_id)).await?;
    let _: Person = tx.lock(employment.person_id).await?;
    let _: Organization = tx.hold(employment.organization_id).await?;
    Ok((resting, tx.lock(id).await?))
}

async fn surroundings(tx: &mut Tx, person: PersonId) -> Result<Surroundings> {
    Ok(Surroundings { roles: tx.roles().await?, others: tx.employments_of(person).await?, today: tx.today().await? })
}
