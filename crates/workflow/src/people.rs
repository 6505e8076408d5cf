//! People, as the coalition and its CRM know them, and as they know themselves.

use cohortium_domain::access::{Action, Actor, Tie};
use cohortium_domain::ids::PersonId;
use cohortium_domain::journal::SubjectKind;
use cohortium_domain::people::{Person, PersonCreate, PersonUpdate};
use cohortium_store::{Result, Tx};

use crate::input::Input;

/// Makes a person.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn create(tx: &mut Tx, actor: &Actor, input: &Input<'_, PersonCreate>) -> Result<Person> {
    Tie::none(actor).require(Action::CreatePerson, SubjectKind::Person)?;
    tx.save(Person::create(tx.make_id(), input.read()?, tx.now()), actor).await
}

/// Changes a person.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn update(tx: &mut Tx, actor: &Actor, id: PersonId, input: &Input<'_, PersonUpdate>) -> Result<Person> {
    let person: Person = tx.lock(id).await?;
    Tie::none(actor).require(Action::UpdatePerson, SubjectKind::Person)?;
    let update = input.admit(&person.meta)?;
    tx.save(person.update(update, tx.now()), actor).await
}
