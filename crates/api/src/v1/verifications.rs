//! Verifications of employments, and what a program asks for before it takes one for verified.

use actix_web::web::Path;
use actix_web::{get, post, put};
use cohortium_domain::access::{Action, Tie};
use cohortium_domain::ids::{EmploymentId, EvidenceId, PersonId, ProgramId, VerificationId};
use cohortium_domain::journal::SubjectKind;
use cohortium_domain::programs::Program;
use cohortium_domain::text::Reason;
use cohortium_domain::time::Timestamp;
use cohortium_domain::verifications::evidence::{self, EvidenceKind};
use cohortium_domain::verifications::policy::{self, PolicyTerms};
use cohortium_domain::verifications::{self, RevocationCause, Standing, VerificationState};
use cohortium_store::{Error, Read, Tx, VerificationFilter};
use cohortium_workflow as workflow;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{page, room};
use crate::auth::Caller;
use crate::ctx::Ctx;
use crate::extract::{Body, Paging, Params};
use crate::reply::{Answer, Reply};

/// A verification of an employment, for a program.
#[derive(Serialize, ToSchema)]
struct Verification {
    id: VerificationId,
    person_id: PersonId,
    employment_id: EmploymentId,
    program_id: ProgramId,
    state: VerificationState,
    /// The evidence for the employment, the oldest first.
    #[schema(max_items = 1000)]
    evidence: Vec<Evidence>,
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
struct Evidence {
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
}

/// A verification, in lists.
#[derive(Serialize, ToSchema)]
struct VerificationSummary {
    id: VerificationId,
    person_id: PersonId,
    employment_id: EmploymentId,
    program_id: ProgramId,
    state: VerificationState,
    /// Until when it is verified: not from here on.
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_until: Option<Timestamp>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

page!(
    /// Verifications, a page at a time.
    VerificationPage of VerificationSummary
);

/// Why staff decide so.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct VerificationDecision {
    /// Why. Of a rejection or a revocation the person reads it.
    reason: Reason,
}

/// Why staff open a verification again.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct VerificationReopen {
    /// Why, for the journal.
    reason: Option<Reason>,
}

impl From<VerificationDecision> for Reason {
    fn from(body: VerificationDecision) -> Self {
        body.reason
    }
}

impl From<VerificationReopen> for Option<Reason> {
    fn from(body: VerificationReopen) -> Self {
        body.reason
    }
}

/// What a program asks for before it takes an employment for verified.
#[derive(Serialize, ToSchema)]
struct VerificationPolicy {
    program_id: ProgramId,
    /// The kinds of evidence that verify by themselves.
    #[schema(max_items = 3)]
    accepted_kinds: Vec<EvidenceKind>,
    /// The least strength of evidence that verifies by itself.
    #[schema(minimum = 1, maximum = 5)]
    least_strength: u8,
    /// For how many civil days a verification is valid, from the day of the evidence on.
    #[schema(minimum = 1, maximum = 1096)]
    valid_days: u16,
    /// Whether the organization must be an active member of the coalition.
    membership_required: bool,
    /// Raised at each change; 0 as long as nobody has set one.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    version: i64,
    /// When it was last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_at: Option<Timestamp>,
    /// What you may do to it now.
    #[schema(max_items = 20)]
    allowed_actions: Vec<String>,
}

/// The policy that is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct VerificationPolicyReplace {
    /// The kinds of evidence that verify by themselves: at least one as strong as the least strength. Staff can always decide beside.
    #[schema(min_items = 1, max_items = 3)]
    accepted_kinds: Vec<EvidenceKind>,
    /// The least strength of evidence that verifies by itself: 1 a person's own word, 2 a proven address at the organization, 5 staff's word.
    #[schema(minimum = 1, maximum = 5)]
    least_strength: u8,
    /// For how many civil days a verification is valid, from the day of the evidence on.
    #[schema(minimum = 1, maximum = 1096)]
    valid_days: u16,
    /// Whether the organization must be an active member of the coalition.
    membership_required: bool,
}

const _: () = {
    assert!(evidence::STRENGTH_MIN == 1 && evidence::STRENGTH_MAX == 5, "the document's bounds of a strength are the domain's");
    assert!(policy::VALID_DAYS_MIN == 1 && policy::VALID_DAYS_MAX == 1096, "the document's bounds of the days are the domain's");
};

impl From<VerificationPolicyReplace> for PolicyTerms {
    fn from(body: VerificationPolicyReplace) -> Self {
        let VerificationPolicyReplace { accepted_kinds, least_strength, valid_days, membership_required } = body;
        Self { accepted_kinds, least_strength, valid_days, membership_required }
    }
}

/// Which verifications are wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct VerificationsQuery {
    /// Those in one of these states.
    #[param(inline, max_items = 5)]
    #[serde(default)]
    state: Vec<VerificationState>,
    /// Those for this program.
    program_id: Option<ProgramId>,
    /// By what they are sorted: the oldest first, when nothing is said.
    #[param(inline)]
    sort: Option<VerificationSort>,
}

