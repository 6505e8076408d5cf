//! What goes out: a verification with all that belongs to it.

use std::collections::BTreeMap;

use cohortium_domain::access::{Actor, Tie};
use cohortium_domain::employments::Employment;
use cohortium_domain::files::content::FileType;
use cohortium_domain::ids::{AttestationId, EmploymentId, EvidenceId, OrganizationId, PersonId, ProgramId, VerificationId};
use cohortium_domain::organizations::Organization;
use cohortium_domain::programs::Program;
use cohortium_domain::text::{Email, Name, Reason, Title};
use cohortium_domain::time::Timestamp;
use cohortium_domain::verifications::attestations::{self, AttestationStanding, AttestationState};
use cohortium_domain::verifications::documents::Document;
use cohortium_domain::verifications::evidence::{self, EvidenceKind};
use cohortium_domain::verifications::policy::{Grounds, PolicyTerms, VerificationPolicy};
use cohortium_domain::verifications::{self, Missing, MissingKind, RevocationCause, Standing, VerificationState};
use cohortium_store::{Error, Read};
use serde::Serialize;
use utoipa::ToSchema;

use crate::upload::hex;
use crate::v1::page;

/// A verification of an employment, for a program.
#[derive(Serialize, ToSchema)]
pub(super) struct Verification {
    id: VerificationId,
    person_id: PersonId,
    employment_id: EmploymentId,
    program_id: ProgramId,
    state: VerificationState,
    /// The evidence for the employment, the oldest first.
    #[schema(max_items = 1000)]
    evidence: Vec<Evidence>,
    /// The supervisors who were asked, the earliest first.
    #[schema(max_items = 1000)]
    attestations: Vec<Attestation>,
    /// What is missing before it can stand, or stand longer.
    #[schema(max_items = 3)]
    missing: Vec<VerificationMissing>,
    /// Since when it is verified, expired, revoked or rejected.
    #[serde(skip_serializing_if = "Option::is_none")]
    settled_at: Option<Timestamp>,
    /// By which evidence it is verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence_id: Option<EvidenceId>,
    /// Until when it is verified: not from here on.
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_until: Option<Timestamp>,
    /// Why it was revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<RevocationCause>,
    /// Why staff rejected or revoked it.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Reason>,
    /// Raised at each change.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    version: i64,
    created_at: Timestamp,
    updated_at: Timestamp,
    /// What you may do to it now.
    #[schema(max_items = 20)]
    allowed_actions: Vec<String>,
}

/// A piece of evidence.
#[derive(Serialize, ToSchema)]
pub(in crate::v1) struct Evidence {
    id: EvidenceId,
    kind: EvidenceKind,
    /// How much it shows.
    #[schema(minimum = 1, maximum = 5)]
    strength: u8,
    /// When it showed it.
    dated_at: Timestamp,
    /// Why staff decided so: for staff alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Reason>,
    /// The file, of a document.
    #[serde(skip_serializing_if = "Option::is_none")]
    document: Option<EvidenceDocument>,
}

/// What is known of the file of a document.
#[derive(Serialize, ToSchema)]
pub(in crate::v1) struct EvidenceDocument {
    /// How it is called.
    name: Name,
    media_type: FileType,
    /// How many bytes it has.
    #[schema(minimum = 1, maximum = 10_485_760)]
    size: u64,
    /// SHA-256 of what is kept, in hexadecimal digits.
    #[schema(
        min_length = 64,
        max_length = 64,
        pattern = "^[0-9a-f]{64}$",
        example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    )]
    sha256: String,
    /// For which verification it was uploaded.
    verification_id: VerificationId,
    /// Until when it can be downloaded: not from here on.
    kept_until: Timestamp,
    /// Whether it can be downloaded now.
    available: bool,
}

/// A question put to a supervisor.
#[derive(Serialize, ToSchema)]
pub(in crate::v1) struct Attestation {
    id: AttestationId,
    state: AttestationState,
    /// The supervisor's address.
    email: Email,
    asked_at: Timestamp,
    /// Until when it can be answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Timestamp>,
    /// When it was answered, or overtaken.
    #[serde(skip_serializing_if = "Option::is_none")]
    settled_at: Option<Timestamp>,
    /// Who answered, as they say themselves: for staff alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    attester_name: Option<Name>,
    /// As what they answered: for staff alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    attester_title: Option<Title>,
}

