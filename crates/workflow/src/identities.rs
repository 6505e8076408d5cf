//! Identities at outside issuers: linked by whoever is signed in here and shows a token of theirs, and unlinked.

use cohortium_domain::access::{Action, Actor, Tie};
use cohortium_domain::identities::{Identity, Principal};
use cohortium_domain::ids::{IdentityId, PersonId};
use cohortium_domain::journal::SubjectKind;
use cohortium_domain::refusal::Refusal;
use cohortium_store::{Result, Tx};

use crate::mails;

/// Links to a person who it is at an outside issuer, as a token has shown; the person is told.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn link(tx: &mut Tx, actor: &Actor, person: PersonId, principal: &Principal) -> Result<Identity> {
    Tie::to_person(actor, person).require(Action::LinkMyIdentity, SubjectKind::Person)?;
    let identity = Identity { id: tx.make_id(), person_id: person, principal: principal.clone(), created_at: tx.process_now() };
    tx.add_identity(&identity).await?;
    mails::note_and_tell(tx, person, [identity.linked()], actor).await?;
    Ok(identity)
}

/// Unlinks an identity from a person: from then on no token of its issuer lets the person in.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn unlink(tx: &mut Tx, actor: &Actor, person: PersonId, id: IdentityId) -> Result<()> {
    Tie::to_person(actor, person).require(Action::UnlinkMyIdentity, SubjectKind::Person)?;
    let identity = tx.remove_identity(person, id).await?.ok_or(Refusal::Hidden("identity"))?;
    tx.note([identity.unlinked()], actor);
    Ok(())
}