cohortium_domain::words! {
    /// By what verifications are sorted; a hyphen turns it around.
    pub enum VerificationSort {
        /// The oldest first.
        CreatedAt = "created_at",
        /// The newest first.
        CreatedAtDescending = "-created_at",
    }
}

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
            Standing::Open { .. } => nothing,
            Standing::Verified { at, evidence_id, .. } => Self { settled_at: Some(at), evidence_id: Some(evidence_id), ..nothing },
            Standing::Expired { at } => Self { settled_at: Some(at), ..nothing },
            Standing::Revoked { at, cause, reason } => Self { settled_at: Some(at), cause: Some(cause), reason, ..nothing },
            Standing::Rejected { at, reason } => Self { settled_at: Some(at), reason: Some(reason), ..nothing },
        }
    }
}

fn view(
    verification: verifications::Verification,
    pieces: Vec<evidence::Evidence>,
    caller: &Caller,
    now: Timestamp,
) -> Verification {
    let tie = Tie::to_person(&caller.actor, verification.person_id);
    let allowed = verification.allowed_actions(&tie, now);
    let verification = verification.as_of(now);
    let (state, valid_until) = (verification.state(), verification.valid_until());
    let Particulars { settled_at, evidence_id, cause, reason } = verification.standing.into();
    let piece = |piece: evidence::Evidence| Evidence {
        id: piece.id,
        kind: piece.kind,
        strength: piece.kind.strength(),
        dated_at: piece.dated_at,
        reason: piece.reason.filter(|_| caller.actor.staff()),
    };
    Verification {
        id: verification.id,
        person_id: verification.person_id,
        employment_id: verification.employment_id,
        program_id: verification.program_id,
        state,
        evidence: pieces.into_iter().map(piece).collect(),
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

fn summary(verification: verifications::Verification, now: Timestamp) -> VerificationSummary {
    let verification = verification.as_of(now);
    VerificationSummary {
        id: verification.id,
        person_id: verification.person_id,
        employment_id: verification.employment_id,
        program_id: verification.program_id,
        state: verification.state(),
        valid_until: verification.valid_until(),
        created_at: verification.meta.created_at,
        updated_at: verification.meta.updated_at,
    }
}

async fn reply(read: &Read, verification: verifications::Verification, caller: &Caller) -> Result<Reply, Error> {
    let pieces = read.evidence(verification.employment_id).await?;
    let version = verification.meta.version;
    Ok(Reply::thing(version, &view(verification, pieces, caller, read.now())))
}

fn policy_reply(policy: policy::VerificationPolicy, caller: &Caller) -> Reply {
    let PolicyTerms { accepted_kinds, least_strength, valid_days, membership_required } = policy.terms;
    let view = VerificationPolicy {
        program_id: policy.program_id,
        accepted_kinds,
        least_strength,
        valid_days,
        membership_required,
        version: policy.meta.version,
        updated_at: (policy.meta.version > 0).then_some(policy.meta.updated_at),
        allowed_actions: caller.allowed([Action::ReplaceVerificationPolicy]),
    };
    Reply::thing(policy.meta.version, &view)
}

async fn list(caller: &Caller, ctx: &Ctx, filter: VerificationFilter, descending: bool, paging: &Params<Paging>) -> Answer {
    let request = paging.page(ctx, descending)?;
    ctx.read(caller, async |read| {
        let found = read.verifications(&filter, &request).await?;
        let now = read.now();
        Ok(paging.reply(ctx, found, |verification| summary(verification, now), VerificationPage::new))
    })
    .await
}

/// Read a program's verification policy
#[utoipa::path(tag = "Programs", responses((status = 200, description = "The policy.", body = VerificationPolicy)))]
#[get("/v1/programs/{program_id}/verification-policy")]
async fn get_verification_policy(caller: Caller, ctx: Ctx, path: Path<ProgramId>) -> Answer {
    ctx.read(&caller, async |read| {
        let program: Program = read.get(*path).await?;
        program.require(&caller.actor, Action::GetVerificationPolicy)?;
        Ok(policy_reply(read.program_document(program.id).await?, &caller))
    })
    .await
}

/// Replace a program's verification policy
///
/// It does not reach back: what was verified stays so for as long as it was.
#[utoipa::path(
    tag = "Programs",
    request_body = VerificationPolicyReplace,
    responses((status = 200, description = "The policy as it now is.", body = VerificationPolicy))
)]
#[put("/v1/programs/{program_id}/verification-policy")]
async fn replace_verification_policy(
    caller: Caller,
    ctx: Ctx,
    path: Path<ProgramId>,
    body: Body<VerificationPolicyReplace>,
) -> Answer {
    ctx.write(&caller, body.conditions(), async |tx| {
        Ok(policy_reply(workflow::program_documents::replace_policy(tx, &caller.actor, *path, &body.input()).await?, &caller))
    })
    .await
}