/// What is missing before a verification can stand, or stand longer.
#[derive(Serialize, ToSchema)]
struct VerificationMissing {
    what: MissingKind,
    /// What would help.
    #[schema(max_length = 200)]
    detail: &'static str,
    /// The kinds of evidence that would be enough, where it is evidence that is missing.
    #[schema(max_items = 6)]
    kinds: Vec<EvidenceKind>,
}

/// A verification, in lists.
#[derive(Serialize, ToSchema)]
pub(super) struct VerificationSummary {
    id: VerificationId,
    person_id: PersonId,
    employment_id: EmploymentId,
    program_id: ProgramId,
    state: VerificationState,
    /// The evidence for the employment, the oldest first.
    #[schema(max_items = 1000)]
    evidence: Vec<Evidence>,
    /// The supervisors who were asked, the earliest first.
    #[schema(max_items = 1000)]
    attestations: Vec<Attestation>,
    /// What is missing before it can stand, or stand longer.
    #[schema(max_items = 3)]
    missing: Vec<VerificationMissing>,
    /// Until when it is verified: not from here on.
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_until: Option<Timestamp>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

page!(
    /// Verifications, a page at a time.
    pub(super) VerificationPage of VerificationSummary
);

/// What belongs to a state: since when, by which evidence, until when, why.
struct Particulars {
    settled_at: Option<Timestamp>,
    evidence_id: Option<EvidenceId>,
    cause: Option<RevocationCause>,
    reason: Option<Reason>,
}

impl From<Standing> for Particulars {
    fn from(standing: Standing) -> Self {
        let nothing = Self { settled_at: None, evidence_id: None, cause: None, reason: None };
        match standing {
            Standing::Open => nothing,
            Standing::Verified { at, evidence_id, .. } => Self { settled_at: Some(at), evidence_id: Some(evidence_id), ..nothing },
            Standing::Expired { at } => Self { settled_at: Some(at), ..nothing },
            Standing::Revoked { at, cause, reason } => Self { settled_at: Some(at), cause: Some(cause), reason, ..nothing },
            Standing::Rejected { at, reason } => Self { settled_at: Some(at), reason: Some(reason), ..nothing },
        }
    }
}

/// What belongs to some verifications: read at once for all of them.
pub(super) struct Around {
    programs: BTreeMap<ProgramId, Program>,
    policies: BTreeMap<ProgramId, PolicyTerms>,
    employments: BTreeMap<EmploymentId, Employment>,
    organizations: BTreeMap<OrganizationId, Organization>,
    evidence: Vec<evidence::Evidence>,
    documents: BTreeMap<EvidenceId, Document>,
    attestations: Vec<attestations::Attestation>,
    now: Timestamp,
}

impl Around {
    pub(super) async fn of(read: &Read, verifications: &[verifications::Verification]) -> Result<Self, Error> {
        let employed = || verifications.iter().map(|verification| verification.employment_id);
        let programs: BTreeMap<ProgramId, Program> = read.find_all(verifications.iter().map(|one| one.program_id)).await?;
        let mut policies = BTreeMap::new();
        for program in programs.keys() {
            policies.insert(*program, read.program_document::<VerificationPolicy>(*program).await?.terms);
        }
        let employments: BTreeMap<EmploymentId, Employment> = read.find_all(employed()).await?;
        let documents = read.documents_for(employed()).await?.into_iter();
        Ok(Self {
            organizations: read.find_all(employments.values().map(|employment| employment.organization_id)).await?,
            evidence: read.evidence_for(employed()).await?,
            documents: documents.map(|document| (document.evidence_id, document)).collect(),
            attestations: read.attestations_of(verifications.iter().map(|verification| verification.id)).await?,
            now: read.now(),
            programs,
            policies,
            employments,
        })
    }

    fn missing(&self, verification: &verifications::Verification) -> Vec<VerificationMissing> {
        let told = |Missing { what, detail, kinds }| VerificationMissing { what, detail, kinds };
        let missing = self.grounds(verification).map(|grounds| verification.missing(&grounds, self.now));
        missing.unwrap_or_default().into_iter().map(told).collect()
    }

