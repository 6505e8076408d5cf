//! Many decisions at once: each a write of its own, as it would be alone.

use cohortium_domain::ids::{EvidenceId, VerificationId};
use cohortium_domain::meta::Precondition;
use cohortium_domain::text::Reason;
use cohortium_domain::verifications::decisions::{Judgment, VerificationDecisionKind};
use cohortium_workflow as workflow;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::types::Verification;
use crate::auth::Caller;
use crate::ctx::Ctx;
use crate::extract::Body;
use crate::gate::RequestId;
use crate::problem::{Code, Problem, ProblemBody};
use crate::reply::{Answer, Reply};

/// A decision about one verification.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct VerificationJudgment {
    verification_id: VerificationId,
    decision: VerificationDecisionKind,
    /// Why: needed for all but opening it again. Of a rejection or a revocation the person reads it.
    reason: Option<Reason>,
    /// The document by which it is verified.
    evidence_id: Option<EvidenceId>,
    /// The version that was read: where it is given, it must be the one that is there.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    version: Option<i64>,
}

/// Decisions about verifications.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct VerificationDecisions {
    /// The decisions, in the order in which they are made.
    #[schema(min_items = 1, max_items = 200)]
    decisions: Vec<VerificationJudgment>,
}

/// What came of a decision.
#[derive(Serialize, ToSchema)]
struct VerificationOutcome {
    verification_id: VerificationId,
    /// The status that the decision would have been answered with alone.
    #[schema(minimum = 200, maximum = 599)]
    status: u16,
    /// The verification, where the decision was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Verification>)]
    verification: Option<Value>,
    /// Why it was not, where it was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<ProblemBody>,
}

/// What came of decisions.
#[derive(Serialize, ToSchema)]
pub(super) struct VerificationOutcomes {
    /// What came of each, in the same order.
    #[schema(max_items = 200)]
    outcomes: Vec<VerificationOutcome>,
}

/// Makes the decisions, one after the other.
pub(super) async fn decide(caller: &Caller, ctx: &Ctx, request: RequestId, body: &Body<VerificationDecisions>) -> Answer {
    let wanted = body.valid().map_err(|error| Problem::of(error, &caller.actor))?;
    let mut outcomes = Vec::new();
    for (index, judgment) in wanted.decisions.iter().enumerate() {
        let precondition = judgment.version.map_or(Precondition::NotNeeded, Precondition::Version);
        let conditions = body.conditions().part(index, precondition);
        let made = ctx.write(caller, &conditions, async |tx| {
            let (id, decided) = (judgment.verification_id, judgment.judgment());
            let verification = workflow::verifications::decide(tx, &caller.actor, id, &decided, precondition).await?;
            super::reply(tx, verification, caller).await
        });
        let outcome = match made.await {
            Ok(reply) => {
                let (status, verification) = reply.into_part();
                VerificationOutcome {
                    verification_id: judgment.verification_id,
                    status,
                    verification: Some(verification),
                    problem: None,
                }
            }
            // These are about the request as a whole.
            Err(problem) if matches!(problem.code(), Code::IdempotencyKeyReused | Code::IdempotencyKeyInUse) => {
                return Err(problem);
            }
            Err(problem) => VerificationOutcome {
                verification_id: judgment.verification_id,
                status: problem.code().status(),
                verification: None,
                problem: Some(problem.body(request.0)),
            },
        };
        outcomes.push(outcome);
    }
    Ok(Reply::ok(&VerificationOutcomes { outcomes }))
}

impl VerificationJudgment {
    fn judgment(&self) -> Judgment {
        Judgment { decision: self.decision, reason: self.reason.clone(), evidence_id: self.evidence_id }
    }
}
