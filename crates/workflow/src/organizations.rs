//! Organizations, and their membership in the coalition.

use cohortium_domain::access::{Action, Actor, Tie};
use cohortium_domain::ids::OrganizationId;
use cohortium_domain::journal::SubjectKind;
use cohortium_domain::organizations::{Organization, OrganizationCreate, OrganizationUpdate};
use cohortium_store::{RestsOn, Result, Tx};

use crate::input::{Input, not_found_at};
use crate::{applications, verifications};

/// Makes an organization.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn create(tx: &mut Tx, actor: &Actor, input: &Input<'_, OrganizationCreate>) -> Result<Organization> {
    Tie::none(actor).require(Action::CreateOrganization, SubjectKind::Organization)?;
    let given = input.read()?;
    let above = above(tx, given.parent_id).await?;
    tx.save(Organization::create(tx.make_id(), given, &above, tx.now())?, actor).await
}

/// Changes an organization.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn update(tx: &mut Tx, actor: &Actor, id: OrganizationId, input: &Input<'_, OrganizationUpdate>) -> Result<Organization> {
    let resting = applications::enter_resting(tx, RestsOn::Organization(id)).await?;
    let organization: Organization = tx.lock(id).await?;
    Tie::none(actor).require(Action::UpdateOrganization, SubjectKind::Organization)?;
    let update = input.admit(&organization.meta)?;
    let above = above(tx, update.parent_id.unwrap_or(organization.parent_id)).await?;
    let today = tx.today().await?;
    let organization = tx.save(organization.update(update, &above, today, tx.now())?, actor).await?;
    verifications::judge_organization(tx, actor, organization.id).await?;
    applications::admit(tx, resting).await?;
    Ok(organization)
}

/// The parent and all that stand above it, held so that two moves at once cannot close a circle.
async fn above(tx: &Tx, parent: Option<OrganizationId>) -> Result<Vec<OrganizationId>> {
    match parent {
        Some(parent) => tx.hold_with_ancestors(parent).await.map_err(|error| not_found_at("#/parent_id", error)),
        None => Ok(Vec::new()),
    }
}
