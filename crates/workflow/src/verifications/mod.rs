//! Verifications: what follows from evidence by itself, and what staff decide.
//!
//! The order of locks here: the person, its organizations, the employment, the verifications. What always holds: whoever changes
//! one of the first three judges again, in the same transaction, what rests on it.

use cohortium_domain::access::{Action, Actor, Tie};
use cohortium_domain::employments::Employment;
use cohortium_domain::ids::{EmploymentId, EvidenceId, OrganizationId, PersonId, VerificationId};
use cohortium_domain::journal::{Change, Happening, SubjectKind};
use cohortium_domain::mails::{Mail, MailKind};
use cohortium_domain::meta::Precondition;
use cohortium_domain::organizations::Organization;
use cohortium_domain::people::Person;
use cohortium_domain::programs::Program;
use cohortium_domain::refusal::Refusal;
use cohortium_domain::text::Reason;
use cohortium_domain::verifications::decisions::{Judgment, VerificationDecisionKind};
use cohortium_domain::verifications::documents::Document;
use cohortium_domain::verifications::evidence::{Evidence, EvidenceKind};
use cohortium_domain::verifications::policy::{Grounds, PolicyTerms, VerificationPolicy};
use cohortium_domain::verifications::{Verification, VerificationState};
use cohortium_store::{RestsOn, Result, Tx};

use crate::applications;
use crate::input::{Input, not_found_at};

pub mod attestations;
pub mod documents;

/// The verification of an employment for a program, as an application asks for it: opened where there is none, with the person's
/// own word as evidence, and judged. Where it is verified, its end is a deadline for whatever is decided by it.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn ask(tx: &mut Tx, actor: &Actor, program: &Program, employment: EmploymentId) -> Result<Verification> {
    let (person, organization) = hold_surroundings(tx, employment).await?;
    // Locked, so that of two who ask at once only one opens it.
    let employment: Employment = tx.lock(employment).await?;
    let policy: VerificationPolicy = tx.program_document(program.id).await?;
    let basis = Basis { program: program.clone(), policy: policy.terms, person, organization, employment };
    let own_word = Evidence::self_declared(tx.make_opaque_id(), basis.employment.id, tx.now());
    let (verification, opened) = if let Some(verification) = tx.lock_verification_for(basis.employment.id, program.id).await? {
        (verification, Vec::new())
    } else {
        let Change { value, happened } = Verification::open(tx.make_id(), &basis.employment, program.id, tx.now());
        (value, happened)
    };
    let judged = judge_with(tx, actor, verification, opened, Some(own_word), &basis).await?;
    if let Some(until) = judged.valid_until() {
        tx.relies_on(until);
    }
    Ok(judged.as_of(tx.now()))
}

/// What [`ask`] would come to, without asking: nothing is locked, and nothing kept.
pub(crate) async fn foresee(tx: &Tx, program: &Program, employment: EmploymentId) -> Result<Verification> {
    let employment: Employment = tx.get(employment).await?;
    let found = tx.verification_for(employment.id, program.id).await?;
    let verification = found.unwrap_or_else(|| Verification::open(tx.make_id(), &employment, program.id, tx.now()).value);
    let mut evidence = tx.evidence(employment.id).await?;
    evidence.push(Evidence::self_declared(tx.make_opaque_id(), employment.id, tx.now()));
    let basis = Basis::of(tx, program, employment).await?;
    evidence.extend(known(tx, &basis));
    let reviewed = verification.review(&evidence, &basis.grounds(), tx.now()).map(|change| change.value);
    Ok(reviewed.unwrap_or(verification).as_of(tx.now()))
}

/// Why staff take an employment for verified, and by which document, where it is by one.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// Why.
    pub reason: Reason,
    /// The document; staff's own word, where none is named.
    pub evidence_id: Option<EvidenceId>,
}

/// Staff take an employment for verified.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn verify(tx: &mut Tx, actor: &Actor, id: VerificationId, input: &Input<'_, Verdict>) -> Result<Verification> {
    let resting = applications::enter_resting(tx, RestsOn::Verification(id)).await?;
    let (verification, basis) = lock(tx, actor, id, Action::VerifyVerification).await?;
    let Verdict { reason, evidence_id } = input.admit(&verification.meta)?;
    let employment = verification.employment_id;
    let (evidence, new) = match evidence_id {
        Some(id) => (document(tx, employment, id).await?, false),
        None => (Evidence::staff_override(tx.make_opaque_id(), employment, reason.clone(), tx.now()), true),
    };
    let change = verification.verify(actor, &evidence, &reason, &basis.grounds(), tx.now())?;
    if new {
        tx.add_evidence(std::slice::from_ref(&evidence)).await?;
    }
    let verified = tx.save(change, actor).await?;
    applications::admit(tx, resting).await?;
    Ok(verified)
}

