//! Tax forms, as staff file them.

use cohortium_domain::access::{Action, Actor, Tie};
use cohortium_domain::coalitions::Coalition;
use cohortium_domain::ids::PersonId;
use cohortium_domain::journal::SubjectKind;
use cohortium_domain::meta::Meta;
use cohortium_domain::people::Person;
use cohortium_domain::tax_forms::{TaxFiling, TaxForm};
use cohortium_store::{Result, Tx};

use crate::input::Input;

/// Files a person's tax form, in the place of what was there.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn file(tx: &mut Tx, actor: &Actor, person: PersonId, input: &Input<'_, TaxFiling>) -> Result<TaxForm> {
    // Locked, so that two cannot file the first form at once.
    let person: Person = tx.lock(person).await?;
    Tie::none(actor).require(Action::ReplaceTaxForm, SubjectKind::Person)?;
    let before = tx.find::<TaxForm>(person.id).await?;
    let filing = input.admit(&before.as_ref().map_or_else(|| Meta::new(tx.now()), |before| before.meta))?;
    let zone = tx.get::<Coalition>(tx.coalition_id()).await?.time_zone;
    tx.save(TaxForm::file(person.id, before, filing, zone.date_of(tx.now()), tx.now())?, actor).await
}
