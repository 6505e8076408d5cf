//! Accounts and grants.

use cohortium_domain::access::{Actor, Grant};
use cohortium_domain::accounts;
use cohortium_domain::ids::PersonId;
use cohortium_store::{Result, Tx};

/// Gives a person a grant, when it has it not yet.
///
/// # Errors
/// The database's.
pub async fn grant(tx: &mut Tx, actor: &Actor, person: PersonId, grant: Grant) -> Result<()> {
    if tx.grant(person, grant).await? {
        tx.note([accounts::granted(person, grant)], actor);
    }
    Ok(())
}

/// Gives a person a password, and with it an account.
///
/// # Errors
/// The database's.
pub async fn set_password(tx: &mut Tx, actor: &Actor, person: PersonId, password_hash: &str) -> Result<()> {
    tx.set_password(person, password_hash).await?;
    tx.note([accounts::password_set(person)], actor);
    Ok(())
}
