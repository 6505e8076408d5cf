//! Verifications of employments: read by the person and staff, and decided by staff, one by one or many at once.

mod decisions;
pub(super) mod types;

use actix_web::web::{Path, ReqData};
use actix_web::{get, post};
use cohortium_domain::access::{Action, Tie};
use cohortium_domain::ids::{EvidenceId, ProgramId, VerificationId};
use cohortium_domain::journal::SubjectKind;
use cohortium_domain::text::Reason;
use cohortium_domain::verifications::{self, VerificationState};
use cohortium_store::{Error, Read, Tx, VerificationFilter};
use cohortium_workflow as workflow;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use utoipa::{IntoParams, ToSchema};

use self::decisions::{VerificationDecisions, VerificationOutcomes};
use self::types::{Around, Verification, VerificationPage, summary, view};
use super::room;
use crate::auth::Caller;
use crate::ctx::Ctx;
use crate::extract::{Body, Paging, Params};
use crate::gate::RequestId;
use crate::reply::{Answer, Reply};

/// Why staff decide so.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct VerificationDecision {
    /// Why. Of a rejection or a revocation the person reads it.
    reason: Reason,
}

/// Why staff take an employment for verified.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct VerificationVerdict {
    /// Why.
    reason: Reason,
    /// The document that shows it, which the policy must take; without one, it is staff's word.
    evidence_id: Option<EvidenceId>,
}

/// Why staff open a verification again.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct VerificationReopen {
    /// Why, for the journal.
    reason: Option<Reason>,
}

impl From<VerificationVerdict> for workflow::verifications::Verdict {
    fn from(body: VerificationVerdict) -> Self {
        Self { reason: body.reason, evidence_id: body.evidence_id }
    }
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

async fn reply(read: &Read, verification: verifications::Verification, caller: &Caller) -> Result<Reply, Error> {
    let around = Around::of(read, std::slice::from_ref(&verification)).await?;
    let version = verification.meta.version;
    Ok(Reply::thing(version, &view(verification, &around, &caller.actor)))
}

async fn list(caller: &Caller, ctx: &Ctx, filter: VerificationFilter, descending: bool, paging: &Params<Paging>) -> Answer {
    let request = paging.page(ctx, descending)?;
    ctx.read(caller, async |read| {
        let found = read.verifications(&filter, &request).await?;
        let around = Around::of(read, &found.items).await?;
        Ok(paging.reply(ctx, found, |verification| summary(verification, &around, &caller.actor), VerificationPage::new))
    })
    .await
}

/// List verifications
///
/// Each with its evidence and with what is missing: with `state=open`, what waits for a decision, the oldest first.
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
/// The oldest first, each with what is asked of you.
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
/// By a document that staff have looked at, or by their own word, which stands whatever evidence the policy accepts; but not while
/// the employment is not held, nor without a membership that the policy asks for. Nobody verifies their own.
#[utoipa::path(
    tag = "Verifications",
    request_body = VerificationVerdict,
    responses((status = 200, description = "The verification.", body = Verification))
)]
#[post("/v1/verifications/{verification_id}/verify")]
async fn verify_verification(caller: Caller, ctx: Ctx, path: Path<VerificationId>, body: Body<VerificationVerdict>) -> Answer {
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
/// After it expired, or was revoked or rejected. Evidence that staff had found wanting does not count again; other evidence that
/// satisfies the policy verifies at once.
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

/// Decide about several verifications
///
/// Each decision is made by itself, in the order in which they stand: what is refused keeps no other from being made, and each has
/// its own status. Sent again with the same idempotency key, what was done is not done again, and what was refused is tried again.
#[utoipa::path(
    tag = "Verifications",
    request_body = VerificationDecisions,
    responses((status = 200, description = "What came of each.", body = VerificationOutcomes))
)]
#[post("/v1/verifications/decisions")]
async fn decide_verifications(caller: Caller, ctx: Ctx, request: ReqData<RequestId>, body: Body<VerificationDecisions>) -> Answer {
    decisions::decide(&caller, &ctx, request.into_inner(), &body).await
}

room!(
    list_verifications,
    list_my_verifications,
    decide_verifications,
    get_verification,
    verify_verification,
    reject_verification,
    revoke_verification,
    reopen_verification,
);