/// Staff find that what was shown is not enough.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn reject(tx: &mut Tx, actor: &Actor, id: VerificationId, input: &Input<'_, Reason>) -> Result<Verification> {
    let (verification, _) = lock(tx, actor, id, Action::RejectVerification).await?;
    let reason = input.admit(&verification.meta)?;
    let rejected = tx.save(verification.reject(actor, reason, tx.now())?, actor).await?;
    tell(tx, rejected.person_id, MailKind::VerificationRejected).await?;
    Ok(rejected)
}

/// The document of an employment, as evidence, whose file is there.
async fn document(tx: &Tx, employment: EmploymentId, id: EvidenceId) -> Result<Evidence> {
    let missing = |error| not_found_at("#/evidence_id", error);
    let document: Document = tx.get(id).await.map_err(missing)?;
    let pieces = tx.evidence(employment).await?;
    let piece = pieces.into_iter().find(|piece| piece.id == id && piece.kind == EvidenceKind::Document && document.there(tx.now()));
    piece.ok_or_else(|| missing(Refusal::Hidden("document").into()))
}

/// Staff take a verification back.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn revoke(tx: &mut Tx, actor: &Actor, id: VerificationId, input: &Input<'_, Reason>) -> Result<Verification> {
    let resting = applications::enter_resting(tx, RestsOn::Verification(id)).await?;
    let (verification, _) = lock(tx, actor, id, Action::RevokeVerification).await?;
    let reason = input.admit(&verification.meta)?;
    let revoked = save(tx, actor, verification.revoke(actor, reason, tx.now())?).await?;
    applications::admit(tx, resting).await?;
    Ok(revoked)
}

/// Staff open a verification again; evidence that counts still, or again, verifies it at once.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn reopen(tx: &mut Tx, actor: &Actor, id: VerificationId, input: &Input<'_, Option<Reason>>) -> Result<Verification> {
    let resting = applications::enter_resting(tx, RestsOn::Verification(id)).await?;
    let (verification, basis) = lock(tx, actor, id, Action::ReopenVerification).await?;
    let reason = input.admit(&verification.meta)?;
    let reopened = tx.save(verification.reopen(actor, reason.as_ref(), tx.now())?, actor).await?;
    let judged = judge(tx, actor, reopened, &basis).await?;
    applications::admit(tx, resting).await?;
    Ok(judged)
}

/// Staff decide about a verification, one of many: as they would about it alone.
///
/// # Errors
/// The domain's refusals; the database's errors.
pub async fn decide(
    tx: &mut Tx,
    actor: &Actor,
    id: VerificationId,
    judgment: &Judgment,
    precondition: Precondition,
) -> Result<Verification> {
    let needed = || Ok(judgment.require_reason()?);
    let reason = Input::new(precondition, needed);
    match judgment.decision {
        VerificationDecisionKind::Verify => {
            let verdict = || Ok(Verdict { reason: needed()?, evidence_id: judgment.evidence_id });
            verify(tx, actor, id, &Input::new(precondition, verdict)).await
        }
        VerificationDecisionKind::Reject => reject(tx, actor, id, &reason).await,
        VerificationDecisionKind::Revoke => revoke(tx, actor, id, &reason).await,
        VerificationDecisionKind::Reopen => reopen(tx, actor, id, &Input::new(precondition, || Ok(judgment.reason.clone()))).await,
    }
}

/// Writes down that a verification has run out.
///
/// # Errors
/// The database's errors.
pub(crate) async fn expire(tx: &mut Tx, id: VerificationId) -> Result<()> {
    let verification: Verification = tx.lock(id).await?;
    if let Some(expired) = verification.run_out(tx.now()) {
        tx.save(expired, &Actor::Time).await?;
    }
    Ok(())
}

/// Asks a person to renew a verification that runs out soon.
///
/// # Errors
/// The database's errors.
pub(crate) async fn ask_for_renewal(tx: &mut Tx, id: VerificationId) -> Result<()> {
    let verification: Verification = tx.lock(id).await?;
    if let Some(asked) = verification.ask_for_renewal(tx.now()) {
        let person = tx.save(asked, &Actor::Time).await?.person_id;
        tell(tx, person, MailKind::VerificationEnding).await?;
    }
    Ok(())
}

/// Has a person mailed what became of its verification.
async fn tell(tx: &Tx, person: PersonId, kind: MailKind) -> Result<()> {
    let person: Person = tx.get(person).await?;
    tx.add_mail(&Mail::ask(tx.make_opaque_id(), kind, Some(person.id), person.email, None, tx.process_now())).await
}

/// Judges again what rests on a person, who has changed or whose employment has. The person must be locked.
///
/// # Errors
/// The database's errors.
pub(crate) async fn judge_person(tx: &mut Tx, actor: &Actor, person: PersonId) -> Result<()> {
    for employment in tx.employments_of(person).await? {
        let _: Organization = tx.hold(employment.organization_id).await?;
    }
    let rest_on_it = tx.lock_verifications_of(person).await?;
    judge_all(tx, actor, rest_on_it).await
}

/// Judges again what rests on an organization, which has changed. The organization must be locked.
///
/// # Errors
/// The database's errors.
pub(crate) async fn judge_organization(tx: &mut Tx, actor: &Actor, organization: OrganizationId) -> Result<()> {
    let rest_on_it = tx.lock_verifications_at(organization).await?;
    judge_all(tx, actor, rest_on_it).await
}

