//! People, as staff, the coalition's CRM and they themselves write them.

use cohortium_domain::access::{Action, Actor, Tie};
use cohortium_domain::ids::PersonId;
use cohortium_domain::journal::SubjectKind;
use cohortium_domain::people::{MeUpdate, Person, PersonCreate, PersonUpdate};
use cohortium_store::{RestsOn, Result, Tx};

use crate::input::Input;
use crate::{applications, verifications};

/// Makes a person.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn create(tx: &mut Tx, actor: &Actor, input: &Input<'_, PersonCreate>) -> Result<Person> {
    Tie::none(actor).require(Action::CreatePerson, SubjectKind::Person)?;
    let person = Person::create(tx.make_id(), input.read()?, tx.now());
    tx.save(person, actor).await
}

/// Changes a person.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn update(tx: &mut Tx, actor: &Actor, id: PersonId, input: &Input<'_, PersonUpdate>) -> Result<Person> {
    change(tx, actor, id, |person| {
        Tie::none(actor).require(Action::UpdatePerson, SubjectKind::Person)?;
        input.admit(&person.meta)
    })
    .await
}

/// Changes a person as is decided once it is locked, and judges again what rests on it.
///
/// # Errors
/// The decision's; the database's.
pub(crate) async fn change(
    tx: &mut Tx,
    actor: &Actor,
    id: PersonId,
    decide: impl Fn(&Person) -> Result<PersonUpdate>,
) -> Result<Person> {
    let resting = applications::enter_resting(tx, RestsOn::Person(id)).await?;
    let person: Person = tx.lock(id).await?;
    let update = decide(&person)?;
    let person = tx.save(person.update(update, tx.now()), actor).await?;
    verifications::judge_person(tx, actor, person.id).await?;
    applications::admit(tx, resting).await?;
    Ok(person)
}

/// Changes what a person can change of itself.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn update_self(tx: &mut Tx, actor: &Actor, id: PersonId, input: &Input<'_, MeUpdate>) -> Result<Person> {
    let person: Person = tx.lock(id).await?;
    Tie::to_person(actor, id).require(Action::UpdateMe, SubjectKind::Person)?;
    let update = input.admit(&person.meta)?;
    tx.save(person.update_self(update, tx.now()), actor).await
}