    fn grounds(&self, verification: &verifications::Verification) -> Option<Grounds<'_>> {
        let employment = self.employments.get(&verification.employment_id)?;
        Some(Grounds {
            policy: self.policies.get(&verification.program_id)?,
            zone: self.programs.get(&verification.program_id)?.time_zone,
            employment,
            organization: self.organizations.get(&employment.organization_id)?,
        })
    }

    fn evidence(&self, verification: &verifications::Verification, actor: &Actor) -> Vec<Evidence> {
        let pieces = self.evidence.iter().filter(|piece| piece.employment_id == verification.employment_id);
        pieces.map(|piece| evidence_view(piece, self.documents.get(&piece.id), actor, self.now)).collect()
    }

    fn attestations(&self, verification: &verifications::Verification, actor: &Actor) -> Vec<Attestation> {
        let asked = self.attestations.iter().filter(|asked| asked.verification_id == verification.id);
        asked.map(|asked| attestation_view(asked, actor)).collect()
    }
}

/// A piece of evidence, as this actor may see it.
pub(in crate::v1) fn evidence_view(
    piece: &evidence::Evidence,
    document: Option<&Document>,
    actor: &Actor,
    now: Timestamp,
) -> Evidence {
    let file = |document: &Document| EvidenceDocument {
        name: document.name.clone(),
        media_type: document.media_type,
        size: document.size,
        sha256: hex(&document.sha256),
        verification_id: document.verification_id,
        kept_until: document.kept_until,
        available: document.there(now),
    };
    Evidence {
        id: piece.id,
        kind: piece.kind,
        strength: piece.kind.strength(),
        dated_at: piece.dated_at,
        reason: piece.reason.clone().filter(|_| actor.staff()),
        document: document.map(file),
    }
}

/// A question put to a supervisor, as this actor may see it.
pub(in crate::v1) fn attestation_view(attestation: &attestations::Attestation, actor: &Actor) -> Attestation {
    let (expires_at, settled_at, by) = match &attestation.standing {
        AttestationStanding::Asked { expires_at, .. } => (Some(*expires_at), None, None),
        AttestationStanding::Answered { at, answer } => (None, Some(*at), Some(&answer.by).filter(|_| actor.staff())),
        AttestationStanding::Superseded { at } => (None, Some(*at), None),
    };
    Attestation {
        id: attestation.id,
        state: attestation.state(),
        email: attestation.email.clone(),
        asked_at: attestation.meta.created_at,
        expires_at,
        settled_at,
        attester_name: by.map(|by| by.name.clone()),
        attester_title: by.and_then(|by| by.title.clone()),
    }
}

/// A verification, as this actor may see it.
pub(super) fn view(verification: verifications::Verification, around: &Around, actor: &Actor) -> Verification {
    let tie = Tie::to_person(actor, verification.person_id);
    let allowed = verification.allowed_actions(&tie, around.now);
    let (evidence, attestations) = (around.evidence(&verification, actor), around.attestations(&verification, actor));
    let missing = around.missing(&verification);
    let verification = verification.as_of(around.now);
    let (state, valid_until) = (verification.state(), verification.valid_until());
    let Particulars { settled_at, evidence_id, cause, reason } = verification.standing.into();
    Verification {
        id: verification.id,
        person_id: verification.person_id,
        employment_id: verification.employment_id,
        program_id: verification.program_id,
        state,
        evidence,
        attestations,
        missing,
        settled_at,
        evidence_id,
        valid_until,
        cause,
        reason,
        version: verification.meta.version,
        created_at: verification.meta.created_at,
        updated_at: verification.meta.updated_at,
        allowed_actions: allowed.into_iter().map(str::to_owned).collect(),
    }
}

/// The same, in lists.
pub(super) fn summary(verification: verifications::Verification, around: &Around, actor: &Actor) -> VerificationSummary {
    let (evidence, attestations) = (around.evidence(&verification, actor), around.attestations(&verification, actor));
    let missing = around.missing(&verification);
    let verification = verification.as_of(around.now);
    VerificationSummary {
        id: verification.id,
        person_id: verification.person_id,
        employment_id: verification.employment_id,
        program_id: verification.program_id,
        state: verification.state(),
        evidence,
        attestations,
        missing,
        valid_until: verification.valid_until(),
        created_at: verification.meta.created_at,
        updated_at: verification.meta.updated_at,
    }
}
