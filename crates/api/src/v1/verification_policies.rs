//! What a program asks for before it takes an employment for verified.

use actix_web::web::Path;
use actix_web::{get, put};
use cohortium_domain::access::Action;
use cohortium_domain::ids::ProgramId;
use cohortium_domain::programs::Program;
use cohortium_domain::time::Timestamp;
use cohortium_domain::verifications::evidence::{self, EvidenceKind};
use cohortium_domain::verifications::policy::{self, PolicyTerms};
use cohortium_workflow as workflow;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::room;
use crate::auth::Caller;
use crate::ctx::Ctx;
use crate::extract::Body;
use crate::reply::{Answer, Reply};

/// What a program asks for before it takes an employment for verified.
#[derive(Serialize, ToSchema)]
struct VerificationPolicy {
    program_id: ProgramId,
    /// The kinds of evidence that verify by themselves.
    #[schema(max_items = 6)]
    accepted_kinds: Vec<EvidenceKind>,
    /// The least strength of evidence that verifies by itself.
    #[schema(minimum = 1, maximum = 5)]
    least_strength: u8,
    /// For how many civil days a verification is valid, from the day of the evidence on.
    #[schema(minimum = 1, maximum = 1096)]
    valid_days: u16,
    /// Whether the organization must be an active member of the coalition.
    membership_required: bool,
    /// For how many civil days a document is kept, from the day of its upload on.
    #[schema(minimum = 1, maximum = 1096)]
    retention_days: u16,
    /// How many civil days before its end a person is asked to renew a verification; never, where it is 0.
    #[schema(minimum = 0, maximum = 180)]
    renewal_notice_days: u16,
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
    /// The kinds of evidence that verify by themselves: at least one as strong as the least strength. Staff can always decide
    /// beside.
    #[schema(min_items = 1, max_items = 6)]
    accepted_kinds: Vec<EvidenceKind>,
    /// The least strength of evidence that verifies by itself: 1 a person's own word, 2 a proven address at the organization, 3 a
    /// document or a supervisor's word, 4 the CRM, 5 staff's word.
    #[schema(minimum = 1, maximum = 5)]
    least_strength: u8,
    /// For how many civil days a verification is valid, from the day of the evidence on.
    #[schema(minimum = 1, maximum = 1096)]
    valid_days: u16,
    /// Whether the organization must be an active member of the coalition.
    membership_required: bool,
    /// For how many civil days a document is kept, from the day of its upload on: 90, where nothing is said.
    #[schema(minimum = 1, maximum = 1096)]
    retention_days: Option<u16>,
    /// How many civil days before its end a person is asked to renew a verification: 30, where nothing is said; never, where it is
    /// 0.
    #[schema(minimum = 0, maximum = 180)]
    renewal_notice_days: Option<u16>,
}

const _: () = {
    assert!(evidence::STRENGTH_MIN == 1 && evidence::STRENGTH_MAX == 5, "the document's bounds of a strength are the domain's");
    assert!(
        policy::RETENTION_DAYS_MIN == 1 && policy::RETENTION_DAYS_MAX == 1096,
        "and so are those of the days a document is kept"
    );
    assert!(policy::RENEWAL_NOTICE_DAYS_MAX == 180, "and of the days before an end");
    assert!(policy::VALID_DAYS_MIN == 1 && policy::VALID_DAYS_MAX == 1096, "the document's bounds of the days are the domain's");
};

impl From<VerificationPolicyReplace> for PolicyTerms {
    fn from(body: VerificationPolicyReplace) -> Self {
        let VerificationPolicyReplace { accepted_kinds, least_strength, valid_days, membership_required, .. } = body;
        let usual = Self::default();
        Self {
            accepted_kinds,
            least_strength,
            valid_days,
            membership_required,
            retention_days: body.retention_days.unwrap_or(usual.retention_days),
            renewal_notice_days: body.renewal_notice_days.unwrap_or(usual.renewal_notice_days),
        }
    }
}

fn policy_reply(policy: policy::VerificationPolicy, caller: &Caller) -> Reply {
    let PolicyTerms { accepted_kinds, least_strength, valid_days, membership_required, retention_days, renewal_notice_days } =
        policy.terms;
    let view = VerificationPolicy {
        program_id: policy.program_id,
        accepted_kinds,
        least_strength,
        valid_days,
        membership_required,
        retention_days,
        renewal_notice_days,
        version: policy.meta.version,
        updated_at: (policy.meta.version > 0).then_some(policy.meta.updated_at),
        allowed_actions: caller.allowed([Action::ReplaceVerificationPolicy]),
    };
    Reply::thing(policy.meta.version, &view)
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

room!(get_verification_policy, replace_verification_policy);