async fn judge_all(tx: &mut Tx, actor: &Actor, verifications: Vec<Verification>) -> Result<()> {
    for verification in verifications {
        let program: Program = tx.get(verification.program_id).await?;
        let employment: Employment = tx.get(verification.employment_id).await?;
        let basis = Basis::of(tx, &program, employment).await?;
        judge(tx, actor, verification, &basis).await?;
    }
    Ok(())
}

/// Lets follow what follows by itself.
async fn judge(tx: &mut Tx, actor: &Actor, verification: Verification, basis: &Basis) -> Result<Verification> {
    judge_with(tx, actor, verification, Vec::new(), None, basis).await
}

/// The same, with what happened to it before that is not saved yet, and with a piece of evidence more.
async fn judge_with(
    tx: &mut Tx,
    actor: &Actor,
    verification: Verification,
    mut happened: Vec<Happening>,
    piece: Option<Evidence>,
    basis: &Basis,
) -> Result<Verification> {
    let Basis { program, employment, .. } = basis;
    let evidence = keep(tx, employment.id, piece.into_iter().chain(known(tx, basis))).await?;
    tx.relies_on(program.time_zone.end_of_day(program.time_zone.date_of(tx.now())));
    let value = match verification.review(&evidence, &basis.grounds(), tx.now()) {
        Some(change) => {
            happened.extend(change.happened);
            change.value
        }
        None => verification,
    };
    if happened.is_empty() { Ok(value) } else { save(tx, actor, Change { value, happened }).await }
}

/// The evidence that follows from what is known: a proven address at the organization, and what the CRM says.
fn known(tx: &Tx, basis: &Basis) -> impl Iterator<Item = Evidence> + use<> {
    let Basis { program, person, organization, employment, .. } = basis;
    let today = program.time_zone.date_of(tx.now());
    let address = Evidence::email_domain(tx.make_opaque_id(), employment, person, organization);
    address.into_iter().chain(Evidence::crm_match(tx.make_opaque_id(), employment, today))
}

/// Saves a change. What stood on a verification that was taken back is flagged for staff: nobody is thrown out by a machine.
async fn save(tx: &mut Tx, actor: &Actor, change: Change<Verification>) -> Result<Verification> {
    let verification = tx.save(change, actor).await?;
    if verification.state() == VerificationState::Revoked {
        let standing_on_it = tx.applications_standing_on(verification.id).await?;
        tx.note(standing_on_it.iter().map(|application| application.flagged(verification.id)), actor);
        tell(tx, verification.person_id, MailKind::VerificationRevoked).await?;
    }
    Ok(verification)
}

/// Keeps pieces of evidence, but for those that are kept already; gives all that there is for the employment, which must be locked.
async fn keep(tx: &Tx, employment: EmploymentId, pieces: impl Iterator<Item = Evidence>) -> Result<Vec<Evidence>> {
    let mut kept = tx.evidence(employment).await?;
    let new: Vec<Evidence> = pieces.filter(|piece| !kept.iter().any(|other| piece.repeats(other))).collect();
    tx.add_evidence(&new).await?;
    kept.extend(new);
    kept.sort_by_key(|piece| piece.dated_at);
    Ok(kept)
}

/// The verification, locked behind what it rests on, for somebody who may do this to it.
async fn lock(tx: &mut Tx, actor: &Actor, id: VerificationId, action: Action) -> Result<(Verification, Basis)> {
    let found: Verification = tx.get(id).await?;
    Tie::to_person(actor, found.person_id).require(action, SubjectKind::Verification)?;
    let program: Program = tx.get(found.program_id).await?;
    hold_surroundings(tx, found.employment_id).await?;
    let basis = Basis::of(tx, &program, tx.hold(found.employment_id).await?).await?;
    tx.relies_on(program.time_zone.end_of_day(program.time_zone.date_of(tx.now())));
    Ok((tx.lock(id).await?, basis))
}

/// Holds an employment's person and organization as they are.
async fn hold_surroundings(tx: &Tx, id: EmploymentId) -> Result<(Person, Organization)> {
    let employment: Employment = tx.get(id).await?;
    Ok((tx.hold(employment.person_id).await?, tx.hold(employment.organization_id).await?))
}

/// What a verification is judged by.
struct Basis {
    program: Program,
    policy: PolicyTerms,
    person: Person,
    organization: Organization,
    employment: Employment,
}

impl Basis {
    async fn of(tx: &Tx, program: &Program, employment: Employment) -> Result<Self> {
        let policy: VerificationPolicy = tx.program_document(program.id).await?;
        let person = tx.get(employment.person_id).await?;
        let organization = tx.get(employment.organization_id).await?;
        Ok(Self { program: program.clone(), policy: policy.terms, person, organization, employment })
    }

    fn grounds(&self) -> Grounds<'_> {
        let Self { policy, organization, employment, program, .. } = self;
        Grounds { policy, zone: program.time_zone, employment, organization }
    }
}
