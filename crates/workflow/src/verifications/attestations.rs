//! Attestations: a supervisor is asked, by a link that is mailed, and answers.

use cohortium_domain::access::{Action, Actor, Tie};
use cohortium_domain::employments::Employment;
use cohortium_domain::ids::VerificationId;
use cohortium_domain::journal::SubjectKind;
use cohortium_domain::links::{Link, LinkKind, TokenHash};
use cohortium_domain::mails::MailKind;
use cohortium_domain::organizations::Organization;
use cohortium_domain::people::Person;
use cohortium_domain::refusal::Refusal;
use cohortium_domain::text::Email;
use cohortium_domain::time::Timestamp;
use cohortium_domain::verifications::Verification;
use cohortium_domain::verifications::attestations::{Attestation, AttestationAnswer, Question, check_address, no_such};
use cohortium_domain::verifications::evidence::Evidence;
use cohortium_store::{Error, Read, RestsOn, Result, Tx};

use super::documents::supplement;
use crate::input::Input;
use crate::{applications, links, verifications};

/// Asks a supervisor; whoever was asked before is not asked any more.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn ask(tx: &mut Tx, actor: &Actor, id: VerificationId, input: &Input<'_, Email>) -> Result<Attestation> {
    let (verification, basis, resting) = super::documents::enter(tx, actor, id, Action::AskForAttestation).await?;
    let email = input.admit(&verification.meta)?;
    let verification = supplement(tx, actor, verification, &basis, Action::AskForAttestation).await?;
    let attestations = tx.attestations_of([id]).await?;
    if let Some(earlier) = attestations.into_iter().find(|earlier| earlier.link_id().is_some()) {
        // Its link leads nowhere from now on, and is forgotten in time: whoever is just using it holds it, and may wait for what is
        // held here.
        tx.save(earlier.supersede(&verification, tx.now())?, actor).await?;
    }
    let link = Link::ask(tx.make_opaque_id(), LinkKind::Attest, None, email.clone(), tx.process_now());
    let asks = (link.id, link.expires_at);
    let change = Attestation::ask(tx.make_id(), &verification, (&basis.person, &basis.organization), email, asks, tx.now())?;
    let attestation = tx.save(change, actor).await?;
    links::send(tx, &link, MailKind::AttestEmployment).await?;
    applications::admit(tx, resting).await?;
    Ok(attestation)
}

/// Whether a person could ask a supervisor at this address: for whoever is told so before anything is taken for it.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn may_ask(read: &Read, actor: &Actor, id: VerificationId, input: &Input<'_, Email>) -> Result<Email> {
    let verification: Verification = read.get(id).await?;
    Tie::to_person(actor, verification.person_id).require(Action::AskForAttestation, SubjectKind::Verification)?;
    let email = input.admit(&verification.meta)?;
    let employment: Employment = read.get(verification.employment_id).await?;
    let (person, organization): (Person, Organization) =
        (read.get(employment.person_id).await?, read.get(employment.organization_id).await?);
    check_address(&email, &person, &organization)?;
    Ok(email)
}

/// What a supervisor is asked by the link with this token. Nothing changes by it: some mail servers open every link.
///
/// # Errors
/// There is no such attestation; the database's errors.
pub async fn question(read: &Read, token: &TokenHash, now: Timestamp) -> Result<Question> {
    let link = read.link_by_token(token).await?.ok_or_else(no_such)?;
    let link = link.admit(&[LinkKind::Attest], now).map_err(|_| no_such())?;
    let attestation = read.attestation_by_link(link.id).await?.ok_or_else(no_such)?;
    let employment: Employment = read.get(attestation.employment_id).await?;
    let (person, organization): (Person, Organization) =
        (read.get(employment.person_id).await?, read.get(employment.organization_id).await?);
    attestation.require_answerable(&organization)?;
    Ok(Question::about(&person, &organization, &employment))
}

/// A supervisor answers, once. A yes is evidence from now on, whatever it was asked for.
///
/// # Errors
/// There is no such attestation; the database's errors.
pub async fn answer(tx: &mut Tx, token: &TokenHash, input: &Input<'_, AttestationAnswer>) -> Result<()> {
    let link = links::use_up(tx, token, &[LinkKind::Attest]).await.map_err(hidden)?;
    let found = tx.attestation_by_link(link.id).await?.ok_or_else(no_such)?;
    let resting = applications::enter_resting(tx, RestsOn::Person(found.person_id)).await?;
    let _: Person = tx.lock(found.person_id).await?;
    let employment: Employment = tx.get(found.employment_id).await?;
    let organization: Organization = tx.hold(employment.organization_id).await?;
    let employment: Employment = tx.lock(found.employment_id).await?;
    let attestation: Attestation = tx.lock(found.id).await?;
    let verification: Verification = tx.get(found.verification_id).await?;
    let answer = input.read()?;
    let confirms = answer.confirms;
    let actor = Actor::Anonymous;
    tx.save(attestation.answer(answer, &verification, &organization, tx.now())?, &actor).await?;
    if confirms {
        let said = Evidence::supervisor_attestation(tx.make_opaque_id(), employment.id, tx.now());
        tx.add_evidence(&[said]).await?;
        verifications::judge_person(tx, &actor, employment.person_id).await?;
    }
    applications::admit(tx, resting).await
}

/// A link that is not good looks like one that never was: its address is not there.
fn hidden(error: Error) -> Error {
    if matches!(error, Error::Refused(Refusal::Invalid(_))) { no_such().into() } else { error }
}
