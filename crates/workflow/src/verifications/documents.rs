//! Documents: uploaded by the person, looked at by staff, and deleted in time.
//!
//! The bytes are where they are kept before anything is written down, and taken away after: so a row never stands for bytes that
//! are not there.

use cohortium_domain::access::{Action, Actor, Tie};
use cohortium_domain::files::content::Content;
use cohortium_domain::ids::{EvidenceId, FileId, VerificationId};
use cohortium_domain::journal::SubjectKind;
use cohortium_domain::meta::Precondition;
use cohortium_domain::people::Person;
use cohortium_domain::refusal::Refusal;
use cohortium_domain::verifications::Verification;
use cohortium_domain::verifications::documents::{Document, Upload};
use cohortium_domain::verifications::evidence::Evidence;
use cohortium_store::{Read, RestsOn, Result, Tx};

use super::{Basis, judge, lock};
use crate::applications;
use crate::seats::EnteredTogether;

/// Whether a person could add so many bytes to a verification: for whoever is told so before the bytes are kept.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn may_add(read: &Read, actor: &Actor, id: VerificationId) -> Result<Verification> {
    let verification: Verification = read.get(id).await?;
    Tie::to_person(actor, verification.person_id).require(Action::UploadEvidence, SubjectKind::Verification)?;
    Ok(verification)
}

/// Adds a document, whose bytes are kept already.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn add(
    tx: &mut Tx,
    actor: &Actor,
    id: VerificationId,
    (file_id, content): (FileId, &Content),
    precondition: Precondition,
) -> Result<Document> {
    let (verification, basis, resting) = enter(tx, actor, id, Action::UploadEvidence).await?;
    verification.meta.admit(precondition)?;
    let verification = supplement(tx, actor, verification, &basis, Action::UploadEvidence).await?;
    let held = tx.files_held(verification.person_id, id).await?;
    let upload = Upload { evidence_id: tx.make_opaque_id(), file_id, content };
    let change = Document::add(&upload, &verification, held, (&basis.policy, basis.program.time_zone), tx.now())?;
    tx.add_evidence(&[Evidence::document(upload.evidence_id, verification.employment_id, tx.now())]).await?;
    let document = tx.save(change, actor).await?;
    applications::admit(tx, resting).await?;
    Ok(document)
}

/// Which document, seen from which verification.
pub type DocumentPlace = (VerificationId, EvidenceId);

/// A document whose file is there, with the verification from which it is seen, for somebody who may have it.
///
/// # Errors
/// There is none; the database's errors.
pub async fn find(read: &Read, actor: &Actor, (id, evidence): DocumentPlace) -> Result<(Verification, Document)> {
    let verification: Verification = read.get(id).await?;
    Tie::to_person(actor, verification.person_id).require(Action::DownloadEvidence, SubjectKind::Verification)?;
    let found = read.find::<Document>(evidence).await?;
    let there = |document: &Document| document.employment_id == verification.employment_id && document.there(read.now());
    let document = found.filter(there).ok_or(Refusal::Hidden("document"))?;
    Ok((verification, document))
}

/// The same, for somebody else than the person whose it is: that is written down.
///
/// # Errors
/// There is none; the database's errors.
pub async fn look_at(tx: &mut Tx, actor: &Actor, place: DocumentPlace) -> Result<Document> {
    let (verification, document) = find(tx, actor, place).await?;
    tx.note([document.read(&verification)], actor);
    Ok(document)
}

/// Writes down that a document's file is deleted, once its time is over.
///
/// # Errors
/// The database's errors.
pub(crate) async fn delete(tx: &mut Tx, id: EvidenceId) -> Result<()> {
    let document: Document = tx.lock(id).await?;
    let verification: Verification = tx.get(document.verification_id).await?;
    if let Some(deleted) = document.run_out(&verification, tx.now()) {
        tx.save(deleted, &Actor::Time).await?;
    }
    Ok(())
}

/// The verification, locked behind all that evidence more could reach, for the person who adds it.
pub(super) async fn enter(
    tx: &mut Tx,
    actor: &Actor,
    id: VerificationId,
    action: Action,
) -> Result<(Verification, Basis, EnteredTogether)> {
    let found: Verification = tx.get(id).await?;
    Tie::to_person(actor, found.person_id).require(action, SubjectKind::Verification)?;
    let resting = applications::enter_resting(tx, RestsOn::Verification(id)).await?;
    // Whoever uploads several things at once is counted one after the other.
    let _: Person = tx.lock(found.person_id).await?;
    let (verification, basis) = lock(tx, actor, id, action).await?;
    Ok((verification, basis, resting))
}

/// The verification, open again where it was over.
pub(super) async fn supplement(
    tx: &mut Tx,
    actor: &Actor,
    verification: Verification,
    basis: &Basis,
    action: Action,
) -> Result<Verification> {
    match verification.clone().supplement(action, tx.now())? {
        None => Ok(verification),
        Some(opened) => {
            let opened = tx.save(opened, actor).await?;
            judge(tx, actor, opened, basis).await
        }
    }
}