/// List verifications
#[utoipa::path(
    tag = "Verifications",
    params(VerificationsQuery, Paging),
    responses((status = 200, description = "Verifications.", body = VerificationPage))
)]
#[get("/v1/verifications")]
async fn list_verifications(caller: Caller, ctx: Ctx, query: Params<VerificationsQuery>, paging: Params<Paging>) -> Answer {
    let filter = VerificationFilter { states: query.state.clone(), program_id: query.program_id, person_id: None };
    let descending = query.sort == Some(VerificationSort::CreatedAtDescending);
    list(&caller, &ctx, filter, descending, &paging).await
}

/// List one's own verifications
///
/// The oldest first.
#[utoipa::path(
    tag = "Verifications",
    params(Paging),
    responses((status = 200, description = "Verifications.", body = VerificationPage))
)]
#[get("/v1/me/verifications")]
async fn list_my_verifications(caller: Caller, ctx: Ctx, paging: Params<Paging>) -> Answer {
    let filter = VerificationFilter { person_id: Some(caller.person()?), ..VerificationFilter::default() };
    list(&caller, &ctx, filter, false, &paging).await
}

/// Read a verification
#[utoipa::path(tag = "Verifications", responses((status = 200, description = "The verification.", body = Verification)))]
#[get("/v1/verifications/{verification_id}")]
async fn get_verification(caller: Caller, ctx: Ctx, path: Path<VerificationId>) -> Answer {
    ctx.read(&caller, async |read| {
        let verification: verifications::Verification = read.get(*path).await?;
        let tie = Tie::to_person(&caller.actor, verification.person_id);
        tie.require(Action::GetVerification, SubjectKind::Verification)?;
        reply(read, verification, &caller).await
    })
    .await
}

/// Does something to a verification, and answers with it.
async fn act<T: DeserializeOwned>(
    caller: &Caller,
    ctx: &Ctx,
    id: VerificationId,
    body: &Body<T>,
    deed: impl AsyncFn(&mut Tx, VerificationId) -> Result<verifications::Verification, Error>,
) -> Answer {
    ctx.write(caller, body.conditions(), async |tx| {
        let verification = deed(tx, id).await?;
        reply(tx, verification, caller).await
    })
    .await
}

/// Verify an employment
///
/// By a decision of staff, which stands whatever evidence the policy accepts; but not while the employment is not held, nor without a membership
/// that the policy asks for. Nobody verifies their own.
#[utoipa::path(
    tag = "Verifications",
    request_body = VerificationDecision,
    responses((status = 200, description = "The verification.", body = Verification))
)]
#[post("/v1/verifications/{verification_id}/verify")]
async fn verify_verification(caller: Caller, ctx: Ctx, path: Path<VerificationId>, body: Body<VerificationDecision>) -> Answer {
    act(&caller, &ctx, *path, &body, async |tx, id| workflow::verifications::verify(tx, &caller.actor, id, &body.input()).await)
        .await
}

/// Reject what was shown
#[utoipa::path(
    tag = "Verifications",
    request_body = VerificationDecision,
    responses((status = 200, description = "The verification.", body = Verification))
)]
#[post("/v1/verifications/{verification_id}/reject")]
async fn reject_verification(caller: Caller, ctx: Ctx, path: Path<VerificationId>, body: Body<VerificationDecision>) -> Answer {
    act(&caller, &ctx, *path, &body, async |tx, id| workflow::verifications::reject(tx, &caller.actor, id, &body.input()).await)
        .await
}

/// Take a verification back
///
/// Nobody is thrown out by it: applications and enrollments that rest on it stay as they are, and staff decide about them.
#[utoipa::path(
    tag = "Verifications",
    request_body = VerificationDecision,
    responses((status = 200, description = "The verification.", body = Verification))
)]
#[post("/v1/verifications/{verification_id}/revoke")]
async fn revoke_verification(caller: Caller, ctx: Ctx, path: Path<VerificationId>, body: Body<VerificationDecision>) -> Answer {
    act(&caller, &ctx, *path, &body, async |tx, id| workflow::verifications::revoke(tx, &caller.actor, id, &body.input()).await)
        .await
}

/// Open a verification again
///
/// After it expired, or was revoked or rejected. Evidence that staff had found wanting does not count again; other evidence that satisfies the
/// policy verifies at once.
#[utoipa::path(
    tag = "Verifications",
    request_body = Option<VerificationReopen>,
    responses((status = 200, description = "The verification.", body = Verification))
)]
#[post("/v1/verifications/{verification_id}/reopen")]
async fn reopen_verification(caller: Caller, ctx: Ctx, path: Path<VerificationId>, body: Body<VerificationReopen>) -> Answer {
    act(&caller, &ctx, *path, &body, async |tx, id| workflow::verifications::reopen(tx, &caller.actor, id, &body.input()).await)
        .await
}

room!(
    get_verification_policy,
    replace_verification_policy,
    list_verifications,
    list_my_verifications,
    get_verification,
    verify_verification,
    reject_verification,
    revoke_verification,
    reopen_verification,
);
